"""What a lane did over the window: rates, headways, percentiles with open visits as censored, the expected wait. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.core.types import LevelOfService, Visit

__all__ = ["Durations", "LaneHistory", "expected_wait", "kaplan_meier", "level_of_service"]

Array = NDArray[np.float64]
LEVELS: Final[tuple[LevelOfService, ...]] = ("A", "B", "C", "D", "E", "F")
KEPT: Final = 2000
"""Most visits, arrivals and busy spells that a lane keeps: more than any lane can pass in a day."""
LONG_CYCLE: Final = 3.0
"""Longest cycle that counts, in medians."""
COUNT_SIGMA: Final = 0.35
"""How well the number of vehicles ahead is known, in vehicles (docs/accuracy.md)."""
MIN_RATE_SPAN_S: Final = 60.0
"""A rate needs at least this much time behind it."""


@dataclass(frozen=True, slots=True)
class Durations:
    """One ended visit's durations in seconds, None where an end is missing; busy: others queued when it left."""

    t: float
    wait_s: float | None
    service_s: float | None
    dwell_s: float | None
    departed: bool


class LaneHistory:
    """The lane's departures, arrivals and spells with a queue, trimmed to the window."""

    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        self.began_t: float | None = None
        self.ends: deque[Durations] = deque(maxlen=KEPT)
        self.arrivals: deque[float] = deque(maxlen=KEPT)
        self.busy: deque[list[float]] = deque(maxlen=KEPT)
        self.cycles: deque[tuple[float, float]] = deque(maxlen=KEPT)

    def arrived(self, t: float) -> None:
        """Notes an arrival at t."""
        self.arrivals.append(t)

    def departed(self, visit: Visit) -> None:
        """Notes a departure, and the time that the booth took for it if somebody was waiting."""
        left = visit.left_t or 0.0
        service = None if visit.service_t is None else left - visit.service_t
        wait = None if visit.service_t is None or visit.joined_t is None else visit.service_t - visit.joined_t
        dwell = None if visit.arrived_t is None else left - visit.arrived_t
        before = self.last_departure_t()
        if before is not None and visit.joined_t is not None and visit.joined_t <= before < left:
            self.cycles.append((left, left - before))
        self.ends.append(Durations(left, wait, service, dwell, departed=True))

    def lost(self, visit: Visit, t: float) -> None:
        """Notes a visit that ended unseen at t: censored in every duration."""
        wait = None if visit.joined_t is None or visit.service_t is not None else t - visit.joined_t
        service = None if visit.service_t is None else t - visit.service_t
        self.ends.append(Durations(t, wait, service, None if visit.arrived_t is None else t - visit.arrived_t, departed=False))

    def last_departure_t(self) -> float | None:
        """When the last departure was."""
        return next((end.t for end in reversed(self.ends) if end.departed), None)

    def tick(self, t: float, *, queue: bool) -> None:
        """Drops what is older than the window and notes whether there is a queue in the second up to t."""
        self.began_t = t if self.began_t is None else self.began_t
        if queue:
            if self.busy and t - self.busy[-1][1] <= 1.5:
                self.busy[-1][1] = t
            else:
                self.busy.append([t - 1.0, t])
        start = t - self.window_s
        while self.ends and self.ends[0].t < start:
            self.ends.popleft()
        while self.arrivals and self.arrivals[0] < start:
            self.arrivals.popleft()
        while self.busy and self.busy[0][1] < start:
            self.busy.popleft()
        while self.cycles and self.cycles[0][0] < start:
            self.cycles.popleft()

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
            "ends": [[e.t, e.wait_s, e.service_s, e.dwell_s, e.departed] for e in self.ends],
            "arrivals": list(self.arrivals),
            "busy": [list(spell) for spell in self.busy],
            "cycles": [list(cycle) for cycle in self.cycles],
        }

    def load(self, data: dict[str, Any]) -> None:
        """Goes on from what `as_data` described."""
        self.began_t = data["began_t"]
        for series in (self.ends, self.arrivals, self.busy, self.cycles):
            series.clear()
        self.ends.extend(Durations(*end) for end in data["ends"])
        self.arrivals.extend(data["arrivals"])
        self.busy.extend([first, last] for first, last in data["busy"])
        self.cycles.extend((t, cycle) for t, cycle in data["cycles"])


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


def expected_wait(cycles: list[float], ahead: int, elapsed_s: float | None) -> tuple[float | None, float | None, float | None]:
    """Expected wait of a vehicle joining now, with its 80 % interval: (mean, low, high) in seconds.

    cycles: times that the booth took per vehicle while others waited; ahead: vehicles in the queue; elapsed_s: how long
    the one in service has been there. Each of the others takes one more cycle; the sum of n of them spreads like n^.5,
    and the mean itself is only known to spread / len(cycles)^.5.
    """
    if ahead == 0:
        return 0.0, 0.0, 0.0
    if len(cycles) < 2:
        return None, None, None
    # A booth that was closed for a while says nothing about the next service: such cycles are cut to a long one.
    sample = np.minimum(cycles, LONG_CYCLE * np.median(cycles))
    mean, spread = float(sample.mean()), float(sample.std(ddof=1))
    current = mean
    if elapsed_s is not None:
        longer = sample[sample > elapsed_s]
        current = float(longer.mean() - elapsed_s) if len(longer) else max(mean / 2, spread)
    expected = current + (ahead - 1) * mean
    sigma = float(np.sqrt(ahead * spread**2 + (ahead * spread) ** 2 / len(sample) + (COUNT_SIGMA * mean) ** 2))
    reach = 1.2816 * sigma  # the normal distribution's 10 % and 90 % quantiles
    return expected, max(0.0, expected - reach), expected + reach


def level_of_service(wait_s: float | None, limits: tuple[float, ...]) -> LevelOfService | None:
    """The level A..F of a waiting time: the first whose upper limit it does not pass. Our own scale."""
    if wait_s is None:
        return None
    return LEVELS[next((i for i, limit in enumerate(limits) if wait_s <= limit), len(limits))]
