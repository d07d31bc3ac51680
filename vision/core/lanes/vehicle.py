"""One vehicle of a lane: where it is, since when it stands, and the visit that it is on. Pure.

Positions are metres upstream of the stop line in a calibrated lane, 0..1 along the axis in one that is not.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from vision.vocabulary import VEHICLE_CLASSES, Outcome, VehicleClass

__all__ = ["STANDING_AFTER_S", "OpenVisit", "Vehicle", "Visit"]

STANDING_AFTER_S: Final = 1.0
"""A vehicle stands once it has been slow for longer than this (SUMO's E2 detector: 1 s)."""

KNOWN_HITS: Final = 15
"""A vehicle that was found so often is surely real."""
LEAST_CONSPICUOUS: Final = 0.3
EXPERIENCE_S: Final = 10.0
"""What is expected weighs as much as so many seconds of experience with a vehicle."""
REGULAR_S: Final = 5.0
"""Time over which it is noted how regularly a vehicle is found."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One vehicle's stay in one lane; times are event time, None where not (yet) reached or not seen."""

    visit_id: str
    lane_id: str
    vehicle_class: VehicleClass
    first_seen_t: float
    arrived_t: float | None
    joined_t: float | None
    service_t: float | None
    left_t: float | None
    outcome: Outcome
    start_censored: bool
    end_censored: bool
    previous_visit_id: str | None
    arrived_inferred: bool = False


@dataclass(slots=True)
class OpenVisit:
    """A visit that is going on; its fields are those of Visit. inferred: arrived_t was worked out, nobody saw it arrive."""

    visit_id: str
    arrived_t: float | None
    start_censored: bool
    previous_visit_id: str | None = None
    joined_t: float | None = None
    service_t: float | None = None
    in_service: bool = False
    first_seen_t: float = 0.0
    inferred: bool = False


@dataclass(slots=True)
class Vehicle:
    """A vehicle that was accepted as real. Its number is unique in the pipeline and never used again.

    cleared_t: when its rear left room in the zone for the next one, if that was seen.
    existence: probability, 0..1, that it is a vehicle and still there.
    moved: whether it was ever found driving.
    regular: share of the frames, lately and while it was found, that showed it.
    """

    number: int
    lane_id: str
    first_seen_t: float
    seen_t: float
    front: float
    rear: float
    speed: float = 0.0
    votes: list[float] = field(default_factory=lambda: [0.0] * len(VEHICLE_CLASSES))
    visible: float = 1.0
    slow_since: float | None = None
    aside_since: float | None = None
    moved: bool = False
    present_at_start: bool = False
    hits: int = 0
    due_s: float = 0.0
    found_s: float = 0.0
    regular: float = 0.0
    gone: bool = False
    cleared_t: float | None = None
    visit: OpenVisit | None = None
    existence: float = 1.0

    @property
    def well_known(self) -> bool:
        """Whether it was found often enough to be surely real."""
        return self.hits >= KNOWN_HITS

    @property
    def found_share(self) -> float:
        """How often it is found beside what was expected, within limits: some vehicles are hard to see, however near."""
        return max((EXPERIENCE_S + self.found_s) / (EXPERIENCE_S + self.due_s), LEAST_CONSPICUOUS)

    def found(self, t: float, period_s: float) -> None:
        """Notes one more box of it in a frame at t of a camera with this period."""
        gap = max(t - self.seen_t, period_s)
        kept = math.exp(-gap / REGULAR_S)
        self.regular = kept * self.regular + (1.0 - kept) * period_s / gap
        self.seen_t = t
        self.hits += 1

    def expected(self, due_s: float, *, found: bool) -> None:
        """Notes that it should have been found for so long, and whether it was."""
        self.due_s += due_s
        self.found_s += due_s * found

    @property
    def vehicle_class(self) -> VehicleClass:
        """The class that most of the detections, weighted by score, gave."""
        return VEHICLE_CLASSES[max(range(len(self.votes)), key=self.votes.__getitem__)]

    def set_slow(self, slow: bool, t: float) -> None:
        """Notes whether it is slower than the standing speed at t."""
        if not slow:
            self.slow_since = None
        elif self.slow_since is None:
            self.slow_since = t

    def standing(self, t: float) -> bool:
        """Whether it stands at t."""
        return self.slow_since is not None and t - self.slow_since > STANDING_AFTER_S

    def as_visit(self, outcome: Outcome, left_t: float | None) -> Visit:
        """Its visit as a value, its times in order; only for a vehicle that is on one.

        What it is thought to have done after it was last seen it did not do: such times are left out.
        """
        visit = self.visit
        assert visit is not None
        left_t = None if left_t is None else max(left_t, visit.arrived_t or left_t)
        service_t = _between(visit.arrived_t, visit.service_t, left_t)
        return Visit(
            visit_id=visit.visit_id,
            lane_id=self.lane_id,
            vehicle_class=self.vehicle_class,
            first_seen_t=visit.first_seen_t,
            arrived_t=visit.arrived_t,
            joined_t=_between(visit.arrived_t, visit.joined_t, left_t if service_t is None else service_t),
            service_t=service_t,
            left_t=left_t,
            outcome=outcome,
            start_censored=visit.start_censored,
            end_censored=outcome in ("open", "lost"),
            previous_visit_id=visit.previous_visit_id,
            arrived_inferred=visit.inferred and visit.arrived_t is not None,
        )

    def as_data(self) -> dict[str, Any]:
        """Plain data from which `from_data` makes an equal vehicle."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Vehicle:
        """The vehicle that `as_data` described."""
        visit = data["visit"]
        return cls(**{**data, "votes": list(data["votes"]), "visit": None if visit is None else OpenVisit(**visit)})


def _between(start_t: float | None, t: float | None, end_t: float | None) -> float | None:
    """A time that is not before a start; None if it is after an end."""
    if t is None:
        return None
    t = t if start_t is None else max(t, start_t)
    return None if end_t is not None and t > end_t else t
