"""Lanes that are not calibrated, as one camera's picture shows them: positions 0..1 along the axis. Pure.

Nothing is known of the ground here, so the figures are honest only about order, presence and standing. Departures are
seen where a vehicle that moved leaves the stop end of its polygon or the picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.config import Camera, View
from vision.core.detections import Detections
from vision.core.events import Seen
from vision.core.geometry.boxes import overlap_of_first
from vision.core.geometry.lane_axis import LaneAxis, picture_axis, points_in_polygon
from vision.core.lanes.lane_queue import LaneQueue
from vision.core.lanes.overlay import PlacedBox, TailLine
from vision.core.lanes.vehicle import Vehicle
from vision.core.tracking.image_tracks import TRAIL_S, BoxTracker, Track, merge_parts, same_ground_share

__all__ = ["PictureScene"]

Array = NDArray[np.float64]
IMAGE_CONFIRM_S: Final = 0.8
"""A track must last this long before it can be a vehicle."""
IMAGE_CONFIRM_HITS: Final = 3
IMAGE_TENTATIVE_S: Final = 1.6
"""Memory for a track that is not yet a vehicle."""
CONFIRM_BEST: Final = 0.35
"""And have had a box at least this sure (yolo11n's false boxes rarely pass 0.3)."""
IMAGE_CONFIRM_MEAN: Final = 0.2
IMAGE_AT_START_S: Final = 1.0
"""A vehicle first seen this soon after a camera's first frame was there before."""
SAME_PLACE_SHARE: Final = 0.5
"""A box that shares this much of the smaller one with a vehicle's box, on the same ground, shows the same vehicle."""
STANDING_SHARE: Final = 0.05
"""It stands while it moves less than this share of its box's height in a second."""
GONE_S: Final = 2.0
"""A vehicle that nothing hides and that is unseen for so long has gone."""
LEFT_S: Final = 0.6
"""The same for one that was seen last at the border of the picture, on its way out."""
GONE_IN_LINE_S: Final = 8.0
"""The same for one that stood in the middle of the picture: detectors miss a standing vehicle for seconds."""
HELD_S: Final = 900.0
"""The longest that a vehicle is held behind something nearer."""
JUMP_S: Final = 1.0
JUMP_SIZES: Final = 2.0
"""A track that begins this soon after, and this near to, a vehicle's last box goes on with it."""
EDGE: Final = 0.02
"""A box this near to the border of the picture, as a share of it, touches the border."""
IMAGE_HIDDEN_SHARE: Final = 0.3
"""A place is hidden where a nearer vehicle's box covers this share of it."""
MOVED_SHARE: Final = 0.25
"""A vehicle has moved once its middle is this share of its size from where it was first seen."""


@dataclass(slots=True)
class _Place:
    """One view, ready for use: the polygon and axis in picture heights."""

    lane_id: str
    polygon: Array
    axis: LaneAxis


class PictureScene:
    """The uncalibrated lanes of one camera: its tracks are their vehicles."""

    def __init__(
        self, camera: Camera, views: tuple[View, ...], lines: Mapping[str, LaneQueue], next_number: Callable[[], int]
    ) -> None:
        self.camera = camera
        self._views = views
        self._lines = lines
        self._tracker = BoxTracker(next_number, IMAGE_TENTATIVE_S)
        self._vehicles: dict[int, Vehicle] = {}
        self._size = (0, 0)
        self._places: list[_Place] = []
        self._began_t: float | None = None
        self._looked_t: float | None = None
        self._last: list[tuple[list[float], int]] = []

    @property
    def name(self) -> str:
        """The key of its data in a checkpoint."""
        return f"picture:{self.camera.id}"

    def resize(self, camera_id: str, width: int, height: int) -> None:  # noqa: ARG002 (of LaneScene)
        """Takes the camera's frame size in pixels."""
        if (width, height) == self._size or not width or not height:
            return
        self._size = (width, height)
        aspect = width / height
        self._places = [
            _Place(view.lane, np.array(view.polygon, float) * [aspect, 1.0], picture_axis(view, aspect)) for view in self._views
        ]

    def restart(self, camera_id: str, t: float) -> None:  # noqa: ARG002 (of LaneScene)
        """Begins a new session: old tracks stay as places where vehicles may be found again."""
        for track in self._tracker.tracks:
            track.speed = [0.0, 0.0, 0.0, 0.0]
            if track.number in self._vehicles:
                track.seen_t = max(track.seen_t, t)

    def observe(self, seen: Seen) -> None:
        """Follows one frame."""
        if not self._places:
            return
        t = self._looked_t = seen.t
        self._began_t = t if self._began_t is None else self._began_t
        boxes, score, class_id = _whole(seen.detections)
        tracks = self._tracker.step(boxes, score, class_id, t, keep=self._vehicles)
        self._last = [([float(v) for v in box], track.number) for box, track in zip(boxes, tracks, strict=True)]
        for track in tracks:
            vehicle = self._vehicles.get(track.number)
            if vehicle is None:
                self._accept(track, t)
            else:
                self._move(vehicle, track, t)
        self._let_go(t)
        for place in self._places:
            self._lines[place.lane_id].update(t)

    def unchanged(self, camera_id: str, t: float) -> None:  # noqa: ARG002 (of LaneScene)
        """Takes a frame without change: nobody is missed, so what was seen, and since when what is not, stays as it is."""
        if not self._places or self._looked_t is None:
            return
        passed_s, self._looked_t = t - self._looked_t, t
        for track in self._tracker.tracks:
            vehicle = self._vehicles.get(track.number)
            if vehicle is not None and self._leaving(vehicle, track):
                continue  # on its way out it would have changed the picture: it has left
            track.seen_t = round(track.seen_t + passed_s, 3)
            if vehicle is not None:
                vehicle.seen_t = round(vehicle.seen_t + passed_s, 3)
        for place in self._places:
            self._lines[place.lane_id].update(t)

    def fit(self, camera_id: str) -> None:  # noqa: ARG002 (of LaneScene)
        """None: nothing is known of the ground."""
        return

    def boxes(self, camera_id: str) -> list[PlacedBox]:  # noqa: ARG002 (of LaneScene)
        """The last frame's boxes with track number and vehicle."""
        return [(box, number, self._vehicles.get(number)) for box, number in self._last]

    def tail_line(self, camera_id: str, lane_id: str, vehicle: Vehicle) -> TailLine | None:  # noqa: ARG002 (of LaneScene)
        """Where a queue that ends with this vehicle ends in the picture, 0..1: the far edge of its box."""
        track = next((track for track in self._tracker.tracks if track.number == vehicle.number), None)
        place = next((place for place in self._places if place.lane_id == lane_id), None)
        if track is None or place is None:
            return None
        width, height = self._size
        along = place.axis.direction(vehicle.rear * place.axis.length)
        across = np.array([-along[1], along[0]]) * (track.box[3] - track.box[1]) / height / 2
        middle = np.array([track.box[0] + track.box[2], track.box[1] + track.box[3]]) / 2 / height
        half = _support(track.box, along) / height
        ends = np.stack([middle + along * half - across, middle + along * half + across]) / [width / height, 1.0]
        (x1, y1), (x2, y2) = np.clip(ends, 0.0, 1.0).tolist()
        return (x1, y1), (x2, y2)

    def as_data(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        return {
            "size": list(self._size),
            "began_t": self._began_t,
            "looked_t": self._looked_t,
            "tracks": self._tracker.as_data(),
            "vehicles": [vehicle.as_data() for vehicle in self._vehicles.values()],
        }

    def load(self, data: dict[str, Any]) -> dict[int, Vehicle]:
        """Goes on from what `as_data` described; the vehicles by number. Those on lanes that it has no more are forgotten."""
        self.resize(self.camera.id, *data["size"])
        self._began_t, self._looked_t = data["began_t"], data.get("looked_t")
        self._tracker.load(data["tracks"])
        lanes = {view.lane for view in self._views}
        vehicles = {v["number"]: Vehicle.from_data(v) for v in data["vehicles"]}
        self._vehicles = {number: vehicle for number, vehicle in vehicles.items() if vehicle.lane_id in lanes}
        self._tracker.drop(vehicles.keys() - self._vehicles.keys())
        return self._vehicles

    def _accept(self, track: Track, t: float) -> None:
        if (
            track.hits < IMAGE_CONFIRM_HITS
            or t - track.first_t < IMAGE_CONFIRM_S
            or track.best_score < CONFIRM_BEST
            or track.score_sum / track.hits < IMAGE_CONFIRM_MEAN
        ):
            return
        place = self._place_of(track)
        if place is None or self._is_known(track, t):
            return
        front, rear = self._extent(track, place)
        vehicle = Vehicle(track.number, place.lane_id, track.first_t, t, front, rear)
        vehicle.present_at_start = self._began_t is not None and track.first_t - self._began_t < IMAGE_AT_START_S
        self._vehicles[track.number] = vehicle
        self._move(vehicle, track, t)
        entered = not vehicle.present_at_start and self._at_edge(track.first_box)
        arrived = track.first_t if not vehicle.present_at_start else None
        self._lines[place.lane_id].enter(vehicle, arrived, start_censored=not entered and vehicle.present_at_start)

    def _move(self, vehicle: Vehicle, track: Track, t: float) -> None:
        place = next(place for place in self._places if place.lane_id == vehicle.lane_id)
        vehicle.front, vehicle.rear = self._extent(track, place)
        height = track.box[3] - track.box[1]
        step = track.step_px(t)
        vehicle.speed = (step or 0.0) / self._size[1]
        stands = step is not None and step < STANDING_SHARE * height
        vehicle.set_slow(stands, min(t - TRAIL_S, track.halted_t(STANDING_SHARE * height)))
        away = float(np.linalg.norm(_middle(track.box) - _middle(track.first_box)))
        vehicle.moved = vehicle.moved or away > MOVED_SHARE * height
        vehicle.seen_t = track.seen_t
        vehicle.visible = 1.0
        vehicle.votes = track.votes

    def _let_go(self, t: float) -> None:
        tracks = {track.number: track for track in self._tracker.tracks}
        for vehicle in list(self._vehicles.values()):
            track = tracks.get(vehicle.number)
            unseen = t - vehicle.seen_t
            if track is not None and unseen <= 0:
                continue
            leaving = track is None or self._leaving(vehicle, track)
            hidden = track is not None and not leaving and self._hidden(track, t)
            vehicle.visible = 0.0 if hidden else 1.0
            patience = LEFT_S if leaving else GONE_S if vehicle.slow_since is None else GONE_IN_LINE_S
            if unseen <= (HELD_S if hidden else patience):
                continue
            self._end(vehicle, leaving)

    def _end(self, vehicle: Vehicle, leaving: bool) -> None:
        del self._vehicles[vehicle.number]
        self._tracker.drop({vehicle.number})
        line = self._lines[vehicle.lane_id]
        head = bool(line.vehicles) and vehicle is line.vehicles[0]
        if vehicle.moved and (leaving or head):
            line.depart(vehicle, vehicle.seen_t)
        else:
            line.lose(vehicle, vehicle.seen_t)

    def _leaving(self, vehicle: Vehicle, track: Track) -> bool:
        """Whether it was seen last at the border of the picture or out of its polygon, on its way."""
        place = next(place for place in self._places if place.lane_id == vehicle.lane_id)
        out = not points_in_polygon(self._anchor(track.box), place.polygon)[0]
        return vehicle.moved and (out or self._at_edge(track.box)) and vehicle.slow_since is None

    def _hidden(self, track: Track, t: float) -> bool:
        near = [
            other.box
            for other in self._tracker.tracks
            if other.number != track.number
            and other.number in self._vehicles
            and other.box[3] > track.box[3]
            and t - other.seen_t < GONE_S
        ]
        if not near:
            return False
        return float(overlap_of_first(np.array([track.box]), np.array(near)).max()) > IMAGE_HIDDEN_SHARE

    def _is_known(self, track: Track, t: float) -> bool:
        """Whether a track shows a vehicle that has another track; one that is unseen goes on with this track."""
        others = [o for o in self._tracker.tracks if o.number in self._vehicles and o.number != track.number]
        for other in others:
            places = np.array([other.box, other.at(t)])
            if same_ground_share(np.array([track.box]), places).max() > SAME_PLACE_SHARE:
                if other.seen_t < t:
                    self._go_on(other, track, t)
                return True
        jumped = [(_sizes_apart(other.box, track.first_box), other) for other in others if self._jumped(other, track, t)]
        if jumped:
            self._go_on(min(jumped, key=lambda pair: pair[0])[1], track, t)
        return bool(jumped)

    def _go_on(self, old: Track, new: Track, t: float) -> None:
        self._tracker.join(old, new)
        self._move(self._vehicles[old.number], old, t)

    def _jumped(self, vehicle: Track, track: Track, t: float) -> bool:
        """Whether a vehicle vanished just when a track began beside its place: it moved faster than boxes could follow."""
        followed = 0.0 < track.first_t - vehicle.seen_t < JUMP_S
        return followed and _sizes_apart(vehicle.box, track.first_box) < JUMP_SIZES and not self._hidden(vehicle, t)

    def _place_of(self, track: Track) -> _Place | None:
        anchor = self._anchor(track.box)
        return next((place for place in self._places if points_in_polygon(anchor, place.polygon)[0]), None)

    def _anchor(self, box: list[float]) -> Array:
        height = self._size[1]
        return np.array([[(box[0] + box[2]) / 2 / height, (box[1] + 2 * box[3]) / 3 / height]])

    def _extent(self, track: Track, place: _Place) -> tuple[float, float]:
        height = self._size[1]
        middle = np.array([[track.box[0] + track.box[2], track.box[1] + track.box[3]]]) / 2 / height
        s = float(place.axis.locate(middle)[0][0])
        half = _support(track.box, place.axis.direction(s)) / height
        front, rear = (s - half) / place.axis.length, (s + half) / place.axis.length
        return float(np.clip(front, 0.0, 1.0)), float(np.clip(rear, 0.0, 1.0))

    def _at_edge(self, box: list[float]) -> bool:
        width, height = self._size
        return box[0] < EDGE * width or box[1] < EDGE * height or box[2] > (1 - EDGE) * width or box[3] > (1 - EDGE) * height


def _whole(detections: Detections) -> tuple[Array, Array, NDArray[np.int16]]:
    """One box (M, 4), score and class per vehicle: the hull of its parts, the score and class of the strongest part."""
    group = merge_parts(detections)
    leaders = np.unique(group)
    parts = [detections.xyxy[group == leader].astype(np.float64) for leader in leaders]
    hulls = [np.concatenate([part[:, :2].min(0), part[:, 2:].max(0)]) for part in parts]
    return np.array(hulls).reshape(-1, 4), detections.score[leaders].astype(np.float64), detections.class_id[leaders]


def _support(box: list[float], along: Array) -> float:
    """Half the length of a box seen along a direction."""
    return float(abs(along[0]) * (box[2] - box[0]) + abs(along[1]) * (box[3] - box[1])) / 2


def _middle(box: list[float]) -> Array:
    return np.array([box[0] + box[2], box[1] + box[3]]) / 2


def _sizes_apart(a: list[float], b: list[float]) -> float:
    """Distance of two boxes' middles in sizes of the larger one."""
    size = math.sqrt(max((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)))
    return float(np.linalg.norm(_middle(a) - _middle(b))) / size
