"""What a YOLO network's output means: from raw arrays to Detections in the camera's pixels. Pure.

Two forms are known: raw (4 + classes, N) with centre, size and a score for each class, which needs suppression of
overlapping boxes; and end-to-end (N, 6) with corners, score and class, which does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.config import DetectorConfig
from vision.core.detections import MAX_COORDINATE_PX, Detections
from vision.errors import ModelError
from vision.vocabulary import VEHICLE_CLASSES

__all__ = ["ClassMap", "Placement", "class_map", "decode", "rounded"]

MAX_BOXES: Final = 300  # per frame, the best scores first


@dataclass(frozen=True, slots=True)
class ClassMap:
    """Which of a model's classes are wanted: model_ids int64 (K,) and, beside it, class_ids int16 (K,) in VEHICLE_CLASSES."""

    model_ids: NDArray[np.int64]
    class_ids: NDArray[np.int16]


def class_map(names: Mapping[int, str], wanted: Sequence[str], where: str) -> ClassMap:
    """The wanted vehicle classes that the model has, matched by name. Raises ModelError if it has none of them."""
    pairs = [
        (index, VEHICLE_CLASSES.index(name))
        for index, name in sorted(names.items())
        if name in VEHICLE_CLASSES and name in wanted
    ]
    if not pairs:
        has = ", ".join(list(names.values())[:8]) or "none"
        raise ModelError(f"{where} knows none of the classes {', '.join(wanted)} (it has: {has}); use a model of vehicles")
    return ClassMap(np.array([a for a, _ in pairs], np.int64), np.array([b for _, b in pairs], np.int16))


@dataclass(frozen=True, slots=True)
class Placement:
    """How a picture lies in the network's input: its corner (x, y) there, network pixels per native pixel, native size."""

    corner: tuple[int, int]
    scale: float
    size: tuple[int, int]


def decode(output: NDArray[np.float32], classes: ClassMap, config: DetectorConfig, placement: Placement) -> Detections:
    """The detections in one picture's output, (4 + C, N) or end-to-end (N, 6), clipped to the picture."""
    raw = _end_to_end if output.shape[-1] == 6 and output.shape[0] != 6 else _raw
    xyxy, score, class_id = raw(output, classes, config)
    corner = np.array([*placement.corner, *placement.corner], np.float32)
    return rounded((xyxy - corner) / placement.scale, score, class_id, placement.size)


def _raw(
    output: NDArray[np.float32], classes: ClassMap, config: DetectorConfig
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int16]]:
    scores = output[4 + classes.model_ids]
    best = scores.max(axis=0)
    places = np.flatnonzero(best >= config.min_score)
    cx, cy, width, height = output[:4, places]
    xyxy = np.stack([cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2], axis=1)
    kept = _suppressed(xyxy, best[places], config.max_overlap)
    class_id = classes.class_ids[scores[:, places[kept]].argmax(axis=0)]
    return xyxy[kept], best[places[kept]], class_id


def _end_to_end(
    output: NDArray[np.float32], classes: ClassMap, config: DetectorConfig
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int16]]:
    ids = output[:, 5].astype(np.int64)
    rows = output[(output[:, 4] >= config.min_score) & np.isin(ids, classes.model_ids)]
    rows = rows[np.argsort(-rows[:, 4], kind="stable")][:MAX_BOXES]
    column = np.searchsorted(classes.model_ids, rows[:, 5].astype(np.int64))
    return rows[:, :4], rows[:, 4], classes.class_ids[column]


def _suppressed(xyxy: NDArray[np.float32], score: NDArray[np.float32], max_overlap: float) -> NDArray[np.int64]:
    """Indices of the boxes that no better box overlaps too much, best first; classes do not matter.

    One vehicle is often found as truck and as bus at once, so boxes of different classes suppress each other too.
    """
    order = np.argsort(-score, kind="stable")[: MAX_BOXES * 4]
    boxes = xyxy[order]
    area = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    alive = np.ones(len(order), bool)
    for i in range(len(order)):
        if not alive[i]:
            continue
        corner = np.minimum(boxes[i, 2:], boxes[i + 1 :, 2:]) - np.maximum(boxes[i, :2], boxes[i + 1 :, :2])
        shared = np.prod(np.maximum(corner, 0), axis=1)
        alive[i + 1 :] &= shared <= max_overlap * (area[i] + area[i + 1 :] - shared)
    return order[alive][:MAX_BOXES]


def rounded(
    xyxy: NDArray[np.float32], score: NDArray[np.float32], class_id: NDArray[np.int16], size: tuple[int, int]
) -> Detections:
    """Detections clipped to the picture and rounded to 0.1 px and 0.001; boxes that have no area left are dropped."""
    limit = np.minimum(np.array([*size, *size], np.float32), MAX_COORDINATE_PX)
    boxes = np.round(np.clip(np.nan_to_num(xyxy.astype(np.float64)), 0, limit), 1).astype(np.float32)
    kept = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    scores = np.round(np.clip(score.astype(np.float64), 0, 1), 3).astype(np.float32)
    return Detections(boxes[kept], scores[kept], class_id[kept].astype(np.int16))
