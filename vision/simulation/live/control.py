"""Lines that people write while the gate runs, on its standard input and into a named pipe. A shell."""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from vision.errors import ConfigError

__all__ = ["named_pipe", "own_input", "written_lines"]

CONTROL_LOOK_EVERY_S: Final = 0.2
LONGEST_ORDER: Final = 4096


def written_lines(inputs: list[int], ended: Callable[[], bool]) -> Iterator[str]:
    """Whole lines from file descriptors, as they come, until `ended`; an input that is at its end is left out.

    Overflow rule: of a line longer than LONGEST the beginning is dropped.
    """
    rest = dict.fromkeys(inputs, b"")
    while not ended():
        ready, _, _ = select.select(list(rest), [], [], CONTROL_LOOK_EVERY_S)
        for fd in ready:
            data = _read(fd)
            *lines, last = (rest[fd] + data).split(b"\n")
            rest[fd] = last if len(last) <= LONGEST_ORDER else b""
            if not data:
                del rest[fd]
            yield from (line.decode(errors="replace") for line in lines if line.strip())


def _read(fd: int) -> bytes:
    """What is there to read; nothing at the end, or where it cannot be read any more: a terminal that was closed."""
    try:
        return os.read(fd, LONGEST_ORDER)
    except OSError:
        return b""


@contextmanager
def named_pipe(path: Path) -> Iterator[int]:
    """A named pipe that only this user may write to, open for reading; it is removed at the end. Raises ConfigError."""
    try:
        if path.exists() and stat.S_ISFIFO(path.stat().st_mode):
            path.unlink()
        os.mkfifo(path, 0o600)
        fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)  # also for writing: else it is at its end when the first writer leaves
    except OSError as error:
        raise ConfigError(f"the pipe {path} cannot be made ({error.strerror}); give another --control") from None
    try:
        yield fd
    finally:
        os.close(fd)
        path.unlink(missing_ok=True)


def own_input() -> list[int]:
    """Standard input, unless there is none, or it is a terminal on which another program is in front."""
    try:
        fd = sys.stdin.fileno()
        return [fd] if not os.isatty(fd) or os.tcgetpgrp(fd) == os.getpgrp() else []
    except (OSError, ValueError, AttributeError):
        return []
