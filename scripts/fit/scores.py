"""Scores of vehicles and of false boxes by size, how many false boxes a frame holds and how long they stay. Pure.

Scores are beta distributed between the least that a detector gives and 1; maximum likelihood by size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln

from scripts.fit.samples import STEP_S, Boxes, Samples

__all__ = ["SIZES_PX", "Scores", "scores"]

Array = NDArray[np.float64]
SIZES_PX: Final = (15.0, 25.0, 40.0, 80.0)
"""Between the sizes, by the smaller side of a box: the last is open."""
LEAST_SCORE: Final = 0.1
SAME: Final = 0.5


@dataclass(frozen=True, slots=True)
class Scores:
    """By size: the beta distributions' two numbers for vehicles and for false boxes; false boxes a frame; seconds they stay."""

    vehicles: tuple[tuple[float, float], ...]
    clutter: tuple[tuple[float, float], ...]
    clutter_per_frame: tuple[float, ...]
    clutter_s: float


def scores(samples: Samples) -> Scores:
    """Fits every box."""
    hit = samples.hit
    sides = (samples.found[hit, 2:] - samples.found[hit, :2]).min(axis=1)
    vehicles, false = np.digitize(sides, SIZES_PX), np.digitize(samples.clutter.side_px, SIZES_PX)
    bins = range(len(SIZES_PX) + 1)
    return Scores(
        vehicles=tuple(_beta(samples.score[hit][vehicles == k]) for k in bins),
        clutter=tuple(_beta(samples.clutter.score[false == k]) for k in bins),
        clutter_per_frame=tuple(float((false == k).sum() / samples.frames) for k in bins),
        clutter_s=_stay_s(samples.clutter),
    )


def _beta(score: Array) -> tuple[float, float]:
    """The likelihood's maximum, held by ten scores spread evenly where there are few."""
    x = np.clip((np.concatenate([score, np.linspace(0.15, 0.95, 10)]) - LEAST_SCORE) / (1.0 - LEAST_SCORE), 0.01, 0.99)
    low, high = float(np.log(x).mean()), float(np.log1p(-x).mean())

    def cost(z: Array) -> float:
        a, b = np.exp(z)
        return float(betaln(a, b) - (a - 1.0) * low - (b - 1.0) * high)

    a, b = np.exp(minimize(cost, np.zeros(2), method="Nelder-Mead").x)
    return float(a), float(b)


def _stay_s(clutter: Boxes) -> float:
    """Mean seconds for which a false box stays: the share of them that are there again four frames later, in the same place.

    A box that is missed now and then is there again with a chance that shows at one frame's distance.
    """
    one, four = _again(clutter, 1), _again(clutter, 4)
    return float(3 * STEP_S / -np.log(min(0.999, four / one)))


def _again(clutter: Boxes, frames: int) -> float:
    order = np.argsort(clutter.frame, kind="stable")
    frame, box = clutter.frame[order], clutter.box[order]
    low, high = np.searchsorted(frame, frame + frames, "left"), np.searchsorted(frame, frame + frames, "right")
    again = [bool((_overlap(box[i], box[a:b]) > SAME).any()) for i, (a, b) in enumerate(zip(low, high, strict=True))]
    return float(np.mean(again))


def _overlap(box: Array, others: Array) -> Array:
    shared = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None).prod(axis=1)
    area = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1)
    return np.asarray(shared / (area - shared))
