"""A real PostgreSQL for tests, where the machine has its programs: on a unix socket, files in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from tests.support.parent_death import die_with_parent

__all__ = ["postgres", "postgres_programs"]


def postgres_programs() -> tuple[str, str] | None:
    """initdb and postgres, or None where they are not installed."""
    folders = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    place = os.pathsep.join([os.environ.get("PATH", ""), *folders])
    initdb, server = shutil.which("initdb", path=place), shutil.which("postgres", path=place)
    return (initdb, server) if initdb and server else None


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a running, empty database."""
    programs = postgres_programs()
    assert programs is not None
    user = "nobody" if os.geteuid() == 0 else None  # the server refuses to run as root
    with TemporaryDirectory(prefix="lw-pg-") as folder:
        if user:
            shutil.chown(folder, user)
        data = f"{folder}/data"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "user": user, "cwd": folder}
        initdb = [programs[0], "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"]
        subprocess.run(initdb, check=True, **quiet)  # type: ignore[call-overload]
        options = ["-c", "listen_addresses=", "-c", "fsync=off", "-k", folder]
        command = [programs[1], "-D", data, *options]
        quiet["preexec_fn"] = die_with_parent
        server = subprocess.Popen(command, **quiet)  # type: ignore[call-overload]
        try:
            _wait(folder)
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            server.terminate()
            server.wait()


def _wait(folder: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(host=folder, user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return
