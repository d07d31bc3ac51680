"""Between which numbers a queue lies: from how surely each vehicle exists and how many were never detected. Pure.

The vehicles exist independently, each with its own probability (Bernoulli), so their number is Poisson-binomial (Wang 1993);
those that were never detected are Poisson distributed (Williams 2015) about a mean that is itself only estimated. A mean that
is exponentially distributed about its estimate makes their number geometric (a negative binomial of shape 1). The queue is the
sum of both. Whether a vehicle has joined is taken as known: in a simulated jam that is wrong in 3 % of the seconds, the number
of vehicles in more than 25 %.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["QUEUE_SHARE", "is_uncertain", "queue_interval"]

QUEUE_SHARE: Final = 0.9
"""The interval leaves out half of the rest at each end."""
LEAST_UNCERTAIN: Final = 2
UNCERTAIN_SHARE: Final = 0.5
"""A queue is uncertain where its interval is wider than so many vehicles and than this share of it."""
_SLACK: Final = 1e-9
_REST: Final = 1e-4


def queue_interval(existence: Iterable[float], undetected: float, published: int) -> tuple[int, int]:
    """The lowest and the highest number of vehicles in a queue that are likely; `published` always lies between them.

    existence: the probabilities, 0..1, with which the vehicles that have joined exist; undetected: the mean number of those
    in the queue that were never detected; published: the number that is told.
    """
    known = np.ones(1)
    for probability in existence:
        known = np.convolve(known, [1.0 - probability, probability])
    reached = np.cumsum(np.convolve(known, _geometric(undetected)))
    low, high = (int(np.searchsorted(reached, (1.0 + side * QUEUE_SHARE) / 2 - _SLACK)) for side in (-1, 1))
    return min(low, published), max(high, published)


def is_uncertain(published: int, interval: tuple[int, int]) -> bool:
    """Whether a queue's interval is too wide for the figure to be shown without a word."""
    low, high = interval
    return high - low > max(LEAST_UNCERTAIN, UNCERTAIN_SHARE * published)


def _geometric(mean: float) -> NDArray[np.float64]:
    """Probabilities (N,) of 0, 1, 2, ... with this mean, as far as they matter."""
    if mean <= 0.0:
        return np.ones(1)
    more = mean / (1.0 + mean)
    count = np.arange(int(np.log(_REST) / np.log(more)) + 1)
    return np.asarray((1.0 - more) * more**count)
