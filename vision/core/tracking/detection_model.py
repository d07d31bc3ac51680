"""How surely a camera's detector finds a vehicle, by its visible size and share: expected at first, learned with time. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.core.geometry.vehicle_projection import Appearance

__all__ = ["DetectionModel"]

Array = NDArray[np.float64]

HIDDEN_SHARE: Final = 0.12
SEEN_SHARE: Final = 0.6
"""Visible shares: up to the first a vehicle counts as hidden, from the second on a detector finds it if it is large enough."""
SMALLEST_FOUND_PX: Final = 8.0
LARGE_PX: Final = 24.0
"""Sides in native pixels: never found below the first, as a rule from the second on."""
SIZES: Final = np.array([12.0, 16.0, 24.0, 36.0, 64.0])
SHARE_LIMITS: Final = np.array([0.12, 0.3, 0.6])
"""Borders of the classes of size, px, and of visible share for which the detector's success is learned."""
EXPECTED_S: Final = 20.0
"""What is expected weighs as much as so many seconds of experience with one vehicle."""
MEMORY_S: Final = 900.0
"""After so much experience with a class the older half is forgotten: light and weather change."""
EXPECTED_SCORE: Final = 0.5
SCORE_TIME_S: Final = 60.0
"""Score of a vehicle's box as expected at first, and the seconds of experience that go into the one that is usual."""
EVEN_STRENGTH: Final = 0.55
EVIDENCE: Final = 5.0
MOST_EVIDENCE: Final = 3.0
"""A box of this strength is as often that of something else as a vehicle's; nats for each unit of strength beyond it, and how
much one box can tell at most."""
_CLASSES: Final = (len(SIZES) + 1) * (len(SHARE_LIMITS) + 1)


@dataclass(slots=True)
class DetectionModel:
    """Seconds for which vehicles of each class should have been found and were; `waiting` are misses, by vehicle number.

    Experience only lowers what is expected of a good detector. A miss is counted once the vehicle is found again: until
    then it may have gone.
    """

    tried_s: Array = field(default_factory=lambda: np.zeros(_CLASSES))
    found_s: Array = field(default_factory=lambda: np.zeros(_CLASSES))
    waiting: dict[int, Array] = field(default_factory=dict)
    usual_score: Array = field(default_factory=lambda: np.full(len(SIZES) + 1, EXPECTED_SCORE))

    def strength(self, boxes: Array, scores: Array) -> Array:
        """Scores (N,) of boxes (N, 4) beside what is usual for vehicles of their size; false boxes are weaker as a rule."""
        return np.asarray(scores / self.usual_score[_size_class(boxes)])

    def evidence(self, boxes: Array, scores: Array) -> Array:
        """Logarithms (N,) of how much likelier a vehicle gives boxes (N, 4) such scores (N,) than something else does."""
        return np.asarray(np.clip(EVIDENCE * (self.strength(boxes, scores) - EVEN_STRENGTH), -MOST_EVIDENCE, MOST_EVIDENCE))

    def learn_scores(self, boxes: Array, scores: Array, dt: float) -> None:
        """Takes the boxes (N, 4) and scores (N,) of vehicles that are surely real."""
        for kind, score in zip(_size_class(boxes).tolist(), scores.tolist(), strict=True):
            self.usual_score[kind] += min(dt / SCORE_TIME_S, 1.0) * (score - self.usual_score[kind])

    def chance(self, look: Appearance) -> Array:
        """How surely (N,) each vehicle is found in one frame, 0..1."""
        expected, kind = _expected(look), _kind(look)
        success = (EXPECTED_S + self.found_s) / (EXPECTED_S + self.tried_s)
        return np.asarray(expected * np.minimum(success, 1.0)[kind])

    def learn(self, look: Appearance, number: NDArray[np.int64], found: NDArray[np.bool_], dt: float) -> None:
        """Takes one frame: which vehicles (N,) that are surely real were found in it, dt seconds after the one before."""
        kinds, weight = _kind(look), _expected(look) * dt
        np.add.at(self.tried_s, kinds[found], weight[found])
        np.add.at(self.found_s, kinds[found], weight[found])
        for one in self.waiting.keys() & set(number[found].tolist()):
            self.tried_s += self.waiting.pop(one)
        for row in np.flatnonzero(~found).tolist():
            self.waiting.setdefault(int(number[row]), np.zeros(_CLASSES))[kinds[row]] += weight[row]
        full = self.tried_s > MEMORY_S
        self.tried_s[full] /= 2
        self.found_s[full] /= 2

    def forget(self, numbers: set[int]) -> None:
        """Drops the open misses of all but these vehicles."""
        for number in self.waiting.keys() - numbers:
            del self.waiting[number]

    def as_data(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        return {
            "tried_s": self.tried_s.tolist(),
            "found_s": self.found_s.tolist(),
            "usual_score": self.usual_score.tolist(),
            "waiting": [[number, missed.tolist()] for number, missed in self.waiting.items()],
        }

    def load(self, data: dict[str, Any]) -> None:
        """Goes on from what `as_data` described."""
        self.tried_s, self.found_s = np.array(data["tried_s"], float), np.array(data["found_s"], float)
        self.usual_score = np.array(data["usual_score"], float)
        self.waiting = {int(number): np.array(missed, float) for number, missed in data["waiting"]}


def _size_class(boxes: Array) -> NDArray[np.intp]:
    return np.asarray(np.digitize((boxes[:, 2:] - boxes[:, :2]).min(-1), SIZES), np.intp)


def _size(look: Appearance) -> Array:
    return np.asarray((look.modal[:, 2:] - look.modal[:, :2]).min(-1))


def _kind(look: Appearance) -> NDArray[np.intp]:
    size, share = _size_class(look.modal), np.digitize(look.visible, SHARE_LIMITS)
    return np.asarray(size * (len(SHARE_LIMITS) + 1) + share, np.intp)


def _expected(look: Appearance) -> Array:
    size = np.clip((_size(look) - SMALLEST_FOUND_PX) / (LARGE_PX - SMALLEST_FOUND_PX), 0.0, 1.0)
    return np.asarray(size * np.clip((look.visible - HIDDEN_SHARE) / (SEEN_SHARE - HIDDEN_SHARE), 0.0, 1.0))
