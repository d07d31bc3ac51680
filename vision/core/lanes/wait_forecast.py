"""How long a vehicle that joins now will wait: the server's times over the window, and what they make of a queue. Pure.

The server is the lane's service process: at a gate, its booth. The vehicles ahead are served one after another: what is left
of the service that is going on, then for each of the others a move-up to the server and a service, at last the own move-up.
Services are taken as lognormal, their sum as gamma distributed; docs/decisions/0011-expected-wait.md says why, and what it
reaches.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr

from vision.core.lanes.lane_history import MOVE_UP_S, LaneHistory

__all__ = ["HeadOfQueue", "Server", "expected_wait", "server_times"]

Array = NDArray[np.float64]
Wait = tuple[float | None, float | None, float | None]
LEAST_SERVICES: Final = 2
"""Fewest services, of all lanes together, from which anything is expected."""
LONGEST_STOP: Final = 2.5
"""A service counts as this many medians at most: a server that was left alone, or a departure that nobody saw, says nothing
about the next service. One in fifty lognormal services is longer."""
PRIOR_VARIATION: Final = 0.5
PRIOR_SERVICES: Final = 5.0
"""Before many services are known, their spread is drawn to half of their mean, with the weight of so many services."""
LANES_DIFFER: Final = 0.15
"""How much the mean services of lanes differ, as a share: what the other lanes say of a lane that knows little itself."""
PRIOR_MOVES: Final = 2.0
PRIOR_MOVE_VARIANCE: Final = 9.0
"""Weight of MOVE_UP_S, and the variance that goes with it, beside the window's own times to move up."""
COUNT_SIGMA: Final = 0.1
"""How well a queue is counted, per vehicle in it; the far end of a long one is seen worst (docs/accuracy.md)."""
HOLD_UP_SHARE: Final = 0.01
"""Share of services in which the server pauses for a while; that lasts x medians or more with probability x to the -3."""


@dataclass(frozen=True, slots=True)
class Server:
    """What is known of a lane's server: mean and variance of a service, variance of that mean, the same of moving up."""

    service_s: float
    service_var: float
    mean_var: float
    move_up_s: float
    move_up_var: float

    @property
    def sigma(self) -> float:
        """Of the logarithm of a service."""
        return math.sqrt(math.log1p(self.service_var / self.service_s**2))

    @property
    def mu(self) -> float:
        """Of the logarithm of a service; its exponential is the median."""
        return math.log(self.service_s) - self.sigma**2 / 2

    def remaining(self, elapsed_s: float) -> tuple[float, float]:
        """Mean and variance of what is left of a service that has lasted elapsed_s.

        The longer it is overdue, the likelier is a hold-up, and one that has lasted x lasts x / 2 more on average.
        """
        mean, variance, survival = self._usual(elapsed_s)
        median = math.exp(self.mu)
        if elapsed_s <= median:
            return mean, variance
        held_up = HOLD_UP_SHARE * (median / elapsed_s) ** 3
        share = held_up / (held_up + (1.0 - HOLD_UP_SHARE) * survival)
        mixed = (1.0 - share) * mean + share * elapsed_s / 2
        return mixed, (1.0 - share) * (variance + mean**2) + share * elapsed_s**2 - mixed**2

    def _usual(self, elapsed_s: float) -> tuple[float, float, float]:
        """Mean, variance and probability of the rest of a service without hold-up: the truncated lognormal's moments."""
        if elapsed_s < 1.0:
            return self.service_s, self.service_var, 1.0
        z = (self.mu - math.log(elapsed_s)) / self.sigma
        survival = float(ndtr(z))
        if survival < 1e-9:  # far out in the tail the rest is exponential
            mean = self.sigma**2 * elapsed_s / (math.log(elapsed_s) - self.mu)
            return mean, mean**2, survival
        first = self.service_s * float(ndtr(z + self.sigma)) / survival
        second = (self.service_s**2 + self.service_var) * float(ndtr(z + 2 * self.sigma)) / survival
        return max(first - elapsed_s, 0.0), max(second - first**2, 1.0), survival


@dataclass(frozen=True, slots=True)
class HeadOfQueue:
    """The first vehicle of a queue: for how long it has been served, None if not yet; whether it is about to leave.

    since_departure_s: how long ago the one before it left; None: none did, or unknown.
    """

    elapsed_s: float | None
    since_departure_s: float | None = None
    leaving: bool = False


def server_times(own: LaneHistory, others: Iterable[LaneHistory]) -> Server | None:
    """The server of a lane from its own window and those of the other lanes; None before LEAST_SERVICES services."""
    beside = list(others)
    mine, theirs = own.service_times(), np.concatenate([np.zeros(0), *(other.service_times() for other in beside)])
    everything = np.concatenate([mine, theirs])
    if len(everything) < LEAST_SERVICES:
        return None
    longest = LONGEST_STOP * float(np.median(everything))
    everything = np.minimum(everything, longest)
    mean = max(float(everything.mean()), 1.0)
    variance = _shrunk(everything, mean, (PRIOR_VARIATION * mean) ** 2, PRIOR_SERVICES, len(everything) - 1)
    lane_mean, mean_var = _lane_mean(np.minimum(mine, longest), np.minimum(theirs, longest), mean, variance)
    move_ups = np.concatenate([own.move_times(), *(other.move_times() for other in beside)])
    move_up = float(PRIOR_MOVES * MOVE_UP_S + move_ups.sum()) / (PRIOR_MOVES + len(move_ups))
    move_up_var = _shrunk(move_ups, move_up, PRIOR_MOVE_VARIANCE, PRIOR_MOVES, len(move_ups))
    return Server(lane_mean, variance * (lane_mean / mean) ** 2, mean_var, move_up, move_up_var)


def expected_wait(server: Server | None, ahead: int, head: HeadOfQueue) -> Wait:
    """Expected wait of a vehicle joining now, with its 80 % interval: (mean, low, high) in seconds.

    ahead: vehicles in the queue, the head included. Nobody ahead: no wait. No server: unknown.
    """
    if ahead == 0:
        return 0.0, 0.0, 0.0
    if server is None:
        return None, None, None
    rest, variance = _head(server, head)
    full, services = ahead - 1, ahead - head.leaving
    cycle = server.move_up_s + server.service_s
    mean = rest + full * cycle + server.move_up_s
    variance += full * (server.service_var + server.move_up_var) + server.move_up_var
    # What is wrong with the mean service, or with the count, is wrong alike for all: it adds up in proportion.
    variance += max(services - 0.5, 0.0) ** 2 * server.mean_var + (COUNT_SIGMA * services * cycle) ** 2
    shape, scale = mean**2 / variance, variance / mean
    return mean, float(gammaincinv(shape, 0.1)) * scale, float(gammaincinv(shape, 0.9)) * scale


def _head(server: Server, head: HeadOfQueue) -> tuple[float, float]:
    """Mean and variance of the time until the head has left."""
    if head.leaving:
        return 0.0, 0.0
    if head.elapsed_s is not None:
        return server.remaining(head.elapsed_s)
    since = head.since_departure_s
    return server.service_s + (0.0 if since is None else max(server.move_up_s - since, 0.0)), server.service_var


def _shrunk(values: Array, mean: float, prior: float, weight: float, degrees: int) -> float:
    """Variance about a mean, drawn to a prior one."""
    return (weight * prior + float(((values - mean) ** 2).sum())) / (weight + degrees)


def _lane_mean(mine: Array, theirs: Array, mean: float, variance: float) -> tuple[float, float]:
    """Mean service of a lane and the variance of that mean: its own services and the other lanes', by their precision."""
    if len(theirs) == 0:
        return mean, variance / len(mine)
    prior_var = (LANES_DIFFER * mean) ** 2 + variance / len(theirs)
    precision = len(mine) / variance + 1.0 / prior_var
    return max(float(mine.sum() / variance + theirs.mean() / prior_var) / precision, 1.0), 1.0 / precision
