"""A look-up of a host's name, in a thread of its own: the system's resolver blocks, for half a minute where no server answers.

The thread is a daemon: one that hangs holds up neither the end of the process nor what else waits for a thread. No asyncio.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

__all__ = ["look_up"]


def look_up(name: str, port: int, answered: Callable[[list[str] | Exception], None]) -> None:
    """Calls `answered` from that thread with the name's addresses, the preferred first, or with what the resolver raised."""

    def ask() -> None:
        try:
            found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            answered(error)
        else:
            answered(list(dict.fromkeys(str(entry[4][0]) for entry in found)))

    threading.Thread(target=ask, name="webhook-name", daemon=True).start()
