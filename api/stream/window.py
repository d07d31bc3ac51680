"""The newest entries of the stream, each read and parsed once, for all who want them: recorder, resumed clients. asyncio.

The follower adds entries and waits for nobody. Overflow rule: the oldest go; who has not taken them by then reads them from
the stream itself, after the position that it has.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from api.stream.redis_bus import START, Bus, Entry, position_of
from vision.message_parsing import Unreadable, tolerant_message
from vision.messages import Message

__all__ = ["EntryParser", "ParsedEntry", "StreamSource", "StreamWindow"]

ENTRIES_KEPT: Final = 2048
AT_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class ParsedEntry:
    """One entry of the stream: where it stands, as it came, and what it says."""

    position: str
    place: tuple[int, int]
    text: str
    content: Message | Unreadable

    @property
    def type_(self) -> str | None:
        """The message's type where clients are to get it: that of what is understood, or not known here; else None."""
        match self.content:
            case Unreadable(reason="unknown_type", type_=type_):
                return type_
            case Unreadable():
                return None
        return self.content.type


class EntryParser:
    """Parses entries of the stream; `parsed` counts them."""

    def __init__(self) -> None:
        self.parsed = 0

    def parse(self, entry: Entry) -> ParsedEntry:
        """The entry with its message."""
        self.parsed += 1
        return ParsedEntry(entry.position, position_of(entry.position), entry.text, tolerant_message(entry.text))


class StreamWindow:
    """The stream's newest entries, without a gap after a position. Of another epoch it holds nothing."""

    def __init__(self) -> None:
        self._epoch = ""
        self._after = position_of(START)
        self._entries: deque[ParsedEntry] = deque()
        self._changed = asyncio.Event()

    def restart(self, epoch: str, position: str) -> None:
        """Begins anew: what is added next comes right after this position of this epoch's stream."""
        self._epoch, self._after = epoch, position_of(position)
        self._entries.clear()
        self._changed.set()

    def add(self, entry: ParsedEntry) -> None:
        """Takes the stream's next entry in."""
        if len(self._entries) >= ENTRIES_KEPT:
            self._after = self._entries.popleft().place
        self._entries.append(entry)
        self._changed.set()

    def since(self, epoch: str, position: str) -> list[ParsedEntry] | None:
        """The first entries after a position, AT_MOST of them; None where some may be missing here."""
        place = position_of(position)
        if epoch != self._epoch or place < self._after:
            return None
        found = []
        for entry in reversed(self._entries):
            if entry.place <= place:
                break
            found.append(entry)
        return found[: -AT_MOST - 1 : -1]

    async def next(self, epoch: str, position: str, wait_s: float) -> list[ParsedEntry] | None:
        """As `since`, but waits up to wait_s seconds for the first entry, or for a window of that epoch to begin."""
        found = self.since(epoch, position)
        if found == [] or epoch != self._epoch:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            found = self.since(epoch, position)
        return found


class StreamSource:
    """The stream as who reads behind the follower gets it: from the window, from the bus where that does not reach back.

    The follower fills the window. Where nobody does, everything comes from the bus.
    """

    def __init__(self, bus: Bus) -> None:
        self.bus, self.window, self.parser = bus, StreamWindow(), EntryParser()

    async def next(self, epoch: str, position: str, wait_s: float, *, known: bool) -> list[ParsedEntry] | None:
        """The first entries after a position, waiting for the first up to wait_s; None where some are gone from the stream.

        known: what is gone after this position is known already, so that it is not looked for.
        """
        found = await self.window.next(epoch, position, wait_s)
        if found is not None:
            return found
        entries = await self.bus.read(position, block_ms=100)
        if not known and not (await self.bus.bounds()).holds_after(position):
            return None
        return [self.parser.parse(entry) for entry in entries]

    async def between(self, epoch: str, after: str, upto: str) -> list[ParsedEntry]:
        """The first entries after one position up to and including another; empty where they are gone from the stream."""
        found = self.window.since(epoch, after)
        if found is not None:
            last = position_of(upto)
            return [entry for entry in found if entry.place <= last]
        return [self.parser.parse(entry) for entry in await self.bus.between(after, upto)]
