"""Real `lanewatch run` process trees for tests, and who is left of them."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.cli import COMMAND

__all__ = ["Running", "alive", "descendants", "running", "until"]

LINK = re.compile(r"(http://\S+?)(/sign-in\?token=\S+)")


@dataclass(frozen=True)
class Running:
    """A `lanewatch run` that has printed its link."""

    process: subprocess.Popen[str]
    url: str
    sign_in: str
    log: Path

    def end(self, timeout_s: float = 20.0) -> int:
        """Asks it to end; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)


@contextmanager
def running(
    folder: Path, *arguments: object, env: Mapping[str, str] | None = None, within_s: float = 60.0
) -> Iterator[Running]:
    """Starts `lanewatch run` on a free port with its data in `folder`; kills what is left of it at the end."""
    command = [*COMMAND, "run", "--port", "0", "--data", str(folder / "data"), *(str(argument) for argument in arguments)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LANEWATCH_") and name != "REDIS_URL"}
    log = folder / "run.log"
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=clean | dict(env or {}))
    try:
        link = _link(process, within_s)
        assert link is not None, log.read_text()
        yield Running(process, link[1], link[2], log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _link(process: subprocess.Popen[str], within_s: float) -> re.Match[str] | None:
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        with process.stdout as stdout:
            for line in stdout:
                lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return None
        found = LINK.search(line)
        if found or not line:
            return found
    return None


def descendants(pid: int) -> dict[int, str]:
    """All processes under that one, by their pid with their command line."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (stat := _stat(int(folder.name))) is not None:
            children.setdefault(int(stat[1]), []).append(int(folder.name))
    found: dict[int, str] = {}
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found[child] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
            waiting.append(child)
    return found


def alive(pid: int) -> bool:
    """Whether a process still runs; a zombie does not."""
    stat = _stat(pid)
    return stat is not None and stat[0] != "Z"


def until(condition: Callable[[], bool], within_s: float = 20.0) -> bool:
    """Waits for a condition; whether it came true in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _stat(pid: int) -> list[str] | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
