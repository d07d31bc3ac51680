"""Demand: when vehicles come to the gate and how long the booths need for them. Pure; random by a given generator."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from vision.simulation.bodies import Body

__all__ = ["Demand", "Direction", "Surge", "arrivals", "draw_service_s", "under_way"]

Direction = Literal["export", "import"]
DAY_PROFILE: Final = (
    *(0.05, 0.05, 0.05, 0.05, 0.08, 0.20, 0.55, 1.00, 1.45, 1.60, 1.45, 1.10),
    *(0.75, 1.00, 1.35, 1.50, 1.40, 1.15, 0.80, 0.50, 0.30, 0.20, 0.12, 0.08),
)
"""Share of the base rate in each local hour of the day: two rushes, a noon dip, hardly anything at night."""
_SERVICE_MEDIAN_S: Final = 58.0
_SERVICE_SIGMA: Final = 0.45
_SERVICE_S: Final = (22.0, 180.0)


@dataclass(frozen=True, slots=True)
class Surge:
    """A stretch of time, in seconds from the scene's start, in which demand is multiplied by a factor of 1 or more.

    every_s: it comes again after so many seconds, for ever; None: it comes once.
    """

    from_s: float
    to_s: float
    factor: float
    every_s: float | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """Vehicles per hour by direction, with or without the profile of the day, and surges on top.

    day_speed: how many times as fast as ours the day's clock goes.
    """

    base_vph: Mapping[Direction, float]
    daily: bool = False
    surges: tuple[Surge, ...] = ()
    day_speed: float = 1.0

    def rate_vph(self, direction: Direction, since_start_s: float, hour: float) -> float:
        """Vehicles per hour at a moment; hour: local time of day, 0..24."""
        return self.base_vph[direction] * self._surge(since_start_s) * (_profile(hour) if self.daily else 1.0)

    def peak_vph(self, direction: Direction) -> float:
        """No rate is above this."""
        highest = max((self._surge(surge.from_s) for surge in self.surges), default=1.0)
        return self.base_vph[direction] * max(1.0, highest) * (max(DAY_PROFILE) if self.daily else 1.0)

    def _surge(self, since_start_s: float) -> float:
        return math.prod(max(1.0, s.factor) for s in self.surges if under_way(s.from_s, s.to_s, s.every_s, since_start_s))


def arrivals(demand: Demand, direction: Direction, hour: float, random: np.random.Generator) -> Iterator[float]:
    """Seconds from the start at which vehicles come: a Poisson process by thinning; hour: local time at the start."""
    peak = demand.peak_vph(direction)
    t = 0.0
    while peak > 0:
        t += float(random.exponential(3600.0 / peak))
        if random.uniform() * peak < demand.rate_vph(direction, t, hour + t * demand.day_speed / 3600.0):
            yield t


def under_way(from_s: float, to_s: float, every_s: float | None, t: float) -> bool:
    """Whether t lies in a stretch of time, or in one of its repetitions where it has any."""
    since = t - from_s
    return (since >= 0 and since % every_s < to_s - from_s) if every_s else 0 <= since < to_s - from_s


def draw_service_s(body: Body, random: np.random.Generator) -> float:
    """Seconds that a booth needs for a vehicle: lognormal, clipped; cars and vans are quicker."""
    seconds = float(np.clip(random.lognormal(math.log(_SERVICE_MEDIAN_S), _SERVICE_SIGMA), *_SERVICE_S))
    return seconds * (0.6 if body.vehicle_class == "car" else 1.0)


def _profile(hour: float) -> float:
    """The profile between the middles of the hours, straight lines."""
    place = (hour - 0.5) % 24.0
    low, share = int(place), place - int(place)
    return DAY_PROFILE[low] * (1 - share) + DAY_PROFILE[(low + 1) % 24] * share
