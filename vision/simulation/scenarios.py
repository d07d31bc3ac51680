"""Scenarios: what happens at the simulated gate, by name. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vision.simulation.bodies import Shape
from vision.simulation.demand import Demand, Surge

__all__ = ["SCENARIOS", "Closure", "Scenario"]


@dataclass(frozen=True, slots=True)
class Closure:
    """A lane out of use, seconds from the scene's start.

    drains: the booth serves those who already wait and drivers are told (the lane's status is closed); otherwise the
    booth's officer is away, whoever stands there waits, and newcomers see it and take another lane.
    """

    lane: str
    from_s: float
    to_s: float
    drains: bool


@dataclass(frozen=True, slots=True)
class Scenario:
    """Demand, closures, how many vehicles stand in each lane at the start, how readily drivers change lanes.

    mix: shares of the shapes of vehicles; None: those of the gate.
    """

    demand: Demand
    closures: tuple[Closure, ...] = ()
    waiting_at_start: tuple[int, int] = (0, 0)
    change_share: float = 0.05
    mix: Mapping[Shape, float] | None = None


def _every(seconds: float, first: float) -> list[float]:
    """Times over two days."""
    return [first + seconds * k for k in range(int(2 * 86_400 // seconds))]


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
        Demand(
            {"export": 70.0, "import": 105.0},
            daily=True,
            surges=tuple(Surge(start, start + 600.0, 1.6) for start in _every(7200.0, 900.0)),
        ),
        tuple(
            closure
            for start in _every(10_800.0, 0.0)
            for closure in (
                Closure("IM3", start + 1200.0, start + 1800.0, drains=True),
                Closure("EX1", start + 2400.0, start + 2700.0, drains=False),
                Closure("IM1", start + 6000.0, start + 6300.0, drains=False),
                Closure("EX2", start + 8400.0, start + 9000.0, drains=True),
            )
        ),
        (1, 4),
    ),
}
"""calm: never a long queue; rush: queues, a booth left alone; surge: a wave and a closed lane; jam: full from the
start; daily: the profile of the day with a wave every two hours and closures, for two days, which `make run` shows."""
