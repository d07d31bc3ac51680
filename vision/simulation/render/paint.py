"""Colours of vehicles, drawn by chance. Pure; BGR, 0..255."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from vision.simulation.render.mesh import Colour

__all__ = ["GLASS", "RUBBER", "STEEL", "Paint"]

GLASS: Final[Colour] = (62.0, 54.0, 46.0)
RUBBER: Final[Colour] = (38.0, 37.0, 36.0)
STEEL: Final[Colour] = (128.0, 130.0, 132.0)
_CABS: Final = (
    *((228.0, 230.0, 232.0), (235.0, 236.0, 238.0), (40.0, 38.0, 176.0), (44.0, 40.0, 150.0), (150.0, 92.0, 34.0)),
    *((120.0, 70.0, 30.0), (50.0, 168.0, 222.0), (180.0, 182.0, 184.0), (88.0, 118.0, 40.0), (60.0, 60.0, 64.0)),
)
_LOADS: Final = (
    *((214.0, 216.0, 218.0), (226.0, 228.0, 230.0), (150.0, 94.0, 40.0), (128.0, 72.0, 26.0), (46.0, 52.0, 160.0)),
    *((38.0, 44.0, 128.0), (40.0, 110.0, 210.0), (92.0, 116.0, 46.0), (128.0, 128.0, 124.0), (72.0, 86.0, 104.0)),
    *((150.0, 150.0, 90.0), (60.0, 90.0, 60.0), (196.0, 190.0, 170.0)),
)
_CARS: Final = (
    *((230.0, 231.0, 232.0), (40.0, 38.0, 36.0), (168.0, 170.0, 172.0), (96.0, 92.0, 90.0), (40.0, 36.0, 140.0)),
    *((120.0, 70.0, 36.0), (70.0, 80.0, 96.0)),
)


class Paint:
    """Draws colours and choices for one vehicle: the same seed gives the same looks."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def cab(self) -> Colour:
        """A truck's cab."""
        return self._of(_CABS)

    def load(self) -> Colour:
        """A box, a container or a tarpaulin."""
        return self._of(_LOADS)

    def car(self) -> Colour:
        """A car, van or bus."""
        return self._of(_CARS)

    def accent(self) -> Colour:
        """A strong colour for stripes and lettering."""
        blue, green, red = (float(v) for v in self.random.integers(20, 235, 3))
        return blue, green, red

    def plate(self) -> Colour:
        """A number plate: yellow for trade, white, Chinese blue or green-yellow."""
        plates: tuple[Colour, ...] = ((60.0, 200.0, 235.0), (60.0, 200.0, 235.0), (235.0, 236.0, 236.0), (160.0, 80.0, 20.0))
        return plates[int(self.random.integers(len(plates)))]

    def chance(self, share: float) -> bool:
        """True in that share of cases."""
        return bool(self.random.uniform() < share)

    def between(self, low: float, high: float) -> float:
        """A number in the interval."""
        return float(self.random.uniform(low, high))

    def _of(self, colours: Sequence[Colour]) -> Colour:
        base = colours[int(self.random.integers(len(colours)))]
        worn = self.between(0.78, 1.04)
        b, g, r = (min(255.0, max(8.0, v * worn + float(self.random.normal(0, 5)))) for v in base)
        return b, g, r
