"""The two queues of a worker: newest frames on their way to the detector, and events on their way to a section. A shell.

Overflow rules: a frame that waits is replaced by the next one of its camera and session; a section's queue that is full
loses its oldest frame's event. Changes of a camera's state are never lost.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from vision.core.events import CameraChanged, Event, Seen
from vision.ports import Frame, Picture

__all__ = ["EventQueue", "FrameSlots", "Queued"]

MAX_ITEMS: Final = 64  # waiting for one camera: frames of different sessions and changes between them
MAX_EVENTS: Final = 256


class FrameSlots:
    """What the readers have ready for the detector: per camera the latest frame, and changes of state in their order."""

    def __init__(self, cameras: Iterable[str]) -> None:
        self._waiting: dict[str, deque[tuple[float, Frame | CameraChanged]]] = {name: deque() for name in cameras}
        self._order = deque(self._waiting)
        self._changed = threading.Condition()
        self._closed = False

    def put(self, camera: str, item: Frame | CameraChanged, now_s: float) -> bool:
        """Hands over an item; True when it took the place of a frame that was still waiting."""
        with self._changed:
            waiting = self._waiting[camera]
            replaced = _replaces(item, waiting[-1][1] if waiting else None)
            if replaced:
                waiting.pop()
            elif len(waiting) >= MAX_ITEMS:
                waiting.popleft()
            waiting.append((now_s, item))
            self._changed.notify()
            return replaced

    def take(self, timeout_s: float) -> tuple[float, Frame | CameraChanged] | None:
        """The next item, the cameras in turn, with the time at which it was put; None after the timeout or when closed."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._closed or any(self._waiting.values()), timeout_s):
                return None
            for _ in range(len(self._order)):
                camera = self._order[0]
                self._order.rotate(-1)
                if self._waiting[camera]:
                    return self._waiting[camera].popleft()
            return None

    def close(self) -> None:
        """Wakes the taker; what waits can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def _replaces(item: Frame | CameraChanged, waiting: Frame | CameraChanged | None) -> bool:
    return isinstance(item, Frame) and isinstance(waiting, Frame) and item.session == waiting.session


@dataclass(frozen=True, slots=True)
class Queued:
    """An event on its way to its section, with the picture it came from while somebody watches the camera."""

    event: Event
    picture: Picture | None = None


class EventQueue:
    """A section's bounded queue of events; its order is the recording's order."""

    def __init__(self) -> None:
        self._items: deque[Queued] = deque()
        self._changed = threading.Condition()
        self.dropped = 0

    def put(self, item: Queued) -> None:
        """Adds an event; a full queue loses its oldest frame's."""
        with self._changed:
            if len(self._items) >= MAX_EVENTS:
                oldest = next((i for i, queued in enumerate(self._items) if isinstance(queued.event, Seen)), None)
                if oldest is not None:
                    del self._items[oldest]
                    self.dropped += 1
            self._items.append(item)
            self._changed.notify()

    def get(self, timeout_s: float) -> Queued | None:
        """The next event, None after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._items), max(0.0, timeout_s))
            return self._items.popleft() if self._items else None
