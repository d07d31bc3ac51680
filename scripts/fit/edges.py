"""How far an edge of a box is off: white noise, slow error and outliers, by maximum likelihood. Pure.

The error of one edge in sides of its box is d + e: d an Ornstein-Uhlenbeck process (standard deviation drift_share, time
constant drift_s), e white with variance noise_share^2 + (noise_px / side)^2. The likelihood of a run of frames is that of a
scalar Kalman filter (Harvey 1989, chapter 3); errors beyond six deviations are outliers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from scripts.fit.samples import STEP_S, Samples

__all__ = ["EdgeErrors", "edge_errors"]

Array = NDArray[np.float64]
RUN: Final = 75
RUNS: Final = 1500
LEAST: Final = 40
SIGHT: Final = 0.6
START: Final = (0.015, 0.5, 0.02, 3.0)


@dataclass(frozen=True, slots=True)
class EdgeErrors:
    """The model's numbers; outlier_share: of edges in plain sight that are somewhere else."""

    noise_share: float
    noise_px: float
    drift_share: float
    drift_s: float
    outlier_share: float


def edge_errors(samples: Samples) -> EdgeErrors:
    """Fits edges that nothing hides of vehicles that are mostly in sight."""
    spans = np.tile(samples.true[:, 2:] - samples.true[:, :2], 2)
    known = samples.hit & (samples.share > SIGHT)
    error = np.where(samples.open & known[:, None], (samples.found - samples.true) / spans, np.nan)
    wide = 6.0 * _deviation(error, spans)
    outlier = np.abs(error) > wide
    share = float(outlier.sum() / np.isfinite(error).sum())
    error[outlier] = np.nan
    errors, sides = _runs(samples, error, spans)
    fit = minimize(
        lambda x: -_likelihood(np.exp(x), errors, sides), np.log(START), method="Nelder-Mead", options={"xatol": 0.003}
    )
    noise, pixels, drift, seconds = (float(value) for value in np.exp(fit.x))
    return EdgeErrors(noise, pixels, drift, seconds, share)


def _deviation(error: Array, spans: Array) -> Array:
    """The robust deviation of errors of boxes of about the same side (median of absolutes), for each error."""
    found = np.full(error.shape, np.inf)
    for low, high in zip((0, 15, 25, 40, 80), (15, 25, 40, 80, np.inf), strict=True):
        here = (spans >= low) & (spans < high) & np.isfinite(error)
        if here.any():
            found[here] = 1.48 * np.median(np.abs(error[here]))
    return found


def _runs(samples: Samples, error: Array, spans: Array) -> tuple[Array, Array]:
    """Errors and sides of single edges over RUN frames each (N, RUN), NaN where there is none; every so many, RUNS at most."""
    run = samples.vehicle * 100_000 + samples.frame // RUN
    keys, index = np.unique(run, return_inverse=True)
    errors, sides = np.full((len(keys), 4, RUN), np.nan), np.ones((len(keys), 4, RUN))
    errors[index, :, samples.frame % RUN] = error
    sides[index, :, samples.frame % RUN] = spans
    flat, flat_sides = errors.reshape(-1, RUN), sides.reshape(-1, RUN)
    full = np.flatnonzero(np.isfinite(flat).sum(axis=1) >= LEAST)
    chosen = full[:: max(1, len(full) // RUNS)]
    return flat[chosen], flat_sides[chosen]


def _likelihood(values: Array, errors: Array, sides: Array) -> float:
    noise, pixels, drift, seconds = values
    kept = np.exp(-STEP_S / seconds)
    state, variance = np.zeros(len(errors)), np.full(len(errors), drift**2)
    total = 0.0
    for k in range(errors.shape[1]):
        state, variance = kept * state, kept**2 * variance + (1 - kept**2) * drift**2
        here = np.isfinite(errors[:, k])
        spread = variance[here] + noise**2 + (pixels / sides[here, k]) ** 2
        off = errors[here, k] - state[here]
        total -= 0.5 * float((np.log(spread) + off**2 / spread).sum())
        gain = variance[here] / spread
        state[here] += gain * off
        variance[here] *= 1.0 - gain
    return total
