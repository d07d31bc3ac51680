"""Scenarios: what happens at the simulated gate, by name. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from vision.simulation.bodies import Shape
from vision.simulation.demand import Demand, Surge, under_way

__all__ = ["SCENARIOS", "Closure", "Scenario", "at_speed"]

_SEEN_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Closure:
    """A lane out of use, seconds from the scene's start.

    drains: the booth serves those who already wait and drivers are told (the lane's status is closed); otherwise the
    booth's officer is away, whoever stands there waits, and newcomers see it and take another lane. every_s: it comes again
    after so many seconds, for ever; None: it comes once.
    """

    lane: str
    from_s: float
    to_s: float
    drains: bool
    every_s: float | None = None

    def holds(self, t: float) -> bool:
        """Whether the lane is out of use t seconds after the start."""
        return under_way(self.from_s, self.to_s, self.every_s, t)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Demand, closures, how many vehicles stand in each lane at the start, how readily drivers change lanes.

    change_share: chance each second that a driver takes a lane with two vehicles less; wander_share: that he takes any.
    mix: shares of the shapes of vehicles; None: those of the gate. through_mps: nobody is served and the traffic flows at
    about that speed; None: everybody halts at the booths.
    """

    demand: Demand
    closures: tuple[Closure, ...] = ()
    waiting_at_start: tuple[int, int] = (0, 0)
    change_share: float = 0.05
    mix: Mapping[Shape, float] | None = None
    through_mps: float | None = None
    wander_share: float = 0.0


def at_speed(scenario: Scenario, speed: float) -> Scenario:
    """The scenario on a day's clock that goes `speed` times as fast: demand, surges and closures, never the vehicles.

    A surge or closure lasts at least two minutes, or a third of the time until it comes again, so that it can be seen.
    """
    surges = tuple(replace(s, **_quicker(s.from_s, s.to_s, s.every_s, speed)) for s in scenario.demand.surges)
    closures = tuple(replace(c, **_quicker(c.from_s, c.to_s, c.every_s, speed)) for c in scenario.closures)
    return replace(scenario, demand=replace(scenario.demand, surges=surges, day_speed=speed), closures=closures)


def _quicker(from_s: float, to_s: float, every_s: float | None, speed: float) -> dict[str, Any]:
    length = (to_s - from_s) / speed
    if length < _SEEN_S:
        length = min(_SEEN_S, to_s - from_s, every_s / speed / 3 if every_s else _SEEN_S)
    return {"from_s": from_s / speed, "to_s": from_s / speed + length, "every_s": every_s / speed if every_s else None}


_CALM: Final[Demand] = Demand({"export": 42.0, "import": 60.0})
SCENARIOS: Final = {
    "calm": Scenario(_CALM),
    "rush": Scenario(Demand({"export": 114.0, "import": 156.0}), (Closure("IM2", 240.0, 480.0, drains=False),), (0, 2)),
    "surge": Scenario(
        Demand({"export": 60.0, "import": 84.0}, surges=(Surge(120.0, 420.0, 2.6),)),
        (Closure("EX2", 300.0, 540.0, drains=True),),
        (0, 2),
        change_share=0.2,
    ),
    "jam": Scenario(Demand({"export": 156.0, "import": 216.0}), waiting_at_start=(3, 7)),
    "daily": Scenario(
        Demand({"export": 40.0, "import": 68.0}, daily=True, surges=(Surge(240.0, 600.0, 2.6, every_s=1080.0),)),
        (
            Closure("EX1", 480.0, 720.0, drains=False, every_s=3600.0),
            Closure("IM1", 900.0, 1140.0, drains=False, every_s=3600.0),
            Closure("IM3", 2400.0, 2880.0, drains=True, every_s=5400.0),
            Closure("EX2", 3000.0, 3300.0, drains=True, every_s=7200.0),
        ),
        (2, 4),
    ),
}
"""calm: never a long queue; rush: queues, a booth left alone; surge: a wave and a closed lane; jam: full from the
start; daily: the profile of the day with a wave every 18 minutes and closures, for ever, which `make run` shows."""
