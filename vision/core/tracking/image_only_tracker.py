"""Lanes that are not calibrated, as one camera's picture shows them: positions 0..1 along the axis. Pure.

A Bernoulli filter of boxes: each track has a Gaussian state (`image_states`) and an existence probability (`existence`), and
each frame is one assignment of boxes to tracks by log-likelihood ratios. Boxes that no track gives begin tracks. A track is a
vehicle once it rather exists than not and the scores of its boxes are rather those of vehicles than of other things. Nothing is
known of the ground here, so the figures are honest only about order, presence and standing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import expit, logit

from vision.config import Camera, View
from vision.core.detections import Detections
from vision.core.events import Seen
from vision.core.geometry.boxes import overlap_of_first
from vision.core.lanes.lane_queue import LaneQueue
from vision.core.lanes.overlay import PlacedBox, TailLine
from vision.core.lanes.vehicle import STANDING_AFTER_S, Vehicle
from vision.core.tracking import existence
from vision.core.tracking.image_states import IN_MOTION, STANDING, BoxStates, jump_density, size_of
from vision.core.tracking.image_tracks import merge_parts, same_ground_share
from vision.core.tracking.picture_lane import PictureLane
from vision.tracking_parameters import TrackingParameters
from vision.vocabulary import VEHICLE_CLASSES

__all__ = ["PictureScene"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(slots=True)
class _Track:
    """What is known of a track beside its state; `met`: its boxes lately, [t, x1, y1, x2, y2]; blind: unseen across a gap."""

    number: int
    first_t: float
    seen_t: float
    log_odds: float = 0.0
    votes: list[float] = field(default_factory=lambda: [0.0] * len(VEHICLE_CLASSES))
    met: list[list[float]] = field(default_factory=list)
    blind: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True)
class _Boxes:
    """One frame's boxes in picture heights (M, 4), edges that the picture's border cuts (M, 4), scores and classes (M,)."""

    xyxy: Array
    cut: Flags
    score: Array
    class_id: NDArray[np.int16]


class PictureScene:
    """The uncalibrated lanes of one camera."""

    def __init__(
        self,
        camera: Camera,
        views: tuple[View, ...],
        lines: Mapping[str, LaneQueue],
        next_number: Callable[[], int],
        parameters: TrackingParameters,
    ) -> None:
        self.camera = camera
        self.parameters = parameters
        self._views = views
        self._lines = lines
        self._next_number = next_number
        self._size = (0, 0)
        self._lanes: dict[str, PictureLane] = {}
        self._states = BoxStates(parameters)
        self._p = np.zeros((0, 3))
        self._tracks: list[_Track] = []
        self._vehicles: dict[int, Vehicle] = {}
        self._began_t: float | None = None
        self._last_t: float | None = None
        self._last: list[tuple[list[float], int]] = []

    @property
    def name(self) -> str:
        """The key of its data in a checkpoint."""
        return f"picture:{self.camera.id}"

    @property
    def _aspect(self) -> float:
        return self._size[0] / self._size[1]

    def resize(self, camera_id: str, width: int, height: int) -> None:  # noqa: ARG002 (of LaneScene)
        """Takes the camera's frame size in pixels; vehicles stay where they are in the picture."""
        if (width, height) == self._size or not width or not height:
            return
        if self._lanes:
            self._states.stretch(width / height / self._aspect)
        self._size = (width, height)
        self._lanes = {view.lane: PictureLane.of(view, self._aspect) for view in self._views}

    def restart(self, camera_id: str, t: float) -> None:
        """Begins a new session: nothing changes, for time without frames is a gap in any case."""

    def observe(self, seen: Seen) -> None:
        """Follows one frame."""
        if not self._lanes:
            return
        t, boxes = seen.t, self._boxes(seen.detections)
        dt = 0.0 if self._last_t is None else t - self._last_t
        self._began_t = t if self._began_t is None else self._began_t
        self._last_t = t
        self._p = existence.predict(self._p, dt, self._rates())
        self._states.predict(dt)
        for track in self._tracks:
            track.blind = track.blind or dt > 2.0 * self.parameters.image_look_s
        owners = self._associate(boxes, t)
        self._begin(boxes, owners, t)
        self._last = [
            ([float(v) for v in box * self._size[1]], self._tracks[row].number)
            for box, row in zip(boxes.xyxy, owners.tolist(), strict=True)
            if row >= 0
        ]
        self._publish(t)
        self._let_go(t)
        for lane in self._lanes:
            self._lines[lane].update(t)

    def unchanged(self, camera_id: str, t: float) -> None:  # noqa: ARG002 (of LaneScene)
        """Takes a frame without change: nobody is missed, so what was seen, and since when what is not, stays as it is."""
        if not self._lanes or self._last_t is None:
            return
        passed_s, self._last_t = t - self._last_t, t
        for row, track in enumerate(self._tracks):
            track.seen_t = round(track.seen_t + passed_s, 3)
            if track.number in self._vehicles:
                self._move(row, t)
        for lane in self._lanes:
            self._lines[lane].update(t)

    def fit(self, camera_id: str) -> None:  # noqa: ARG002 (of LaneScene)
        """None: nothing is known of the ground."""
        return

    def boxes(self, camera_id: str) -> list[PlacedBox]:  # noqa: ARG002 (of LaneScene)
        """The boxes of the last frame with track number and vehicle."""
        return [(box, number, self._vehicles.get(number)) for box, number in self._last]

    def tail_line(self, camera_id: str, lane_id: str, vehicle: Vehicle) -> TailLine | None:  # noqa: ARG002 (of LaneScene)
        """Where a queue that ends with this vehicle ends in the picture, 0..1: the far edge of its box."""
        row = next((row for row, track in enumerate(self._tracks) if track.number == vehicle.number), None)
        if row is None or lane_id not in self._lanes:
            return None
        ends = self._lanes[lane_id].far_edge(self._states.boxes[row], vehicle.rear)
        (x1, y1), (x2, y2) = np.clip(ends / [self._aspect, 1.0], 0.0, 1.0).tolist()
        return (x1, y1), (x2, y2)

    def as_data(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        return {
            "size": list(self._size),
            "began_t": self._began_t,
            "last_t": self._last_t,
            "states": self._states.as_data(),
            "existence": self._p.tolist(),
            "tracks": [asdict(track) for track in self._tracks],
            "vehicles": [vehicle.as_data() for vehicle in self._vehicles.values()],
        }

    def load(self, data: dict[str, Any]) -> dict[int, Vehicle]:
        """Goes on from what `as_data` described; the vehicles by number. Those on lanes that it has no more are forgotten.

        What the filter before this one saved has no states: its vehicles are forgotten, too.
        """
        self.resize(self.camera.id, *data["size"])
        self._began_t = data["began_t"]
        if "states" not in data:
            return {}
        self._last_t = data["last_t"]
        self._states.load(data["states"])
        self._p = np.array(data["existence"], float).reshape(-1, 3)
        self._tracks = [_Track(**track) for track in data["tracks"]]
        vehicles = {v["number"]: Vehicle.from_data(v) for v in data["vehicles"]}
        lanes = {view.lane for view in self._views}
        self._vehicles = {number: vehicle for number, vehicle in vehicles.items() if vehicle.lane_id in lanes}
        dropped = vehicles.keys() - self._vehicles.keys()
        self._keep(np.array([track.number not in dropped for track in self._tracks], bool))
        return self._vehicles

    def _boxes(self, detections: Detections) -> _Boxes:
        """One box a vehicle: the hull of its parts, but for doubtful ones, score and class of the strongest part."""
        group, score = merge_parts(detections), detections.score
        leaders = np.unique(group)
        sure = score >= score[group] / 2.0
        parts = [detections.xyxy[sure & (group == leader)].astype(np.float64) for leader in leaders]
        hulls = [np.concatenate([part[:, :2].min(0), part[:, 2:].max(0)]) for part in parts]
        xyxy = np.array(hulls).reshape(-1, 4) / self._size[1]
        near = 2.0 * self.parameters.image_edge_sd * size_of(xyxy)[:, None]
        cut = np.column_stack([xyxy[:, :2] < near, [self._aspect, 1.0] - xyxy[:, 2:] < near])
        return _Boxes(xyxy, cut, score[leaders].astype(np.float64), detections.class_id[leaders])

    def _score_llr(self, boxes: _Boxes) -> Array:
        """Log-likelihood ratios (M,) of scores, vehicles against other things: a score is a probability but for its prior."""
        doubt = self.parameters.image_failure_share
        return np.asarray(logit(np.clip(boxes.score, doubt, 1.0 - doubt)) - logit(self.parameters.image_even_score))

    def _rates(self) -> existence.Rates:
        p, standing = self.parameters, self._states.mode[:, STANDING]
        die = standing / p.image_standing_s + (1.0 - standing) / p.image_moving_s
        show = (1.0 - p.image_failure_share) / p.image_missed_s
        return existence.Rates(p.image_failure_share / p.image_missed_s, show, die)

    def _detection_probability(self) -> Array:
        """p_D (N, mode) of one that is in the picture: falls with what vehicles before it hide.

        One is before another where its foot is lower; vehicles on the same ground do not hide each other.
        """
        others, boxes = self._states.boxes, self._states.by_mode.reshape(-1, 4)
        before = (others[None, :, 3] > boxes[:, None, 3]) & (same_ground_share(boxes, others) < 0.5)
        before &= (existence.existence(self._p) > 0.5) & ~np.eye(len(others), dtype=bool).repeat(2, axis=0)
        hidden = np.where(before, overlap_of_first(boxes, others), 0.0).max(axis=1, initial=0.0).reshape(-1, 2)
        return np.asarray((1.0 - self.parameters.image_failure_share) * (1.0 - hidden) ** 2)

    def _associate(self, boxes: _Boxes, t: float) -> NDArray[np.intp]:
        """Assigns boxes to tracks and updates them; the row (M,) of the track of each box, -1 for none."""
        share = self.parameters.image_failure_share
        states, owners = self._states, np.full(len(boxes.score), -1, np.intp)
        if not len(states):
            return owners
        observable = self._p[:, existence.OBSERVABLE]
        in_sight = self._detection_probability()
        by_mode = in_sight * states.inside(self._aspect) ** 2
        found = observable * (states.mode * by_mode).sum(axis=1)
        p_d = np.maximum((states.mode * in_sight).sum(axis=1), share)  # what hides it may have gone itself
        ratio = states.likelihoods(boxes.xyxy, boxes.cut) * size_of(boxes.xyxy) ** 4 * 2.0 * np.pi / share
        elsewhere = jump_density(states.boxes, boxes.xyxy)
        by_edges = ratio * (math.sqrt(2.0 * math.pi) * self.parameters.image_edge_sd) ** boxes.cut.sum(axis=1)
        jumped, ratio = elsewhere > by_edges, ratio + elsewhere
        scored = np.exp(np.outer(expit([track.log_odds for track in self._tracks]), self._score_llr(boxes)))
        gain = (
            np.log(np.maximum((observable * p_d)[:, None] * ratio * scored, np.finfo(float).tiny)) - np.log1p(-found)[:, None]
        )
        for row, column in zip(*linear_sum_assignment(np.minimum(-gain, 0.0)), strict=True):
            if gain[row, column] > 0.0:
                owners[column] = row
        columns = np.flatnonzero(owners >= 0)
        rows = owners[columns]
        missed = np.setdiff1d(np.arange(len(states)), rows)
        ratios, p_d[missed] = np.zeros(len(states)), (states.mode * by_mode).sum(axis=1)[missed]
        ratios[rows] = ratio[rows, columns]
        after = existence.update(self._p, p_d, ratios)
        failed = 0.0 if len(columns) else share / (share + (1.0 - share) * float(np.prod(1.0 - found)))
        if_there = observable / np.maximum(existence.existence(self._p), self.parameters.drop_below)
        self._p = failed * self._p + (1.0 - failed) * after
        states.miss(missed, (1.0 - failed) * if_there[missed, None] * by_mode[missed])
        put = jumped[rows, columns]
        states.update(rows[~put], boxes.xyxy[columns[~put]], boxes.cut[columns[~put]])
        states.put(rows[put], boxes.xyxy[columns[put]], boxes.cut[columns[put]])
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            self._credit(self._tracks[row], boxes, column, t)
        return owners

    def _begin(self, boxes: _Boxes, owners: NDArray[np.intp], t: float) -> None:
        """Begins a track with each box that no track gives, unless it lies where a vehicle is."""
        free = np.flatnonzero(owners < 0)
        share = same_ground_share(boxes.xyxy[free], self._states.boxes)
        real = existence.existence(self._p) > 0.5
        r = np.prod(1.0 - np.minimum(2.0 * share[:, real], 1.0), axis=1) / 2.0
        new = r > self.parameters.drop_below
        owners[free[new]] = len(self._tracks) + np.arange(new.sum())
        self._states.add(boxes.xyxy[free[new]], boxes.cut[free[new]])
        self._p = np.concatenate([self._p, existence.born(r[new])])
        for column in free[new].tolist():
            track = _Track(self._next_number(), t, t, log_odds=math.log(self.parameters.image_vehicle_odds))
            self._tracks.append(track)
            self._credit(track, boxes, column, t)

    def _credit(self, track: _Track, boxes: _Boxes, column: int, t: float) -> None:
        """Notes a box. Scores near in time are hardly independent: a box counts for the time since the one before."""
        looks = min((t - track.seen_t) / self.parameters.image_look_s, 1.0)
        track.log_odds += looks * float(self._score_llr(boxes)[column])
        track.votes[int(boxes.class_id[column])] += float(boxes.score[column])
        track.seen_t, track.blind = t, False
        since = t - 2.0 * self.parameters.image_missed_s
        track.met = [met for met in track.met if met[0] >= since] + [[t, *boxes.xyxy[column].tolist()]]

    def _publish(self, t: float) -> None:
        """Begins the visits of tracks that have become vehicles and brings those of the others up to date."""
        expected, there = self._states.boxes, existence.existence(self._p) > 0.5
        for row, track in enumerate(self._tracks):
            vehicle = self._vehicles.get(track.number)
            if vehicle is None and there[row] and track.log_odds > 0.0 and track.seen_t == t:
                vehicle = self._enter(row, expected[row])
            if vehicle is not None:
                vehicle.front, vehicle.rear = self._lanes[vehicle.lane_id].extent(expected[row])
                self._move(row, t)

    def _enter(self, row: int, box: Array) -> Vehicle | None:
        """Begins a visit; that of one that left only if it is surely back, about a size from the stop end."""
        states, lanes = self._states, self._lanes.values()
        lane = next((lane for lane in lanes if lane.holds(states.mode[row] @ states.point(row, lane.anchor)[0])), None)
        if lane is None:
            return None
        track, doubt = self._tracks[row], self.parameters.image_failure_share
        if track.ended and self._beyond(lane.lane_id, row, float(size_of(box)) / 2.0).max() > doubt:
            return None
        front, rear = lane.extent(box)
        vehicle = Vehicle(track.number, lane.lane_id, track.first_t, track.seen_t, front, rear)
        vehicle.present_at_start = self._began_t is not None and track.first_t - self._began_t < STANDING_AFTER_S
        self._vehicles[track.number] = vehicle
        arrived_t = None if vehicle.present_at_start else track.first_t
        self._lines[lane.lane_id].enter(vehicle, arrived_t, start_censored=vehicle.present_at_start)
        return vehicle

    def _move(self, row: int, t: float) -> None:
        """Tells a track's vehicle when it was seen, as what, and whether it stands."""
        track, stands = self._tracks[row], bool(self._states.mode[row, STANDING] > 0.5)
        vehicle = self._vehicles[track.number]
        vehicle.seen_t, vehicle.votes = track.seen_t, track.votes
        vehicle.set_slow(stands, t)
        if stands and vehicle.visit is not None and vehicle.visit.joined_t is None:
            vehicle.slow_since = self._halted_t(track, self._states.by_mode[row, STANDING])

    def _halted_t(self, track: _Track, rest: Array) -> float:
        """Since when its boxes are where it stands: the onset for which their likelihood ratio against others is largest."""
        p, met = self.parameters, np.array(track.met)
        off = (met[:, 1:] - rest) / size_of(rest) / p.image_edge_sd
        density = np.exp(-(off**2) / 2.0) / math.sqrt(2.0 * math.pi) / p.image_edge_sd
        at_rest = np.log((1.0 - p.image_failure_share) * density + p.image_failure_share).sum(axis=1)
        return float(met[int(np.argmax(at_rest[::-1].cumsum()[::-1])), 0])

    def _let_go(self, t: float) -> None:
        """Ends the visits of vehicles that passed the stop end or are not there, and forgets the tracks of the latter."""
        inside = (self._states.mode * self._states.inside(self._aspect)).sum(axis=1)
        unseen = np.array([track.seen_t < t for track in self._tracks], bool)
        real = existence.existence(self._p) * np.where(unseen, expit([track.log_odds for track in self._tracks]), 1.0)
        keep = real * np.where(unseen, inside, 1.0) >= self.parameters.drop_below  # one that is found is in the picture
        for row, track in enumerate(self._tracks):
            vehicle = self._vehicles.get(track.number)
            if vehicle is None:
                continue
            passed = not track.blind and self._has_passed(vehicle.lane_id, row, given_up=not keep[row])
            if passed or not keep[row]:
                self._end(vehicle, track, departed=passed, t=track.seen_t)
        self._keep(keep)

    def _has_passed(self, lane_id: str, row: int, *, given_up: bool) -> bool:
        """Whether a vehicle is rather beyond the stop end than not and on its way or given up, or surely there."""
        chance = self._states.mode[row] * self._beyond(lane_id, row, 0.0)
        sure = 0.5 if given_up else 1.0 - self.parameters.image_failure_share
        return bool(chance[IN_MOTION] > 0.5 or chance.sum() > sure)

    def _beyond(self, lane_id: str, row: int, margin: float) -> Array:
        """Chances (mode,) that a vehicle is beyond the stop end of its lane or the picture, if it stands or moves.

        margin: standard deviation of what the vehicle may be elsewhere.
        """
        lane = self._lanes[lane_id]
        both = zip(*self._states.point(row, lane.anchor), strict=True)
        return np.array([lane.passed(mean, variance + margin**2, self._aspect) for mean, variance in both])

    def _end(self, vehicle: Vehicle, track: _Track, *, departed: bool, t: float) -> None:
        del self._vehicles[vehicle.number]
        track.ended, track.first_t = True, t
        line = self._lines[vehicle.lane_id]
        (line.depart if departed else line.lose)(vehicle, t)

    def _keep(self, rows: Flags) -> None:
        self._states.keep(rows)
        self._p = self._p[rows]
        self._tracks = [track for track, kept in zip(self._tracks, rows.tolist(), strict=True) if kept]
