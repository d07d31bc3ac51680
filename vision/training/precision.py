"""Average precision of boxes by their size: what the model's card and `make accuracy-video` report. Pure.

Some true boxes are neither required nor, where something finds them, counted against the detector: those whose shorter
side is below the limit, and those that are marked as let off (nearly hidden, or beside the road). Nor is a found box
below the limit counted that meets nothing. The curve's area is COCO's: 101 points of recall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Judged", "average_precision", "overlaps"]

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Judged:
    """One picture: true boxes (N) and found boxes (M) as xyxy, all in pixels of the network's input.

    let_off (N): true boxes that need not be found, though they may.
    """

    true_xyxy: Array
    true_class: NDArray[np.int16]
    let_off: NDArray[np.bool_]
    found_xyxy: Array
    found_class: NDArray[np.int16]
    found_score: Array


def average_precision(
    pictures: Sequence[Judged], *, at: float = 0.5, shorter_px: float = 0.0, class_id: int | None = None
) -> tuple[float | None, int]:
    """(AP 0..1 or None where nothing was to be found, how many were) at that overlap for boxes of at least that size.

    class_id: only this class, by which found boxes must be called so; None: vehicles whatever they are called.
    """
    scores: list[float] = []
    hits: list[bool] = []
    required = 0
    for picture in pictures:
        true = np.ones(len(picture.true_class), bool) if class_id is None else picture.true_class == class_id
        called = np.ones(len(picture.found_class), bool) if class_id is None else picture.found_class == class_id
        wanted, found, score = picture.true_xyxy[true], picture.found_xyxy[called], picture.found_score[called]
        needed = (_shorter(wanted) >= shorter_px) & ~picture.let_off[true]
        required += int(needed.sum())
        for place, hit in _match(wanted, needed, found, score, at):
            if hit or _shorter(found[place : place + 1])[0] >= shorter_px:
                scores.append(float(score[place]))
                hits.append(hit)
    if not required:
        return None, 0
    return _area(np.array(scores), np.array(hits, bool), required), required


def overlaps(first: Array, second: Array) -> Array:
    """Intersection over union (N, M) of two sets of boxes."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second)]
    share: Array = both / np.maximum(areas[0][:, None] + areas[1][None] - both, 1e-9)
    return share


def _match(wanted: Array, needed: NDArray[np.bool_], found: Array, score: Array, at: float) -> list[tuple[int, bool]]:
    """For each found box that counts, best score first, whether it is a hit; hits on boxes not needed do not count."""
    share = overlaps(found, wanted) if len(wanted) and len(found) else np.zeros((len(found), len(wanted)), np.float32)
    taken = np.zeros(len(wanted), bool)
    outcomes: list[tuple[int, bool]] = []
    for place in np.argsort(-score, kind="stable").tolist():
        open_ = np.where(taken, -1.0, share[place])
        best = max((j for j in np.flatnonzero(open_ >= at).tolist()), key=lambda j: (needed[j], open_[j]), default=None)
        if best is None:
            outcomes.append((place, False))
            continue
        taken[best] = True
        if needed[best]:
            outcomes.append((place, True))
    return outcomes


def _shorter(boxes: Array) -> Array:
    shorter: Array = (boxes[:, 2:] - boxes[:, :2]).min(axis=1) if len(boxes) else np.zeros(0, np.float32)
    return shorter


def _area(scores: NDArray[np.float64], hits: NDArray[np.bool_], required: int) -> float:
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(hits[order])
    precision = right / np.arange(1, len(right) + 1)
    recall = right / required
    best = np.maximum.accumulate(precision[::-1])[::-1]
    points = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    return float(np.mean([best[i] if i < len(best) else 0.0 for i in points]))
