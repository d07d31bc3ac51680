"""When a section's live events go to the pipeline: in order of t as in a replay, with ticks between them. Pure.

An event goes when no camera with frames can still deliver an earlier one, a tick t as soon as every such camera has
delivered a frame later than t; both at the latest when the wall clock passes the tick's time + 1.0 s. A camera by itself
waits for nobody but the ticks. What comes later than that goes at once: the pipeline knows what is too late for a tick.
A camera's own events keep their order, and a change of its state is told with a later time than what came before it: a
camera that is back may date its first frame before the moment at which it was found to be away. A lane's status, whose t is
another machine's clock's, goes by its t alone: one that is dated far ahead waits by itself.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from vision.core.events import CameraChanged, Event, LaneStatus, Seen, Unchanged
from vision.core.ticks import TickSeries
from vision.vocabulary import FRAMELESS_STATES

__all__ = ["TickSequencer"]

LATE_TICK_S: Final = 1.0  # after its own time a tick waits for no camera any longer
MAX_HELD: Final = 2000  # events; beyond it nothing waits
MAX_CATCH_UP: Final = 600  # ticks of one call; after a longer sleep of the machine the rest is skipped


@dataclass(frozen=True, slots=True, order=True)
class _Held:
    """An event that waits: by t, equal times in the order of the section's cameras, a camera's own in order of arrival."""

    t: float
    place: int
    number: int
    event: Event = field(compare=False)


class TickSequencer:
    """Merges a section's live events with ticks; `wall` arguments are the wall clock in POSIX seconds."""

    def __init__(self, cameras: Iterable[str], wall: float) -> None:
        self._seen_t: dict[str, float] = dict.fromkeys(cameras, -math.inf)
        self._place = {camera: place for place, camera in enumerate(self._seen_t)}
        self._last_t: dict[str, float] = {}
        self._online: set[str] = set()
        self._ticks = TickSeries(wall)
        self._held: list[_Held] = []
        self._pushed = 0

    @property
    def next_deadline(self) -> float:
        """The wall-clock time at which the next tick goes at the latest."""
        return self._ticks.due + LATE_TICK_S

    def push(self, event: Event, wall: float) -> list[Event]:
        """The events, ticks among them, that may go now that this one has come."""
        self._pushed += 1
        match event:
            case Seen(camera=camera, t=t) | Unchanged(camera=camera, t=t):
                self._seen_t[camera] = max(self._seen_t.get(camera, -math.inf), t)
                self._hold(event, camera)
            case CameraChanged(camera=camera, state=state):
                (self._online.discard if state in FRAMELESS_STATES else self._online.add)(camera)
                self._hold(event, camera)
            case LaneStatus():
                self._insert(event, event.t, "")
            case _:
                self._hold(event, "")
        return self.due(wall)

    def passed(self, change: CameraChanged) -> None:
        """A camera's state was told to the pipeline by another way, just now."""
        self._last_t[change.camera] = max(self._last_t.get(change.camera, -math.inf), change.t)

    def due(self, wall: float) -> list[Event]:
        """The events and ticks that are due at this wall-clock time, in order."""
        if wall - self._ticks.due > MAX_CATCH_UP:
            self._ticks = TickSeries(math.floor(wall) - 1)
        out: list[Event] = []
        while True:
            late = wall >= self.next_deadline or len(self._held) > MAX_HELD
            out += self._ready(late)
            if not (late or self._is_complete(wall)):
                return out
            out.append(self._ticks.take())

    def rest(self, wall: float) -> list[Event]:
        """At the end, when nothing earlier can come: all that waits, with ticks as far as the wall clock is.

        Only a notice that is dated ahead is left out; it is told again after a restart.
        """
        waiting, self._held = self._held, []
        out: list[Event] = []
        for held in waiting:
            if held.t <= wall or held.place >= 0:
                out += [*self._ticks.before(min(held.t, wall)), held.event]
        return out

    def _hold(self, event: Event, camera: str) -> None:
        """Puts an event where it belongs, but never before an earlier one of its camera; configurations keep their order."""
        last_t = self._last_t.get(camera, -math.inf)
        if isinstance(event, CameraChanged) and event.t <= last_t:
            event = replace(event, t=round(last_t + 0.001, 3))
        self._last_t[camera] = max(last_t, event.t)
        self._insert(event, self._last_t[camera], camera)

    def _insert(self, event: Event, t: float, camera: str) -> None:
        bisect.insort(self._held, _Held(t, self._place.get(camera, -1), self._pushed, event))

    def _ready(self, late: bool) -> list[Event]:
        """Takes what goes before the next tick: all of it where it is late, else what nothing earlier can precede."""
        count = 0
        for held in self._held:
            if self._ticks.precedes(held.t) or not (late or self._is_settled(held)):
                break
            count += 1
        ready, self._held = self._held[:count], self._held[count:]
        return [held.event for held in ready]

    def _is_settled(self, held: _Held) -> bool:
        """Whether all other cameras with frames have delivered one that is not earlier."""
        return all(self._seen_t[camera] >= held.t for camera in self._online if self._place[camera] != held.place)

    def _is_complete(self, wall: float) -> bool:
        """Whether all cameras with frames have delivered one that is later than the next tick."""
        if wall < self._ticks.due or not self._online:
            return False
        return all(self._ticks.precedes(self._seen_t[camera]) for camera in self._online)
