"""Boxes against vehicles: which detection shows which vehicle, and what its edges say about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from vision.core.geometry.camera_model import CameraPose
from vision.core.geometry.vehicle_projection import (
    BORDER_PX,
    HEIGHT,
    LENGTH,
    STATES,
    WIDTH,
    Appearance,
    D,
    LaneTable,
    S,
    appearance,
    edges,
)
from vision.core.tracking.vehicle_states import STEPS, VehicleStates

__all__ = ["PredictedMeasurements"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

NOISE_SHARE: Final = 0.015
"""Independent noise of a box's edge from frame to frame, as a share of its side."""
DRIFT_SHARE: Final = 0.018
"""Slow error of an edge: the detector's habit with this vehicle in this pose, and a body that is no cuboid."""
DRIFT_TIME_S: Final = 1.0
"""How long the slow error lasts: so much time gives one independent view."""
PIXEL: Final = 0.7
CUT_PRICE_SHARE: Final = 0.15
"""How far a partly hidden edge may lie from where it is expected, as a share of the side."""
BOTTOM: Final = 3
RISEN_DOUBT: Final = 9.0
"""A lower edge that is higher than expected may be hidden by the vehicle before it, more than is known: its variance grows
by this factor."""
BELOW_SHARE: Final = 0.5
"""The vehicle before it is right below if this share of its height, or less, is between them."""
UNEXPLAINED: Final = 24.0
SURE: Final = 0.97
"""Cost of a box that shows nobody known, and the chance at most with which a vehicle is found in a frame: what a pair saves."""
EDGE_CAP: Final = 12.0
"""Cost of an edge that is left out because it is wrong."""
PAIRS: Final = np.triu_indices(4, 1)
"""Each two of the four edges."""
SPREAD_SHARE: Final = 0.5
"""An uncertain place is taken to move an edge by no more than this share of the side: farther away it would look otherwise."""
LEAST_FOUND: Final = 0.02
"""Chance at least with which a vehicle is found: what hides it may be elsewhere."""
FAR_COST: Final = 1e4
_MATTERS: Final = np.array([S, LENGTH, HEIGHT, WIDTH, D])
"""The states that a box depends on."""


@dataclass(slots=True)
class PredictedMeasurements:
    """One camera's look at all vehicles at one moment, before this frame's boxes are used."""

    states: VehicleStates
    table: LaneTable
    pose: CameraPose
    look: Appearance
    jacobian: Array

    @classmethod
    def of(cls, states: VehicleStates, table: LaneTable, pose: CameraPose) -> PredictedMeasurements:
        """The look of a camera at the vehicles as predicted."""
        look = appearance(states.x, states.lane, table, pose)
        varied = states.x[None] + np.diag(STEPS)[_MATTERS][:, None, :]
        out = edges(varied.reshape(-1, STATES), np.tile(states.lane, len(_MATTERS)), table, pose)
        moved = out.reshape(len(_MATTERS), len(states), 4) - look.full
        jacobian = np.zeros((len(states), 4, STATES))
        jacobian[:, :, _MATTERS] = moved.transpose(1, 2, 0) / STEPS[_MATTERS]
        return cls(states, table, pose, look, jacobian)

    def pairs(self, boxes: Array, evidence: Array, leaving: NDArray[np.bool_], chance: Array) -> list[tuple[int, int]]:
        """Pairs (row, box) of vehicles and boxes (M, 4) that belong together, at most one each.

        leaving: (N,) vehicles that have passed the stop line; a box behind one of them is the next one's.
        chance: (N,) how surely each vehicle is found. A vehicle may be missed and a box may show nobody known, at their
        costs: were as many pairs made as can be, one whose box is missing would take that of the one behind it, and so on
        along the line.
        """
        if not len(self.states) or not len(boxes):
            return []
        cost = self._costs(boxes)
        rows = np.flatnonzero(leaving)
        cost[rows] = np.where(self._behind(rows, boxes), FAR_COST, cost[rows])
        p_d = np.clip(chance, LEAST_FOUND, SURE)
        saved = UNEXPLAINED + 2 * np.log(p_d / (1.0 - p_d))[:, None] + 2 * evidence - cost
        rows, columns = linear_sum_assignment(np.maximum(saved, 0.0), maximize=True)
        return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if saved[r, c] > 0.0]

    def _costs(self, boxes: Array) -> Array:
        look, limits = self.look, np.array([self.pose.width, self.pose.height] * 2, float)
        full, modal = np.clip(look.full, 0, limits), np.clip(look.modal, 0, limits)
        low, high = np.minimum(full, modal), np.maximum(full, modal)
        residual = np.maximum(low[:, None] - boxes[None], 0) + np.maximum(boxes[None] - high[:, None], 0)
        sides = np.maximum(modal[:, 2:] - modal[:, :2], 4.0)[:, [0, 1, 0, 1]]
        own = (1.5 * NOISE_SHARE * sides + PIXEL) ** 2 + (DRIFT_SHARE * sides) ** 2
        own = own + np.where(look.cut, (CUT_PRICE_SHARE * sides) ** 2, 0.0) + (high - low) ** 2 / 12
        cost = self._unlikelihood(residual, own, sides)
        apart = (boxes[None, :, :2] >= high[:, None, 2:]) | (boxes[None, :, 2:] <= low[:, None, :2])
        return np.asarray(np.where(apart.any(-1), FAR_COST, cost))

    def _unlikelihood(self, residual: Array, own: Array, sides: Array) -> Array:
        """-2 ln (N, M) of how likely vehicles show edges that differ so (N, M, 4), beside a surely placed one that fits.

        A place that is not sure moves all edges of a picture together, as a size does its own: their differences are
        compared with that (the Mahalanobis distance), up to two wrong edges left out at a price.
        own: (N, 4) variances of the edges themselves; sides: (N, 4) px that belong to them.
        """
        spread = ((self.jacobian @ self.states.p) * self.jacobian).sum(-1)
        reach = np.minimum(1.0, SPREAD_SHARE * sides / np.sqrt(np.maximum(spread, 1e-9)))
        moved = self.jacobian * reach[:, :, None]
        joint = moved @ self.states.p @ moved.transpose(0, 2, 1) + np.eye(4) * own[:, :, None]
        # What an edge adds to the distance, and what two do, follows from the inverse: nothing is solved again without them.
        weight = np.linalg.inv(joint)
        pull = residual @ weight
        own_weight = np.einsum("naa->na", weight)[:, None]
        one = (pull**2 / own_weight).max(-1)
        (pa, wa), (pb, wb) = ((pull[..., which], own_weight[..., which]) for which in PAIRS)
        both = weight[:, *PAIRS][:, None]
        two = ((pa**2 * wb + pb**2 * wa - 2 * pa * pb * both) / (wa * wb - both**2)).max(-1)
        spared = np.maximum(np.maximum(one - EDGE_CAP, two - 2 * EDGE_CAP), 0.0)
        volume = np.linalg.slogdet(joint)[1] - np.log(own).sum(-1)
        return np.asarray((pull * residual).sum(-1) - spared + volume[:, None])

    def _behind(self, rows: Rows, boxes: Array) -> NDArray[np.bool_]:
        """Whether boxes (M, 4) have their lower edge upstream of where those of some vehicles (K,) can be: (K, M)."""
        back = self.states.x[rows] + self.states.parameters.gap_m * np.eye(STATES)[S]
        limit = np.clip(edges(back, self.states.lane[rows], self.table, self.pose)[:, BOTTOM], 0, self.pose.height)
        upstream = np.sign(self.jacobian[rows, BOTTOM, S])
        return np.asarray((boxes[None, :, BOTTOM] - limit[:, None]) * upstream[:, None] > BORDER_PX)

    def correct(self, rows: Rows, boxes: Array, t: float) -> Array:
        """Corrects the vehicles of these rows by their boxes (K, 4).

        Returns the normalised innovation squared r^2 / S of each edge used (E,), with S = H P H' + R as predicted.
        """
        if not len(rows):
            return np.zeros(0)
        look = self.look
        sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 4.0)[:, [0, 1, 0, 1]]
        since = np.clip(t - self.states.updated_t[rows], 0.02, DRIFT_TIME_S)[:, None]
        drift = (DRIFT_SHARE * sides) ** 2 * (2 * DRIFT_TIME_S / since)
        variance = (NOISE_SHARE * sides) ** 2 + PIXEL**2 + drift
        limits = np.array([self.pose.width, self.pose.height], float)
        border = np.concatenate([boxes[:, :2] < 2, boxes[:, 2:] > limits - 2], axis=1)
        used = ~look.cut[rows] & ~border
        residual = boxes - look.full[rows]
        risen = (residual[:, BOTTOM] < 0) & self._behind_someone()[rows]
        variance[risen, BOTTOM] *= RISEN_DOUBT
        predicted = ((self.jacobian[rows] @ self.states.p[rows]) * self.jacobian[rows]).sum(-1) + variance
        self.states.correct(rows, self.jacobian[rows], residual, variance, used)
        self.states.updated_t[rows] = t
        return np.asarray((residual**2 / predicted)[used])

    def _behind_someone(self) -> NDArray[np.bool_]:
        """Whether (N,) a nearer vehicle of the same lane is right below in the picture: it may hide more than is known."""
        lane, depth, (x1, y1, x2, y2) = self.states.lane, self.look.depth, self.look.full.T
        nearer = (lane[:, None] == lane) & (depth < depth[:, None])
        below = y1 < (y2 + BELOW_SHARE * (y2 - y1))[:, None]
        beside = (x1 < x2[:, None]) & (x1[:, None] < x2)
        return np.asarray((nearer & below & beside).any(1))
