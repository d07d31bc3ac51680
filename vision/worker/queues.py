"""The two queues of a worker: newest frames on their way to the detector, and events on their way to a section. A shell.

Overflow rules: a frame that waits is replaced by the next one of its camera and session. What is full loses its oldest
frame; where it holds no frame, the oldest change of a camera's state for which a newer one waits. So the newest state and
session of a camera are never lost, and no frame waits without the change that begins its session. Of events, a frame without
change goes first; where a frame is lost, those that tell of no change since it are lost, too.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from vision.core.events import CameraChanged, Event, Seen, Unchanged
from vision.ports import Frame, Picture

__all__ = ["EventQueue", "FrameSlots", "Queued"]

MAX_ITEMS: Final = 64  # waiting for one camera: frames of different sessions and changes between them
MAX_EVENTS: Final = 256  # a section has fewer cameras


class FrameSlots:
    """What the capture threads have ready for the detector: per camera the latest frame, and its changes of state."""

    def __init__(self, cameras: Iterable[str]) -> None:
        self._waiting: dict[str, deque[tuple[float, Frame | CameraChanged]]] = {name: deque() for name in cameras}
        self._order = deque(self._waiting)
        self._changed = threading.Condition()
        self._closed = False

    def put(self, camera: str, item: Frame | CameraChanged, now_s: float) -> bool:
        """Hands over an item; True when a frame that was still waiting made room for it."""
        with self._changed:
            waiting = self._waiting[camera]
            waiting.append((now_s, item))
            self._changed.notify()
            lost = _to_lose([waited for _, waited in waiting])
            if lost is None:
                return False
            frame = isinstance(waiting[lost][1], Frame)
            del waiting[lost]
            return frame

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


def _to_lose(waiting: Sequence[Frame | CameraChanged]) -> int | None:
    """The place of what a camera loses now that the last of these has come: the frame it follows, or what is too much."""
    before, last = waiting[-2:] if len(waiting) > 1 else (None, None)
    if isinstance(before, Frame) and isinstance(last, Frame) and before.session == last.session:
        return len(waiting) - 2
    return _expendable(waiting) if len(waiting) > MAX_ITEMS else None


def _expendable(waiting: Sequence[object]) -> int | None:
    """The place of what a full queue loses; None where each is a camera's newest change, or none is a frame or a change."""
    newest: dict[str, int] = {}
    for place, item in enumerate(waiting):
        if isinstance(item, Seen | Frame):
            return place
        if isinstance(item, CameraChanged):
            newest[item.camera] = place
    return next((p for p, item in enumerate(waiting) if isinstance(item, CameraChanged) and newest[item.camera] != p), None)


@dataclass(frozen=True, slots=True)
class Queued:
    """An event on its way to its section, with the picture it came from while somebody watches the camera."""

    event: Event
    picture: Picture | None = None


class EventQueue:
    """A section's bounded queue of events; its order is the recording's order."""

    def __init__(self) -> None:
        self._items: deque[Queued] = deque()
        self._baseless: set[str] = set()  # cameras whose last frame with detections was lost
        self._changed = threading.Condition()

    def put(self, item: Queued) -> Seen | Unchanged | None:
        """Adds an event; returns the frame's that was lost, because the queue is full or the frame it builds on was."""
        with self._changed:
            if isinstance(item.event, Unchanged) and item.event.camera in self._baseless:
                return item.event
            if isinstance(item.event, Seen):
                self._baseless.discard(item.event.camera)
            self._items.append(item)
            lost = self._drop() if len(self._items) > MAX_EVENTS else None
            self._changed.notify()
            return lost if isinstance(lost, Seen | Unchanged) else None

    def get(self, timeout_s: float) -> Queued | None:
        """The next event, None after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._items), max(0.0, timeout_s))
            return self._items.popleft() if self._items else None

    def _drop(self) -> Event | None:
        events = [queued.event for queued in self._items]
        place = next((p for p, event in enumerate(events) if isinstance(event, Unchanged)), None)
        place = _expendable(events) if place is None else place
        if place is None:
            return None
        lost = events.pop(place)
        del self._items[place]
        if isinstance(lost, Seen) and not any(isinstance(e, Seen) and e.camera == lost.camera for e in events):
            self._baseless.add(lost.camera)
        return lost
