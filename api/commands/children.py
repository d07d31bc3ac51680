"""Child processes that never outlive their parent: started with the kernel's parent-death signal, ended by SIGTERM."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

__all__ = ["end_child", "start_child"]

_PR_SET_PDEATHSIG: Final = 1


def start_child(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Starts a command in a session of its own, so that a terminal's Ctrl-C reaches only the parent.

    On Linux the kernel sends the child SIGTERM when the thread that called this ends, however it ends: call it from the
    main thread. keep_open: file descriptors that the child holds too. Raises OSError where it cannot be started.
    """
    return subprocess.Popen(  # noqa: S603 - our own commands, no shell
        [str(part) for part in command],
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        pass_fds=tuple(keep_open),
        start_new_session=True,
        preexec_fn=_bound_to(os.getpid()),  # noqa: PLW1509 - only a system call, its library loaded before the fork
    )


def end_child(process: subprocess.Popen[bytes], patience_s: float) -> bool:
    """Asks a child to end and waits; kills it when patience runs out. True when it ended by itself."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def _bound_to(parent: int) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died between the fork and here
            os._exit(1)

    return bind
