"""Numbers of the filter that are fitted to scenes of our own, never set by hand: `python -m scripts.fit` writes them. Pure.

What stands between the markers is generated; scripts/fit says how each number is estimated and from which scenes and seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

__all__ = ["FITTED", "FittedNumbers", "clutter_per_frame", "detection_probability", "log_score_ratio"]

Array = NDArray[np.float64]
LEAST_SCORE: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedNumbers:
    """Maximum likelihood of a detector's faults and of traffic; sizes are of the smaller side of a box in px.

    Pictures 1920 pixels wide; a detector that reduces its picture less finds smaller vehicles.
    """

    edge_noise_share: float
    """White noise of an edge, standard deviation in sides of the box."""
    edge_noise_px: float
    """White noise of an edge whatever the box's size, px."""
    edge_drift_share: float
    """Slow error of an edge, standard deviation in sides of the box; an Ornstein-Uhlenbeck process."""
    edge_drift_s: float
    """Its time constant, s."""
    edge_outlier_share: float
    """Edges in plain sight that are beyond six deviations."""
    found_ceiling: float
    """Chance of a box for a vehicle in plain sight."""
    found_half_px: float
    """Size at which half of that is left."""
    found_size_width: float
    """Width of the logistic in ln size."""
    found_half_share: float
    """Share of the vehicle in sight at which half of it is left."""
    found_share_width: float
    """Width of the logistic in the share."""
    found_spread: float
    """Standard deviation of the vehicles' own logits."""
    recovery_per_s: float
    """Rate of becoming observable again (Markov chain two); the rate of the way back is (1 - p_D) / p_D times that."""
    blind_share: float
    """Share of frames in which nothing is found though something is in plain sight."""
    blind_s: float
    """Mean length of a run of such frames, s."""
    sizes_px: tuple[float, ...]
    """Bounds between the classes of size of the following; the last class is open."""
    vehicle_scores: tuple[tuple[float, float], ...]
    """Beta distribution of (score - 0.1) / 0.9 of vehicles, by size."""
    clutter_scores: tuple[tuple[float, float], ...]
    """The same of boxes that show no vehicle of their own."""
    clutter_per_frame: tuple[float, ...]
    """Boxes of a frame that show no vehicle of their own, by size."""
    clutter_s: float
    """Mean time for which such a box stays, s."""
    arrivals_per_s: float
    """Vehicles that enter a lane, one each 1 / arrivals_per_s seconds on average."""


# fitted:begin
# from jam seed 101, moderate seed 102, light seed 103
FITTED: Final = FittedNumbers(
    edge_noise_share=0.01761,
    edge_noise_px=0.7516,
    edge_drift_share=0.02571,
    edge_drift_s=3.656,
    edge_outlier_share=0.002666,
    found_ceiling=0.8984,
    found_half_px=17.59,
    found_size_width=0.1848,
    found_half_share=0.1284,
    found_share_width=0.03269,
    found_spread=1.283,
    recovery_per_s=0.6608,
    blind_share=0.01474,
    blind_s=1.374,
    sizes_px=(15.0, 25.0, 40.0, 80.0),
    vehicle_scores=((3.315, 4.76), (3.271, 4.027), (2.988, 3.278), (3.102, 2.528), (3.554, 1.746)),
    clutter_scores=((1.121, 4.803), (1.254, 4.391), (1.39, 4.297), (1.303, 4.093), (1.1, 3.797)),
    clutter_per_frame=(0.03211, 0.04188, 0.05095, 0.08261, 0.1455),
    clutter_s=2.441,
    arrivals_per_s=0.01194,
)
# fitted:end


def detection_probability(size_px: Array, share: Array) -> Array:
    """The chance of a box by size and share in sight, both (N,), for a vehicle like most and a detector like those fitted."""
    by_size = _logistic((np.log(np.maximum(size_px, 1e-3)) - np.log(FITTED.found_half_px)) / FITTED.found_size_width)
    by_share = _logistic((share - FITTED.found_half_share) / FITTED.found_share_width)
    return np.asarray(FITTED.found_ceiling * by_size * by_share)


def log_score_ratio(score: Array, size_px: Array) -> Array:
    """Ln p(score | vehicle, size) - ln p(score | no vehicle, size) of boxes (N,)."""
    x = np.clip((score - LEAST_SCORE) / (1.0 - LEAST_SCORE), 0.01, 0.99)
    a, b, constant = _RATIOS[:, np.digitize(size_px, FITTED.sizes_px)]
    return np.asarray(a * np.log(x) + b * np.log1p(-x) + constant)


def clutter_per_frame(size_px: Array) -> Array:
    """Boxes of a frame that show no vehicle of their own, of the class of size of each of these boxes (N,)."""
    return np.asarray(np.array(FITTED.clutter_per_frame)[np.digitize(size_px, FITTED.sizes_px)])


def _logistic(x: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -40.0, 40.0))))


def _ratios() -> Array:
    """Of each class of size the factors of ln x and ln (1 - x), and the constant, shape (3, classes)."""
    vehicles, clutter = np.array(FITTED.vehicle_scores), np.array(FITTED.clutter_scores)
    a, b = (vehicles - clutter).T
    return np.stack([a, b, betaln(*clutter.T) - betaln(*vehicles.T)])


_RATIOS: Final = _ratios()
