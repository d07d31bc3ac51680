"""The hub of WebSockets: every message of the stream to every client, each through its own bounded queue. asyncio.

Overflow rule: a client whose queue is full is dropped at once with code 4008; it reconnects with `?after=` and gets what it
missed from the stream. A slow client so costs at most QUEUE frames of memory and delays nobody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

__all__ = ["RESTARTED", "TOO_SLOW", "Client", "ClosedByHubError", "Hub", "SocketFrame"]

QUEUE: Final = 512
TOO_SLOW: Final = 4008
RESTARTED: Final = 4009
_REASONS: Final = {TOO_SLOW: "too slow: reconnect with ?after=", RESTARTED: "the stream was replaced: reconnect"}


class ClosedByHubError(Exception):
    """The hub dropped this client; code and reason are for its close frame."""

    def __init__(self, code: int) -> None:
        super().__init__(code, _REASONS[code])
        self.code = code
        self.reason = _REASONS[code]


@dataclass(frozen=True, slots=True)
class SocketFrame:
    """One text frame for clients; type_ is the message's type. position None: it is in no stream and never sent again."""

    position: str | None
    type_: str
    text: str


class Client:
    """One client's bounded queue of frames of the types it wants (None: all); code is 0 until it is dropped."""

    def __init__(self, types: frozenset[str] | None) -> None:
        self.gone = asyncio.Event()
        self._types = types
        self._frames: deque[SocketFrame] = deque()
        self._ready = asyncio.Event()
        self.code = 0

    def put(self, frame: SocketFrame) -> bool:
        """Queues a frame; False where the queue is full and the client was dropped."""
        if self._types is not None and frame.type_ not in self._types:
            return True
        if len(self._frames) >= QUEUE:
            self.close(TOO_SLOW)
            return False
        self._frames.append(frame)
        self._ready.set()
        return True

    def close(self, code: int) -> None:
        """Drops the client: what is queued is not sent any more."""
        self.code = code
        self._frames.clear()
        self._ready.set()
        self.gone.set()

    async def next(self) -> SocketFrame:
        """The next frame. Raises ClosedByHubError."""
        while not self._frames:
            if self.code:
                raise ClosedByHubError(self.code)
            self._ready.clear()
            await self._ready.wait()
        return self._frames.popleft()


class Hub:
    """All clients, and the position up to which frames were published."""

    def __init__(self) -> None:
        self.position = "0-0"
        self.dropped = 0
        self._clients: set[Client] = set()

    def __len__(self) -> int:
        return len(self._clients)

    def publish(self, frame: SocketFrame) -> None:
        """Gives a frame to every client; never waits."""
        if frame.position is not None:
            self.position = frame.position
        for client in [client for client in self._clients if not client.put(frame)]:
            self._clients.discard(client)
            self.dropped += 1

    def close_all(self, code: int) -> None:
        """Drops every client."""
        for client in self._clients:
            client.close(code)
        self._clients.clear()

    @contextmanager
    def joined(self, types: frozenset[str] | None) -> Iterator[Client]:
        """A client that gets every frame after `position` as it is now."""
        client = Client(types)
        self._clients.add(client)
        try:
            yield client
        finally:
            self._clients.discard(client)
