"""New vehicles: boxes that show nobody known, followed until it is likelier that they show one, and who is surely unseen. Pure.

What is followed is a vehicle once its log odds pass a threshold: ln of how many undetected vehicles are expected at its place
(`undetected_vehicles`), or of how likely a known one came there unseen, + the evidence of its boxes' scores - half of how
badly the best body fits.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.core.geometry.boxes import overlap_of_first
from vision.core.geometry.camera_model import CameraPose
from vision.core.geometry.vehicle_projection import LENGTH, S, appearance
from vision.core.lanes.vehicle import Vehicle
from vision.core.tracking.image_tracks import Track
from vision.core.tracking.initial_state import Guess, guess_body, guess_speed, unseen_body
from vision.core.tracking.scene_state import SceneState
from vision.core.tracking.sensor import Boxes, Sensor
from vision.core.tracking.track_stitching import LOST_FOUND, adopt, changed_vehicle, clash, lost_vehicle

__all__ = ["consider", "follow", "infer"]

LEAST_HITS: Final = 2
"""Boxes of which one may be chance."""
LIKELY_NATS: Final = 2.0
"""What the place and the fit of a body usually add at most to the evidence of the scores: before, no body is looked for."""
USUAL_MISFIT: Final = 8.0
"""A body that fits this badly, and is of a usual kind, tells neither for nor against a vehicle."""
NOBODY_EXPECTED: Final = 0.002
"""Vehicles at a place where none can be by all that is known, for not all is known."""
BORN: Final = 0.9
"""Existence of a new vehicle."""
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


def follow(scene: SceneState, sensor: Sensor, boxes: Boxes, taken: Set[int]) -> list[Track]:
    """Follows the boxes that belong to nobody; returns those of their tracks that are sure enough to be looked at."""
    free = _free(boxes, taken)
    tracks = sensor.tracker.step(boxes.xyxy[free], boxes.score[free], boxes.class_id[free], boxes.t)
    alive = {track.number for track in sensor.tracker.tracks}
    sensor.tried = {number: tried for number, tried in sensor.tried.items() if number in alive}
    return [track for track in tracks if _likely(track, sensor, scene) and _due(track, sensor, boxes.t)]


def consider(scene: SceneState, sensor: Sensor, pose: CameraPose, track: Track, t: float) -> None:
    """Makes a followed box a vehicle if a body on a lane explains it and its place is free."""
    sensor.tried[track.number] = t
    if not sensor.zones:
        return
    guess = guess_body(np.array(track.box), np.array(track.votes), sensor.candidates(scene, pose))
    if guess is None or not sensor.measures(guess.lane, guess.x[S]):
        return
    if not _shows(scene, pose, guess, np.array(track.box)):
        return
    approaching = bool(guess.x[S] > sensor.zones[guess.lane] - APPROACH_M)
    speeds = scene.states.driving(guess.lane).speeds(approaching=approaching, standing_mps=scene.parameters.standing_mps)
    guess_speed(guess, track, scene.table, pose, speeds)
    other = clash(scene, guess, t)
    if other == "taken":
        return
    lost, expected = (other, LOST_FOUND) if other is not None else _known_or_new(scene, guess, t, track.first_t)
    log_odds = np.log(expected) + _evidence(track, sensor) - (guess.cost - USUAL_MISFIT) / 2
    if log_odds < scene.parameters.confirm_nats:
        return
    sensor.tracker.drop({track.number})
    if lost is None:
        _begin(scene, track, guess, t)
    else:
        adopt(scene, lost, guess, t)


def infer(scene: SceneState, sensor: Sensor, t: float) -> None:
    """Makes vehicles of those that no box has shown but that are surely there."""
    for place in scene.undetected.take_sure(scene):
        number = sensor.next_number()
        x, p = unseen_body(place, scene.height_bias.raised_m, scene.parameters)
        vehicle = Vehicle(number, scene.ids[place.lane], t, t, float(x[S]), float(x[S] + x[LENGTH]))
        scene.vehicles[number] = vehicle
        scene.states.add(number, place.lane, x, p, BORN)


def _known_or_new(scene: SceneState, guess: Guess, t: float, first_t: float) -> tuple[int | None, float]:
    """Which vehicle most likely came to a free place unseen, None for a new one, and how many such are expected there."""
    new = scene.undetected.number(guess.lane, float(guess.x[S]), float(guess.p[S, S]) ** 0.5) + NOBODY_EXPECTED
    known = [one for one in (lost_vehicle(scene, guess, t), changed_vehicle(scene, guess, t, first_t)) if one is not None]
    expected, number = max(known, default=(0.0, None))
    return (number, expected) if expected > new else (None, new)


def _free(boxes: Boxes, taken: Set[int]) -> NDArray[np.intp]:
    free = np.array([i for i in range(len(boxes.score)) if i not in taken], np.intp)
    others = np.array(sorted(taken), np.intp)
    if len(free) and len(others):
        free = free[overlap_of_first(boxes.xyxy[free], boxes.xyxy[others]).max(1) < PART_SHARE]
    return free


def _likely(track: Track, sensor: Sensor, scene: SceneState) -> bool:
    return track.hits >= LEAST_HITS and _evidence(track, sensor) > scene.parameters.confirm_nats - LIKELY_NATS


def _evidence(track: Track, sensor: Sensor) -> float:
    """Ln of how much likelier a vehicle gives a track's boxes their scores than something else."""
    mean = sensor.detection.evidence(np.array([track.box]), np.array([track.score_sum / track.hits]))
    return float(mean[0]) * track.hits


def _due(track: Track, sensor: Sensor, t: float) -> bool:
    return t - sensor.tried.get(track.number, -np.inf) >= max(TRY_AGAIN_S, TRY_AGAIN_SHARE * (t - track.first_t))


def _begin(scene: SceneState, track: Track, guess: Guess, t: float) -> None:
    front = float(guess.x[S])
    vehicle = Vehicle(track.number, scene.ids[guess.lane], track.first_t, t, front, float(guess.x[S] + guess.x[LENGTH]))
    vehicle.votes = list(track.votes)
    vehicle.hits = track.hits
    vehicle.present_at_start = scene.since_began_s(track.first_t) < AT_START_S
    scene.vehicles[track.number] = vehicle
    scene.states.add(track.number, guess.lane, guess.x, guess.p, BORN)


def _shows(scene: SceneState, pose: CameraPose, guess: Guess, box: NDArray[np.float64]) -> bool:
    """Whether a body among the known vehicles would be in sight, and about where the box (4,) is."""
    states = scene.states
    look = appearance(np.vstack([states.x, guess.x[None]]), np.append(states.lane, guess.lane), scene.table, pose)
    if look.visible[-1] < LEAST_VISIBLE:
        return False
    low, high = np.minimum(look.full[-1], look.modal[-1]), np.maximum(look.full[-1], look.modal[-1])
    off = np.maximum(np.maximum(low - box, box - high), 0.0)
    return bool((off < OFF_SHARE * np.maximum(box[2:] - box[:2], 4.0)[[0, 1, 0, 1]] + OFF_PX).all())
