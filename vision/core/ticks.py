"""Where ticks lie among events: the one rule for live cameras, video files and recordings. Pure.

Ticks are the whole seconds of event time from the first at or after the first event on. An event with a tick's own t goes
before it. Live adds only for how long a tick waits (`vision.worker.tick_sequencer`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from vision.core.events import Tick

__all__ = ["TickSeries", "tick_at", "with_ticks"]


class Timed(Protocol):
    """Whatever has an event time."""

    @property
    def t(self) -> float:
        """POSIX seconds."""
        ...


T = TypeVar("T", bound=Timed)


def tick_at(t: float) -> int:
    """The tick at which an event of t counts: the first whole second at or after it."""
    return math.ceil(t)


class TickSeries:
    """The ticks from the one at `start` on, each once and in order."""

    def __init__(self, start: float) -> None:
        self.due = tick_at(start)

    def take(self) -> Tick:
        """The tick that is due; the next second's is due then."""
        tick = Tick(float(self.due))
        self.due += 1
        return tick

    def precedes(self, t: float) -> bool:
        """Whether the tick that is due goes before an event of t."""
        return self.due < t

    def before(self, t: float) -> Iterator[Tick]:
        """The ticks that go before an event of t."""
        while self.precedes(t):
            yield self.take()

    def upto(self, t: float) -> Iterator[Tick]:
        """The ticks up to t, that at t included."""
        while self.due <= t:
            yield self.take()


def with_ticks(events: Iterable[T], *, last_second: bool) -> Iterator[T | Tick]:
    """The events with their ticks between them; an event that is late goes on where it is.

    last_second: whether the second that the last event is in gets its tick too, though it was seen only in part.
    """
    ticks: TickSeries | None = None
    last_t = -math.inf
    for event in events:
        ticks = ticks or TickSeries(event.t)
        last_t = max(last_t, event.t)
        yield from ticks.before(event.t)
        yield event
    if ticks is not None:
        yield from ticks.upto(tick_at(last_t) if last_second else last_t)
