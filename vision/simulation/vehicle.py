"""A vehicle in the simulated traffic, and where it is at one instant. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from vision.simulation.bodies import Body

__all__ = ["Place", "SimulatedVehicle", "Slide"]


@dataclass(frozen=True, slots=True)
class Slide:
    """A change of lane under way: it takes slide_m of driving from from_s on."""

    from_lane: str
    to_lane: str
    from_s: float
    slide_m: float

    def share(self, s: float) -> float:
        """How far across it is, 0..1, smooth at both ends."""
        way = min(1.0, max(0.0, (self.from_s - s) / self.slide_m))
        return way * way * (3.0 - 2.0 * way)


@dataclass(frozen=True, slots=True)
class Place:
    """A vehicle at one instant: front_m upstream of the stop line, and how far it is from lane towards to_lane."""

    number: int
    body: Body
    lane: str
    to_lane: str
    share: float
    front_m: float
    speed_mps: float
    braking: bool

    @property
    def rear_m(self) -> float:
        """Metres from the stop line upstream to the rear."""
        return self.front_m + self.body.length_m


@dataclass(slots=True)
class SimulatedVehicle:
    """A vehicle on its way through the gate; s is its front, metres upstream of the stop line."""

    number: int
    body: Body
    lane: str
    s: float
    speed_mps: float
    service_s: float
    previous_s: float = field(init=False)
    served: bool = False
    halted: bool = False
    braking: bool = False
    restart_t: float | None = None
    slide: Slide | None = None

    def __post_init__(self) -> None:
        self.previous_s = self.s

    @property
    def rear_s(self) -> float:
        """Metres from the stop line upstream to the rear."""
        return self.s + self.body.length_m

    @property
    def lane_now(self) -> str:
        """The lane in which most of it is: in a change of lane, the new one from half way on."""
        if self.slide is not None and self.slide.share(self.s) < 0.5:
            return self.slide.from_lane
        return self.lane

    def place(self, share: float = 1.0) -> Place:
        """Where it is, `share` of the way from the last step but one to the last."""
        s = self.previous_s + (self.s - self.previous_s) * share
        slide = self.slide
        if slide is None:
            return Place(self.number, self.body, self.lane, self.lane, 0.0, s, self.speed_mps, self.braking)
        across = slide.share(s)
        return Place(self.number, self.body, slide.from_lane, slide.to_lane, across, s, self.speed_mps, self.braking)
