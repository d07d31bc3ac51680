"""Vehicles that no box has shown yet: how many are expected where. Pure.

The Poisson part of a Poisson multi-Bernoulli filter (Williams 2015), as weighted points on the lanes. They come in at the
lane's arrival rate, drive up behind the vehicle ahead, and are thinned by each look of a camera that would have found them:
what is left stands where something hides it. A point's weight is an expected number of vehicles, split by whether the
detector would find one there (the states of `existence`, Markov chain two).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from vision.core.geometry.camera_model import CameraPose
from vision.core.geometry.vehicle_projection import HEIGHT, LENGTH, STATES, WIDTH, S, V, appearance
from vision.core.tracking.vehicle_priors import SHAPES

if TYPE_CHECKING:
    from vision.core.tracking.scene_state import SceneState
    from vision.core.tracking.sensor import Sensor

__all__ = ["STEP_S", "UndetectedVehicles", "UnseenPlace"]

Array = NDArray[np.float64]
STEP_S: Final = 1.0
"""Points move, come in and are looked at in steps of this time: misses within a second are hardly independent."""
ENTRY_M: Final = 20.0
"""Vehicles come in so far upstream of the zone."""
AT_START_PER_M: Final = 0.03
APPROACH_SEEN_M: Final = 60.0
AT_START_SPACING_M: Final = 5.0
SETTLED_S: Final = 3.0
"""Vehicles a metre of each lane, and so far upstream of its zone, that are expected at first, at points so far apart; for so
long nobody knows who drives."""
EXPECTED_HEADWAY_S: Final = 120.0
"""A lane's arrival rate is expected to be one vehicle in so long, with the weight of one vehicle."""
SERVICE_S: Final = 60.0
"""Mean time that one at the stop line stays there."""
PLACE_SIGMA_M: Final = 3.0
"""Spread of a vehicle's place about its point."""
USUAL: Final = 2
"""The shape that tells whether a camera would find somebody: a small truck."""
FITS_M: Final = 8.0
ROOM_SIGMA_M: Final = 2.0
"""Somebody fits between two vehicles that leave this and two gaps; spread of what is not known of that room besides states."""
SURELY_THERE: Final = 0.95
"""So many vehicles are expected in a place where somebody surely is."""
LEAST_WEIGHT: Final = 1e-3


class UnseenPlace(NamedTuple):
    """Room between two known vehicles of a lane: where it begins behind the one ahead and how long it is, m."""

    lane: int
    begin: float
    room: float


class UndetectedVehicles:
    """Points: lane (N,), front s (N,) m, weight (N, 2) of vehicles that the detector would find and would not."""

    def __init__(self) -> None:
        self.t: float | None = None
        self.lane = np.zeros(0, np.intp)
        self.s: Array = np.zeros(0)
        self.weight: Array = np.zeros((0, 2))

    def predict(self, scene: SceneState, t: float) -> None:
        """Moves the points on to t behind the known vehicles, and lets new ones in; nothing before a step has passed."""
        if self.t is None:
            self.t = t
            self._begin(scene)
        dt = t - self.t
        if dt < STEP_S:
            return
        self.t = t
        for lane in range(len(scene.ids)):
            self._move(scene, lane, t, dt)
            rate = _arrival_rate(scene, lane, t)
            self._add([lane], [scene.zone_m(lane) + ENTRY_M], [[rate * dt, 0.0]])
        self._merge()

    def thin(self, scene: SceneState, sensor: Sensor, pose: CameraPose) -> None:
        """Takes one look of a camera at all points: what it would have found is not there."""
        hide, show = scene.parameters.hide_per_s, scene.parameters.show_per_s
        settled = 1.0 - np.exp(-(hide + show) * STEP_S)
        turned = (self.weight[:, 0] * hide - self.weight[:, 1] * show) * settled / (hide + show)
        self.weight += np.stack([-turned, turned], axis=1)
        x = np.zeros((len(self.s), STATES))
        x[:, S] = self.s
        x[:, [LENGTH, HEIGHT, WIDTH]] = SHAPES[USUAL]
        x[:, HEIGHT] += scene.height_bias.raised_m
        known = len(scene.states)
        solid = np.arange(known + len(x)) < known
        lanes = np.append(scene.states.lane, self.lane)
        look = appearance(np.vstack([scene.states.x, x]), lanes, scene.table, pose, solid)
        p_d = np.minimum(sensor.detection.chance(look)[known:], scene.parameters.found_at_most)
        self.weight[:, 0] *= 1.0 - np.where(np.isin(self.lane, list(sensor.zones)), p_d, 0.0)

    def number(self, lane: int, s: float, sigma: float) -> float:
        """How many undetected vehicles are expected about s (m, spread sigma) of a lane, by index."""
        spread = np.hypot(sigma, PLACE_SIGMA_M)
        near = np.where(self.lane == lane, np.exp(-0.5 * ((self.s - s) / spread) ** 2), 0.0)
        return float(near @ self.weight.sum(1))

    def between(self, lane: int, start: float, end: float) -> float:
        """How many are expected on a lane from start to end, m."""
        inside = (self.lane == lane) & (self.s >= start) & (self.s <= end)
        return float(self.weight[inside].sum())

    def take_sure(self, scene: SceneState) -> list[UnseenPlace]:
        """The places between known vehicles where somebody surely is; the points there are used up."""
        found = []
        for lane in range(len(scene.ids)):
            front, rear, _ = _line(scene, lane)
            mine = np.flatnonzero(self.lane == lane)
            gap = np.searchsorted(front, self.s[mine])
            for place in np.unique(gap[(gap > 0) & (gap < len(front))]).tolist():
                points = mine[gap == place]
                if self.weight[points].sum() > SURELY_THERE:
                    self.weight[points] = 0.0
                    found.append(UnseenPlace(lane, float(rear[place - 1]), float(front[place] - rear[place - 1])))
        return found

    def recycle(self, lane: int, s: float, weight: float) -> None:
        """Takes back what is left of a vehicle that was dropped (Williams 2012); the detector did not find it."""
        self._add([lane], [s], [[0.0, weight]])

    def clear(self) -> None:
        """Forgets everything: nothing is known any more."""
        self.t = None
        self.lane, self.s, self.weight = self.lane[:0], self.s[:0], self.weight[:0]

    def as_data(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        return {"t": self.t, "lane": self.lane.tolist(), "s": self.s.tolist(), "weight": self.weight.tolist()}

    def load(self, data: dict[str, Any], index: list[int | None]) -> None:
        """Goes on from what `as_data` described; index: a lane's new index by its old one, None for one that is no more."""
        self.clear()
        self.t = data["t"]
        rows = [row for row, lane in enumerate(data["lane"]) if index[lane] is not None]
        lanes = [index[data["lane"][row]] for row in rows]
        self._add(lanes, [data["s"][row] for row in rows], [data["weight"][row] for row in rows])

    def _begin(self, scene: SceneState) -> None:
        for lane in range(len(scene.ids)):
            s = np.arange(0.0, scene.zone_m(lane) + APPROACH_SEEN_M, AT_START_SPACING_M)
            self._add(np.full(len(s), lane), s, np.tile([AT_START_PER_M * AT_START_SPACING_M, 0.0], (len(s), 1)))

    def _move(self, scene: SceneState, lane: int, t: float, dt: float) -> None:
        """Drives the points of a lane up to the vehicle ahead; those that have no room any more are not there."""
        mine = np.flatnonzero(self.lane == lane)
        front, rear, rows = _line(scene, lane)
        driving, gap_m = scene.states.driving(lane), scene.parameters.gap_m
        s = self.s[mine]
        place = np.searchsorted(front, s)
        ahead = np.append(-np.inf, rear)[place]
        behind = np.append(front, np.inf)[place]
        leads = place > 0
        stop = np.where(leads, ahead + gap_m, driving.halt_m)
        way = driving.free_mps * dt if scene.since_began_s(t) > SETTLED_S else 0.0
        s = np.maximum(s - way, np.minimum(stop, s) if way == 0.0 else stop)
        self.s[mine] = s
        at_line = ~leads & (s <= driving.halt_m)
        factor = np.where(at_line, np.exp(-dt / SERVICE_S), 1.0)
        factor = np.where(behind - s < SHAPES[:, 0].min() + scene.parameters.gap_sigma_m, 0.0, factor)
        self.weight[mine] *= factor[:, None]
        for one in np.unique(place[leads & (place < len(front))]).tolist():
            self._fill(scene, mine[place == one], (rows[one - 1], rows[one]), t, dt)

    def _fill(self, scene: SceneState, points: NDArray[np.intp], pair: tuple[int, int], t: float, dt: float) -> None:
        """A driver who stands closes up: that he stands with room before him tells of somebody there, at most of one.

        The odds grow by a factor e in `close_up_s`, as far as the room is surely there: both vehicles stand and are seen.
        """
        (lead, follower), states, parameters = pair, scene.states, scene.parameters
        for row in pair:
            vehicle = scene.vehicles[int(states.number[row])]
            if states.x[row, V] > parameters.standing_mps or not vehicle.well_known or t - vehicle.seen_t > SETTLED_S:
                return
        x, p = states.x, states.p
        room = x[follower, S] - x[lead, S] - x[lead, LENGTH] - 2 * parameters.gap_m - FITS_M
        variance = p[follower, S, S] + p[lead, S, S] + p[lead, LENGTH, LENGTH] + 2 * p[lead, S, LENGTH] + ROOM_SIGMA_M**2
        self.weight[points] *= np.exp(dt / parameters.close_up_s * ndtr(room / np.sqrt(variance)))
        self.weight[points] /= max(1.0, float(self.weight[points].sum()))

    def _merge(self) -> None:
        """Points of a lane that are at the same metre become one; those that weigh next to nothing go."""
        kinds, which = np.unique(np.stack([self.lane, np.round(self.s)], axis=1), axis=0, return_inverse=True)
        weight = np.zeros((len(kinds), 2))
        np.add.at(weight, which.ravel(), self.weight)
        kept = weight.sum(1) > LEAST_WEIGHT
        self.lane, self.s, self.weight = kinds[kept, 0].astype(np.intp), kinds[kept, 1], weight[kept]

    def _add(self, lane: Any, s: Any, weight: Any) -> None:  # noqa: ANN401 (what numpy takes for an array)
        self.lane = np.append(self.lane, np.asarray(lane, np.intp))
        self.s = np.append(self.s, np.asarray(s, float))
        self.weight = np.concatenate([self.weight, np.asarray(weight, float).reshape(-1, 2)])


def _line(scene: SceneState, lane: int) -> tuple[Array, Array, NDArray[np.intp]]:
    """Fronts and rears (K,), m, of a lane's known vehicles in order from the stop line, and their rows."""
    rows = np.flatnonzero(scene.states.lane == lane)
    rows = rows[np.argsort(scene.states.x[rows, S])]
    front = scene.states.x[rows, S]
    return front, front + scene.states.x[rows, LENGTH], rows


def _arrival_rate(scene: SceneState, lane: int, t: float) -> float:
    """Vehicles a second that enter a lane: those counted, with one in `EXPECTED_HEADWAY_S` as prior (gamma)."""
    history = scene.line(lane).history
    span = 0.0 if history.began_t is None else min(history.window_s, t - history.began_t)
    return (1.0 + len(history.arrivals)) / (EXPECTED_HEADWAY_S + span)
