"""Calibrated lanes as a physical scene: vehicles on the ground, seen by one or more cameras. Pure.

Each frame: predict every vehicle, work out how it should look, pair the frame's boxes with vehicles, correct, then let
the lanes' lines know who arrived, changed lane, left or is lost. Boxes that show nobody known are followed in the
picture until they are sure enough to be a new vehicle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.config import Camera, View
from vision.core.births import Guess, guess_body
from vision.core.bodies import Bodies
from vision.core.camera_pose import CameraPose, fit_pose
from vision.core.cuboid import LENGTH, D, LaneTable, S, V, appearance
from vision.core.geometry import LaneAxis, ground_axis, overlap_of_first
from vision.core.line import LaneLine
from vision.core.sight import Sight, detectability
from vision.core.tracker import BoxTracker, Track, merge_doubles
from vision.core.types import Seen
from vision.core.vehicle import Vehicle
from vision.errors import ConfigError

__all__ = ["GroundScene"]

Array = NDArray[np.float64]

STANDING_MPS: Final = 5 / 3.6
"""Slower than 5 km/h is standing (SUMO's E2 detector)."""
TENTATIVE_S: Final = 1.6
"""Memory for a box that is not yet a vehicle."""
CONFIRM_HITS: Final = 3
CONFIRM_S: Final = 0.6
CONFIRM_SCORE: Final = 0.8
"""A new vehicle needs so many boxes over so long, and this sum of their scores."""
CERTAIN_S: Final = 12.0
CERTAIN_SHARE: Final = 0.4
"""What it takes where a vehicle cannot have come unseen, time and share of the frames with it: detectors keep seeing
trucks in shadows for many seconds."""
PERIOD_GAIN: Final = 0.05
OVERDUE_M: Final = 15.0
OVERDUE_CHANCE: Final = 0.7
"""A vehicle cannot have come unseen if it is surely found where it is and so far upstream of that."""
TRY_AGAIN_S: Final = 1.0
TRY_AGAIN_SHARE: Final = 0.3
"""A box that could not be placed is looked at again after this time, and after this share of its age."""
PART_SHARE: Final = 0.75
"""A box that lies this much in the box of a known vehicle is a part of it."""
SEEN_RECENTLY_S: Final = 1.0
AT_START_S: Final = 3.0
OVERLAP_SHARE: Final = 0.4
"""Two vehicles of a lane that share this much of the shorter one's length are one."""
PATIENCE_S: Final = 6.0
"""A vehicle that should be in plain sight for so long, and is not found, has gone."""
PATIENCE_NEW_S: Final = 2.0
NEW_HITS: Final = 15
GAP_LOST_S: Final = 90.0
"""After so long without a frame the old visits end as lost: a service takes about a minute."""
LEFT_WITHIN_M: Final = 10.0
"""The first vehicle of a line that vanishes this near to the stop line has left."""
PAST_M: Final = -0.7
"""A front this far past the stop line has passed it."""
SURELY_PAST_M: Final = -9.0
"""Vehicles halt at the stop line: one that stands a little past it is still there, only seen badly; not so far past it."""
FORGET_PAST_M: Final = -25.0
FORGET_BEYOND_M: Final = 300.0
FREE_SPEED: Final = 7.5
COVER_MARGIN_M: Final = 12.0
CHANGE_MARGIN_M: Final = 0.5
"""A vehicle changes lanes once it is nearer to another axis by this much."""
ADOPT_M: Final = 10.0
ADOPT_MPS: Final = 6.0
OUTAGE_EXPECTED: Final = 1.5
"""An empty frame in which so many vehicles should be found says nothing about them."""


@dataclass(frozen=True, slots=True)
class _Boxes:
    """One frame's boxes, doubles merged: pinhole pixels (N, 4), scores, class ids."""

    xyxy: Array
    score: Array
    class_id: NDArray[np.int16]
    t: float


@dataclass(slots=True)
class _Eye:
    """One camera of the scene."""

    camera: Camera
    zones: dict[int, float]
    covers: dict[int, tuple[float, float]]
    tracker: BoxTracker
    size: tuple[int, int] = (0, 0)
    pose: CameraPose | None = None
    last_t: float | None = None
    period_s: float = 0.2
    tried: dict[int, float] = field(default_factory=dict)
    last: list[tuple[list[float], int]] = field(default_factory=list)


class GroundScene:
    """All calibrated lanes of a section, in metres."""

    def __init__(
        self,
        cameras: tuple[Camera, ...],
        lines: Mapping[str, LaneLine],
        next_number: Callable[[], int],
    ) -> None:
        self._lines = dict(lines)
        self._ids = list(lines)
        self._vehicles: dict[int, Vehicle] = {}
        self._bodies = Bodies()
        self._began_t: float | None = None
        self._axes: list[LaneAxis | None] = [None] * len(self._ids)
        self._table: LaneTable | None = None
        self._eyes = {camera.id: self._eye(camera, next_number) for camera in cameras}

    def resize(self, camera_id: str, width: int, height: int) -> None:
        """Takes a camera's frame size in pixels, which completes its pose."""
        eye = self._eyes[camera_id]
        if (width, height) == eye.size or not width or not height:
            return
        eye.size = (width, height)
        try:
            eye.pose = fit_pose(eye.camera, width, height)
        except ConfigError:
            eye.pose = None  # refused when the configuration was checked; a camera without pose measures nothing
            return
        for view in eye.camera.views:
            index = self._index(view)
            if index is not None and (self._axes[index] is None or view.axis is not None):
                self._axes[index] = ground_axis(view, eye.pose, self._lines[view.lane].lane.zone_m)
        straight = LaneAxis(np.array([[0.0, 0.0], [0.0, 1.0]]))
        self._table = LaneTable([axis or straight for axis in self._axes])

    def ready(self, camera_id: str) -> bool:
        """Whether a camera has a pose."""
        return self._eyes[camera_id].pose is not None

    def restart(self, camera_id: str) -> None:
        """Begins a new session of a camera: its tracks are forgotten, the vehicles on the ground stay."""
        eye = self._eyes[camera_id]
        eye.tracker.tracks.clear()
        eye.tried.clear()
        eye.last_t = None

    def observe(self, seen: Seen) -> None:
        """Takes one frame."""
        eye = self._eyes[seen.camera]
        if eye.pose is None or self._table is None:
            return
        t = seen.t
        if len(self._bodies) and t - self._bodies.t > GAP_LOST_S:
            self._start_over()
        self._began_t = t if self._began_t is None else self._began_t
        keep = merge_doubles(seen.detections)
        native = seen.detections.xyxy[keep].astype(np.float64)
        score = seen.detections.score[keep].astype(np.float64)
        boxes = _Boxes(eye.pose.pinhole_boxes(native), score, seen.detections.class_id[keep], t)
        bodies = self._bodies
        recent = np.array([t - self._vehicles[n].seen_t < SEEN_RECENTLY_S for n in bodies.number.tolist()], bool)
        bodies.predict(t, recent)
        sight = Sight.of(bodies, self._table, eye.pose)
        allowed = self._covered(eye)
        # A camera that does not measure a vehicle's stretch still sees it: its box is explained and makes no new vehicle.
        everyone = sight.pairs(boxes.xyxy, np.ones(len(bodies), bool))
        explained = {column for row, column in everyone if not allowed[row]}
        pairs = [(row, column) for row, column in everyone if allowed[row]]
        rows = np.array([row for row, _ in pairs], np.intp)
        columns = np.array([column for _, column in pairs], np.intp)
        sight.correct(rows, boxes.xyxy[columns], t)
        owners = dict(zip(columns.tolist(), bodies.number[rows].tolist(), strict=True))
        self._note(rows, columns, boxes)
        self._miss(eye, sight, allowed, rows, boxes)
        tentative = self._follow(eye, boxes, owners.keys() | explained)
        for track in tentative:
            self._consider(eye, track, t)
        bodies.part()
        self._lane_changes(t)
        self._passages(t)
        self._publish(t)
        if eye.last_t is not None:
            eye.period_s += PERIOD_GAIN * (min(t - eye.last_t, 2.0) - eye.period_s)
        eye.last_t = t
        eye.last = [([float(v) for v in native[i]], number) for i, number in sorted(owners.items())]

    def boxes(self, camera_id: str) -> list[tuple[list[float], int, Vehicle | None]]:
        """The last frame's boxes with track number and vehicle."""
        return [(box, number, self._vehicles.get(number)) for box, number in self._eyes[camera_id].last]

    def line_at(self, camera_id: str, lane_id: str, s: float) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """The line across a lane at s in a camera's picture, 0..1; None where the camera has no pose."""
        eye = self._eyes[camera_id]
        if eye.pose is None or self._table is None:
            return None
        index = np.array([self._ids.index(lane_id)])
        here, on = self._table.at(index, np.array([s]))[0], self._table.at(index, np.array([s + 1.0]))[0]
        right = np.array([on[1] - here[1], here[0] - on[0]]) * 1.6
        ground = np.array([[*(here - right), 0.0], [*(here + right), 0.0]])
        (x1, y1), (x2, y2) = np.clip(eye.pose.picture_points(ground), -0.5, 1.5).tolist()
        return (x1, y1), (x2, y2)

    def as_data(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        return {
            "began_t": self._began_t,
            "bodies": self._bodies.as_data(),
            "vehicles": [vehicle.as_data() for vehicle in self._vehicles.values()],
            "eyes": {
                name: {
                    "size": list(eye.size),
                    "last_t": eye.last_t,
                    "period_s": eye.period_s,
                    "tracks": eye.tracker.as_data(),
                    "tried": [list(pair) for pair in eye.tried.items()],
                }
                for name, eye in self._eyes.items()
            },
        }

    def load(self, data: dict[str, Any]) -> dict[int, Vehicle]:
        """Goes on from what `as_data` described; the vehicles by number."""
        self._began_t = data["began_t"]
        for name, saved in data["eyes"].items():
            if name in self._eyes:
                eye = self._eyes[name]
                self.resize(name, *saved["size"])
                eye.last_t, eye.period_s = saved["last_t"], saved["period_s"]
                eye.tracker.load(saved["tracks"])
                eye.tried = {int(number): t for number, t in saved["tried"]}
        self._bodies.load(data["bodies"])
        self._vehicles = {v["number"]: Vehicle.from_data(v) for v in data["vehicles"]}
        return self._vehicles

    def _eye(self, camera: Camera, next_number: Callable[[], int]) -> _Eye:
        zones, covers = {}, {}
        for view in camera.views:
            index = self._index(view)
            if index is not None:
                zones[index] = self._lines[view.lane].lane.zone_m
                covers[index] = view.covers_m or (-np.inf, np.inf)
        return _Eye(camera, zones, covers, BoxTracker(next_number, TENTATIVE_S))

    def _index(self, view: View) -> int | None:
        return self._ids.index(view.lane) if view.lane in self._lines else None

    def _covered(self, eye: _Eye) -> NDArray[np.bool_]:
        """Rows of the vehicles that a camera measures: those in the stretch that its view of the lane covers."""
        bodies = self._bodies
        low = np.full(len(self._ids), np.inf)
        high = np.full(len(self._ids), -np.inf)
        for lane, (start, end) in eye.covers.items():
            zone = self._lines[self._ids[lane]].lane.zone_m
            low[lane] = -np.inf if start <= 0 else start - COVER_MARGIN_M
            high[lane] = np.inf if end >= zone else end + COVER_MARGIN_M
        front = bodies.x[:, S]
        return np.asarray((front > low[bodies.lane]) & (front < high[bodies.lane]))

    def _start_over(self) -> None:
        """After a gap in which several vehicles may have left nobody can be told from the one that took his place."""
        for vehicle in self._vehicles.values():
            if vehicle.visit is not None:
                self._lines[vehicle.lane_id].lose(vehicle, vehicle.seen_t)
        self._vehicles.clear()
        self._bodies.keep(np.zeros(len(self._bodies), bool))
        self._began_t = None

    def _note(self, rows: NDArray[np.intp], columns: NDArray[np.intp], boxes: _Boxes) -> None:
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            vehicle = self._vehicles[int(self._bodies.number[row])]
            vehicle.seen_t = boxes.t
            vehicle.hits += 1
            vehicle.missed_s = 0.0
            vehicle.votes[int(boxes.class_id[column])] += float(boxes.score[column])

    def _miss(self, eye: _Eye, sight: Sight, allowed: NDArray[np.bool_], rows: NDArray[np.intp], boxes: _Boxes) -> None:
        """Counts the time for which vehicles that should be found are not; those with too much of it have gone."""
        chance = detectability(sight.look)
        numbers = self._bodies.number.tolist()
        for number, share in zip(numbers, sight.look.visible.tolist(), strict=True):
            self._vehicles[number].visible = share
        if eye.last_t is None or (not len(boxes.score) and float(chance[allowed].sum()) > OUTAGE_EXPECTED):
            return
        dt = min(max(boxes.t - eye.last_t, 0.0), 1.0)
        missed = allowed.copy()
        missed[rows] = False
        keep = np.ones(len(numbers), bool)
        for row in np.flatnonzero(missed).tolist():
            vehicle = self._vehicles[numbers[row]]
            vehicle.missed_s += dt * float(chance[row])
            if vehicle.missed_s > (PATIENCE_NEW_S if vehicle.hits < NEW_HITS else PATIENCE_S):
                keep[row] = False
                self._forget(vehicle, float(self._bodies.x[row, S]))
        self._bodies.keep(keep)
        # rows of `sight` are not used after this

    def _forget(self, vehicle: Vehicle, s: float) -> None:
        del self._vehicles[vehicle.number]
        if vehicle.visit is None:
            return
        line = self._lines[vehicle.lane_id]
        if line.vehicles[0] is vehicle and s < LEFT_WITHIN_M:
            line.depart(vehicle, vehicle.seen_t)
        else:
            line.lose(vehicle, vehicle.seen_t)

    def _follow(self, eye: _Eye, boxes: _Boxes, taken: Set[int]) -> list[Track]:
        """Follows the boxes that belong to nobody; returns those of their tracks that are sure enough to be looked at."""
        t = boxes.t
        free = np.array([i for i in range(len(boxes.score)) if i not in taken], np.intp)
        others = np.array(sorted(taken), np.intp)
        if len(free) and len(others):
            free = free[overlap_of_first(boxes.xyxy[free], boxes.xyxy[others]).max(1) < PART_SHARE]
        tracks = eye.tracker.step(boxes.xyxy[free], boxes.score[free], boxes.class_id[free], t)
        alive = {track.number for track in eye.tracker.tracks}
        eye.tried = {number: tried for number, tried in eye.tried.items() if number in alive}
        return [
            track
            for track in tracks
            if track.hits >= CONFIRM_HITS
            and t - track.first_t >= CONFIRM_S
            and track.score_sum >= CONFIRM_SCORE
            and t - eye.tried.get(track.number, -np.inf) >= max(TRY_AGAIN_S, TRY_AGAIN_SHARE * (t - track.first_t))
        ]

    def _consider(self, eye: _Eye, track: Track, t: float) -> None:
        """Makes a followed box a vehicle if a body on a lane explains it and its place is free."""
        assert eye.pose is not None
        assert self._table is not None
        eye.tried[track.number] = t
        guess = guess_body(np.array(track.box), np.array(track.votes), eye.zones, self._table, eye.pose)
        if guess is None or not self._measured_here(eye, guess):
            return
        clash = self._clash(guess, t)
        if clash == "taken":
            return
        lost = clash if isinstance(clash, int) else self._lost_vehicle(guess, t)
        if lost is None and self._overdue(eye, guess, t) and not _certain(track, eye.period_s, t):
            return
        eye.tracker.drop({track.number})
        if lost is not None:
            self._adopt(lost, guess, t)
            return
        lane_id = self._ids[guess.lane]
        vehicle = Vehicle(track.number, lane_id, track.first_t, t, float(guess.x[S]), float(guess.x[S] + guess.x[LENGTH]))
        vehicle.votes = list(track.votes)
        vehicle.hits = track.hits
        vehicle.present_at_start = track.first_t - (self._began_t or t) < AT_START_S
        self._vehicles[track.number] = vehicle
        self._bodies.add(track.number, guess.lane, guess.x, guess.p)

    def _measured_here(self, eye: _Eye, guess: Guess) -> bool:
        start, end = eye.covers[guess.lane]
        zone = self._lines[self._ids[guess.lane]].lane.zone_m
        return (start <= 0 or guess.x[S] >= start) and (end >= zone or guess.x[S] <= end)

    def _overdue(self, eye: _Eye, guess: Guess, t: float) -> bool:
        """Whether a vehicle at this place would have been found on its way to it: it was never hidden nor too small."""
        assert eye.pose is not None
        assert self._table is not None
        if t - (self._began_t or t) < OVERDUE_M / FREE_SPEED or guess.x[S] > eye.zones[guess.lane] - OVERDUE_M:
            return False
        bodies = self._bodies
        x = np.repeat(guess.x[None], 2, axis=0)
        x[1, S] += OVERDUE_M
        now = [
            appearance(np.vstack([bodies.x, row[None]]), np.append(bodies.lane, guess.lane), self._table, eye.pose) for row in x
        ]
        return min(float(detectability(look)[-1]) for look in now) > OVERDUE_CHANCE

    def _clash(self, guess: Guess, t: float) -> int | str | None:
        """The unseen vehicle whose place the guess takes; "taken" if a seen one is there; None if the place is free."""
        bodies = self._bodies
        front, rear = guess.x[S], guess.x[S] + guess.x[LENGTH]
        found: int | None = None
        for row in np.flatnonzero(bodies.lane == guess.lane).tolist():
            other, length = bodies.x[row, S], bodies.x[row, LENGTH]
            shared = min(rear, other + length) - max(front, other)
            if shared < OVERLAP_SHARE * min(length, guess.x[LENGTH]):
                continue
            number = int(bodies.number[row])
            if t - self._vehicles[number].seen_t < SEEN_RECENTLY_S:
                return "taken"
            found = number
        return found

    def _lost_vehicle(self, guess: Guess, t: float) -> int | None:
        """An unseen vehicle of the lane that can have come here with nobody seen between."""
        bodies = self._bodies
        best: tuple[float, int] | None = None
        for row in np.flatnonzero(bodies.lane == guess.lane).tolist():
            number = int(bodies.number[row])
            unseen = t - self._vehicles[number].seen_t
            away = abs(float(bodies.x[row, S] - guess.x[S]))
            if unseen < SEEN_RECENTLY_S or away > ADOPT_M + ADOPT_MPS * min(unseen, 3.0):
                continue
            low, high = sorted((float(bodies.x[row, S]), float(guess.x[S])))
            between = (bodies.lane == guess.lane) & (bodies.x[:, S] > low) & (bodies.x[:, S] < high)
            between[row] = False
            if not between.any() and (best is None or away < best[0]):
                best = away, number
        return None if best is None else best[1]

    def _adopt(self, number: int, guess: Guess, t: float) -> None:
        """Finds a lost vehicle again at another place."""
        row = int(np.flatnonzero(self._bodies.number == number)[0])
        kept = self._bodies.x[row].copy()
        kept[S], kept[D] = guess.x[S], guess.x[D]
        self._bodies.x[row] = kept
        spread = self._bodies.p[row].copy()
        spread[[S, V, D], :] = 0.0
        spread[:, [S, V, D]] = 0.0
        for state in (S, V, D):
            spread[state, state] = guess.p[state, state]
        self._bodies.p[row] = spread
        vehicle = self._vehicles[number]
        vehicle.seen_t, vehicle.missed_s = t, 0.0

    def _lane_changes(self, t: float) -> None:
        bodies = self._bodies
        for row in np.flatnonzero(np.abs(bodies.x[:, D]) > 1.2).tolist():
            lane = int(bodies.lane[row])
            axis = self._axes[lane]
            if axis is None:
                continue
            s, d = float(bodies.x[row, S]), float(bodies.x[row, D])
            along = axis.direction(s)
            point = axis.at(np.array([s]))[0] + np.array([along[1], -along[0]]) * d
            for other, beside in enumerate(self._axes):
                if other == lane or beside is None:
                    continue
                new_s, new_d = (float(a[0]) for a in beside.locate(point[None]))
                if abs(new_d) < abs(d) - CHANGE_MARGIN_M:
                    self._change(row, other, new_s, new_d, t)
                    break

    def _change(self, row: int, lane: int, s: float, d: float, t: float) -> None:
        bodies = self._bodies
        vehicle = self._vehicles[int(bodies.number[row])]
        bodies.lane[row], bodies.x[row, S], bodies.x[row, D] = lane, s, d
        if vehicle.visit is None:
            vehicle.lane_id = self._ids[lane]
        else:
            self._lines[self._ids[lane]].change_from(self._lines[vehicle.lane_id], vehicle, t)

    def _passages(self, t: float) -> None:
        """Arrivals at the zone's entry, departures at the stop line, and vehicles that are out of reach."""
        bodies = self._bodies
        keep = np.ones(len(bodies), bool)
        for row, number in enumerate(bodies.number.tolist()):
            vehicle = self._vehicles[number]
            s, v = float(bodies.x[row, S]), float(bodies.x[row, V])
            line = self._lines[vehicle.lane_id]
            if vehicle.visit is not None:
                if s < PAST_M and (v > STANDING_MPS or s < SURELY_PAST_M):
                    line.depart(vehicle, round(max(t + s / max(v, 1.0), vehicle.first_seen_t), 3))
                    vehicle.gone = True
            elif not vehicle.gone:
                if s < PAST_M:
                    vehicle.gone = True
                elif s <= line.lane.zone_m:
                    self._arrive(vehicle, line, s, v, t)
            if vehicle.visit is None and not FORGET_PAST_M < s < FORGET_BEYOND_M:
                keep[row] = False
                del self._vehicles[number]
        if not keep.all():
            bodies.keep(keep)

    def _arrive(self, vehicle: Vehicle, line: LaneLine, s: float, v: float, t: float) -> None:
        zone = line.lane.zone_m
        if vehicle.front > zone:
            vehicle.present_at_start = False
            line.enter(vehicle, round(t - (zone - s) / max(v, 1.0), 3), start_censored=False)
        elif vehicle.present_at_start:
            line.enter(vehicle, None, start_censored=True)
        else:
            ahead = [other.visit.arrived_t for other in line.vehicles if other.visit and other.front < s]
            earliest = max([a for a in ahead if a is not None], default=-np.inf)
            guess = vehicle.first_seen_t - (zone - s) / FREE_SPEED
            line.enter(vehicle, round(max(guess, min(earliest + 2.0, vehicle.first_seen_t)), 3), start_censored=zone - s > 60)

    def _publish(self, t: float) -> None:
        """Hands the vehicles' places to their lanes' lines."""
        bodies = self._bodies
        for number, x in zip(bodies.number.tolist(), bodies.x.tolist(), strict=True):
            vehicle = self._vehicles[number]
            vehicle.front, vehicle.rear, vehicle.speed = x[S], x[S] + x[LENGTH], x[V]
            vehicle.set_slow(x[V] < STANDING_MPS, t)
        for line in self._lines.values():
            line.update(t)


def _certain(track: Track, period_s: float, t: float) -> bool:
    """Whether a box was followed for so long that it must be a vehicle, wherever it came from."""
    age = t - track.first_t
    return age >= CERTAIN_S and track.hits * period_s >= CERTAIN_SHARE * age
