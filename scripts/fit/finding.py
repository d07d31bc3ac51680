"""How often a vehicle is found: by size and share in sight, the vehicles' own differences, runs of misses. Pure.

The chance of a box is ceiling * L((ln side - ln half_px) / size_width) * L((share - half_share) / share_width), L the logistic
function; a vehicle's own logit is added to that. Misses come in runs: a vehicle is observable or not, a Markov chain in
continuous time (Musicki and Evans 2004, Markov chain two) whose share of observable time is that chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from scripts.fit.samples import STEP_S, Samples

__all__ = ["Blindness", "Finding", "blindness", "finding", "recovery_per_s", "spread"]

Array = NDArray[np.float64]
THIN_FRAMES: Final = 15
PLAIN: Final = 0.7
START: Final = (2.5, np.log(18.0), np.log(0.2), 0.14, np.log(0.03))


@dataclass(frozen=True, slots=True)
class Finding:
    """The surface's numbers."""

    ceiling: float
    half_px: float
    size_width: float
    half_share: float
    share_width: float

    def chance(self, side_px: Array, share: Array) -> Array:
        """The chance of a box."""
        by_size = _logistic((np.log(side_px) - np.log(self.half_px)) / self.size_width)
        return np.asarray(self.ceiling * by_size * _logistic((share - self.half_share) / self.share_width))


@dataclass(frozen=True, slots=True)
class Blindness:
    """Frames in which nothing is found though something is in plain sight: their share, and the mean length of a run in s."""

    share: float
    run_s: float


def finding(samples: Samples) -> Finding:
    """Bernoulli likelihood of every frame in which anything is found."""
    rows = ~samples.blind
    side, share, hit = samples.side_px[rows], samples.share[rows], samples.hit[rows]
    cells, weight, hits = _counted(side, share, hit)

    def cost(x: Array) -> float:
        p = np.clip(_surface(x).chance(cells[:, 0], cells[:, 1]), 1e-6, 1 - 1e-6)
        return -float((hits * np.log(p) + (weight - hits) * np.log1p(-p)).sum())

    fit = minimize(cost, np.array(START), method="Nelder-Mead", options={"maxiter": 2000, "xatol": 1e-4, "fatol": 0.5})
    return _surface(fit.x)


def spread(samples: Samples, surface: Finding) -> float:
    """The standard deviation of the vehicles' own logits: marginal likelihood of frames seconds apart, Gauss-Hermite."""
    rows = ~samples.blind & (samples.frame % THIN_FRAMES == 0)
    p = np.clip(surface.chance(samples.side_px[rows], samples.share[rows]), 1e-4, 1 - 1e-4)
    rows &= np.isin(np.arange(len(rows)), np.flatnonzero(rows)[p > PLAIN])
    p = np.clip(surface.chance(samples.side_px[rows], samples.share[rows]), 1e-4, 1 - 1e-4)
    hit, (vehicles, index) = samples.hit[rows], np.unique(samples.vehicle[rows], return_inverse=True)
    logit = np.log(p / (1 - p))
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)

    def cost(sigma: float) -> float:
        shifted = logit[:, None] * np.sqrt(1 + 0.35 * sigma**2) + sigma * nodes  # the mean over vehicles stays about p
        terms = np.where(hit[:, None], -np.log1p(np.exp(-shifted)), -np.log1p(np.exp(shifted)))
        sums = np.zeros((len(vehicles), len(nodes)))
        np.add.at(sums, index, terms)
        top = sums.max(axis=1, keepdims=True)
        return -float((top[:, 0] + np.log(np.exp(sums - top) @ (weights / weights.sum()))).sum())

    return float(minimize_scalar(cost, bounds=(0.0, 3.0), method="bounded").x)


def recovery_per_s(samples: Samples, surface: Finding) -> float:
    """The rate at which a missed vehicle in plain sight is observable again: likelihood of its transitions, frame to frame."""
    follows = (np.diff(samples.vehicle) == 0) & (np.diff(samples.frame) == 1) & ~samples.blind[1:] & ~samples.blind[:-1]
    plain = surface.chance(samples.side_px, samples.share) > PLAIN
    missed = follows & plain[1:] & plain[:-1] & ~samples.hit[:-1]
    begins = follows & plain[1:] & plain[:-1] & samples.hit[:-1]
    again, ends = float(samples.hit[1:][missed].mean()), float((~samples.hit[1:][begins]).mean())
    total = -np.log(max(1e-6, 1.0 - again - ends)) / STEP_S
    return float(total * again / (again + ends))


def blindness(samples: Samples) -> Blindness:
    """Of frames with something in plain sight; one vehicle of a recording tells of its frames."""
    frames, index = np.unique(_recording(samples), return_index=True)
    blind = samples.blind[index]
    runs = int((blind & ~np.concatenate([[False], blind[:-1] & (np.diff(frames) == 1)])).sum())
    return Blindness(float(blind.mean()), float(blind.sum() / max(runs, 1) * STEP_S))


def _recording(samples: Samples) -> NDArray[np.int64]:
    return np.asarray(samples.vehicle // 1_000_000 * 1_000_000 + samples.frame)


def _counted(side: Array, share: Array, hit: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Frames and hits in small cells of size and share: the cells' means (N, 2), frames, hits."""
    cell = np.floor(np.log(side) / 0.04).astype(np.int64) * 1000 + np.floor(share / 0.01).astype(np.int64)
    _, index = np.unique(cell, return_inverse=True)
    weight = np.asarray(np.bincount(index), float)
    means = np.stack([np.exp(np.bincount(index, np.log(side)) / weight), np.bincount(index, share) / weight], axis=1)
    return means, weight, np.asarray(np.bincount(index, hit.astype(float)), float)


def _surface(x: Array) -> Finding:
    return Finding(float(_logistic(x[0])), float(np.exp(x[1])), float(np.exp(x[2])), float(x[3]), float(np.exp(x[4])))


def _logistic(x: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -40.0, 40.0))))
