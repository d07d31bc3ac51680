"""Vehicle bodies: what drives to a border gate, how large it is and how it accelerates. Pure.

Shares and sizes are those of the oracle's scenes; the driving parameters are the usual ones of the Intelligent Driver
Model for trucks and cars (Treiber, Kesting: Traffic Flow Dynamics, 2013, table 11.2), slower because of the gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from vision.vocabulary import VehicleClass

__all__ = ["Body", "Driving", "Shape", "draw_body"]

Shape = Literal["semi", "rigid12", "rigid7", "bus", "van", "car"]


@dataclass(frozen=True, slots=True)
class Driving:
    """The parameters of the Intelligent Driver Model, m, s, m/s and m/s2."""

    free_mps: float
    headway_s: float
    gap_m: float
    accelerate_mps2: float
    brake_mps2: float
    reaction_s: float


@dataclass(frozen=True, slots=True)
class Body:
    """One vehicle: its shape, its size in metres, how it drives, and the seed of its looks."""

    shape: Shape
    length_m: float
    width_m: float
    height_m: float
    driving: Driving
    looks: int

    @property
    def vehicle_class(self) -> VehicleClass:
        """The class that a detector should give it: a van counts as a car."""
        match self.shape:
            case "bus":
                return "bus"
            case "van" | "car":
                return "car"
            case _:
                return "truck"


@dataclass(frozen=True, slots=True)
class _Kind:
    shape: Shape
    share: float
    length_m: tuple[float, float]
    width_m: tuple[float, float]
    height_m: tuple[float, float]


_BODY_KINDS: Final = (
    _Kind("semi", 0.56, (15.5, 18.0), (2.5, 2.55), (3.8, 4.2)),
    _Kind("rigid12", 0.16, (11.0, 13.0), (2.45, 2.5), (3.4, 4.0)),
    _Kind("rigid7", 0.14, (6.8, 8.6), (2.1, 2.4), (2.9, 3.5)),
    _Kind("bus", 0.03, (9.0, 12.0), (2.45, 2.55), (3.2, 3.5)),
    _Kind("van", 0.05, (5.0, 6.0), (1.9, 2.05), (2.2, 2.7)),
    _Kind("car", 0.06, (4.2, 4.9), (1.75, 1.9), (1.45, 1.75)),
)
_SHARES: Final = np.array([kind.share for kind in _BODY_KINDS]) / sum(kind.share for kind in _BODY_KINDS)
_HEAVY: Final = Driving(8.0, 1.7, 2.2, 0.9, 1.5, 1.2)
_LIGHT: Final = Driving(8.6, 1.3, 1.9, 1.5, 2.0, 0.8)


def draw_body(random: np.random.Generator, mix: Mapping[Shape, float] | None = None) -> Body:
    """A vehicle of the gate's mix, or of another: shares by shape."""
    shares = _SHARES if mix is None else np.array([mix.get(kind.shape, 0.0) for kind in _BODY_KINDS])
    kind = _BODY_KINDS[int(random.choice(len(_BODY_KINDS), p=shares / shares.sum()))]
    length, width, height = (float(random.uniform(*span)) for span in (kind.length_m, kind.width_m, kind.height_m))
    usual = _LIGHT if kind.shape in {"van", "car"} else _HEAVY
    spread = np.clip(random.normal(1.0, 0.12, 4), 0.7, 1.3)
    driving = Driving(
        free_mps=float(usual.free_mps * spread[0]),
        headway_s=float(usual.headway_s * spread[1]),
        gap_m=float(usual.gap_m * spread[2]),
        accelerate_mps2=usual.accelerate_mps2,
        brake_mps2=usual.brake_mps2,
        reaction_s=float(usual.reaction_s * spread[3]),
    )
    return Body(kind.shape, round(length, 2), round(width, 2), round(height, 2), driving, int(random.integers(2**31)))
