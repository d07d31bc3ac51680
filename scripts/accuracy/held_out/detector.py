"""What a detector makes of exact boxes, at three levels: misses in bursts, edges that wobble and drift, false boxes that stay.

The kinds of fault are those that the oracle's README names, the numbers our own in the same range. Every vehicle keeps its
number, so that a fit knows which box is whose. Pure; random by a given generator.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scripts.accuracy.held_out.sight import Sighting
from vision.core.detections import Detections
from vision.vocabulary import VEHICLE_CLASSES

__all__ = ["CLUTTER", "LEVELS", "Emulator", "Found", "Level"]

Array = NDArray[np.float64]
CLUTTER: Final = -1
"""The number of a box that shows no vehicle."""
MIN_SCORE: Final = 0.10
FULL_WIDTH: Final = 1920
"""Width of a picture for which the levels' pixels are meant; a smaller one is less reduced before it is looked at."""


@dataclass(frozen=True, slots=True)
class Level:
    """How good a detector is.

    recall: of a vehicle in plain sight; share_knee, size_knee_px: visible share and shorter side at which half of that is
    left; unlike: standard deviation of the vehicles' own logits; burst_s: mean length of a run of misses of such a vehicle;
    jitter, drift: standard deviations of an edge in sizes of the box, new in each frame and slow (drift_s); amodal: share of
    time that hidden edges are guessed; split: share of long vehicles that come as two boxes; clutter: false boxes alive at a
    time, each for clutter_s on average; confusion: share of wrong classes; scores: of a vehicle in plain sight; shake_px,
    gust_px: of the whole picture; outages_per_s; max_overlap: of two boxes that are both kept.
    """

    recall: float
    share_knee: float
    size_knee_px: float
    unlike: float
    burst_s: float
    jitter: float
    drift: float
    drift_s: float
    amodal: float
    split: float
    clutter: float
    clutter_s: float
    confusion: float
    scores: float
    shake_px: float
    gust_px: float
    outages_per_s: float
    max_overlap: float


LEVELS: Final = {
    "clean": Level(0.999, 0.05, 9, 0.0, 0.2, 0.002, 0.0, 4.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.93, 0.0, 0.0, 0.0, 0.85),
    "typical": Level(0.975, 0.11, 15, 0.5, 1.2, 0.010, 0.018, 4.0, 0.08, 0.01, 0.17, 3.0, 0.06, 0.85, 0.3, 0.0, 0.0, 0.7),
    "hard": Level(0.86, 0.17, 22, 0.9, 1.8, 0.022, 0.033, 4.0, 0.12, 0.03, 0.6, 6.0, 0.18, 0.62, 1.8, 6.0, 0.015, 0.65),
}
"""By name, as the recordings' names end."""


@dataclass(frozen=True, slots=True)
class Found:
    """The boxes of one frame, and whose each is: a vehicle's number or CLUTTER."""

    detections: Detections
    numbers: NDArray[np.int32]


@dataclass(slots=True)
class _Vehicle:
    """What a detector keeps doing with one vehicle."""

    unlike: float
    drift: Array
    found: bool = True
    amodal: bool = False
    split: bool = False
    wrong: int | None = None


@dataclass(slots=True)
class _False:
    box: Array
    score: float
    class_id: int
    until_t: float


@dataclass(slots=True)
class _Frame:
    """Boxes as they come together."""

    boxes: list[Array] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    classes: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def add(self, box: Array, score: float, class_id: int, number: int) -> None:
        self.boxes.append(box)
        self.scores.append(score)
        self.classes.append(class_id)
        self.numbers.append(number)


class Emulator:
    """One camera's detector: frames of exact sightings in, boxes out, a step of step_s apart."""

    def __init__(self, level: Level, size: tuple[int, int], random: np.random.Generator, step_s: float = 0.2) -> None:
        self._level = level
        self._size = np.array([*size, *size], float)
        self._random = random
        self._step_s = step_s
        self._knee_px = level.size_knee_px * (0.4 + 0.6 * size[0] / FULL_WIDTH)
        self._vehicles: dict[int, _Vehicle] = {}
        self._false: list[_False] = []
        self._out_until = self._gust_until = -1.0
        self._t = 0.0

    def step(self, sightings: Sequence[Sighting], classes: Mapping[int, str]) -> Found:
        """The next frame; classes: what each vehicle is, by number."""
        self._t += self._step_s
        shift = self._shake()
        frame = _Frame()
        for sighting in sightings:
            self._show(frame, sighting, VEHICLE_CLASSES.index(classes[sighting.number]))
        self._show_false(frame, sightings)
        if self._is_out() or not frame.boxes:
            return Found(Detections.empty(), np.zeros(0, np.int32))
        boxes = np.asarray(np.clip(np.array(frame.boxes) + shift, 0.0, self._size).round(1), float)
        return self._kept(boxes, frame)

    def _show(self, frame: _Frame, sighting: Sighting, class_id: int) -> None:
        level, random = self._level, self._random
        vehicle = self._vehicles.get(sighting.number)
        if vehicle is None:
            vehicle = self._vehicles[sighting.number] = self._met()
        box, full = np.array(sighting.box), np.array(sighting.full)
        side = float(min(box[2] - box[0], box[3] - box[1]))
        chance = self._chance(side, sighting.share, vehicle)
        self._turn(vehicle, chance, class_id)
        if not vehicle.found:
            return
        if vehicle.amodal:
            box = box + (full - box) * random.uniform(0.4, 0.9)
        spans = np.tile(box[2:] - box[:2], 2)
        box = box + spans * (level.jitter * random.normal(0.0, 1.0, 4) + level.drift * vehicle.drift)
        score = self._score(side, sighting.share, vehicle)
        if score < MIN_SCORE:
            return
        shown = class_id if vehicle.wrong is None else vehicle.wrong
        if vehicle.split and max(spans) > 1.5 * side:
            for part in _halves(box, float(random.uniform(0.35, 0.65))):
                frame.add(part, score * 0.8, shown, sighting.number)
        else:
            frame.add(box, score, shown, sighting.number)

    def _met(self) -> _Vehicle:
        random = self._random
        return _Vehicle(self._level.unlike * float(random.normal()), random.normal(0.0, 1.0, 4), bool(random.random() < 0.5))

    def _chance(self, side: float, share: float, vehicle: _Vehicle) -> float:
        """The chance of a box, in the long run."""
        level = self._level
        plain = math.log(level.recall / (1.0 - level.recall)) + vehicle.unlike
        by_share = _logistic((share - level.share_knee) / (0.2 * level.share_knee))
        by_size = _logistic((side - self._knee_px) / (0.12 * self._knee_px))
        return _logistic(plain) * by_share * by_size

    def _turn(self, vehicle: _Vehicle, chance: float, class_id: int) -> None:
        """Lets a frame pass: the two-state chain of misses, whose share of hits is `chance`, and the slow faults."""
        level, random = self._level, self._random
        again = min(1.0, self._step_s / level.burst_s, chance / max(1e-9, 1.0 - chance))
        missed = again * (1.0 - chance) / max(1e-9, chance)
        vehicle.found = bool(random.random() >= missed) if vehicle.found else bool(random.random() < again)
        kept = np.exp(-self._step_s / level.drift_s)
        vehicle.drift = kept * vehicle.drift + np.sqrt(1.0 - kept**2) * random.normal(0.0, 1.0, 4)
        if random.random() < 0.15:
            vehicle.amodal = bool(random.random() < level.amodal)
            vehicle.split = bool(random.random() < level.split)
            others = [other for other in range(len(VEHICLE_CLASSES)) if other != class_id]
            vehicle.wrong = int(random.choice(others)) if random.random() < level.confusion else None

    def _score(self, side: float, share: float, vehicle: _Vehicle) -> float:
        """Lower for what is small, hidden or unlike a vehicle: a beta distribution round its mean."""
        level = self._level
        in_sight = _logistic(1.2 * (math.log(side / self._knee_px) - 0.2)) * min(1.0, 0.55 + share)
        mean = float(np.clip(level.scores * (0.35 + 0.65 * in_sight) + 0.06 * vehicle.unlike, 0.08, 0.97))
        return float(round(self._random.beta(14.0 * mean, 14.0 * (1.0 - mean)), 3))

    def _show_false(self, frame: _Frame, sightings: Sequence[Sighting]) -> None:
        level, random = self._level, self._random
        self._false = [one for one in self._false if one.until_t > self._t]
        for _ in range(int(random.poisson(level.clutter / level.clutter_s * self._step_s))):
            self._false.append(self._imagined(sightings))
        for one in self._false:
            if random.random() < 0.7:
                spans = np.tile(one.box[2:] - one.box[:2], 2)
                score = float(np.clip(one.score + random.normal(0.0, 0.06), MIN_SCORE, 0.9))
                frame.add(one.box + 1.5 * level.jitter * spans * random.normal(0.0, 1.0, 4), score, one.class_id, CLUTTER)

    def _imagined(self, sightings: Sequence[Sighting]) -> _False:
        """A false box: half of them of a vehicle's size beside one that is in sight, the others anywhere on the ground."""
        random = self._random
        width, height = self._size[:2]
        y = height * (0.3 + 0.6 * float(random.beta(1.0, 2.5)))
        tall = (y - 0.25 * height) * float(random.lognormal(-0.9, 0.5))
        centre = np.array([random.uniform(0.05, 0.95) * width, y])
        if sightings and random.random() < 0.5:
            near = np.array(sightings[int(random.integers(len(sightings)))].box)
            tall = float(near[3] - near[1]) * float(random.uniform(0.4, 1.1))
            centre = (near[:2] + near[2:]) / 2 + (near[2:] - near[:2]) * random.uniform(-1.1, 1.1, 2)
        wide = tall * float(random.lognormal(0.0, 0.35))
        box = np.array([*centre, *centre]) + np.array([-wide, -tall, wide, tall]) / 2
        score = 0.1 + 0.5 * float(random.beta(1.3, 3.0))
        until_t = self._t + float(random.exponential(self._level.clutter_s))
        return _False(box, score, int(random.integers(len(VEHICLE_CLASSES))), until_t)

    def _shake(self) -> Array:
        level, random = self._level, self._random
        if level.gust_px and random.random() < self._step_s / 40.0:
            self._gust_until = self._t + float(random.uniform(2.0, 5.0))
        shift = level.shake_px * random.normal(0.0, 1.0, 2)
        if self._t < self._gust_until:
            shift = shift + level.gust_px * np.sin(2 * np.pi * self._t * np.array([0.6, 0.9]))
        return np.tile(shift * self._size[0] / FULL_WIDTH, 2)

    def _is_out(self) -> bool:
        if self._random.random() < self._level.outages_per_s * self._step_s:
            self._out_until = self._t + float(self._random.uniform(0.5, 3.0))
        return self._t < self._out_until

    def _kept(self, boxes: Array, frame: _Frame) -> Found:
        """The boxes with an area that no better one overlaps too much, the best first."""
        score, number = np.array(frame.scores), np.array(frame.numbers, np.int32)
        order = np.argsort(-score, kind="stable")
        order = order[(boxes[order, 2:] - boxes[order, :2]).min(axis=1) > 1.0]
        overlap = _overlaps(boxes[order])
        alive = np.ones(len(order), bool)
        for i in range(len(order)):
            if alive[i]:
                alive[i + 1 :] &= overlap[i, i + 1 :] <= self._level.max_overlap
        kept = order[alive]
        classes = np.array(frame.classes, np.int16)[kept]
        found = Detections(boxes[kept].astype(np.float32), np.round(score[kept], 3).astype(np.float32), classes)
        return Found(found, number[kept])


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, x))))


def _halves(box: Array, share: float) -> tuple[Array, Array]:
    """A box cut in two across its longer side."""
    first, second = box.copy(), box.copy()
    axis = int(box[3] - box[1] > box[2] - box[0])
    cut = box[axis] + share * (box[axis + 2] - box[axis])
    first[axis + 2] = second[axis] = cut
    return first, second


def _overlaps(boxes: Array) -> Array:
    """Intersection over union of every pair (N, N)."""
    low, high = np.maximum(boxes[:, None, :2], boxes[None, :, :2]), np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.maximum(high - low, 0.0).prod(axis=2)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return np.asarray(shared / (area[:, None] + area[None, :] - shared))
