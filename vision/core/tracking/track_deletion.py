"""Vehicles that should be found and are not: how long each is missed, and when it is taken to have gone. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.core.geometry.vehicle_projection import LENGTH, S
from vision.core.lanes.vehicle import Vehicle
from vision.core.tracking.association import PredictedMeasurements
from vision.core.tracking.scene_state import SEEN_RECENTLY_S, SceneState
from vision.core.tracking.sensor import Boxes, Sensor

__all__ = ["lose_everyone", "miss"]

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
    missed = allowed.copy()
    missed[found] = False
    known = allowed & np.array([road.vehicles[number].well_known for number in numbers], bool)
    eye.acuity.learn(sight.look.of(known), road.bodies.number[known], ~missed[known], dt)
    eye.acuity.forget(set(numbers))
    keep = np.ones(len(numbers), bool)
    patience = _patience(road, boxes.t)
    for row in np.flatnonzero(allowed).tolist():
        vehicle = road.vehicles[numbers[row]]
        due = dt * float(chance[row])
        vehicle.due_s += due
        if not missed[row]:
            vehicle.found_s += due
            continue
        vehicle.missed_s += due * (vehicle.conspicuous if vehicle.strength > STRONG_MISSED else 1.0)
        doubtful = vehicle.hits * eye.period_s < SEEN_ENOUGH_S and boxes.t - vehicle.seen_t > DOUBTFUL_S
        if doubtful or vehicle.missed_s > patience[row]:
            keep[row] = False
            _forget(road, vehicle, float(road.bodies.x[row, S]))
    road.bodies.keep(keep)


def lose_everyone(road: SceneState) -> None:
    """Ends all visits as lost: after a gap in which several vehicles may have left nobody can be told from his successor."""
    for vehicle in road.vehicles.values():
        if vehicle.visit is not None:
            road.lines[vehicle.lane_id].lose(vehicle, vehicle.seen_t)
    road.vehicles.clear()
    road.bodies.keep(np.zeros(len(road.bodies), bool))
    road.began_t = None


def _patience(road: SceneState, t: float) -> list[float]:
    """How long (N,) each vehicle may be missed. One whose follower stands behind it is still there: else he would move up."""
    bodies = road.bodies
    order, ahead = bodies.order()
    held = np.zeros(len(bodies), bool)
    for row in order[ahead[order] >= 0].tolist():
        lead = int(ahead[row])
        gap = bodies.x[row, S] - bodies.x[lead, S] - bodies.x[lead, LENGTH]
        follower = road.vehicles[int(bodies.number[row])]
        held[lead] = gap < HELD_GAP_M and follower.standing(t) and t - follower.seen_t < SEEN_RECENTLY_S
    vehicles = [road.vehicles[n] for n in bodies.number.tolist()]
    return [
        PATIENCE_GONE_S if v.gone else PATIENCE_NEW_S if not v.well_known else PATIENCE_HELD_S if stays else PATIENCE_S
        for v, stays in zip(vehicles, held.tolist(), strict=True)
    ]


def _forget(road: SceneState, vehicle: Vehicle, s: float) -> None:
    del road.vehicles[vehicle.number]
    if vehicle.visit is None:
        return
    line = road.lines[vehicle.lane_id]
    if line.vehicles[0] is vehicle and s < LEFT_WITHIN_M and vehicle.well_known:
        line.depart(vehicle, vehicle.seen_t)
    else:
        line.lose(vehicle, vehicle.seen_t)
