"""The process tree of `lanewatch run`: starts the parts, passes on what they say, starts a crashed one again, ends all."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, Self

from api.commands.children import end_child, start_child
from vision.backoff import Backoff
from vision.errors import ConfigError
from vision.redaction import redact_url

__all__ = ["Program", "Supervisor"]

BAD_INPUT: Final = 2
POLL_S: Final = 0.1
LONGEST_LINE: Final = 16_384  # bytes of a part's line that are passed on in one piece
STEADY_S: Final = 60.0  # a part that ran for so long starts again without a wait
START_AGAIN_S: Final = (0.5, 10.0)
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Program:
    """A part to run: its command, environment, open files.

    final: when it ends well, everything ends. muted: lines with such a text are not passed on.
    """

    name: str
    command: Sequence[str | Path]
    env: Mapping[str, str] | None = None
    keep_open: Sequence[int] = ()
    patience_s: float = 5.0
    final: bool = False
    muted: Sequence[str] = ()


class _Part:
    """A running program: its process, the thread that passes on its lines, and how often it failed lately."""

    def __init__(self, program: Program, say: Callable[[str, str], None]) -> None:
        self.program = program
        self.last_line = ""
        self._say = say
        self._backoff = Backoff(*START_AGAIN_S, jitter=0.0)  # one process tree: nobody else tries at the same time
        self._again_at: float | None = None
        self._start()

    def _start(self) -> None:
        program = self.program
        pipe, joined = subprocess.PIPE, subprocess.STDOUT
        self.process = start_child(program.command, env=program.env, stdout=pipe, stderr=joined, keep_open=program.keep_open)
        self._started = time.monotonic()
        self._again_at = None
        self._pump = threading.Thread(target=self._pass_on, args=(self.process,), daemon=True)
        self._pump.start()

    def _pass_on(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            while line := lines.readline(LONGEST_LINE):
                text = line.decode(errors="replace").rstrip()
                if not text or any(muted in text for muted in self.program.muted):
                    continue
                self.last_line = text
                self._say(self.program.name, text)

    def poll(self) -> int | None:
        """The exit code of a part that has just ended; None while it runs or waits to be started again."""
        if self._again_at is not None:
            if time.monotonic() >= self._again_at:
                self._start()
            return None
        return self.process.poll()

    def fail(self, code: int) -> None:
        """Plans the next start, later each time it fails soon."""
        steady = time.monotonic() - self._started > STEADY_S
        if steady:
            self._backoff.reset()
        wait_s = 0.0 if steady else self._backoff.next_s()
        self._again_at = time.monotonic() + wait_s
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        self._say("run", f"{self.program.name} {how}; starting it again in {wait_s:g} s")

    def end(self) -> None:
        """Ends the process and waits until its last line was passed on."""
        if not end_child(self.process, self.program.patience_s):
            self._say("run", f"{self.program.name} did not end within {self.program.patience_s:g} s and was killed")
        self._pump.join(2.0)


class Supervisor:
    """Runs parts until a signal, a part's bad input or the end of a final part; a context manager that ends them all.

    Parts end in the reverse order of their start. Only for the main thread.
    """

    def __init__(self, write: Callable[[str], Any] = sys.stderr.write) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._parts: list[_Part] = []
        self._stopping = False
        self._before: dict[signal.Signals, Any] = {}

    def start(self, program: Program) -> None:
        """Starts a part. Raises ConfigError where its program cannot be run."""
        try:
            self._parts.append(_Part(program, self._say))
        except OSError as error:
            raise ConfigError(f"{program.command[0]} cannot be started: {error.strerror}") from None

    def alive(self, name: str) -> bool:
        """Whether that part still runs and nobody asked to stop."""
        return not self._stopping and any(p.program.name == name and p.process.poll() is None for p in self._parts)

    def last_line(self, name: str) -> str:
        """What that part said last."""
        return next((part.last_line for part in self._parts if part.program.name == name), "")

    def watch(self, is_ready: Callable[[], bool], on_ready: Callable[[], None]) -> None:
        """Watches the parts until it is time to end; calls on_ready once, when is_ready first says so.

        Raises ConfigError with its last line when a part ends with code 2: its input is bad, so starting it again is of no use.
        """
        waiting = True
        while not self._stopping:
            time.sleep(POLL_S)
            for part in self._parts:
                code = part.poll()
                if code is None:
                    continue
                if code == 0 and part.program.final:
                    return
                if code == BAD_INPUT:
                    part.end()
                    raise ConfigError(part.last_line.removeprefix("lanewatch: ") or f"{part.program.name}: bad input")
                part.fail(code)
            if waiting and is_ready():
                waiting = False
                on_ready()

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._asked_to_stop)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping = True
        for part in reversed(self._parts):
            part.end()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        if self._stopping:  # asked twice: at once
            for part in self._parts:
                part.process.kill()
        self._stopping = True  # a handler takes no lock: it may have interrupted whoever holds it

    def _say(self, name: str, line: str) -> None:
        with self._lock:
            self._write(f"{name:<6} | {redact_url(line)}\n")
