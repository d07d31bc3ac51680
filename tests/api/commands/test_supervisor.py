"""The process tree: prefixed lines, restarts with back-off, a clean end by signal, nobody left whatever happens."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from api.commands.supervisor import Program, Supervisor
from tests.support.processes import alive, until
from vision.errors import ConfigError


def python(name: str, code: str, **changes: object) -> Program:
    return Program(name, [sys.executable, "-u", "-c", code], **changes)  # type: ignore[arg-type]


SLEEP = "import time; print('up'); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(60)"


class Lines:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self._more = threading.Condition()

    def __call__(self, text: str) -> None:
        with self._more:
            self.lines.append(text.rstrip("\n"))
            self._more.notify_all()

    def has(self, line: str) -> bool:
        return line in self.lines

    def wait(self, line: str) -> None:
        with self._more:
            assert self._more.wait_for(lambda: self.has(line), timeout=20), self.lines


def pids(supervisor: Supervisor) -> list[int]:
    return [part.process.pid for part in supervisor._parts]


def test_lines_are_prefixed_and_credentials_taken_out() -> None:
    lines = Lines()
    with Supervisor(lines) as supervisor:
        code = "print('one'); print('noise 7'); print(); print('rtsp://u:p@cam/1')"
        supervisor.start(python("worker", code, final=True, muted=("noise",)))
        supervisor.watch(lambda: False, lambda: None)
        assert supervisor.last_line("worker") == "rtsp://u:p@cam/1"
    assert lines.lines == ["worker | one", "worker | rtsp://***@cam/1"]


def test_ready_is_said_once_and_a_signal_ends_all() -> None:
    lines = Lines()
    said: list[str] = []

    def ready() -> None:
        said.append("ready")
        os.kill(os.getpid(), signal.SIGTERM)

    with Supervisor(lines) as supervisor:
        for name in ("bus", "api", "worker"):
            supervisor.start(python(name, SLEEP))
        supervisor.watch(lambda: all(lines.has(f"{name:<6} | up") for name in ("bus", "api", "worker")), ready)
        running = pids(supervisor)
        assert not supervisor.alive("bus"), "a stop was asked for"
    assert said == ["ready"]
    assert not any(map(alive, running))
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_crashed_part_is_started_again_and_that_is_said(tmp_path: Path) -> None:
    lines = Lines()
    code = f"from pathlib import Path\np = Path({str(tmp_path / 'n')!r})\nn = len(p.read_text()) if p.exists() else 0\n"
    code += "p.write_text('x' * (n + 1))\nraise SystemExit([1, 3, 0][n])"
    with Supervisor(lines) as supervisor:
        supervisor.start(python("worker", code, final=True))
        supervisor.watch(lambda: False, lambda: None)
    assert lines.lines == [
        "run    | worker ended with code 1; starting it again in 0.5 s",
        "run    | worker ended with code 3; starting it again in 1 s",
    ]


def test_a_killed_part_is_started_again() -> None:
    lines = Lines()
    with Supervisor(lines) as supervisor:
        supervisor.start(python("api", SLEEP))
        lines.wait("api    | up")
        [first] = pids(supervisor)
        os.kill(first, signal.SIGKILL)
        supervisor.watch(lambda: lines.lines.count("api    | up") == 2, lambda: os.kill(os.getpid(), signal.SIGINT))
        [second] = pids(supervisor)
    assert "run    | api was ended by SIGKILL; starting it again in 0.5 s" in lines.lines
    assert first != second
    assert not alive(second)


def test_bad_input_of_a_part_ends_everything_with_its_sentence() -> None:
    code = "import sys; print('lanewatch: x.pt is no model', file=sys.stderr); sys.exit(2)"

    def run() -> None:
        with Supervisor(Lines()) as supervisor:
            supervisor.start(python("api", SLEEP))
            supervisor.start(python("worker", code))
            running.extend(pids(supervisor))
            supervisor.watch(lambda: False, lambda: None)

    running: list[int] = []
    with pytest.raises(ConfigError, match=r"^x\.pt is no model$"):
        run()
    assert not any(map(alive, running))


def test_a_part_that_will_not_end_is_killed() -> None:
    lines = Lines()
    with Supervisor(lines) as supervisor:
        supervisor.start(python("worker", STUBBORN, patience_s=0.3))
        lines.wait("worker | up")
        running = pids(supervisor)
    assert not any(map(alive, running))
    assert lines.lines[-1] == "run    | worker did not end within 0.3 s and was killed"


def test_a_second_signal_kills() -> None:
    lines = Lines()
    started = time.monotonic()
    with Supervisor(lines) as supervisor:
        supervisor.start(python("worker", STUBBORN, patience_s=30.0))
        lines.wait("worker | up")
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
    assert time.monotonic() - started < 20


def test_a_program_that_is_not_there() -> None:
    with Supervisor(Lines()) as supervisor, pytest.raises(ConfigError, match="cannot be started"):
        supervisor.start(Program("bus", ["/nowhere/valkey-server"]))


PARENT = """
import sys
from api.commands.supervisor import Program, Supervisor
with Supervisor(lambda text: (sys.stdout.write(text), sys.stdout.flush())) as supervisor:
    supervisor.start(Program("api", [sys.executable, "-u", "-c", "import os, time; print(os.getpid()); time.sleep(60)"]))
    supervisor.watch(lambda: False, lambda: None)
"""


def test_nobody_outlives_a_killed_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline().split("|")[1])
        parent.kill()
        parent.wait()
    assert until(lambda: not alive(child), within_s=10)
