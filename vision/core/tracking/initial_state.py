"""New vehicles on the ground: what body at what place in which lane, how fast, makes a box look as it does. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.core.geometry.camera_model import CameraPose
from vision.core.geometry.vehicle_projection import BORDER_PX, HEIGHT, LENGTH, STATES, WIDTH, D, LaneTable, S, V, edges
from vision.core.tracking.image_tracks import Track
from vision.core.tracking.undetected_vehicles import UnseenPlace
from vision.core.tracking.vehicle_priors import CLASS_FIT, SHAPE_SIGMA, SHAPES
from vision.tracking_parameters import TrackingParameters

__all__ = ["Candidates", "Guess", "guess_body", "guess_speed", "unseen_body"]

Array = NDArray[np.float64]
NEAREST_S_M: Final = -12.0
FARTHEST_S_M: Final = 330.0
STEP_SHARE: Final = 0.03
"""Places tried are this share of their distance apart."""
EDGE_SHARE: Final = 0.035
FIT_EDGE_CAP: Final = 16.0
CUT_BOTTOM: Final = 2.5
"""Cost of a near end that must be hidden to explain a box."""
LEAST_SIGMA_M: Final = 1.5
OFFSET_SIGMA_M: Final = 0.4
"""What is uncertain of a new vehicle's place and offset besides what its candidates tell."""
WORST: Final = 24.0
HABIT_SHARE: Final = 0.03
HABIT_PX: Final = 0.7
"""How far an edge moves beside what the vehicle does from one look to the next, as a share of the side, and at least."""
LOOKS_S: Final = 2.0
"""Older boxes of a track may be those of a vehicle that passed the same place."""
ROUNDS: Final = 4
REACH_M: Final = 15.0
"""Newton steps, and the longest."""
UNSEEN_SIGMA_M: Final = 3.0
"""Spread of the place and the length of a vehicle that nobody saw."""


@dataclass(frozen=True, slots=True)
class Guess:
    """The body that explains a box best: lane index, state (6,), covariance (6, 6), and how badly it still fits."""

    lane: int
    x: Array
    p: Array
    cost: float


@dataclass(frozen=True, slots=True)
class Candidates:
    """Bodies at places of a camera's lanes: states (N, 6), lane and body index (N,), edges (N, 4) in pinhole pixels."""

    states: Array
    lane: NDArray[np.intp]
    body: NDArray[np.intp]
    edges: Array
    table: LaneTable
    pose: CameraPose
    raised_m: float

    @classmethod
    def of(cls, lanes: list[int], table: LaneTable, pose: CameraPose, raised_m: float) -> Candidates:
        """All usual bodies along these lanes, by index; raised_m: how much higher than usual the roofs are."""
        states, lane, body = _candidates(lanes, table, pose, raised_m)
        return cls(states, lane, body, edges(states, lane, table, pose), table, pose, raised_m)


def guess_body(box: Array, votes: Array, candidates: Candidates) -> Guess | None:
    """The best body for a box (4,) in pinhole pixels; None where none of the candidates fits. Its speed is not known yet.

    votes: (3,) by class.
    """
    states, lane, body = candidates.states, candidates.lane, candidates.body
    cost = _edge_costs(candidates.edges, box, candidates.pose) + (CLASS_FIT @ (votes / max(float(votes.sum()), 1e-9)))[body]
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
    within[S], within[D] = LEAST_SIGMA_M, OFFSET_SIGMA_M
    return Guess(int(lane[best]), x, p + np.diag(within**2), float(cost[best]))


def guess_speed(guess: Guess, track: Track, table: LaneTable, pose: CameraPose, modes: Array) -> None:
    """Gives a guess the speed, and its place, that the boxes of its track show, and what is uncertain in both.

    modes: (K, 3) weight, mean and spread, m/s, of the speeds that are expected: a mixture whose posterior's moments count.
    The places of the same body that explain the track's boxes lie on a line over time (weighted least squares); what a
    detector draws too wide or too high it does in each of them.
    """
    looks = np.array([[track.first_t, *track.first_box], *track.met])
    looks = looks[looks[:, 0] > track.seen_t - LOOKS_S]
    t, s, weight = _places(guess, looks, table, pose)
    ago = t[-1] - t
    middle = float(weight @ ago / weight.sum())
    spread = float(weight @ (ago - middle) ** 2)
    shown = float(weight @ ((ago - middle) * s)) / max(spread, 1e-9)
    # Boxes that scatter about the line by more than was thought say so of themselves (Birge's ratio).
    off = s - float(weight @ s / weight.sum()) - shown * (ago - middle)
    variance = max(1.0, float(weight @ off**2) / max(len(t) - 2, 1)) / max(spread, 1e-9)
    share, mean, sigma = modes.T
    total = sigma**2 + variance
    log = np.log(share) - 0.5 * ((shown - mean) ** 2 / total + np.log(total))
    share = np.exp(log - log.max())
    share /= share.sum()
    each = (mean * variance + shown * sigma**2) / total
    v = max(float(share @ each), 0.0)
    guess.x[V] = v
    guess.p[V, V] = float(share @ (sigma**2 * variance / total + (each - v) ** 2))


def _places(guess: Guess, looks: Array, table: LaneTable, pose: CameraPose) -> tuple[Array, Array, Array]:
    """Times (K,), places (K,) m and their weights (K,) 1/m2, of the guess's body in looks (K, 5) t x1 y1 x2 y2: Newton."""
    t, boxes = looks[:, 0], looks[:, 1:]
    lane = np.full(2 * len(looks), guess.lane)
    limits = np.array([pose.width, pose.height], float)
    inside = np.concatenate([boxes[:, :2] > BORDER_PX, boxes[:, 2:] < limits - BORDER_PX], axis=1)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 4.0)[:, [0, 1, 0, 1]]
    now = edges(guess.x[None], lane[:1], table, pose)[0]
    habit = (boxes[-1] - now) / sides[-1] * sides
    # Where the picture's border cuts a vehicle its other edges are those of what is left of it.
    whole = inside & inside[-1]
    whole[:, [0, 2]] &= whole[:, 1:2] & whole[:, 3:]
    use = whole / (HABIT_SHARE * sides + HABIT_PX) ** 2
    use[:, 3] *= habit[:, 3] > -2 * EDGE_SHARE * sides[:, 3]
    x = np.tile(guess.x, (len(looks), 1))
    for _ in range(ROUNDS):
        ahead = x.copy()
        ahead[:, S] += 0.5
        both = edges(np.concatenate([x, ahead]), lane, table, pose)
        here = both[: len(x)]
        slope = (both[len(x) :] - here) / 0.5
        information = (use * slope**2).sum(1) + 1e-6
        step = (use * slope * (boxes - here - habit)).sum(1) / information
        x[:, S] += np.clip(step, -REACH_M, REACH_M)
    return t, x[:, S], information


def unseen_body(place: UnseenPlace, raised_m: float, parameters: TrackingParameters) -> tuple[Array, Array]:
    """State (6,) and covariance (6, 6) of one that nobody saw: it stands behind the vehicle ahead and fills the room.

    In room for more than one it is of middling length; raised_m: how much higher than usual the roofs are.
    """
    fits = place.room - 2 * parameters.gap_m
    length, height, width = SHAPES.mean(0)
    if fits < SHAPES[:, 0].max():
        length = max(fits, SHAPES[:, 0].min())
    x = np.zeros(STATES)
    x[[S, LENGTH, HEIGHT, WIDTH]] = place.begin + parameters.gap_m, length, height + raised_m, width
    sigma = np.zeros(STATES)
    sigma[[S, V, D]] = UNSEEN_SIGMA_M, parameters.standing_mps, parameters.offset_sigma_m
    sigma[[LENGTH, HEIGHT, WIDTH]] = UNSEEN_SIGMA_M, *SHAPES[:, 1:].std(0)
    return x, np.diag(sigma**2)


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
