"""What is in sight in a frame: exact boxes of the pixels that no nearer thing hides. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.simulation.render.stage import Shown

__all__ = ["Sight", "sights"]

_SMALLEST_SEEN_PX: Final = 12


@dataclass(frozen=True, slots=True)
class Sight:
    """A vehicle in sight: its number (0: parked), class, box x1 y1 x2 y2 of its visible pixels.

    share: of the box round its outline inside the picture that is visible, 0..1 (1 for a parked vehicle).
    """

    number: int
    vehicle_class: str
    box: tuple[float, float, float, float]
    share: float

    @property
    def shorter_px(self) -> float:
        """The shorter side of the box."""
        return min(self.box[2] - self.box[0], self.box[3] - self.box[1])


def sights(ids: NDArray[np.uint8], parked: tuple[str, ...], shown: list[Shown]) -> tuple[Sight, ...]:
    """The boxes of everything marked in an id buffer (H, W): 1.. are the parked ones, the others say their mark."""
    height, width = ids.shape
    whole = (0, 0, width, height)
    found = [_look(ids, i + 1, whole, number=0, name=name, area=0.0) for i, name in enumerate(parked)]
    for one in shown:
        x0, y0, x1, y1 = (max(0, one.rect[0]), max(0, one.rect[1]), min(width, one.rect[2]), min(height, one.rect[3]))
        if x1 > x0 and y1 > y0:
            low, high = one.painted.points.min(axis=0) / 16.0, one.painted.points.max(axis=0) / 16.0
            sides = np.minimum(high, (width, height)) - np.maximum(low, 0)
            place = one.seat.place
            area = max(1.0, float(sides[0] * sides[1]))
            name = place.body.vehicle_class
            found.append(_look(ids, one.mark, (x0, y0, x1, y1), number=place.number, name=name, area=area))
    return tuple(sight for sight in found if sight is not None)


def _look(
    ids: NDArray[np.uint8], value: int, window: tuple[int, int, int, int], *, number: int, name: str, area: float
) -> Sight | None:
    x0, y0, x1, y1 = window
    mask = ids[y0:y1, x0:x1] == value
    pixels = int(np.count_nonzero(mask))
    if pixels < _SMALLEST_SEEN_PX:
        return None
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    box = (float(x0 + columns[0]), float(y0 + rows[0]), float(x0 + columns[-1] + 1), float(y0 + rows[-1] + 1))
    return Sight(number, name, box, min(1.0, pixels / area) if area else 1.0)
