"""What is known of vehicles before they are seen: sizes by class, as a few typical bodies, and a lane's driving. Pure.

The sizes are those of European and Chinese road vehicles (up to 2.55 m wide, 4.2 m high, 18 m long); a body's class is
what detectors call it, so vans count as cars.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.tracking_parameters import TrackingParameters

__all__ = ["BODIES", "CLASS_FIT", "SHAPES", "SHAPE_SIGMA", "DrivingPrior", "VehiclePrior"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class VehiclePrior:
    """A typical body: metres, with the spread of its kind."""

    name: str
    length_m: float
    height_m: float
    width_m: float
    length_sigma_m: float
    height_sigma_m: float
    class_id: int
    share: float


BODIES: Final = (
    VehiclePrior("articulated truck", 16.5, 4.0, 2.5, 1.0, 0.15, 0, 0.5),
    VehiclePrior("rigid truck", 11.5, 3.7, 2.5, 1.5, 0.30, 0, 0.2),
    VehiclePrior("small truck", 7.5, 3.2, 2.4, 1.0, 0.35, 0, 0.15),
    VehiclePrior("bus", 12.0, 3.35, 2.5, 1.0, 0.2, 1, 0.05),
    VehiclePrior("van", 5.6, 2.45, 2.0, 0.6, 0.2, 2, 0.05),
    VehiclePrior("car", 4.5, 1.6, 1.8, 0.4, 0.12, 2, 0.05),
)
SHAPES: Final[Array] = np.array([[body.length_m, body.height_m, body.width_m] for body in BODIES])
SHAPE_SIGMA: Final[Array] = np.array([[body.length_sigma_m, body.height_sigma_m, 0.12] for body in BODIES])

_CONFUSED: Final = 0.1
"""Share of the class votes that are wrong."""
CLASS_FIT: Final[Array] = np.array(
    [[-2 * np.log(body.share * (1 - 2 * _CONFUSED if body.class_id == c else _CONFUSED)) for c in range(3)] for body in BODIES]
)
"""Cost (bodies, classes) of a body when the votes say a class: -2 log of share times likelihood."""

_PRIOR_VEHICLES: Final = 2.0
"""What is set by hand weighs as much as so many vehicles of the lane."""
_MEMORY_VEHICLES: Final = 40.0
"""So many are remembered; older ones fade."""
_STAND_S: Final = 30.0
"""One vehicle at the stop line stands about so long."""


@dataclass(slots=True)
class DrivingPrior:
    """How one lane is driven: free speed m/s, where its head halts m, and the share of vehicles that halt there at all.

    Each is the running mean of what the gate's parameters say, as `_PRIOR_VEHICLES` vehicles, and those seen since.
    """

    free_mps: float
    halt_m: float
    halting: float
    passed: float = 0.0
    halted_s: float = 0.0

    @classmethod
    def of(cls, parameters: TrackingParameters) -> DrivingPrior:
        """What is expected of a lane that nobody was seen on yet."""
        return cls(parameters.free_speed_mps, parameters.halt_m, _PRIOR_VEHICLES / (_PRIOR_VEHICLES + 1.0))

    def speeds(self, *, approaching: bool, standing_mps: float) -> NDArray[np.float64]:
        """Speeds (3, 3) of a vehicle that is first seen here, a mixture: weight, mean and spread of each, m/s.

        It stands, drives as is usual, or anything else that a road allows; who is on the way to the zone hardly stands.
        """
        stands = 0.1 if approaching else 0.5
        return np.array(
            [
                [stands, 0.0, standing_mps],
                [0.9 - stands, self.free_mps, self.free_mps / 3],
                [0.1, 15.0, 10.0],
            ]
        )

    def learn_pass(self, v: float, *, halted: bool) -> None:
        """Takes a vehicle that crossed the stop line; v: its speed there, m/s, which is free where nobody halts."""
        self.passed = min(self.passed + 1.0, _MEMORY_VEHICLES)
        gain = 1.0 / (self.passed + _PRIOR_VEHICLES)
        self.halting += gain * (halted - self.halting)
        if not halted:
            self.free_mps += gain * (v - self.free_mps)

    def learn_halt(self, s: float, dt: float) -> None:
        """Takes where the head of the lane stands, m, for dt seconds."""
        self.halted_s = min(self.halted_s + dt, _MEMORY_VEHICLES * _STAND_S)
        self.halt_m += dt / (self.halted_s + _PRIOR_VEHICLES * _STAND_S) * (s - self.halt_m)

    def as_data(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        return asdict(self)
