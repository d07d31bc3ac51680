"""When a section's live events go to the pipeline: frames at once, ticks when nothing earlier can still come. Pure.

A tick t goes as soon as every online camera has delivered a frame later than t, at the latest when the wall clock
passes t + 1.0 s. Until then whatever is later than t waits, so that a live run has the order of a replay.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from vision.core.events import CameraChanged, Event, Seen, Tick

__all__ = ["TickSequencer"]

LATE_TICK_S: Final = 1.0  # after its own time a tick waits for no camera any longer
MAX_HELD: Final = 2000  # events; beyond it the tick goes at once
MAX_CATCH_UP: Final = 600  # ticks of one call; after a longer sleep of the machine the rest is skipped


class TickSequencer:
    """Merges a section's live events with ticks; `wall` arguments are the wall clock in POSIX seconds."""

    def __init__(self, cameras: Iterable[str], wall: float) -> None:
        self._latest: dict[str, float] = dict.fromkeys(cameras, -math.inf)
        self._online: set[str] = set()
        self._next = math.ceil(wall)
        self._held: list[Event] = []

    @property
    def next_deadline(self) -> float:
        """The wall-clock time at which the next tick goes at the latest."""
        return self._next + LATE_TICK_S

    def push(self, event: Event, wall: float) -> list[Event]:
        """The events, ticks among them, that may go now that this one has come."""
        match event:
            case Seen(camera=camera, t=t):
                self._latest[camera] = max(self._latest.get(camera, -math.inf), t)
            case CameraChanged(camera=camera, state=state):
                (self._online.discard if state in {"offline", "stalled"} else self._online.add)(camera)
            case _:
                pass
        if event.t > self._next:
            self._held.append(event)
            return self.due(wall)
        return [event, *self.due(wall)]

    def due(self, wall: float) -> list[Event]:
        """The ticks that are due at this wall-clock time, each followed by what waited for it."""
        if wall - self._next > MAX_CATCH_UP:
            self._next = math.floor(wall) - 1
        out: list[Event] = []
        while self._ready(wall):
            out.append(Tick(float(self._next)))
            self._next += 1
            out.extend(sorted((event for event in self._held if event.t <= self._next), key=lambda event: event.t))
            self._held = [event for event in self._held if event.t > self._next]
        return out

    def _ready(self, wall: float) -> bool:
        if wall >= self._next + LATE_TICK_S or len(self._held) > MAX_HELD:
            return True
        if wall < self._next:
            return False
        return bool(self._online) and all(self._latest[camera] > self._next for camera in self._online)
