"""What a lane did over the window: rates, headways, the server's times, percentiles with open visits as censored. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from vision.core.lanes.vehicle import Visit
from vision.vocabulary import LevelOfService

__all__ = ["MOVE_UP_S", "Durations", "LaneHistory", "Span", "What", "kaplan_meier", "level_of_service", "span_of"]

Array = NDArray[np.float64]
Item = TypeVar("Item")
What = Literal["wait", "service", "dwell"]
SPANS: Final[tuple[What, ...]] = ("wait", "service", "dwell")
LEVELS: Final[tuple[LevelOfService, ...]] = ("A", "B", "C", "D", "E", "F")
KEPT_TIMES: Final = 2000
"""Most visits, arrivals and busy spells that a lane keeps: more than any lane can pass in a day."""
MOVE_UP_S: Final = 8.0
"""From a departure until the next vehicle stands at the server: a truck's length and a gap, from a standstill to a halt."""
LONGEST_MOVE_S: Final = 20.0
"""A next vehicle that takes longer was not yet there."""
UNSEEN_START_S: Final = 3.0
"""What went on already so soon after a vehicle was first seen began before it."""
MIN_RATE_SPAN_S: Final = 60.0
"""A rate needs at least this much time behind it."""


@dataclass(frozen=True, slots=True)
class Durations:
    """One ended visit's durations in seconds, None where an end is missing; departed: they came to their end.

    dwell_is_bound: the dwell time began unseen and is a lower bound, though it came to its end.
    """

    t: float
    wait_s: float | None
    service_s: float | None
    dwell_s: float | None
    departed: bool
    dwell_is_bound: bool = False

    def censored(self, what: What) -> bool:
        """Whether a duration is a lower bound of the true one."""
        return not self.departed or (what == "dwell" and self.dwell_is_bound)


class LaneHistory:
    """The lane's departures, arrivals, server times and spells with a queue, trimmed to the window."""

    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        self.began_t: float | None = None
        self.left_t: float | None = None
        self.ends: deque[Durations] = deque(maxlen=KEPT_TIMES)
        self.arrivals: deque[float] = deque(maxlen=KEPT_TIMES)
        self.busy: deque[list[float]] = deque(maxlen=KEPT_TIMES)
        self.services: deque[tuple[float, float]] = deque(maxlen=KEPT_TIMES)
        self.moves: deque[tuple[float, float]] = deque(maxlen=KEPT_TIMES)

    def arrived(self, t: float) -> None:
        """Notes an arrival at t."""
        self.arrivals.append(t)

    def departed(self, visit: Visit) -> None:
        """Notes a departure, how long the server took for it and, if it had waited, how long it took to move up."""
        left = visit.left_t or 0.0
        before, self.left_t = self.left_t, left if self.left_t is None else max(left, self.left_t)
        waited = before is not None and visit.joined_t is not None and visit.joined_t <= before < left
        wait, service, dwell = (_ended_s(visit, what) for what in SPANS)
        self.ends.append(Durations(left, wait, service, dwell, departed=True, dwell_is_bound=visit.arrived_inferred))
        if service is not None:
            self.services.append((left, service))
        if before is None or not waited:
            return
        if visit.service_t is None:
            self.services.append((left, max(left - before - MOVE_UP_S, 0.0)))
        elif before < visit.service_t <= before + LONGEST_MOVE_S:
            self.moves.append((left, visit.service_t - before))

    def lost(self, visit: Visit, t: float) -> None:
        """Notes a visit that ended unseen at t: censored in whatever it was at."""
        wait, service, dwell = (_reached_s(visit, what, t) for what in SPANS)
        self.ends.append(Durations(t, wait, service, dwell, departed=False))

    def service_times(self) -> Array:
        """Seconds that the server took for each vehicle of the window."""
        return np.array([seconds for _, seconds in self.services], np.float64)

    def move_times(self) -> Array:
        """Seconds from a departure until the next vehicle, which had waited, stood at the server."""
        return np.array([seconds for _, seconds in self.moves], np.float64)

    def tick(self, t: float, *, queue: bool) -> None:
        """Drops what is older than the window and notes whether there is a queue in the second up to t."""
        self.began_t = t if self.began_t is None else self.began_t
        if queue:
            if self.busy and t - self.busy[-1][1] <= 1.5:
                self.busy[-1][1] = t
            else:
                self.busy.append([t - 1.0, t])
        start = t - self.window_s
        _drop(self.ends, lambda end: end.t < start)
        _drop(self.arrivals, lambda arrival: arrival < start)
        _drop(self.busy, lambda spell: spell[1] < start)
        _drop(self.services, lambda service: service[0] < start)
        _drop(self.moves, lambda move: move[0] < start)

    def arrival_rate_vph(self, t: float) -> float | None:
        """Arrivals per hour over the window so far; None in its first minute."""
        span = min(self.window_s, t - (self.began_t if self.began_t is not None else t))
        return None if span < MIN_RATE_SPAN_S else 3600.0 * len(self.arrivals) / span

    def discharge_rate_vph(self, t: float) -> float | None:
        """Departures per hour of the time in which a queue existed; None with less than a minute of it."""
        start = t - self.window_s
        spans = [(max(first, start), last) for first, last in self.busy]
        busy_s = sum(last - first for first, last in spans)
        if busy_s < MIN_RATE_SPAN_S:
            return None
        # A vehicle that leaves ends its own part of the queue: departures up to 2 s after a spell belong to it.
        left = sum(any(first <= end.t <= last + 2.0 for first, last in spans) for end in self.ends if end.departed)
        return 3600.0 * left / busy_s

    def headway_s(self) -> float | None:
        """Mean time between departures over the window; None with fewer than two."""
        times = [end.t for end in self.ends if end.departed]
        return None if len(times) < 2 else (max(times) - min(times)) / (len(times) - 1)

    def as_data(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        return {
            "began_t": self.began_t,
            "left_t": self.left_t,
            "ends": [[e.t, e.wait_s, e.service_s, e.dwell_s, e.departed, e.dwell_is_bound] for e in self.ends],
            "arrivals": list(self.arrivals),
            "busy": [list(spell) for spell in self.busy],
            "services": [list(service) for service in self.services],
            "moves": [list(move) for move in self.moves],
        }

    def load(self, data: dict[str, Any]) -> None:
        """Goes on from what `as_data` described."""
        self.began_t = data["began_t"]
        for series in (self.ends, self.arrivals, self.busy, self.services, self.moves):
            series.clear()
        self.ends.extend(Durations(*end) for end in data["ends"])
        self.arrivals.extend(data["arrivals"])
        self.busy.extend([first, last] for first, last in data["busy"])
        departed = [end for end in self.ends if end.departed]
        before = [(end.t, end.service_s) for end in departed if end.service_s is not None]  # as older checkpoints have it
        self.left_t = data.get("left_t", departed[-1].t if departed else None)
        self.services.extend((t, seconds) for t, seconds in data.get("services", before))
        self.moves.extend((t, seconds) for t, seconds in data.get("moves", ()))


@dataclass(frozen=True, slots=True)
class Span:
    """When a visit's wait, service or dwell began, and ended if it did."""

    start_t: float
    end_t: float | None


def span_of(visit: Visit, what: What) -> Span | None:
    """A visit's wait, service or dwell; None where it has not begun, or began before the vehicle was first seen.

    Of a dwell time whose arrival is inferred it is the part that was seen, a lower bound.
    """
    match what:
        case "wait":
            start, end = visit.joined_t, visit.service_t
        case "service":
            start, end = visit.service_t, visit.left_t
        case "dwell":
            start, end = visit.arrived_t, visit.left_t
            if visit.arrived_inferred and start is not None:
                start = max(start, visit.first_seen_t)
    if start is None or (what != "dwell" and visit.start_censored and start <= visit.first_seen_t + UNSEEN_START_S):
        return None
    return Span(start, end)


def kaplan_meier(ended: list[float], censored: list[float], shares: tuple[float, ...]) -> tuple[float | None, ...]:
    """Quantiles of a duration by the product-limit estimator (Kaplan and Meier 1958); None where not reached.

    ended: durations that came to their end; censored: durations so far of those that did not.
    """
    if not ended:
        return tuple(None for _ in shares)
    durations = np.array(ended + censored)
    times, first = np.unique(np.sort(np.array(ended)), return_index=True)
    deaths = np.diff(np.append(first, len(ended)))
    at_risk = len(durations) - np.searchsorted(np.sort(durations), times, side="left")
    gone = 1.0 - np.cumprod(1.0 - deaths / at_risk)
    index = [int(np.searchsorted(gone, share - 1e-12)) for share in shares]
    return tuple(float(times[i]) if i < len(times) else None for i in index)


def level_of_service(wait_s: float | None, limits: tuple[float, ...]) -> LevelOfService | None:
    """The level A..F of a waiting time: the first whose upper limit it does not pass. Our own scale."""
    if wait_s is None:
        return None
    return LEVELS[next((i for i, limit in enumerate(limits) if wait_s <= limit), len(limits))]


def _ended_s(visit: Visit, what: What) -> float | None:
    """Length of a span that came to its end."""
    span = span_of(visit, what)
    return None if span is None or span.end_t is None else max(span.end_t - span.start_t, 0.0)


def _reached_s(visit: Visit, what: What, t: float) -> float | None:
    """How long a span had lasted at t, when its vehicle was lost in it; None for a wait that was over by then."""
    span = span_of(visit, what)
    return None if span is None or (what == "wait" and span.end_t is not None) else max(t - span.start_t, 0.0)


def _drop(series: deque[Item], old: Callable[[Item], bool]) -> None:
    while series and old(series[0]):
        series.popleft()
