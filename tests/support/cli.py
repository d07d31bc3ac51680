"""The command line in tests: in this process for speed, or as a process of its own."""

import logging
import subprocess
import sys
from dataclasses import dataclass
from typing import Final

import pytest
import structlog

from api.cli import main

__all__ = ["COMMAND", "Ended", "lanewatch", "lanewatch_process"]

COMMAND: Final = (sys.executable, "-m", "api.cli")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def lanewatch(capsys: pytest.CaptureFixture[str], *arguments: object) -> Ended:
    """Runs a command in this process, which logs afterwards as before."""
    capsys.readouterr()
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
    finally:
        structlog.reset_defaults()
        root.handlers = handlers
        root.setLevel(level)
    said = capsys.readouterr()
    return Ended(int(ended.value.code or 0), said.out, said.err)


def lanewatch_process(*arguments: object, timeout_s: float = 60.0) -> Ended:
    """Runs a command as a process of its own, as a user does."""
    command = [*COMMAND, *(str(argument) for argument in arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    return Ended(ended.returncode, ended.stdout, ended.stderr)
