"""Boxes followed through the picture for a few seconds: track ids as hints, never as identity. Pure.

The tracker is class-agnostic (the class is a vote), merges double boxes of one vehicle and counts in seconds, never in
frames. It keeps a lost track for `memory_s`; longer memory is the business of the lane's line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from vision.core.geometry import iou, overlap_of_first
from vision.core.types import VEHICLE_CLASSES, Detections

__all__ = ["BoxTracker", "Track", "merge_doubles"]

Array = NDArray[np.float64]
DOUBLE_IOU: Final = 0.65
"""Boxes that overlap more than this show one vehicle (detectors' own suppression stops at 0.65 to 0.85)."""
PART_OF: Final = 0.9
"""A box that lies this much inside a stronger one is a part of it, a cab or a trailer."""
POSITION_TIME_S: Final = 0.25
"""Time constant with which a track's box follows the detections."""
SPEED_TIME_S: Final = 0.8
"""Time constant of its speed."""
COAST_S: Final = 1.0
"""A lost track goes on with its speed for no longer than this."""
FAR: Final = 1e3


@dataclass(slots=True)
class Track:
    """A box that was followed: px of the camera's frame, speeds in px/s, evidence that it is a vehicle."""

    number: int
    box: list[float]
    first_t: float
    seen_t: float
    first_box: list[float]
    speed: list[float] = field(default_factory=lambda: [0.0, 0.0])
    hits: int = 1
    score_sum: float = 0.0
    best_score: float = 0.0
    votes: list[float] = field(default_factory=lambda: [0.0] * len(VEHICLE_CLASSES))

    def at(self, t: float) -> list[float]:
        """Where its box is expected at t."""
        dt = min(max(t - self.seen_t, 0.0), COAST_S)
        dx, dy = self.speed[0] * dt, self.speed[1] * dt
        return [self.box[0] + dx, self.box[1] + dy, self.box[2] + dx, self.box[3] + dy]

    def meet(self, xyxy: list[float], score: float, class_id: int, t: float) -> None:
        """Follows a detection."""
        dt = t - self.seen_t
        before = self.box
        expected = self.at(t)
        gain = 1.0 if dt <= 0 else 1.0 - float(np.exp(-dt / POSITION_TIME_S))
        self.box = [e + gain * (z - e) for e, z in zip(expected, xyxy, strict=True)]
        if dt > 0:
            gain = 1.0 - float(np.exp(-dt / SPEED_TIME_S))
            for axis in (0, 1):
                step = (xyxy[axis] + xyxy[axis + 2] - before[axis] - before[axis + 2]) / 2 / dt
                self.speed[axis] += gain * (step - self.speed[axis])
        self.seen_t = t
        self.hits += 1
        self._credit(score, class_id)

    def _credit(self, score: float, class_id: int) -> None:
        self.score_sum += score
        self.best_score = max(self.best_score, score)
        self.votes[class_id] += score


def merge_doubles(detections: Detections) -> NDArray[np.intp]:
    """Indices of the detections that are left when each vehicle has one box: the stronger of two, whatever their class."""
    if len(detections) < 2:
        return np.arange(len(detections))
    boxes = detections.xyxy.astype(np.float64)
    order = np.lexsort((np.arange(len(boxes)), -detections.score))
    double = iou(boxes, boxes) > DOUBLE_IOU
    part = overlap_of_first(boxes, boxes) > PART_OF
    kept: list[int] = []
    for i in order:
        if not any(double[i, k] or part[i, k] for k in kept):
            kept.append(int(i))
    return np.array(sorted(kept), dtype=np.intp)


class BoxTracker:
    """Tracks of one camera's picture. `next_number` gives numbers that are unique in the pipeline."""

    def __init__(self, next_number: Callable[[], int], memory_s: float) -> None:
        self.tracks: list[Track] = []
        self.memory_s = memory_s
        self._next_number = next_number

    def step(self, xyxy: Array, score: Array, class_id: NDArray[np.int16], t: float) -> list[Track]:
        """Follows one frame's boxes (N, 4); the track of each, in their order. Drops tracks past their memory."""
        self.tracks = [track for track in self.tracks if t - track.seen_t <= self.memory_s]
        owners: list[Track | None] = [None] * len(xyxy)
        for row, column in self._pairs(xyxy, t):
            track = self.tracks[row]
            track.meet([float(v) for v in xyxy[column]], float(score[column]), int(class_id[column]), t)
            owners[column] = track
        return [owner or self._begin(i, xyxy, score, class_id, t) for i, owner in enumerate(owners)]

    def drop(self, numbers: set[int]) -> None:
        """Forgets tracks, because something else follows them from now on."""
        self.tracks = [track for track in self.tracks if track.number not in numbers]

    def as_data(self) -> list[dict[str, Any]]:
        """Plain data for a checkpoint."""
        return [asdict(track) for track in self.tracks]

    def load(self, data: list[dict[str, Any]]) -> None:
        """Goes on from what `as_data` described."""
        self.tracks = [Track(**track) for track in data]

    def _begin(self, i: int, xyxy: Array, score: Array, class_id: NDArray[np.int16], t: float) -> Track:
        box = [float(v) for v in xyxy[i]]
        track = Track(self._next_number(), box, t, t, list(box))
        track._credit(float(score[i]), int(class_id[i]))
        self.tracks.append(track)
        return track

    def _pairs(self, xyxy: Array, t: float) -> list[tuple[int, int]]:
        if not self.tracks or not len(xyxy):
            return []
        expected = np.array([track.at(t) for track in self.tracks])
        overlap = iou(expected, xyxy)
        middle_e = (expected[:, :2] + expected[:, 2:]) / 2
        middle_z = (xyxy[:, :2] + xyxy[:, 2:]) / 2
        size = np.sqrt(np.prod(expected[:, 2:] - expected[:, :2], axis=1))
        away = np.linalg.norm(middle_e[:, None] - middle_z[None], axis=2) / size[:, None]
        missed = np.array([min(t - track.seen_t, 2.0) for track in self.tracks])
        cost = np.where((overlap > 0.1) | (away < 0.4 + 0.3 * missed[:, None]), 1.0 - overlap + 0.3 * away, FAR)
        rows, columns = linear_sum_assignment(cost)
        return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if cost[r, c] < FAR]
