"""The vehicles on the ground as Gaussian states: prediction by following the one ahead, correction by box edges. Pure.

One row a vehicle; every operation is on all rows at once. The motion model has two modes. A standing vehicle keeps its place
until the gap ahead has opened; what is not known of its speed dies away (Ornstein-Uhlenbeck). A moving one drives at its lane's
free speed, within Krauss' safe speed (Krauss 1998): a driver can always stop behind the vehicle ahead. Whether a line's first
vehicle halts at the stop line is a mixture whose moments are matched (generalised pseudo-Bayes of order 1, Bar-Shalom, Li and
Kirubarajan 2001, 11.6.3). It keeps hidden vehicles in line and is corrected where a vehicle is seen.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.core.geometry.vehicle_projection import HEIGHT, LENGTH, STATES, WIDTH, D, S, V
from vision.core.tracking.vehicle_priors import DrivingPrior
from vision.tracking_parameters import TrackingParameters

__all__ = ["VehicleStates", "safe_speed"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

HALT_REACH: Final = 10.0
"""A head that stands nearer to the stop line than so many sigmas of its usual place shows where vehicles halt."""
OUTLIER: Final = 3.0
"""A residual beyond so many sigmas counts less (Huber)."""
LEAST: Final = np.array([-np.inf, 0.0, 3.3, 1.3, 1.6, -6.0])
MOST: Final = np.array([np.inf, 40.0, 20.0, 4.4, 2.7, 6.0])
"""Bounds of the states; the sizes are what the law allows, with a little over."""
SHAPE_REACH: Final = 2.5
"""A vehicle's size stays within so many sigmas of what it was born with: boxes of a neighbour must not reshape it."""
REVERSE_SIGMAS: Final = 4.0
"""Vehicles do not reverse: nobody goes back behind where he surely was by more than the gap that drivers leave."""
STEPS: Final = np.array([0.3, 1.0, 0.2, 0.05, 0.05, 0.05])
"""Differences for numerical derivatives, per state."""


def safe_speed(gap: Array, ahead: Array, parameters: TrackingParameters) -> Array:
    """The speed from which a driver can stop behind a vehicle `gap` metres ahead that goes at `ahead` m/s (Krauss)."""
    room = np.maximum(gap, 0.0)
    brake = parameters.brake_mps2
    reach = brake * parameters.reaction_s
    return np.asarray(np.sqrt(reach**2 + ahead**2 + 2 * brake * room) - reach)


class VehicleStates:
    """States x (N, 6), covariances p (N, 6, 6), lane index and number of each vehicle, all of them at one time t."""

    def __init__(self, parameters: TrackingParameters) -> None:
        self.parameters = parameters
        self.t = 0.0
        self.number = np.zeros(0, np.int64)
        self.lane = np.zeros(0, np.intp)
        self.x: Array = np.zeros((0, STATES))
        self.p: Array = np.zeros((0, STATES, STATES))
        self.updated_t: Array = np.zeros(0)
        self.least: Array = np.zeros((0, STATES))
        self.most: Array = np.zeros((0, STATES))
        self.roof: Array = np.zeros((0, 2))
        self.chain: Array = np.zeros((0, 3))
        self._driving: dict[int, DrivingPrior] = {}

    def __len__(self) -> int:
        return len(self.number)

    def add(self, number: int, lane: int, x: Array, p: Array, r: float = 1.0) -> None:
        """Appends one vehicle with its state (6,), covariance (6, 6) and existence probability r."""
        reach = SHAPE_REACH * np.sqrt(np.diag(p))
        least, most = LEAST.copy(), MOST.copy()
        for size in (LENGTH, HEIGHT, WIDTH):
            least[size] = max(LEAST[size], x[size] - reach[size])
            most[size] = min(MOST[size], x[size] + reach[size])
        self.roof = np.concatenate([self.roof, [[x[HEIGHT], p[HEIGHT, HEIGHT]]]])
        self.least = np.concatenate([self.least, least[None]])
        self.most = np.concatenate([self.most, most[None]])
        self.number = np.append(self.number, number)
        self.lane = np.append(self.lane, lane)
        self.x = np.concatenate([self.x, x[None]])
        self.p = np.concatenate([self.p, p[None]])
        self.updated_t = np.append(self.updated_t, self.t)
        self.chain = np.concatenate([self.chain, [[r, 0.0, 1.0 - r]]])

    def driving(self, lane: int) -> DrivingPrior:
        """How a lane, by index, is driven."""
        return self._driving.setdefault(lane, DrivingPrior.of(self.parameters))

    def keep(self, rows: Flags) -> None:
        """Drops the other vehicles."""
        self.number, self.lane, self.updated_t = self.number[rows], self.lane[rows], self.updated_t[rows]
        self.least, self.most, self.roof = self.least[rows], self.most[rows], self.roof[rows]
        self.x, self.p, self.chain = self.x[rows], self.p[rows], self.chain[rows]

    def renumber_lanes(self, index: list[int | None]) -> None:
        """Gives the lanes other indices: the new one by the old one; who was on a lane that is no more goes with it."""
        lanes = np.array([-1 if new is None else new for new in index], np.intp)
        self.lane = lanes[self.lane]
        self.keep(self.lane >= 0)
        self._driving = {new: self._driving[old] for old, new in enumerate(index) if new is not None and old in self._driving}

    def order(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows in order of lane and position, and for each row the row ahead of it in its lane, -1 for none."""
        rows = np.lexsort((self.x[:, S], self.lane))
        ahead = np.full(len(self), -1, np.intp)
        same = self.lane[rows[1:]] == self.lane[rows[:-1]]
        ahead[rows[1:][same]] = rows[:-1][same]
        return rows, ahead

    def predict(self, t: float, seen: Flags) -> None:
        """Moves all vehicles on to t in steps of at most half a second; `seen` ones follow the model less."""
        left = min(max(t - self.t, 0.0), 30.0)
        self.t = max(t, self.t)
        while left > 1e-6 and len(self):
            dt = min(left, 0.5)
            self._step(dt, seen)
            left -= dt

    def _step(self, dt: float, seen: Flags) -> None:
        x, p = self.x, self.parameters
        _, ahead = self.order()
        head, speed = ahead < 0, x[:, V].copy()
        standing = speed < p.standing_mps
        halts, halt, free = self._at_stop_line(seen)
        gap, limit = self._room(ahead, halt)
        limit = np.where(head & (halts == 0.0), np.inf, limit)
        wanted = np.minimum(limit, np.maximum(speed, free))
        # A seen vehicle is braked by the model, never driven: only its boxes tell that it starts.
        wanted = np.where(seen | (standing & (gap < p.gap_m)), np.minimum(speed, limit), wanted)
        at_line = head & (x[:, S] < halt + 3 * p.halt_sigma_m)
        wanted = np.where(at_line & standing & seen, speed, wanted)
        for row in np.flatnonzero(head & standing & seen & (x[:, S] < HALT_REACH * p.halt_sigma_m)).tolist():
            self.driving(int(self.lane[row])).learn_halt(float(x[row, S]), dt)
        change = np.clip(wanted - speed, -2 * p.brake_mps2 * dt, p.speed_up_mps2 * dt)
        doubt = np.where(head & seen, halts * (1.0 - halts), 0.0) * change**2
        x[:, V] = np.maximum(speed + np.where(head & seen, halts, 1.0) * change, 0.0)
        x[:, S] -= (speed + x[:, V]) / 2 * dt
        x[:, D] *= np.exp(-dt / p.offset_time_s * ~standing)
        self._spread(dt, standing, doubt)

    def _at_stop_line(self, seen: Flags) -> tuple[Array, Array, Array]:
        """Chance that each vehicle halts at the stop line, where it does, and its lane's free speed: each (N,).

        A head that could not halt there any more even by braking as hard as it can passes (the dilemma zone of Gazis,
        Herman and Maradudin 1960); before that the share of the lane's vehicles that halt says how likely it does.
        """
        x, p = self.x, self.parameters
        driving = [self.driving(lane) for lane in self.lane.tolist()]
        halt = np.array([one.halt_m for one in driving])
        share = np.array([one.halting for one in driving])
        most = np.sqrt(4 * p.brake_mps2 * np.maximum(x[:, S] - halt, 0.0))
        excess = (x[:, V] - most) / np.sqrt(np.maximum(self.p[:, V, V], 1e-9))
        can = np.where(excess > 0, np.exp(-(excess**2) / 2), 1.0)
        halts = share * can / (share * can + 1.0 - share)
        # Who is seen to roll past the halt leaves; who rolls there out of sight halts as everyone does, unless he is past it.
        leaves = x[:, S] < halt + np.where(seen, 0.5, -2.0) * p.halt_sigma_m
        halts = np.where(leaves, 0.0, np.where(seen, halts, np.round(halts)))
        return halts, halt, np.array([one.free_mps for one in driving])

    def _room(self, ahead: NDArray[np.intp], halt: Array) -> tuple[Array, Array]:
        """Free metres before each vehicle, the usual gap taken off, and the safe speed with it; the stop line halts."""
        x = self.x
        rear = np.where(ahead >= 0, x[ahead, S] + x[ahead, LENGTH] + self.parameters.gap_m, halt)
        gap = x[:, S] - rear
        return gap, safe_speed(gap, np.where(ahead >= 0, x[ahead, V], 0.0), self.parameters)

    def _spread(self, dt: float, standing: Flags, doubt: Array) -> None:
        """Spreads the covariances; doubt: (N,) variances of what the speeds changed by, (m/s)2."""
        p, numbers = self.p, self.parameters
        # What is not known of a standing vehicle's speed does not last: it stands.
        stay = np.where(standing, np.exp(-dt / numbers.rest_time_s), 1.0)
        p[:, V, :] *= stay[:, None]
        p[:, :, V] *= stay[:, None]
        rest = numbers.standing_mps**2 * 2 / numbers.rest_time_s
        q = np.where(standing, rest, numbers.speed_up_mps2**2) * dt
        # Position is driven by speed: F = I - dt * e_s e_v'.
        p[:, S, :] -= dt * p[:, V, :]
        p[:, :, S] -= dt * p[:, :, V]
        p[:, V, V] += q + doubt
        p[:, S, S] += q * dt**2 / 3 + 1e-6
        p[:, S, V] -= q * dt / 2
        p[:, V, S] -= q * dt / 2
        p[:, D, D] += np.where(standing, 1e-4, 2 * numbers.offset_sigma_m**2 / numbers.offset_time_s) * dt

    def correct(self, rows: NDArray[np.intp], jacobian: Array, residual: Array, variance: Array, used: Flags) -> None:
        """Corrects some rows by their boxes' edges, one edge after the other.

        jacobian: (N, 4, 6) of the edges; residual: (N, 4) measured minus expected px; variance: (N, 4) px2; used: (N, 4).
        """
        x, p = self.x[rows], self.p[rows]
        start = x.copy()
        for edge in range(residual.shape[1]):
            h = jacobian[:, edge]
            left = residual[:, edge] - np.einsum("na,na->n", h, x - start)
            ph = np.einsum("nab,nb->na", p, h)
            s = np.einsum("na,na->n", h, ph) + variance[:, edge]
            excess = np.abs(left) / np.sqrt(s)
            s = s + variance[:, edge] * (np.maximum(excess / OUTLIER, 1.0) ** 2 - 1.0)
            gain = np.where(used[:, edge, None], ph / s[:, None], 0.0)
            x = x + gain * left[:, None]
            p = p - gain[:, :, None] * ph[:, None, :]
        x = self._within(rows, x, p)
        self.x[rows] = np.clip(x, self.least[rows], self.most[rows])
        self.p[rows] = (p + p.transpose(0, 2, 1)) / 2
        farthest = self.x[rows, S] + self.parameters.gap_m + REVERSE_SIGMAS * np.sqrt(self.p[rows, S, S])
        self.most[rows, S] = np.minimum(self.most[rows, S], farthest)

    def _within(self, rows: NDArray[np.intp], x: Array, p: Array) -> Array:
        """States whose sizes keep their bounds. What goes with a size gives way with it, as its covariance says.

        To cut a size off alone would leave the others where they fitted the size that cannot be.
        """
        for size in (LENGTH, HEIGHT, WIDTH):
            over = np.clip(x[:, size], self.least[rows, size], self.most[rows, size]) - x[:, size]
            x = x + p[:, :, size] * (over / p[:, size, size])[:, None]
        return x

    def part(self) -> None:
        """Keeps the line in order: nobody stands in the vehicle ahead. Both give way, the less certain one more."""
        rows, ahead = self.order()
        least_gap = self.parameters.gap_m - 2 * self.parameters.gap_sigma_m
        for row in rows:
            lead = ahead[row]
            if lead < 0:
                continue
            x, p = self.x, self.p
            room = x[row, S] - x[lead, S] - x[lead, LENGTH] - least_gap
            if room >= 0:
                continue
            s = p[row, S, S] + p[lead, S, S] + self.parameters.gap_sigma_m**2
            x[row, S] -= p[row, S, S] * room / s
            x[lead, S] += p[lead, S, S] * room / s
        self._confine(rows, ahead, least_gap)

    def _confine(self, rows: NDArray[np.intp], ahead: NDArray[np.intp], least_gap: float) -> None:
        """Who is between two others is not known worse than that: the spread is at most that of anywhere between them."""
        x, p, least = self.x, self.p, self.parameters.gap_sigma_m**2
        inner = (ahead[rows[:-1]] >= 0) & (ahead[rows[1:]] == rows[:-1])
        place = np.flatnonzero(inner & (p[rows[:-1], S, S] > least))
        if not len(place):
            return
        between, behind = rows[place], rows[place + 1]
        lead = ahead[between]
        rear = p[lead, S, S] + p[lead, LENGTH, LENGTH] + 2 * p[lead, S, LENGTH]
        room = x[behind, S] - x[lead, S] - x[lead, LENGTH] - x[between, LENGTH] - 2 * least_gap
        most = np.maximum(room, 0.0) ** 2 / 12 + rear + p[behind, S, S] + least
        own = p[between, S, S]
        gain = p[between, :, S] / own[:, None]
        excess = np.maximum(own - most, 0.0)
        p[between] -= gain[:, :, None] * gain[:, None, :] * excess[:, None, None]

    def raise_roofs(self, change: float) -> None:
        """All roofs are expected that much higher than thought: the states follow as far as the boxes left them open.

        For a Gaussian state a change of the prior mean of one component moves all by their covariance with it, divided
        by its prior variance.
        """
        self.x += self.p[:, :, HEIGHT] * (change / self.roof[:, 1])[:, None]
        self.roof[:, 0] += change
        for bound in (self.least, self.most):
            bound[:, HEIGHT] = np.clip(bound[:, HEIGHT] + change, LEAST[HEIGHT], MOST[HEIGHT])
        self.x = np.clip(self.x, self.least, self.most)

    def as_data(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        return {
            "t": self.t,
            "number": self.number.tolist(),
            "lane": self.lane.tolist(),
            "x": self.x.tolist(),
            "p": self.p.tolist(),
            "updated_t": self.updated_t.tolist(),
            "roof": self.roof.tolist(),
            "chain": self.chain.tolist(),
            "driving": [[lane, one.as_data()] for lane, one in self._driving.items()],
            "least": self.least[:, [LENGTH, HEIGHT, WIDTH]].tolist(),
            "most": [[s if s < np.inf else None, *sizes] for s, *sizes in self.most[:, [S, LENGTH, HEIGHT, WIDTH]].tolist()],
        }

    def load(self, data: dict[str, Any]) -> None:
        """Goes on from what `as_data` described."""
        count = len(data["number"])
        self.t = data["t"]
        self.number = np.array(data["number"], np.int64)
        self.lane = np.array(data["lane"], np.intp)
        self.x = np.array(data["x"], float).reshape(count, STATES)
        self.p = np.array(data["p"], float).reshape(count, STATES, STATES)
        self.updated_t = np.array(data["updated_t"], float)
        self.roof = np.array(data["roof"], float).reshape(count, 2)
        self.chain = np.array(data.get("chain", [[1.0, 0.0, 0.0]] * count), float).reshape(count, 3)
        self._driving = {lane: DrivingPrior(**one) for lane, one in data.get("driving", [])}
        self.least, self.most = np.tile(LEAST, (count, 1)), np.tile(MOST, (count, 1))
        self.least[:, [LENGTH, HEIGHT, WIDTH]] = np.array(data["least"], float).reshape(count, 3)
        most = [[np.inf if s is None else s, *sizes] for s, *sizes in data["most"]]
        self.most[:, [S, LENGTH, HEIGHT, WIDTH]] = np.array(most, float).reshape(count, 4)
