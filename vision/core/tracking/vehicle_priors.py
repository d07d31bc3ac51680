"""What vehicles look like on the road: prior sizes by class, as a few typical bodies. Pure.

The sizes are those of European and Chinese road vehicles (up to 2.55 m wide, 4.2 m high, 18 m long); a body's class is
what detectors call it, so vans count as cars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["BODIES", "CLASS_FIT", "SHAPES", "SHAPE_SIGMA", "VehiclePrior"]

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
