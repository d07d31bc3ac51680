"""One camera of a ground scene: its pose, what it covers of each lane, and the boxes that it follows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.config import Camera
from vision.core.events import Seen
from vision.core.geometry.camera_model import CameraPose, fit_pose
from vision.core.geometry.vehicle_projection import S
from vision.core.tracking.camera_fit import FitRecord, in_lanes
from vision.core.tracking.detection_model import DetectionModel
from vision.core.tracking.image_tracks import BoxTracker, merge_doubles
from vision.core.tracking.initial_state import Candidates
from vision.core.tracking.scene_state import SceneState
from vision.core.tracking.undetected_vehicles import STEP_S
from vision.errors import ConfigError

__all__ = ["Boxes", "Sensor"]

Array = NDArray[np.float64]

TENTATIVE_S: Final = 4.0
"""Memory for a box that is not yet a vehicle: far away a detector finds one only every few seconds."""
PERIOD_GAIN: Final = 0.05
COVER_MARGIN_M: Final = 12.0


@dataclass(frozen=True, slots=True)
class Boxes:
    """One frame's boxes, doubles merged: native and pinhole pixels (N, 4), scores (N,), class ids (N,)."""

    native: Array
    xyxy: Array
    score: Array
    class_id: NDArray[np.int16]
    t: float

    @classmethod
    def of(cls, seen: Seen, pose: CameraPose) -> Boxes:
        """The boxes of what a camera of this pose saw."""
        found = seen.detections
        keep = merge_doubles(found)
        native = found.xyxy[keep].astype(np.float64)
        return cls(native, pose.pinhole_boxes(native), found.score[keep].astype(np.float64), found.class_id[keep], seen.t)


@dataclass(slots=True)
class Sensor:
    """One camera of the scene. `zones` and `covers` are metres by lane index; `tried` is when a track was looked at last."""

    camera: Camera
    zones: dict[int, float]
    covers: dict[int, tuple[float, float]]
    tracker: BoxTracker
    record: FitRecord
    next_number: Callable[[], int]
    size: tuple[int, int] = (0, 0)
    pose: CameraPose | None = None
    last_t: float | None = None
    period_s: float = 0.2
    tried: dict[int, float] = field(default_factory=dict)
    detection: DetectionModel = field(default_factory=DetectionModel)
    last: list[tuple[list[float], int]] = field(default_factory=list)
    looked_t: float | None = None
    _candidates: Candidates | None = None

    @classmethod
    def of(cls, camera: Camera, scene: SceneState, next_number: Callable[[], int]) -> Sensor:
        """A camera that has not seen anything yet."""
        zones, covers = {}, {}
        for view in camera.views:
            index = scene.index(view)
            if index is not None:
                zones[index] = scene.zone_m(index)
                covers[index] = view.covers_m or (-np.inf, np.inf)
        record = FitRecord(scene.parameters.fit_memory_s)
        return cls(camera, zones, covers, BoxTracker(next_number, TENTATIVE_S), record, next_number)

    def resize(self, width: int, height: int, scene: SceneState) -> None:
        """Takes the frame size in pixels, which completes the pose, and lays the lanes that the camera places."""
        if (width, height) == self.size or not width or not height:
            return
        self.size = (width, height)
        try:
            self.pose = fit_pose(self.camera, width, height)
        except ConfigError:
            self.pose = None  # refused when the configuration was checked; a camera without pose measures nothing
            return
        scene.place(self.camera.views, self.pose)

    def restart(self) -> None:
        """Begins a new session: the tracks are forgotten."""
        self.tracker.tracks.clear()
        self.tried.clear()
        self.last_t = self.looked_t = None

    def learn_scores(self, scene: SceneState, boxes: Boxes, owners: dict[int, int]) -> None:
        """Learns how strong the boxes of vehicles are that it knows well; owners: vehicle number by box."""
        known = [column for column, number in owners.items() if scene.vehicles[number].well_known]
        if known and self.last_t is not None:
            self.detection.learn_scores(boxes.xyxy[known], boxes.score[known], min(boxes.t - self.last_t, 1.0))

    def judge(self, boxes: Boxes, innovations: Array, explained: Set[int], strong_score: float) -> None:
        """Notes how well a frame fits: the edges' innovations, and which of its boxes (by index) a vehicle explains."""
        strong = set(np.flatnonzero(self.detection.strength(boxes.xyxy, boxes.score) >= strong_score).tolist())
        others = sorted(strong - explained)
        if others:
            polygons = [np.array(view.polygon) * self.size for view in self.camera.views]
            others = np.flatnonzero(in_lanes(boxes.native[others], polygons)).tolist()
        known = len(strong & explained)
        dt = 0.0 if self.last_t is None else max(boxes.t - self.last_t, 0.0)
        self.record.observe(innovations, known + len(others), known, dt)

    def finish(self, boxes: Boxes, owners: dict[int, int]) -> None:
        """Ends a frame: notes its time and which box (by index) shows which vehicle (by number)."""
        if self.last_t is not None:
            self.period_s += PERIOD_GAIN * (min(boxes.t - self.last_t, 2.0) - self.period_s)
        self.last_t = boxes.t
        self.last = [([float(v) for v in boxes.native[i]], number) for i, number in sorted(owners.items())]

    def stay(self, t: float) -> None:
        """Ends a frame without change: the boxes of the last one, and the tracks that they belong to, are still there."""
        for track in self.tracker.tracks:
            track.seen_t = t if track.seen_t == self.last_t else track.seen_t
        self.last_t = t

    def looks(self, boxes: Boxes) -> bool:
        """Whether a frame is a look at places where nobody is known: some time after the one before, and not an empty one."""
        if not len(boxes.score) or (self.looked_t is not None and boxes.t - self.looked_t < STEP_S):
            return False
        self.looked_t = boxes.t
        return True

    def candidates(self, scene: SceneState, pose: CameraPose) -> Candidates:
        """The bodies that a box may show; made anew where lanes or the usual height of roofs are not what they were."""
        raised_m = round(scene.height_bias.raised_m, 2)
        kept = self._candidates
        if kept is None or kept.raised_m != raised_m or kept.table is not scene.table or kept.pose is not pose:
            self._candidates = kept = Candidates.of(list(self.zones), scene.table, pose, raised_m)
        return kept

    def covered(self, scene: SceneState) -> NDArray[np.bool_]:
        """Rows of the vehicles that the camera measures: those in the stretch that its view of the lane covers."""
        states = scene.states
        low = np.full(len(scene.ids), np.inf)
        high = np.full(len(scene.ids), -np.inf)
        for lane, (start, end) in self.covers.items():
            low[lane] = -np.inf if start <= 0 else start - COVER_MARGIN_M
            high[lane] = np.inf if end >= self.zones[lane] else end + COVER_MARGIN_M
        front = states.x[:, S]
        return np.asarray((front > low[states.lane]) & (front < high[states.lane]))

    def measures(self, lane: int, s: float) -> bool:
        """Whether a place is in the stretch of its lane that the camera's view covers."""
        start, end = self.covers[lane]
        return (start <= 0 or s >= start) and (end >= self.zones[lane] or s <= end)

    def as_data(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        return {
            "size": list(self.size),
            "last_t": self.last_t,
            "looked_t": self.looked_t,
            "period_s": self.period_s,
            "tracks": self.tracker.as_data(),
            "tried": [list(pair) for pair in self.tried.items()],
            "acuity": self.detection.as_data(),
            "fit": self.record.as_data(),
            "last": [[box, number] for box, number in self.last],
        }

    def load(self, data: dict[str, Any]) -> None:
        """Goes on from what `as_data` described; the size is the scene's business, for it lays the lanes."""
        self.last_t, self.period_s = data["last_t"], data["period_s"]
        self.looked_t = data.get("looked_t")
        self.tracker.load(data["tracks"])
        self.tried = {int(number): t for number, t in data["tried"]}
        self.detection.load(data["acuity"])
        self.last = [(box, number) for box, number in data.get("last", ())]
        self.record = FitRecord(**{**data.get("fit", {}), "memory_s": self.record.memory_s})
