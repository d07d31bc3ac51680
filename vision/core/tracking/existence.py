"""Whether a track's vehicle is there and can be found: existence probabilities by "Markov chain two" of IPDA. Pure.

Musicki, Evans and Stankovic 1994, Integrated probabilistic data association; Musicki and Evans 2004, Joint IPDA. A row of
`p` (N, 3) sums to 1 over the states of a track: its vehicle exists and is observable, exists and is not (the detector does
not find it, whatever the picture shows of it), or does not exist. The existence probability is r = p[:, :2].sum(1).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["GONE", "OBSERVABLE", "Rates", "born", "existence", "predict", "update"]

Array = NDArray[np.float64]
OBSERVABLE: Final = 0
GONE: Final = 2


class Rates(NamedTuple):
    """Transitions of the chain a second, each a number or (N,): observable to not, back, and either to gone."""

    hide: Array | float
    show: Array | float
    die: Array | float

    @property
    def observable(self) -> Array | float:
        """Share of the time, in the long run, in which one that exists is observable: show / (hide + show)."""
        return self.show / (self.hide + self.show)


def born(r: Array) -> Array:
    """States (N, 3) of new tracks of existence probability r (N,) that were just found: an unobservable one is not found."""
    return np.stack([r, np.zeros_like(r), 1.0 - r], axis=1)


def existence(p: Array) -> Array:
    """Existence probability r (N,) of states (N, 3)."""
    return np.asarray(1.0 - p[:, GONE])


def predict(p: Array, dt: float, rates: Rates) -> Array:
    """States (N, 3) dt seconds later: exp(Q dt) of the chain's generator Q, in closed form.

    With k = hide + show and w = show / k: r' = r exp(-die dt), and the observable share of it a' = w + (a - w) exp(-k dt).
    """
    decay = np.exp(-(rates.hide + rates.show) * dt)
    left = np.exp(-np.asarray(rates.die) * dt)
    r = existence(p)
    seen = left * (r * rates.observable * (1.0 - decay) + p[:, OBSERVABLE] * decay)
    return np.stack([seen, left * r - seen, 1.0 - left * r], axis=1)


def update(p: Array, p_d: Array, likelihood_ratio: Array) -> Array:
    """States (N, 3) after one frame, by Bayes' rule.

    p_d (N,): probability p_D < 1 of detection of a vehicle that is observable. likelihood_ratio (N,): of the box that each was
    given, density of the vehicle's boxes over that of clutter, g(z) / lambda(z); 0 for one that was given none. The observable
    state is weighed with 1 - p_D + p_D g / lambda, the others with 1.
    """
    weight = 1.0 - p_d + p_d * likelihood_ratio
    after = p * np.stack([weight, np.ones_like(weight), np.ones_like(weight)], axis=1)
    return np.asarray(after / after.sum(axis=1, keepdims=True))
