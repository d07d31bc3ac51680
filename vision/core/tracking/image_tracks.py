"""Boxes followed through the picture for a few seconds: track ids as hints, never as identity. Pure.

The tracker is class-agnostic (the class is a vote), merges double boxes of one vehicle and counts in seconds, never in
frames. It keeps a lost track for `memory_s`; longer memory is the business of the lane's line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from vision.core.detections import Detections
from vision.core.geometry.boxes import iou, overlap_of_first
from vision.vocabulary import VEHICLE_CLASSES

__all__ = ["TRAIL_S", "BoxTracker", "Track", "merge_doubles", "merge_parts", "same_ground_share"]

Array = NDArray[np.float64]
DOUBLE_IOU: Final = 0.65
"""Boxes that overlap more than this show one vehicle (detectors' own suppression stops at 0.65 to 0.85)."""
PART_OF: Final = 0.9
"""A box that lies this much inside a stronger one is a part of it, a cab or a trailer."""
POSITION_TIME_S: Final = 0.25
"""Time constant with which a track's box follows the detections."""
JUMP_SHARE: Final = 0.3
"""A box that is off by this share of its size has moved; only smaller differences are noise to be smoothed."""
SPEED_TIME_S: Final = 0.8
"""Time constant of its speed."""
SAME_FOOT: Final = 0.25
"""Boxes whose bottom edges are within this share of the lower box's height stand on the same ground."""
PART_ON_FOOT: Final = 0.7
"""A box that lies this much inside another one on the same ground is a part of it."""
TRAIL_S: Final = 1.0
"""A track remembers its smoothed boxes [t, x1, y1, x2, y2] this far back."""
SETTLED_S: Final = 3.0
"""And the boxes that it met this far back: after so long a smoothed box has come to rest wherever its vehicle halted."""
COAST_S: Final = 1.0
"""A lost track goes on with its speed for no longer than this."""
NEAR_SIZES: Final = 0.4
"""A box this near to the expected one, in sizes of the box, may be the same."""
STEP_SIZES_PER_S: Final = 0.6
"""And so much farther for each second that the track was not seen: vehicles start and brake."""
FAR_PX: Final = 1e3


@dataclass(slots=True)
class Track:
    """A box that was followed: px of the camera's frame, speeds of its edges in px/s, evidence that it is a vehicle."""

    number: int
    box: list[float]
    first_t: float
    seen_t: float
    first_box: list[float]
    speed: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0, 0.0])
    hits: int = 1
    score_sum: float = 0.0
    best_score: float = 0.0
    votes: list[float] = field(default_factory=lambda: [0.0] * len(VEHICLE_CLASSES))
    trail: list[list[float]] = field(default_factory=list)
    met: list[list[float]] = field(default_factory=list)

    def at(self, t: float) -> list[float]:
        """Where its box is expected at t."""
        dt = min(max(t - self.seen_t, 0.0), COAST_S)
        dx, dy = (self.speed[0] + self.speed[2]) / 2 * dt, (self.speed[1] + self.speed[3]) / 2 * dt
        return [self.box[0] + dx, self.box[1] + dy, self.box[2] + dx, self.box[3] + dy]

    def meet(self, xyxy: list[float], score: float, class_id: int, t: float) -> None:
        """Follows a detection."""
        dt = t - self.seen_t
        before = self.box
        expected = self.at(t)
        away = max(abs(e - z) for e, z in zip(expected, xyxy, strict=True)) / max(xyxy[2] - xyxy[0], xyxy[3] - xyxy[1])
        gain = 1.0 if dt <= 0 else max(1.0 - math.exp(-dt / POSITION_TIME_S), min(away / JUMP_SHARE, 1.0))
        self.box = [e + gain * (z - e) for e, z in zip(expected, xyxy, strict=True)]
        if dt > 0:
            gain = max(1.0 - math.exp(-dt / SPEED_TIME_S), min(away / JUMP_SHARE, 1.0) / 2)
            for edge in range(4):
                self.speed[edge] += gain * ((xyxy[edge] - before[edge]) / dt - self.speed[edge])
        self.seen_t = t
        self.trail.append([t, *self.box])
        while len(self.trail) > 1 and t - self.trail[1][0] >= TRAIL_S:
            self.trail.pop(0)
        self.met.append([t, *xyxy])
        while t - self.met[0][0] > SETTLED_S:
            self.met.pop(0)
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
    same = (iou(boxes, boxes) > DOUBLE_IOU) | (overlap_of_first(boxes, boxes) > PART_OF)
    np.fill_diagonal(same, val=False)
    kept = np.zeros(len(boxes), bool)
    if not same.any():
        return np.arange(len(boxes))
    for i in np.lexsort((np.arange(len(boxes)), -detections.score)):
        kept[i] = not (same[i] & kept).any()
    return np.flatnonzero(kept)


def same_ground_share(a: Array, b: Array) -> Array:
    """Share (N, M) of the smaller of two boxes that lies in the other one; 0 where their feet are on different ground."""
    lower = np.minimum((a[:, 3] - a[:, 1])[:, None], (b[:, 3] - b[:, 1])[None])
    foot = np.abs(a[:, None, 3] - b[None, :, 3]) < SAME_FOOT * lower
    return np.asarray(np.where(foot, np.maximum(overlap_of_first(a, b), overlap_of_first(b, a).T), 0.0))


def merge_parts(detections: Detections) -> NDArray[np.intp]:
    """Group (N,) of each box when boxes of one vehicle are taken together: cab, trailer and whole stand on the same ground.

    A group's number is the index of its strongest box.
    """
    boxes = detections.xyxy.astype(np.float64)
    inside = overlap_of_first(boxes, boxes)
    same = (iou(boxes, boxes) > DOUBLE_IOU) | (np.maximum(inside, inside.T) > PART_OF)
    same |= same_ground_share(boxes, boxes) > PART_ON_FOOT
    group = np.full(len(boxes), -1, np.intp)
    for i in np.lexsort((np.arange(len(boxes)), -detections.score)):
        leaders = np.flatnonzero(same[i] & (group == np.arange(len(boxes))))
        group[i] = leaders[0] if len(leaders) else i
    return group


class BoxTracker:
    """Tracks of one camera's picture. `next_number` gives numbers that are unique in the pipeline."""

    def __init__(self, next_number: Callable[[], int], memory_s: float) -> None:
        self.tracks: list[Track] = []
        self.memory_s = memory_s
        self._next_number = next_number

    def step(self, xyxy: Array, score: Array, class_id: NDArray[np.int16], t: float, keep: Container[int] = ()) -> list[Track]:
        """Follows one frame's boxes (N, 4); the track of each, in their order.

        Tracks past their memory are dropped, but for those whose numbers are in `keep`: these choose their boxes first.
        """
        self.tracks = [track for track in self.tracks if track.number in keep or t - track.seen_t <= self.memory_s]
        owners: list[Track | None] = [None] * len(xyxy)
        for chosen in (True, False):
            tracks = [track for track in self.tracks if (track.number in keep) is chosen]
            free = np.array([i for i, owner in enumerate(owners) if owner is None], np.intp)
            for row, column in _pairs(tracks, xyxy[free], t):
                i = int(free[column])
                tracks[row].meet([float(v) for v in xyxy[i]], float(score[i]), int(class_id[i]), t)
                owners[i] = tracks[row]
        return [owner or self._begin(i, xyxy, score, class_id, t) for i, owner in enumerate(owners)]

    def drop(self, numbers: set[int]) -> None:
        """Forgets tracks, because something else follows them from now on."""
        self.tracks = [track for track in self.tracks if track.number not in numbers]

    def join(self, old: Track, new: Track) -> None:
        """Lets an old track go on where a new one is: both show the same vehicle."""
        old.box, old.speed, old.seen_t, old.trail, old.met = new.box, new.speed, new.seen_t, new.trail, new.met
        old.hits += new.hits
        old.score_sum += new.score_sum
        old.best_score = max(old.best_score, new.best_score)
        old.votes = [a + b for a, b in zip(old.votes, new.votes, strict=True)]
        self.drop({new.number})

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


def _pairs(tracks: list[Track], xyxy: Array, t: float) -> list[tuple[int, int]]:
    if not tracks or not len(xyxy):
        return []
    expected = np.array([track.at(t) for track in tracks])
    overlap = iou(expected, xyxy)
    middle_e = (expected[:, :2] + expected[:, 2:]) / 2
    middle_z = (xyxy[:, :2] + xyxy[:, 2:]) / 2
    size = np.sqrt(np.prod(expected[:, 2:] - expected[:, :2], axis=1))
    away = np.linalg.norm(middle_e[:, None] - middle_z[None], axis=2) / size[:, None]
    since = np.array([min(t - track.seen_t, COAST_S) for track in tracks])
    near = away < NEAR_SIZES + STEP_SIZES_PER_S * since[:, None]
    cost = np.where((overlap > 0.1) | near, 1.0 - overlap + 0.3 * away, FAR_PX)
    rows, columns = linear_sum_assignment(cost)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if cost[r, c] < FAR_PX]
