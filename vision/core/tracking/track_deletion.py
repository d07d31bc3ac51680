"""Who is still there: one frame's hits and misses change the existence of vehicles (`existence`), few go with time. Pure."""

from __future__ import annotations

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

__all__ = ["judge", "lose_everyone"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
SQUEEZED_PER_S: Final = 0.3
LEAST_ROOM_M: Final = 5.0
LEAST_ROOM_UNSEEN_M: Final = 10.0
"""Who is out of sight between neighbours that leave less room than this, a car's or for one that no box ever showed a small
truck's with its gaps, is not there: a hazard of so much a second."""
HELD_GAP_M: Final = 6.0
HELD_HAZARD: Final = 0.1
"""The hazard is this share of the usual one where a driver stands this near behind: he would close up."""
LEFT_WITHIN_M: Final = 10.0
"""The first vehicle of a line that vanishes this near to the stop line has left."""
OUTAGE_EXPECTED: Final = 1.5
"""An empty frame in which so many vehicles should be found says nothing about them."""


def judge(
    scene: SceneState, sensor: Sensor, predicted: PredictedMeasurements, boxes: Boxes, *, owners: dict[int, int], allowed: Flags
) -> None:
    """Weighs a frame for and against the existence of each vehicle; those that hardly exist any more are dropped.

    owners: vehicle number by box; allowed: (N,) vehicles that the camera measures. `sight` is void after it.
    """
    states, chance = scene.states, sensor.detection.chance(predicted.look)
    numbers = states.number.tolist()
    vehicles = [scene.vehicles[number] for number in numbers]
    for vehicle, share in zip(vehicles, predicted.look.visible.tolist(), strict=True):
        vehicle.visible = share
    if sensor.last_t is None or (not len(boxes.score) and float(chance[allowed].sum()) > OUTAGE_EXPECTED):
        return
    dt = min(max(boxes.t - sensor.last_t, 0.0), 1.0)
    box_of = {number: column for column, number in owners.items()}
    hit = np.array([number in box_of for number in numbers], bool)
    known = allowed & np.array([vehicle.well_known for vehicle in vehicles], bool)
    sensor.detection.learn(predicted.look.of(known), states.number[known], hit[known], dt)
    sensor.detection.forget(set(numbers))
    p_d = chance * np.array([vehicle.found_share for vehicle in vehicles], float)
    ratio = np.zeros(len(numbers))
    columns = [box_of[number] for number in states.number[hit].tolist()]
    ratio[hit] = np.exp(sensor.detection.evidence(boxes.xyxy[columns], boxes.score[columns]))
    for row in np.flatnonzero(allowed).tolist():
        vehicles[row].expected(dt * float(chance[row]), found=bool(hit[row]))
    parameters = scene.parameters
    states.chain = existence.predict(
        states.chain, dt, Rates(parameters.hide_per_s, parameters.show_per_s, _hazard(scene, vehicles, boxes.t))
    )
    states.chain[allowed] = existence.update(states.chain, np.minimum(p_d, parameters.found_at_most), ratio)[allowed]
    there = existence.existence(states.chain)
    for row in np.flatnonzero(there < parameters.drop_below).tolist():
        _drop(scene, vehicles[row], row, float(there[row]))
    states.keep(there >= parameters.drop_below)


def lose_everyone(scene: SceneState) -> None:
    """Ends all visits as lost: after a gap in which several vehicles may have left nobody can be told from his successor."""
    for vehicle in scene.vehicles.values():
        if vehicle.visit is not None:
            scene.lines[vehicle.lane_id].lose(vehicle, vehicle.seen_t)
    scene.vehicles.clear()
    scene.states.keep(np.zeros(len(scene.states), bool))
    scene.undetected.clear()
    scene.began_t = None


def _hazard(scene: SceneState, vehicles: list[Vehicle], t: float) -> Array:
    """Rate (N,) a second at which each vehicle ceases to be where it is thought to be, without being seen to leave."""
    states = scene.states
    _, ahead = states.order()
    behind = np.full(len(states), -1, np.intp)
    behind[ahead[ahead >= 0]] = np.flatnonzero(ahead >= 0)
    followed = behind >= 0
    unseen = np.array([t - vehicle.seen_t > SEEN_RECENTLY_S for vehicle in vehicles], bool)
    never = np.array([vehicle.hits == 0 for vehicle in vehicles], bool)
    s, rear = states.x[:, S], states.x[:, S] + states.x[:, LENGTH]
    held = followed & (s[behind] - rear < HELD_GAP_M) & (states.x[behind, V] < scene.parameters.standing_mps) & ~unseen[behind]
    room = np.where(followed & (ahead >= 0), s[behind] - rear[ahead], np.inf)
    squeezed = unseen & (room < np.where(never, LEAST_ROOM_UNSEEN_M, LEAST_ROOM_M))
    rate = scene.parameters.vanish_per_s * np.where(held, HELD_HAZARD, 1.0)
    return np.asarray(np.where(squeezed, SQUEEZED_PER_S, rate))


def _drop(scene: SceneState, vehicle: Vehicle, row: int, existence_left: float) -> None:
    """Ends a vehicle; what is left of its existence goes to the undetected ones (recycling, Williams 2012)."""
    del scene.vehicles[vehicle.number]
    if vehicle.visit is None:
        return
    line, s = scene.lines[vehicle.lane_id], float(scene.states.x[row, S])
    drove = vehicle.moved or vehicle.present_at_start
    if line.vehicles[0] is vehicle and s < LEFT_WITHIN_M and vehicle.well_known and drove:
        line.depart(vehicle, vehicle.seen_t)
    else:
        scene.undetected.recycle(int(scene.states.lane[row]), s, existence_left)
        line.lose(vehicle, vehicle.seen_t)
