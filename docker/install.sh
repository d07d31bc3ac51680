#!/bin/sh
# Installs LaneWatch into a virtual environment of its own: install.sh TARGET LOCK [EXTRAS]
# The images and tests/test_docker.py run this same file, from the folder that holds pyproject.toml.
set -eu

target=$1
lock=$2
extras=${3:-}

python3 -m venv "$target"
"$target/bin/pip" install --constraint "requirements/$lock.txt" ".${extras:+[$extras]}"
