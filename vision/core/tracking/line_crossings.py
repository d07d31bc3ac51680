"""Lines that vehicles on the ground cross: arrivals at the zone's entry, changes of lane, departures at the stop line. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from vision.core.geometry.camera_model import CameraPose
from vision.core.geometry.vehicle_projection import LENGTH, D, S, V, appearance
from vision.core.lanes.lane_queue import LaneQueue
from vision.core.lanes.vehicle import Vehicle
from vision.core.tracking.existence import existence
from vision.core.tracking.scene_state import ARRIVAL_SPEED, SEEN_RECENTLY_S, SceneState

__all__ = ["change_lanes", "pass_lines", "publish"]

STANDING_MPS: Final = 5 / 3.6
"""Slower than 5 km/h is standing (SUMO's E2 detector)."""
PAST_M: Final = -1.0
PAST_SIGMAS: Final = 2.0
"""A moving front this far, and so many sigmas of its place, past the stop line has passed it. The moment is worked out
from its speed, so that being sure costs no accuracy."""
SURELY_PAST_M: Final = -9.0
"""Vehicles halt at the stop line: one that stands a little past it is still there, only seen badly; not so far past it."""
FORGET_PAST_M: Final = -25.0
FORGET_BEYOND_M: Final = 300.0
"""A vehicle without a visit is out of reach so far past the stop line, or so far upstream of it."""
BEHIND_M: Final = 10.0
"""Who is this near behind the end of a queue stands or will stand in it: the gaps of a driver who comes to a halt."""
HEADWAY_S: Final = 2.0
"""Vehicles come at least so long after each other."""
JUST_LEFT_S: Final = 30.0
STOOD_M: Final = 25.0
"""Who is found at the head of a line this soon after the last departure, this near to the stop line, had stood there behind
the one that left."""
CENSORED_M: Final = 60.0
"""Of a vehicle that was found this far inside the zone the arrival is not known."""
SHARED_SHARE: Final = 0.5
"""Places on a lane that share this much of the shorter vehicle's length cannot both be right; with less, the order of the
line parts them."""
KEEPS_M: Final = 0.6
"""A vehicle out of sight is taken to keep inside its lane: one wrong box must not leave it beside the others, in plain view."""
ASIDE_M: Final = 1.2
CHANGE_MARGIN_M: Final = 0.5
CHANGE_VISIBLE: Final = 0.25
CHANGE_S: Final = 0.8
"""A vehicle so far aside of its axis changes lanes once it is nearer to another axis by this margin, would be in sight there
with this share, and stays so for this time: one wrong box is no change of lane."""


class _Place(NamedTuple):
    """A place on the road: lane index, metres along its axis and to its right."""

    lane: int
    s: float
    d: float


def change_lanes(scene: SceneState, pose: CameraPose, t: float) -> None:
    """Moves vehicles that came nearer to another lane's axis to that lane; those that cannot be there stay in theirs."""
    states = scene.states
    for row, number in enumerate(states.number.tolist()):
        vehicle = scene.vehicles[number]
        if t - vehicle.seen_t > SEEN_RECENTLY_S:
            states.x[row, D] = np.clip(states.x[row, D], -KEEPS_M, KEEPS_M)
            vehicle.aside_since = None
            continue
        there = _beside(scene, row) if abs(states.x[row, D]) > ASIDE_M else None
        if there is None:
            vehicle.aside_since = None
        elif not _is_free(scene, row, there) or _visible(scene, pose, row, there) < CHANGE_VISIBLE:
            states.x[row, D] = np.clip(states.x[row, D], -ASIDE_M, ASIDE_M)
        elif vehicle.aside_since is None:
            vehicle.aside_since = t
        elif vehicle.seen_t == t and t - vehicle.aside_since >= CHANGE_S:
            scene.take_to(there.lane, there.s, there.d, row, t)


def pass_lines(scene: SceneState, t: float) -> None:
    """Lets vehicles arrive at the zone's entry and depart at the stop line, and forgets those that are out of reach."""
    states = scene.states
    keep = np.ones(len(states), bool)
    for row, number in enumerate(states.number.tolist()):
        vehicle = scene.vehicles[number]
        s = float(states.x[row, S])
        line = scene.lines[vehicle.lane_id]
        past = PAST_M - PAST_SIGMAS * float(states.p[row, S, S]) ** 0.5
        v, visit = float(states.x[row, V]), vehicle.visit
        if _pass(line, vehicle, s, v, t, past=past, began_t=scene.began_t):
            states.driving(int(states.lane[row])).learn_pass(v, halted=visit is not None and visit.joined_t is not None)
            scene.height_bias.learn(states, row)
        _clear(line, vehicle, s + float(states.x[row, LENGTH]) + scene.parameters.gap_m, t)
        if vehicle.visit is None and not FORGET_PAST_M < s < FORGET_BEYOND_M:
            keep[row] = False
            del scene.vehicles[number]
    if not keep.all():
        states.keep(keep)


def publish(scene: SceneState, t: float) -> None:
    """Hands the vehicles' places to their lanes' lines."""
    states = scene.states
    for number, x in zip(states.number.tolist(), states.x.tolist(), strict=True):
        vehicle = scene.vehicles[number]
        vehicle.front, vehicle.rear, vehicle.speed = x[S], x[S] + x[LENGTH], x[V]
        vehicle.set_slow(x[V] < STANDING_MPS, t)
        vehicle.moved = vehicle.moved or (x[V] > STANDING_MPS and vehicle.seen_t == t)
    there = existence(states.chain)
    for number, r in zip(states.number.tolist(), there.tolist(), strict=True):
        scene.vehicles[number].existence = r
    for lane, line in enumerate(scene.lines.values()):
        line.update(t)
        joined = [vehicle.rear for vehicle in line.vehicles if vehicle.visit is not None and vehicle.visit.joined_t is not None]
        line.undetected = scene.undetected.between(lane, 0.0, max(joined) + BEHIND_M) if joined else 0.0


def _beside(scene: SceneState, row: int) -> _Place | None:
    """Where a vehicle is on the lane whose axis it is nearer to than to its own; None if there is no such lane."""
    lane, axis = int(scene.states.lane[row]), scene.axes[int(scene.states.lane[row])]
    if axis is None:
        return None
    s, d = float(scene.states.x[row, S]), float(scene.states.x[row, D])
    along = axis.direction(s)
    point = axis.at(np.array([s]))[0] + np.array([along[1], -along[0]]) * d
    for other, beside in enumerate(scene.axes):
        if other == lane or beside is None:
            continue
        new_s, new_d = (float(a[0]) for a in beside.locate(point[None]))
        if abs(new_d) < abs(d) - CHANGE_MARGIN_M:
            return _Place(other, new_s, new_d)
    return None


def _is_free(scene: SceneState, row: int, there: _Place) -> bool:
    """Whether nobody is where a vehicle would be that came to another lane."""
    states = scene.states
    s, rears = there.s, states.x[:, S] + states.x[:, LENGTH]
    shared = np.minimum(s + states.x[row, LENGTH], rears) - np.maximum(s, states.x[:, S])
    too_much = shared > SHARED_SHARE * np.minimum(states.x[row, LENGTH], states.x[:, LENGTH])
    return not bool(((states.lane == there.lane) & too_much).any())


def _visible(scene: SceneState, pose: CameraPose, row: int, there: _Place) -> float:
    """The share of a vehicle's picture that would be in sight at a place."""
    x, lane = scene.states.x.copy(), scene.states.lane.copy()
    x[row, [S, D]], lane[row] = (there.s, there.d), there.lane
    return float(appearance(x, lane, scene.table, pose).visible[row])


def _pass(line: LaneQueue, vehicle: Vehicle, s: float, v: float, t: float, *, past: float, began_t: float | None) -> bool:
    """Lets a vehicle arrive or depart; whether it departed."""
    if vehicle.visit is not None:
        if (s < past and v > STANDING_MPS) or s < SURELY_PAST_M:
            line.depart(vehicle, round(max(t + s / max(v, 1.0), vehicle.first_seen_t), 3))
            vehicle.gone = True
            return True
    elif not vehicle.gone:
        if s < PAST_M:
            vehicle.gone = True
        elif s <= line.lane.zone_m:
            _arrive(vehicle, line, s, v, t, began_t=began_t)
    return False


def _arrive(vehicle: Vehicle, line: LaneQueue, s: float, v: float, t: float, *, began_t: float | None) -> None:
    """Begins a visit; who must have come before the first frame was there from the start, nobody knows since when."""
    zone = line.lane.zone_m
    if vehicle.front > zone:
        vehicle.present_at_start = False
        line.enter(vehicle, round(t - (zone - s) / max(v, 1.0), 3), start_censored=False)
        return
    arrived = _inferred_arrival(vehicle, line, s, v)
    if vehicle.present_at_start or (began_t is not None and arrived < began_t):
        vehicle.present_at_start = True
        line.enter(vehicle, None, start_censored=True)
    else:
        line.enter(vehicle, arrived, start_censored=zone - s > CENSORED_M, inferred=True)


def _clear(line: LaneQueue, vehicle: Vehicle, rear: float, t: float) -> None:
    """Notes when a vehicle that was seen to arrive left room in the zone for the next one."""
    visit = vehicle.visit
    if visit is None or visit.arrived_t is None or visit.inferred:
        return
    if vehicle.cleared_t is None and rear < line.lane.zone_m:
        vehicle.cleared_t = t


def _inferred_arrival(vehicle: Vehicle, line: LaneQueue, s: float, v: float) -> float:
    """When a vehicle that was found in the zone came: after the one ahead and before the one behind it.

    One that drives has just come. One that stands, or that others have come after, came unseen: right behind the one ahead,
    which may have left just now.
    """
    ahead = max((other for other in line.vehicles if other.front < s), key=lambda other: other.front, default=None)
    cleared_t = None if ahead is None else ahead.cleared_t
    arrivals = [(o.front, o.visit.arrived_t) for o in line.vehicles if o.visit and o.visit.arrived_t is not None]
    after = max((arrived_t for front, arrived_t in arrivals if front < s), default=-np.inf)
    before = min((arrived_t for front, arrived_t in arrivals if front > s), default=np.inf)
    stood = v < STANDING_MPS
    if ahead is None and s < STOOD_M and line.left is not None and vehicle.first_seen_t - line.left.left_t < JUST_LEFT_S:
        stood, after, cleared_t = True, line.left.arrived_t, line.left.cleared_t
    guess = vehicle.first_seen_t - (line.lane.zone_m - s) / ARRIVAL_SPEED
    if cleared_t is not None and (stood or not after < guess < before):
        guess = cleared_t
    if before < np.inf and not after < guess < before:
        guess = (max(after, before - 2 * HEADWAY_S) + before) / 2
    return round(max(guess, min(after + HEADWAY_S, vehicle.first_seen_t)), 3)
