"""Boxes that show nobody known: followed in the picture until they are sure enough to be a new vehicle. Pure."""

from __future__ import annotations

from collections.abc import Set
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.core.geometry.boxes import overlap_of_first
from vision.core.geometry.camera_model import CameraPose
from vision.core.geometry.vehicle_projection import HEIGHT, LENGTH, STATES, WIDTH, Appearance, S, appearance
from vision.core.lanes.vehicle import Vehicle
from vision.core.tracking.image_tracks import Track
from vision.core.tracking.initial_state import Guess, guess_body, guess_speed
from vision.core.tracking.scene_state import ARRIVAL_SPEED, SceneState
from vision.core.tracking.sensor import Boxes, Sensor
from vision.core.tracking.track_stitching import adopt, changed_vehicle, clash, lost_vehicle

__all__ = ["consider", "follow"]

import os

R0 = float(os.environ.get("R0", 0.9))
_K = float(os.environ.get("KB", 4.0))
_S0 = float(os.environ.get("SB", 0.45))
CONFIRM = float(os.environ.get("CONF", 3.0))
NOBODY = float(os.environ.get("NOB", 0.002))
USUAL_COST = float(os.environ.get("UC", 8.0))
SHORTEST = 4.0
CHANGED = float(os.environ.get('CHG', .001))
CONFIRM_HITS: Final = 3
CONFIRM_S: Final = 0.6
CONFIRM_STRENGTH: Final = 2.4
CONFIRM_MEAN: Final = 0.55
"""A new vehicle needs so many boxes over so long, this sum of their strengths and this mean. Weaker boxes do for one that is
known: detectors draw doubles, shadows and slivers of vehicles again and again, but weakly."""
CERTAIN_S: Final = 12.0
CERTAIN_SHARE: Final = 0.4
"""What it takes where a vehicle cannot have come unseen, time and share of the frames with it: detectors keep seeing
trucks in shadows for many seconds."""
STRONG_NEWCOMER: Final = 0.85
STRONG_COST: Final = 9.0
STRONG_S: Final = 1.5
"""Or else a box this strong that fits a body this well, after this time."""
OVERDUE_M: Final = 15.0
OVERDUE_CHANCE: Final = 0.7
"""A vehicle cannot have come unseen if it is surely found where it is and so far upstream of that."""
TRY_AGAIN_S: Final = 1.0
TRY_AGAIN_SHARE: Final = 0.3
"""A box that could not be placed is looked at again after this time, and after this share of its age."""
LEAST_VISIBLE: Final = 0.02
OFF_SHARE: Final = 0.3
OFF_PX: Final = 3.0
"""A new vehicle shows at least this share of its picture, its edges no farther from the box than this share of it."""
PART_SHARE: Final = 0.75
"""A box that lies this much in the box of a known vehicle is a part of it."""
AT_START_S: Final = 3.0
APPROACH_M: Final = 10.0
"""A vehicle this near to the zone's end, or beyond it, is on its way."""


def follow(eye: Sensor, boxes: Boxes, taken: Set[int]) -> list[Track]:
    """Follows the boxes that belong to nobody; returns those of their tracks that are sure enough to be looked at."""
    free = _free(boxes, taken)
    tracks = eye.tracker.step(boxes.xyxy[free], boxes.score[free], boxes.class_id[free], boxes.t)
    alive = {track.number for track in eye.tracker.tracks}
    eye.tried = {number: tried for number, tried in eye.tried.items() if number in alive}
    return [track for track in tracks if _confirmed(track, eye, boxes.t) and _due(track, eye, boxes.t)]


def consider(road: SceneState, eye: Sensor, pose: CameraPose, track: Track, t: float) -> None:
    """Makes a followed box a vehicle if a body on a lane explains it and its place is free."""
    eye.tried[track.number] = t
    raised_m = road.roofs.raised_m
    guess = guess_body(np.array(track.box), np.array(track.votes), eye.zones, road.table, pose, raised_m=raised_m)
    if guess is None or not eye.measures(guess.lane, guess.x[S]):
        return
    if not _shows(road, pose, guess, np.array(track.box)):
        return
    approaching = bool(guess.x[S] > eye.zones[guess.lane] - APPROACH_M)
    speeds = road.bodies.driving(guess.lane).speeds(approaching=approaching, standing_mps=road.parameters.standing_mps)
    guess_speed(guess, track, road.table, pose, speeds)
    other = clash(road, guess, t)
    if other == "taken":
        return
    lost = lost_vehicle(road, guess, t) if other is None else other
    prior = 0.5
    if lost is None:
        lost, prior = changed_vehicle(road, guess, t, track.first_t), CHANGED
    if lost is None:
        prior = road.undetected.number(guess.lane, float(guess.x[S]), float(guess.p[S, S]) ** 0.5) + NOBODY
    if np.log(prior) + _evidence(track, eye) - 0.5 * (guess.cost - USUAL_COST) < CONFIRM:
        return
    eye.tracker.drop({track.number})
    if lost is None:
        _begin(road, eye, track, guess, t)
    else:
        adopt(road, lost, guess, t)


def infer(road: SceneState, eye: Sensor, t: float) -> None:
    """Makes vehicles of those that nobody saw but that are surely there."""
    bodies = road.bodies
    for lane, s, room, number in road.undetected.certain(road):
        name = eye.tracker._next_number()
        length = min(max(room - 2 * road.parameters.gap_m, SHORTEST), 16.0)
        if room > 22.0:
            length = 12.0
        x, p = np.zeros(STATES), np.diag([9.0, 0.25, 9.0, 0.5, 0.05, 0.1])
        x[[S, LENGTH, HEIGHT, WIDTH]] = s, length, 3.2 + road.roofs.raised_m, 2.4
        vehicle = Vehicle(name, road.ids[lane], t, t, s, s + length)
        vehicle.arrived = road.undetected.arrived_t(lane, s, 5.0)
        vehicle.votes[0] = 0.1
        road.vehicles[name] = vehicle
        bodies.add(name, lane, x, p, min(number, 0.9))


def _free(boxes: Boxes, taken: Set[int]) -> NDArray[np.intp]:
    free = np.array([i for i in range(len(boxes.score)) if i not in taken], np.intp)
    others = np.array(sorted(taken), np.intp)
    if len(free) and len(others):
        free = free[overlap_of_first(boxes.xyxy[free], boxes.xyxy[others]).max(1) < PART_SHARE]
    return free


def _evidence(track: Track, eye: Sensor) -> float:
    """Ln of how much likelier a vehicle gave a track's boxes their scores than a source of false boxes."""
    return float(np.clip(_K * (_strength(track, eye) - _S0), -1.5, 3.0)) * track.hits


def _confirmed(track: Track, eye: Sensor, t: float) -> bool:
    return track.hits >= 2 and _evidence(track, eye) > CONFIRM - 2.0


def _strength(track: Track, eye: Sensor) -> float:
    """The mean strength of a track's boxes."""
    return float(eye.acuity.strength(np.array([track.box]), np.array([track.score_sum / track.hits]))[0])


def _due(track: Track, eye: Sensor, t: float) -> bool:
    return t - eye.tried.get(track.number, -np.inf) >= max(TRY_AGAIN_S, TRY_AGAIN_SHARE * (t - track.first_t))


def _begin(road: SceneState, eye: Sensor, track: Track, guess: Guess, t: float) -> None:
    front = float(guess.x[S])
    vehicle = Vehicle(track.number, road.ids[guess.lane], track.first_t, t, front, float(guess.x[S] + guess.x[LENGTH]))
    vehicle.votes = list(track.votes)
    vehicle.hits = track.hits
    vehicle.strength = _strength(track, eye)
    vehicle.arrived = road.undetected.arrived_t(guess.lane, front, float(guess.p[S, S]) ** 0.5)
    vehicle.present_at_start = road.since_began_s(track.first_t) < AT_START_S
    road.vehicles[track.number] = vehicle
    road.bodies.add(track.number, guess.lane, guess.x, guess.p, R0)


def _shows(road: SceneState, pose: CameraPose, guess: Guess, box: NDArray[np.float64]) -> bool:
    """Whether a body among the known vehicles would be in sight, and about where the box (4,) is."""
    look = _look(road, pose, guess, guess.x, np.ones(len(road.bodies), bool))
    if look.visible[-1] < LEAST_VISIBLE:
        return False
    low, high = np.minimum(look.full[-1], look.modal[-1]), np.maximum(look.full[-1], look.modal[-1])
    off = np.maximum(np.maximum(low - box, box - high), 0.0)
    return bool((off < OFF_SHARE * np.maximum(box[2:] - box[:2], 4.0)[[0, 1, 0, 1]] + OFF_PX).all())


def _overdue(road: SceneState, eye: Sensor, pose: CameraPose, guess: Guess, t: float) -> bool:
    """Whether a vehicle at this place would have been found on its way to it: it was never hidden nor too small."""
    if road.since_began_s(t) < OVERDUE_M / ARRIVAL_SPEED or guess.x[S] > eye.zones[guess.lane] - OVERDUE_M:
        return False
    before = guess.x.copy()
    before[S] += OVERDUE_M
    # Who is behind it in its lane came later, and did not hide it on its way.
    then = (road.bodies.lane != guess.lane) | (road.bodies.x[:, S] < guess.x[S])
    looks = [_look(road, pose, guess, x, then) for x in (guess.x, before)]
    return min(float(eye.acuity.chance(look)[-1]) for look in looks) > OVERDUE_CHANCE


def _look(road: SceneState, pose: CameraPose, guess: Guess, x: NDArray[np.float64], among: NDArray[np.bool_]) -> Appearance:
    """The look of these known vehicles (N,) and, last, of a body (6,) on the guess's lane."""
    bodies = road.bodies
    return appearance(np.vstack([bodies.x[among], x[None]]), np.append(bodies.lane[among], guess.lane), road.table, pose)


def _certain(track: Track, guess: Guess, eye: Sensor, t: float) -> bool:
    """Whether a box must be a vehicle wherever it came from: strong and shaped like one, or followed for long."""
    age = t - track.first_t
    if age >= STRONG_S and guess.cost < STRONG_COST and _strength(track, eye) > STRONG_NEWCOMER:
        return True
    return age >= CERTAIN_S and track.hits * eye.period_s >= CERTAIN_SHARE * age
