"""The bus that `lanewatch run` starts, without the rest of it: its command, its files, its end."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from api.commands.children import end_child, start_child
from api.commands.embedded_valkey import bus_command, server_binary, wait_for_bus

__all__ = ["embedded_bus"]


@contextlib.contextmanager
def embedded_bus(data: Path, lock: IO[bytes] | None = None, binary: Path | None = None) -> Iterator[str]:
    """A running server with its files in `data`; yields its `unix://` URL and ends it after. Linux and macOS.

    lock: what `data_lock` gave; the server holds it too, so that no second one opens its files. Raises ConfigError
    where the server does not come up.
    """
    binary = binary or server_binary()
    data.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="lanewatch-"))  # a unix socket's path has at most 107 bytes
    socket, log = place / "bus.sock", place / "log"
    try:
        with log.open("wb") as output:
            held = [] if lock is None else [lock.fileno()]
            environment = os.environ | {"LC_ALL": "C"}
            command = bus_command(binary, socket, data)
            process = start_child(command, env=environment, stdout=output, stderr=output, keep_open=held)
        try:
            url = f"unix://{socket}"
            wait_for_bus(url, lambda: process.poll() is None, lambda: log.read_text(errors="replace"))
            yield url
        finally:
            end_child(process, 10.0)
    finally:
        shutil.rmtree(place, ignore_errors=True)
