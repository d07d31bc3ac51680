"""The README's commands: those that can be run are run, of the others every name and option is checked."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.support.cli import lanewatch

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?P<tested><!-- tested -->\n)?```sh\n(?P<body>.*?)```", re.DOTALL)
BIN = Path(sys.executable).parent


def commands(*, tested=None):
    blocks = [found for found in BLOCK.finditer(TEXT) if tested is None or bool(found["tested"]) == tested]
    return [line for found in blocks for line in found["body"].splitlines() if line and not line.startswith("#")]


@pytest.fixture
def place(tmp_path):
    """A folder in which the README's relative paths lead to the tree's files, and results go nowhere else."""
    for name in ("config", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("command", commands(tested=True))
def test_a_command_that_is_shown_as_working_works(command, place):
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(shlex.split(command), cwd=place, env=env, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stderr
    if "replay" in command:
        written = {path.name for path in (place / "results").iterdir()}
        assert written == {"messages.jsonl", "lanes.csv", "visits.csv", "alerts.csv", "summary.json"}


def test_there_are_tested_commands():
    assert {shlex.split(command)[1] for command in commands(tested=True)} == {"check", "replay"}


def test_the_targets_and_variables_of_make_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    used = [shlex.split(command) for command in commands() if command.startswith("make")]
    assert ["make", "run"] in used
    assert ["make", "test"] in used
    for _, target, *variables in used:
        assert re.search(rf"^{target}:.*##", makefile, re.MULTILINE), target
        for variable in variables:
            assert f"override {variable.partition('=')[0]} :=" in makefile, variable


@pytest.mark.parametrize("command", [command for command in commands() if command.startswith("lanewatch")])
def test_the_options_of_the_program_exist(command, capsys, monkeypatch):
    _, name, *rest = shlex.split(command)
    monkeypatch.setenv("COLUMNS", "200")
    shown = lanewatch(capsys, name, "--help")
    assert shown.code == 0
    for option in (word for word in rest if word.startswith("--")):
        assert option in shown.out


def test_make_run_starts_the_simulated_gate_and_ends_cleanly(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if not name.startswith("LANEWATCH_CAMERA")}
    command = ["make", "--silent", "run", "PYTHON=true", f"PORT={port}", f"DATA={tmp_path / 'the data'}"]
    program = tmp_path / "out.txt"
    with program.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 60
        while f"http://127.0.0.1:{port}/sign-in?token=" not in program.read_text():
            assert process.poll() is None, program.read_text()
            assert time.monotonic() < deadline, program.read_text()
            time.sleep(0.1)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            assert answer.status == 200
        assert "make run SOURCE=" in program.read_text()
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
