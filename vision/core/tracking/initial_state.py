"""New vehicles on the ground: what body at what place in which lane makes a box look as it does. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.core.geometry.camera_model import CameraPose
from vision.core.geometry.vehicle_projection import HEIGHT, LENGTH, STATES, WIDTH, D, LaneTable, S, V, edges
from vision.core.tracking.scene_state import ARRIVAL_SPEED
from vision.core.tracking.vehicle_priors import CLASS_FIT, SHAPE_SIGMA, SHAPES

__all__ = ["Guess", "guess_body"]

Array = NDArray[np.float64]
NEAREST_S_M: Final = -12.0
FARTHEST_S_M: Final = 330.0
STEP_SHARE: Final = 0.03
"""Places tried are this share of their distance apart."""
EDGE_SHARE: Final = 0.035
FIT_EDGE_CAP: Final = 16.0
CUT_BOTTOM: Final = 2.5
"""Cost of a near end that must be hidden to explain a box."""
INSIDE_SPEED: Final = 3.0
"""Speed of a vehicle that was first seen in the zone, m/s: it may stand or move."""
LEAST_SIGMA_M: Final = 1.5
SPEED_SIGMA: Final = 3.0
OFFSET_SIGMA_M: Final = 0.4
"""What is uncertain of a new vehicle's place, speed (m/s) and offset besides what its candidates tell."""
WORST: Final = 24.0


@dataclass(frozen=True, slots=True)
class Guess:
    """The body that explains a box best: lane index, state (6,), covariance (6, 6), and how badly it still fits."""

    lane: int
    x: Array
    p: Array
    cost: float


def guess_body(
    box: Array, votes: Array, zones: dict[int, float], table: LaneTable, pose: CameraPose, *, raised_m: float
) -> Guess | None:
    """The best body for a box (4,) in pinhole pixels; None where nothing on these lanes fits.

    votes: (3,) by class; zones: the zone's length in metres of each lane index; raised_m: how much higher than usual
    the roofs are.
    """
    lanes = list(zones)
    if not lanes:
        return None
    states, lane, body = _candidates(lanes, table, pose, raised_m)
    out = edges(states, lane, table, pose)
    cost = _edge_costs(out, box, pose) + (CLASS_FIT @ (votes / max(float(votes.sum()), 1e-9)))[body]
    best = int(np.argmin(cost))
    if cost[best] > WORST + float(CLASS_FIT.min()):
        return None
    # All candidates of the lane that explain the box about as well make up the state and what is uncertain in it.
    near = lane == lane[best]
    weight = np.exp(-0.5 * (cost[near] - cost[best]))
    weight /= weight.sum()
    x = weight @ states[near]
    apart = states[near] - x
    p = (apart * weight[:, None]).T @ apart
    within = np.zeros(STATES)
    within[[LENGTH, HEIGHT, WIDTH]] = weight @ SHAPE_SIGMA[body[near]]
    within[S], within[V], within[D] = LEAST_SIGMA_M, SPEED_SIGMA, OFFSET_SIGMA_M
    x[V] = ARRIVAL_SPEED if x[S] > zones[int(lane[best])] - 10.0 else INSIDE_SPEED
    return Guess(int(lane[best]), x, p + np.diag(within**2), float(cost[best]))


def _candidates(
    lanes: list[int], table: LaneTable, pose: CameraPose, raised_m: float
) -> tuple[Array, NDArray[np.intp], NDArray[np.intp]]:
    places = [NEAREST_S_M]
    eye = pose.centre
    while places[-1] < FARTHEST_S_M:
        away = np.linalg.norm(table.at(np.array([lanes[0]]), np.array([places[-1]]))[0] - eye[:2])
        places.append(places[-1] + max(0.7, STEP_SHARE * float(away)))
    s, lane, body = (a.ravel() for a in np.meshgrid(places, lanes, np.arange(len(SHAPES)), indexing="ij"))
    states = np.zeros((len(s), STATES))
    states[:, S] = s
    states[:, [LENGTH, HEIGHT, WIDTH]] = SHAPES[body.astype(np.intp)]
    states[:, HEIGHT] += raised_m
    states[:, D] = 0.0
    return states, lane.astype(np.intp), body.astype(np.intp)


def _edge_costs(out: Array, box: Array, pose: CameraPose) -> Array:
    limits = np.array([pose.width, pose.height], float)
    clipped = np.clip(out, 0, np.tile(limits, 2))
    sides = np.maximum(box[2:] - box[:2], 4.0)[[0, 1, 0, 1]]
    sigma = EDGE_SHARE * sides + 1.0
    residual = (box - clipped) / sigma
    squares = np.minimum(residual**2, FIT_EDGE_CAP)
    # The bottom may be hidden by a vehicle ahead: then it lies higher than expected, never lower.
    squares[:, 3] = np.where(residual[:, 3] < -1.0, np.minimum(squares[:, 3], CUT_BOTTOM), squares[:, 3])
    outside = (clipped[:, 2:] - clipped[:, :2]).min(-1) < 2
    return np.asarray(squares.sum(-1) + np.where(outside, 1e3, 0.0))
