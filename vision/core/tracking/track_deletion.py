"""Vehicles that should be found and are not: how long each is missed, and when it is taken to have gone. Pure."""

from __future__ import annotations

import os
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.core.geometry.vehicle_projection import LENGTH, S, V
from vision.core.lanes.vehicle import Vehicle
from vision.core.tracking import existence
from vision.core.tracking.association import PredictedMeasurements
from vision.core.tracking.existence import Rates
from vision.core.tracking.scene_state import SEEN_RECENTLY_S, SceneState
from vision.core.tracking.sensor import Boxes, Sensor

__all__ = ["lose_everyone", "miss"]


def _e(n, d):
    return float(os.environ.get(n, d))


SQUEEZE = _e("SQ", 0.3)
K = _e("K", 6.0)
GHOST_ROOM = _e("GR", 10.0)
RECYCLE = _e("REC", 1)
HELD = _e("HELD", 0.1)
EFFECT = _e("EFF", 0.3)
S0 = _e("S0", 0.6)
LIM = _e("LIM", 3.0)
HIDE = _e("HIDE", 0.03)
SHOW = _e("SHOW", 0.3)
DIE = _e("DIE", 0.0005)
DIE_HEAD = _e("DIE_HEAD", 0.0005)
DIE_GONE = _e("DIE_GONE", 1.0)
DROP = _e("DROP", 0.1)
PATIENCE_S: Final = 6.0
"""A vehicle that should be in plain sight for so long, and is not found, has gone."""
PATIENCE_NEW_S: Final = 2.0
STRONG_MISSED: Final = 0.8
"""A vehicle whose boxes are this strong is real, though it may be hard to see; weaker ones get no such allowance."""
PATIENCE_GONE_S: Final = 1.0
"""One that has passed the stop line only drives away: its box must not be taken for the next one's."""
PATIENCE_HELD_S: Final = 20.0
HELD_GAP_M: Final = 6.0
"""A vehicle is held so long, if the next one stands this near behind it."""
SEEN_ENOUGH_S: Final = 4.0
DOUBTFUL_S: Final = 20.0
"""One that was found for less than the first stays out of sight for no longer than the second; the others as long as
something hides them."""
LEFT_WITHIN_M: Final = 10.0
"""The first vehicle of a line that vanishes this near to the stop line has left."""
OUTAGE_EXPECTED: Final = 1.5
"""An empty frame in which so many vehicles should be found says nothing about them."""


def miss(
    road: SceneState,
    eye: Sensor,
    sight: PredictedMeasurements,
    boxes: Boxes,
    *,
    allowed: NDArray[np.bool_],
    found: NDArray[np.intp],
    columns: NDArray[np.intp],
) -> None:
    """Counts the time for which vehicles that should be found are not; those with too much of it have gone.

    allowed: (N,) vehicles that the camera measures; found: rows of those that it found. `sight` is void after it.
    """
    chance = eye.acuity.chance(sight.look)
    numbers = road.bodies.number.tolist()
    for number, share in zip(numbers, sight.look.visible.tolist(), strict=True):
        road.vehicles[number].visible = share
    if eye.last_t is None or (not len(boxes.score) and float(chance[allowed].sum()) > OUTAGE_EXPECTED):
        return
    dt = min(max(boxes.t - eye.last_t, 0.0), 1.0)
    hit = np.zeros(len(numbers), bool)
    hit[found] = True
    known = allowed & np.array([road.vehicles[number].well_known for number in numbers], bool)
    eye.acuity.learn(sight.look.of(known), road.bodies.number[known], hit[known], dt)
    eye.acuity.forget(set(numbers))
    bodies = road.bodies
    if EFFECT:
        chance = chance * np.array(
            [max((10 + v.found_s) / (10 + v.due_s), EFFECT) for v in (road.vehicles[n] for n in numbers)]
        )
    for number, due, was in zip(numbers, (eye.acuity.chance(sight.look) * dt).tolist(), hit.tolist(), strict=True):
        if allowed[numbers.index(number)]:
            road.vehicles[number].due_s += due
            road.vehicles[number].found_s += due * was
    ratio = np.zeros(len(numbers))
    strength = eye.acuity.strength(boxes.xyxy, boxes.score)[columns]
    ratio[found] = np.exp(np.clip(K * (strength - S0), -LIM, LIM))
    bodies.chain = existence.predict(bodies.chain, dt, Rates(HIDE, SHOW, _die(road, boxes.t)))
    after = existence.update(bodies.chain, np.minimum(chance, 0.97), ratio)
    bodies.chain[allowed] = after[allowed]
    keep = np.ones(len(numbers), bool)
    for row in np.flatnonzero(existence.existence(bodies.chain) < DROP).tolist():
        keep[row] = False
        dropped = road.vehicles[numbers[row]]
        if dropped.visit is not None and RECYCLE:
            arrived = dropped.visit.arrived_t
            road.undetected.recycle(
                int(bodies.lane[row]),
                float(bodies.x[row, S]),
                arrived,
                float(existence.existence(bodies.chain[row : row + 1])[0]),
            )
        _forget(road, road.vehicles[numbers[row]], float(bodies.x[row, S]))
    bodies.keep(keep)


def lose_everyone(road: SceneState) -> None:
    """Ends all visits as lost: after a gap in which several vehicles may have left nobody can be told from his successor."""
    for vehicle in road.vehicles.values():
        if vehicle.visit is not None:
            road.lines[vehicle.lane_id].lose(vehicle, vehicle.seen_t)
    road.vehicles.clear()
    road.bodies.keep(np.zeros(len(road.bodies), bool))
    road.began_t = None


def _die(road: SceneState, t: float) -> NDArray[np.float64]:
    bodies = road.bodies
    order, ahead = bodies.order()
    vehicles = [road.vehicles[n] for n in bodies.number.tolist()]
    head = ahead < 0
    gone = np.array([v.gone for v in vehicles], bool)
    rate = np.where(gone, DIE_GONE, np.where(head, DIE_HEAD, DIE))
    # Whoever is out of sight and has no room between his neighbours is not there.
    behind = np.full(len(bodies), -1, np.intp)
    behind[ahead[ahead >= 0]] = np.flatnonzero(ahead >= 0)
    s, rear = bodies.x[:, S], bodies.x[:, S] + bodies.x[:, LENGTH]
    room = np.where((ahead >= 0) & (behind >= 0), s[behind] - rear[ahead], np.inf)
    unseen = np.array([t - v.seen_t > SEEN_RECENTLY_S for v in vehicles], bool)
    # A driver who stands right behind it would close up if it were not there.
    held = (behind >= 0) & (s[behind] - rear < 6.0) & (bodies.x[behind, V] < 0.5) & ~unseen[behind]
    rate = np.where(held & ~gone, HELD * rate, rate)
    never = np.array([v.hits == 0 for v in vehicles], bool)
    least = np.where(never, GHOST_ROOM, 5.0)
    return np.asarray(np.where(unseen & (room < least), np.maximum(rate, SQUEEZE), rate))


def _forget(road: SceneState, vehicle: Vehicle, s: float) -> None:
    del road.vehicles[vehicle.number]
    if vehicle.visit is None:
        return
    line = road.lines[vehicle.lane_id]
    if line.vehicles[0] is vehicle and s < LEFT_WITHIN_M and vehicle.well_known:
        line.depart(vehicle, vehicle.seen_t)
    else:
        line.lose(vehicle, vehicle.seen_t)
