"""Calibrated lanes as a physical scene: vehicles on the ground, seen by one or more cameras. Pure.

Each frame: predict every vehicle (`vehicle_states`), work out how it should look, pair the frame's boxes with vehicles and
correct (`association`), count who is missed (`track_deletion`), follow the boxes that show nobody known (`track_initiation`),
then let the lanes' queues know who arrived, changed lane or left (`line_crossings`). What the stages share is the
`scene_state`; what is one camera's is its `sensor`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.config import Camera
from vision.core.events import Seen
from vision.core.geometry.camera_model import CameraPose
from vision.core.geometry.vehicle_projection import V
from vision.core.lanes.lane_queue import LaneQueue
from vision.core.lanes.overlay import PlacedBox, TailLine
from vision.core.lanes.vehicle import Vehicle
from vision.core.tracking.association import PredictedMeasurements
from vision.core.tracking.camera_fit import CameraFit
from vision.core.tracking.height_bias import HeightBias
from vision.core.tracking.line_crossings import change_lanes, pass_lines, publish
from vision.core.tracking.scene_state import SEEN_RECENTLY_S, SceneState
from vision.core.tracking.sensor import Boxes, Sensor
from vision.core.tracking.track_deletion import judge, lose_everyone
from vision.core.tracking.track_initiation import consider, follow, infer
from vision.tracking_parameters import TrackingParameters

__all__ = ["GroundScene"]

Rows = NDArray[np.intp]
Flags = NDArray[np.bool_]

GAP_LOST_S: Final = 90.0
"""After so long without a frame the old visits end as lost: a service takes about a minute."""
HALF_WIDTH_M: Final = 1.6
"""How far a line across a lane reaches to either side."""


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Rows (K,) of vehicles and columns (K,) of their boxes; columns that show a vehicle which the camera does not measure."""

    rows: Rows
    columns: Rows
    explained: set[int]


class GroundScene:
    """All calibrated lanes of a section, in metres."""

    def __init__(
        self,
        cameras: tuple[Camera, ...],
        lines: Mapping[str, LaneQueue],
        next_number: Callable[[], int],
        parameters: TrackingParameters,
    ) -> None:
        self._scene = SceneState.of(lines, parameters)
        self._sensors = {camera.id: Sensor.of(camera, self._scene, next_number) for camera in cameras}

    @property
    def name(self) -> str:
        """The key of its data in a checkpoint; a section has one at most."""
        return "ground"

    def resize(self, camera_id: str, width: int, height: int) -> None:
        """Takes a camera's frame size in pixels, which completes its pose."""
        self._sensors[camera_id].resize(width, height, self._scene)

    def restart(self, camera_id: str, t: float) -> None:  # noqa: ARG002 (of LaneScene)
        """Begins a new session of a camera: its tracks are forgotten, the vehicles on the ground stay."""
        self._sensors[camera_id].restart()

    def observe(self, seen: Seen) -> None:
        """Takes one frame."""
        sensor = self._sensors[seen.camera]
        if sensor.pose is None:
            return
        self._begin_frame(seen.t)
        boxes = Boxes.of(seen, sensor.pose)
        owners = self._match(sensor, sensor.pose, boxes)
        self._scene.states.part()
        change_lanes(self._scene, sensor.pose, seen.t)
        pass_lines(self._scene, seen.t)
        publish(self._scene, seen.t)
        sensor.finish(boxes, owners)

    def unchanged(self, camera_id: str, t: float) -> None:
        """Takes a frame without change: whom the last one showed halts and stays seen, nobody is found or missed."""
        sensor, scene = self._sensors[camera_id], self._scene
        if sensor.pose is None or sensor.last_t is None:
            return
        shown = [scene.vehicles[number] for _, number in sensor.last if number in scene.vehicles]
        for vehicle in shown:
            vehicle.seen_t = max(vehicle.seen_t, t)
        scene.states.x[np.isin(scene.states.number, [vehicle.number for vehicle in shown]), V] = 0.0
        self._predict(t)
        scene.undetected.predict(scene, t)
        scene.states.part()
        pass_lines(scene, t)
        publish(scene, t)
        sensor.stay(t)

    def fit(self, camera_id: str) -> CameraFit:
        """How well a camera's boxes and the vehicles agree."""
        return self._sensors[camera_id].record.fit

    def boxes(self, camera_id: str) -> list[PlacedBox]:
        """The last frame's boxes with track number and vehicle."""
        return [(box, number, self._scene.vehicles.get(number)) for box, number in self._sensors[camera_id].last]

    def tail_line(self, camera_id: str, lane_id: str, vehicle: Vehicle) -> TailLine | None:
        """The line across a lane at a vehicle's rear, or at the zone's end, in a picture, 0..1; None without a pose."""
        pose, table = self._sensors[camera_id].pose, self._scene.table
        if pose is None:
            return None
        lane = self._scene.ids.index(lane_id)
        index, s = np.array([lane]), min(vehicle.rear, self._scene.zone_m(lane))
        here, on = table.at(index, np.array([s]))[0], table.at(index, np.array([s + 1.0]))[0]
        right = np.array([on[1] - here[1], here[0] - on[0]]) * HALF_WIDTH_M
        ground = np.array([[*(here - right), 0.0], [*(here + right), 0.0]])
        (x1, y1), (x2, y2) = np.clip(pose.picture_points(ground), -0.5, 1.5).tolist()
        return (x1, y1), (x2, y2)

    def as_data(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        return {
            "began_t": self._scene.began_t,
            "lanes": list(self._scene.ids),
            "roofs": self._scene.height_bias.as_data(),
            "bodies": self._scene.states.as_data(),
            "undetected": self._scene.undetected.as_data(),
            "vehicles": [vehicle.as_data() for vehicle in self._scene.vehicles.values()],
            "eyes": {name: sensor.as_data() for name, sensor in self._sensors.items()},
        }

    def load(self, data: dict[str, Any]) -> dict[int, Vehicle]:
        """Goes on from what `as_data` described; the vehicles by number."""
        scene = self._scene
        scene.began_t = data["began_t"]
        for name, saved in data["eyes"].items():
            if name in self._sensors:
                self.resize(name, *saved["size"])
                self._sensors[name].load(saved)
        scene.height_bias = HeightBias(**data["roofs"])
        scene.states.load(data["bodies"])
        index = [scene.ids.index(name) if name in scene.ids else None for name in data["lanes"]]
        scene.states.renumber_lanes(index)
        if "undetected" in data:
            scene.undetected.load(data["undetected"], index)
        vehicles = (Vehicle.from_data(v) for v in data["vehicles"])
        scene.vehicles = {v.number: v for v in vehicles if v.lane_id in scene.ids}
        return scene.vehicles

    def _begin_frame(self, t: float) -> None:
        """Moves the vehicles on to t; after a long gap nobody is left of them."""
        scene = self._scene
        states = scene.states
        if len(states) and t - states.t > GAP_LOST_S:
            lose_everyone(scene)
        scene.began_t = t if scene.began_t is None else scene.began_t
        self._predict(t)

    def _predict(self, t: float) -> None:
        scene = self._scene
        recent = np.array([t - scene.vehicles[n].seen_t < SEEN_RECENTLY_S for n in scene.states.number.tolist()], bool)
        scene.states.predict(t, recent)

    def _match(self, sensor: Sensor, pose: CameraPose, boxes: Boxes) -> dict[int, int]:
        """Corrects, misses and begins vehicles by one frame; the numbers of those it showed, by box."""
        scene = self._scene
        predicted = PredictedMeasurements.of(scene.states, scene.table, pose)
        allowed = sensor.covered(scene)
        pairs = _pair(scene, sensor, predicted, allowed, boxes)
        innovations = predicted.correct(pairs.rows, boxes.xyxy[pairs.columns], boxes.t)
        owners = dict(zip(pairs.columns.tolist(), scene.states.number[pairs.rows].tolist(), strict=True))
        _note(scene, sensor, owners, boxes)
        sensor.judge(boxes, innovations, owners.keys() | pairs.explained, scene.parameters.strong_score)
        sensor.learn_scores(scene, boxes, owners)
        judge(scene, sensor, predicted, boxes, owners=owners, allowed=allowed)
        scene.undetected.predict(scene, boxes.t)
        if sensor.looks(boxes):
            scene.undetected.thin(scene, sensor, pose)
            infer(scene, sensor, boxes.t)
        for track in follow(scene, sensor, boxes, owners.keys() | pairs.explained):
            consider(scene, sensor, pose, track, boxes.t)
        return owners


def _pair(scene: SceneState, sensor: Sensor, predicted: PredictedMeasurements, allowed: Flags, boxes: Boxes) -> _Pairs:
    leaving = np.array([scene.vehicles[number].gone for number in scene.states.number.tolist()], bool)
    # A camera that does not measure a vehicle's stretch still sees it: its box is explained and makes no new vehicle.
    evidence = sensor.detection.evidence(boxes.xyxy, boxes.score)
    everyone = predicted.pairs(boxes.xyxy, evidence, leaving, sensor.detection.chance(predicted.look))
    measured = [(row, column) for row, column in everyone if allowed[row]]
    return _Pairs(
        rows=np.array([row for row, _ in measured], np.intp),
        columns=np.array([column for _, column in measured], np.intp),
        explained={column for row, column in everyone if not allowed[row]},
    )


def _note(scene: SceneState, sensor: Sensor, owners: dict[int, int], boxes: Boxes) -> None:
    """Credits the vehicles that were found with their boxes."""
    for column, number in owners.items():
        vehicle = scene.vehicles[number]
        vehicle.found(boxes.t, sensor.period_s)
        vehicle.votes[int(boxes.class_id[column])] += float(boxes.score[column])
