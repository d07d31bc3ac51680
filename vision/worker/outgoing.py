"""What a section has for the bus: messages with the newest checkpoint, and events for whoever watches. A queue of two threads.

Overflow rules: of more than MAX_WAITING messages measurements are dropped, oldest first, then anything; each is counted.
Only the newest checkpoint is kept: it says all that the ones before it said. Of more than MAX_SHOWN events for watchers
the oldest go: nobody wants to see the past.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vision.ephemeral_messages import FrameEvent, PictureEvent
from vision.messages import CameraMeasured, LaneMeasured, LaneVehicles, Message

__all__ = ["Outgoing", "Parcel"]

MAX_WAITING: Final = 20_000
MAX_SHOWN: Final = 32


@dataclass(frozen=True, slots=True)
class Parcel:
    """All that waits: messages in order, the number of the last one that was put, the newest checkpoint if it is new."""

    messages: tuple[Message, ...]
    last: int
    checkpoint: str | None


class Outgoing:
    """Filled by a section's thread, emptied by its bus thread; neither ever waits for the other. dropped: messages lost."""

    def __init__(self) -> None:
        self.dropped = 0
        self._messages: deque[tuple[int, Message]] = deque()
        self._last = 0
        self._checkpoint: str | None = None
        self._shown: deque[FrameEvent | PictureEvent] = deque(maxlen=MAX_SHOWN)
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, messages: Sequence[Message], checkpoint: str | None) -> None:
        """Adds messages, and the checkpoint that is right after them."""
        with self._changed:
            for message in messages:
                self._last += 1
                self._messages.append((self._last, message))
            self._checkpoint = self._checkpoint if checkpoint is None else checkpoint
            if len(self._messages) > MAX_WAITING:
                self._shorten()
            self._changed.notify()

    def show(self, event: FrameEvent | PictureEvent) -> None:
        """Adds an event for whoever watches."""
        with self._changed:
            self._shown.append(event)
            self._changed.notify()

    def wait(self, timeout_s: float) -> None:
        """Returns when something waits, or after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self._messages or self._shown or self._checkpoint is not None, timeout_s)

    def parcel(self) -> Parcel | None:
        """All that waits to be written, None when nothing does; it goes on waiting until `written`."""
        with self._changed:
            if not self._messages and self._checkpoint is None:
                return None
            return Parcel(tuple(message for _, message in self._messages), self._last, self._checkpoint)

    def written(self, last: int, checkpoint: str | None) -> bool:
        """The messages up to this number, and this checkpoint, have been written; whether one of those messages waited."""
        with self._changed:
            before = len(self._messages)
            while self._messages and self._messages[0][0] <= last:
                self._messages.popleft()
            if self._checkpoint is checkpoint:
                self._checkpoint = None
            return len(self._messages) < before

    def take_shown(self) -> list[FrameEvent | PictureEvent]:
        """The events for whoever watches; they are gone then."""
        with self._changed:
            shown = list(self._shown)
            self._shown.clear()
            return shown

    def _shorten(self) -> None:
        for kinds in ((LaneMeasured, LaneVehicles, CameraMeasured), (object,)):
            surplus = len(self._messages) - MAX_WAITING
            kept: deque[tuple[int, Message]] = deque()
            for numbered in self._messages:
                if surplus > 0 and isinstance(numbered[1], kinds):
                    surplus -= 1
                    self.dropped += 1
                else:
                    kept.append(numbered)
            self._messages = kept
