"""A real Valkey for tests, on a unix socket of its own, that can be killed and started again with its data."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import redis

from api.embedded import server_binary

__all__ = ["Bus", "running_bus"]


class Bus:
    """A Valkey server; `url` stays the same when it is started again."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lw-"))
        self.url = f"unix://{self.folder}/bus.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        settings = ["--port", "0", "--unixsocket", f"{self.folder}/bus.sock", "--dir", str(self.folder), "--appendonly", "yes"]
        silent = subprocess.DEVNULL
        self._process = subprocess.Popen([server_binary(), *settings, "--save", ""], stdout=silent, stderr=silent)
        end = time.monotonic() + 15
        with self.client() as client:
            while time.monotonic() < end:
                with contextlib.suppress(redis.ConnectionError, redis.BusyLoadingError):
                    if client.ping():
                        return
                time.sleep(0.01)
        raise AssertionError("Valkey did not start")

    def kill(self) -> None:
        """Ends the server at once; its data stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def client(self) -> redis.Redis:
        """A new client."""
        return redis.Redis.from_url(self.url, socket_timeout=5)


@contextlib.contextmanager
def running_bus() -> Iterator[Bus]:
    """A started server, gone in the end with its data."""
    bus = Bus()
    try:
        bus.start()
        yield bus
    finally:
        bus.kill()
        shutil.rmtree(bus.folder, ignore_errors=True)
