"""Vehicles that no box has shown yet: how many are expected where, and when they arrived. Pure.

The Poisson part of a Poisson multi-Bernoulli filter (Williams 2015), as weighted points on the lanes. They come in at the
lane's arrival rate, drive up behind the vehicle ahead, and are thinned by each look of a camera that would have found them:
what is left stands where something hides it. A point's weight is an expected number of vehicles, split by whether the
detector would find one there (`existence`, Markov chain two).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.core.geometry.camera_model import CameraPose
from vision.core.geometry.vehicle_projection import HEIGHT, LENGTH, STATES, WIDTH, S, V, appearance
from vision.core.tracking.vehicle_priors import SHAPES

if TYPE_CHECKING:
    from vision.core.tracking.scene_state import SceneState
    from vision.core.tracking.sensor import Sensor

__all__ = ["UndetectedVehicles"]

Array = NDArray[np.float64]


def _e(n: str, d: float) -> float:
    return float(os.environ.get(n, d))


LOOK_S: Final = 1.0
"""Births and looks go in steps of this time: misses of one second are not independent."""
ENTRY_M: Final = _e("ENTRY", 20.0)
"""Vehicles come in so far upstream of the zone."""
SHORTEST_M: Final = float(SHAPES[:, 0].min())
CERTAIN = _e("CERT", 0.95)
FITS_M = _e("FITS", 8.0)
ROOM_SIGMA = _e("RSIG", 2.0)
SEEN_FOR = _e("SEENF", 3.0)
CLOSE_S = _e("CLOSE", 4.0)
MOST = _e("MOST", 1.0)
CERTAIN = _e("CERT", 0.95)
LEAST_WEIGHT: Final = 1e-3
AT_START_PER_M: Final = _e("ATSTART", 0.03)
PLACE_SIGMA_M: Final = _e("PSIG", 3.0)
PLACE_SIGMA_PER_S: Final = _e("PSIGS", 0.0)


class UndetectedVehicles:
    """Points: lane (N,), front s (N,) m, arrival time (N,) s (nan: there at the start), weights (N, 2) found / not findable."""

    def __init__(self) -> None:
        self.t: float | None = None
        self.lane = np.zeros(0, np.intp)
        self.s: Array = np.zeros(0)
        self.arrived: Array = np.zeros(0)
        self.weight: Array = np.zeros((0, 2))

    def predict(self, road: SceneState, t: float) -> None:
        """Moves the points on to t behind the known vehicles, and lets new ones in."""
        if self.t is None:
            self.t = t
            self._begin(road)
        dt = t - self.t
        if dt < LOOK_S:
            return
        self.t = t
        self._move(road, t, dt)
        self._enter(road, t, dt)
        kept = self.weight.sum(1) > LEAST_WEIGHT
        self.lane, self.s, self.arrived, self.weight = self.lane[kept], self.s[kept], self.arrived[kept], self.weight[kept]
        self._merge()

    def thin(self, road: SceneState, eye: Sensor, pose: CameraPose) -> None:
        """One look of a camera, at all points: what it would have found is not there."""
        if not len(self.s):
            return
        hide, show = _e("HIDE", 0.03), _e("SHOW", 0.3)
        turned = (self.weight[:, 0] * hide - self.weight[:, 1] * show) * (1 - np.exp(-(hide + show) * LOOK_S)) / (hide + show)
        self.weight += np.stack([-turned, turned], axis=1)
        x = np.zeros((len(self.s), STATES))
        x[:, S] = self.s
        x[:, [LENGTH, HEIGHT, WIDTH]] = SHAPES[2]
        x[:, HEIGHT] += road.roofs.raised_m
        both = np.vstack([road.bodies.x, x])
        lanes = np.append(road.bodies.lane, self.lane)
        solid = np.arange(len(both)) < len(road.bodies)
        look = appearance(both, lanes, road.table, pose, solid)
        found = eye.acuity.chance(look)[len(road.bodies) :]
        found = np.where(np.isin(self.lane, list(eye.zones)), found, 0.0)
        self.weight[:, 0] *= 1.0 - np.minimum(found, 0.97)

    def number(self, lane: int, s: float, sigma: float) -> float:
        """How many undetected vehicles are expected at about s of a lane."""
        return float((self._near(lane, s, sigma) * self.weight.sum(1)).sum())

    def arrived_t(self, lane: int, s: float, sigma: float) -> float | None:
        """When one that is found there arrived, most likely: the median; None for one that was there at the start."""
        weight = self._near(lane, s, sigma) * self.weight.sum(1)
        if not weight.sum() > 1e-6:
            return None
        at_start = np.isnan(self.arrived)
        if weight[at_start].sum() > weight.sum() / 2:
            return None
        rows = np.argsort(np.where(at_start, np.inf, self.arrived))
        rows = rows[~at_start[rows]]
        passed = np.cumsum(weight[rows])
        return float(self.arrived[rows[np.searchsorted(passed, passed[-1] / 2)]])

    def certain(self, road: SceneState) -> list[tuple[int, float, float, float]]:
        """Places (lane, s, room, number) between two known vehicles of a lane where somebody surely is."""
        found = []
        for lane in np.unique(self.lane).tolist():
            known = road.bodies.lane == lane
            front = np.sort(road.bodies.x[known, S])
            mine = self.lane == lane
            gap = np.searchsorted(front, self.s[mine], side="left")
            for one in range(1, len(front)):
                number = float(self.weight[mine][gap == one].sum())
                if number > CERTAIN:
                    rear = float(
                        (road.bodies.x[known, S] + road.bodies.x[known, LENGTH])[np.argsort(road.bodies.x[known, S])][one - 1]
                    )
                    self.weight[np.flatnonzero(mine)[gap == one]] = 0.0
                    found.append((lane, rear + road.parameters.gap_m, float(front[one]) - rear, number))
        return found

    def recycle(self, lane: int, s: float, arrived: float | None, weight: float) -> None:
        """Takes back what is left of a vehicle that was dropped (Williams 2012)."""
        self._add([lane], [s], [np.nan if arrived is None else arrived], [[0.0, weight]])

    def _near(self, lane: int, s: float, sigma: float) -> Array:
        spread = np.hypot(sigma, PLACE_SIGMA_M)
        return np.where(self.lane == lane, np.exp(-0.5 * ((self.s - s) / spread) ** 2), 0.0)

    def _begin(self, road: SceneState) -> None:
        for lane in range(len(road.ids)):
            s = np.arange(0.0, road.zone_m(lane), 5.0)
            weight = np.tile([AT_START_PER_M * 5.0, 0.0], (len(s), 1))
            self._add(np.full(len(s), lane), s, np.full(len(s), np.nan), weight)

    def _move(self, road: SceneState, t: float, dt: float) -> None:
        parameters, began = road.parameters, road.since_began_s(t)
        for lane in np.unique(self.lane).tolist():
            driving = road.bodies.driving(lane)
            free = driving.free_mps * dt if began > 3.0 else 0.0
            mine = self.lane == lane
            known = road.bodies.lane == lane
            front, rear = road.bodies.x[known, S], road.bodies.x[known, S] + road.bodies.x[known, LENGTH]
            s = self.s[mine]
            # The rear of the vehicle ahead of each point, the front of the one behind it.
            ahead = np.where(front[None] < s[:, None], rear[None], -np.inf).max(1, initial=-np.inf)
            behind = np.where(front[None] >= s[:, None], front[None], np.inf).min(1, initial=np.inf)
            stop = np.where(np.isfinite(ahead), ahead + parameters.gap_m, driving.halt_m)
            s = np.maximum(s - free, np.minimum(stop, s + 1e9))
            room = behind - s
            gone = room < SHORTEST_M + 0.8
            at_line = ~np.isfinite(ahead) & (s <= driving.halt_m + 0.5)
            self.s[mine] = s
            # A driver who stands closes up: that he stands with room before him tells of somebody there.
            v = road.bodies.x[known, V]
            near = [road.vehicles[n] for n in road.bodies.number[known].tolist()]
            sure = np.array([one.well_known and t - one.seen_t < SEEN_FOR for one in near], bool)
            sigma2 = road.bodies.p[known, S, S] + road.bodies.p[known, LENGTH, LENGTH] + 2 * road.bodies.p[known, S, LENGTH]
            last = np.where(front[None] < s[:, None], rear[None], -np.inf)
            if last.shape[1]:
                lead, next_ = last.argmax(1), np.where(front[None] >= s[:, None], front[None], np.inf).argmin(1)
                between = (
                    np.isfinite(ahead) & np.isfinite(behind) & (v[next_] < 0.5) & (v[lead] < 0.5) & sure[next_] & sure[lead]
                )
                sigma = np.sqrt(sigma2[lead] + road.bodies.p[known, S, S][next_] + ROOM_SIGMA**2)
                free_room = behind - ahead - 2 * parameters.gap_m - FITS_M
                surely = 0.5 + 0.5 * np.tanh(0.8 * free_room / sigma)
                grow = np.where(between, np.exp(dt / CLOSE_S * surely), 1.0)
                self.weight[mine] *= grow[:, None]
                for one in np.unique(next_[between]).tolist():
                    group = np.flatnonzero(mine)[between & (next_ == one)]
                    total = self.weight[group].sum()
                    self.weight[group] *= min(1.0, MOST / max(total, 1e-9))
            self.weight[mine] *= np.where(gone, 0.0, np.where(at_line, np.exp(-dt / 60.0), 1.0))[:, None]

    def _enter(self, road: SceneState, t: float, dt: float) -> None:
        count = len(road.ids)
        rate = np.array([_rate(road, lane, t) for lane in range(count)])
        s = np.array([road.zone_m(lane) + ENTRY_M for lane in range(count)])
        arrived = np.array([t + ENTRY_M / road.bodies.driving(lane).free_mps for lane in range(count)])
        self._add(np.arange(count), s, arrived, np.stack([rate * dt, 0 * rate], axis=1))

    def _merge(self) -> None:
        """Points of a lane at the same place become one, unless one was there at the start: a point for each 10 s of arrival."""
        slot = np.where(np.isnan(self.arrived), -1, np.floor_divide(np.nan_to_num(self.arrived), 10.0))
        keys = np.stack([self.lane, np.round(self.s), slot], axis=1)
        kinds, which = np.unique(keys, axis=0, return_inverse=True)
        if len(kinds) == len(self.s):
            return
        which = which.ravel()
        weight = np.zeros((len(kinds), 2))
        np.add.at(weight, which, self.weight)
        total = self.weight.sum(1)

        def mean(values: Array) -> Array:
            out = np.zeros(len(kinds))
            np.add.at(out, which, values * total)
            return out / np.maximum(weight.sum(1), 1e-12)

        self.lane, self.s, self.arrived, self.weight = kinds[:, 0].astype(np.intp), mean(self.s), mean(self.arrived), weight

    def _add(self, lane: Any, s: Any, arrived: Any, weight: Any) -> None:
        self.lane = np.append(self.lane, np.asarray(lane, np.intp))
        self.s = np.append(self.s, np.asarray(s, float))
        self.arrived = np.append(self.arrived, np.asarray(arrived, float))
        self.weight = np.concatenate([self.weight, np.asarray(weight, float).reshape(-1, 2)])


def _rate(road: SceneState, lane: int, t: float) -> float:
    """Arrivals a second on a lane: what was counted, and as a prior one in two minutes."""
    history = road.line(lane).history
    span = min(history.window_s, t - history.began_t) if history.began_t is not None else 0.0
    return (1.0 + len(history.arrivals)) / (120.0 + span)
