"""How well a model finds what labelled frames show, by size, through the product's own detector. A shell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from vision.core.types import VEHICLE_CLASSES
from vision.ports import Detector
from vision.training.precision import Judged, average_precision
from vision.training.samples import Frames

__all__ = ["SIZES_PX", "Score", "contact_sheet", "judge", "judged"]

SIZES_PX: Final = (0.0, 16.0, 24.0)
NETWORK_PX: Final = 640
_COLOURS: Final = ((80, 220, 80), (230, 160, 60), (60, 170, 240))


@dataclass(frozen=True, slots=True)
class Score:
    """AP at an overlap of one half for boxes from a shorter side on, in pixels of a network's input 640 wide."""

    what: str
    shorter_px: float
    ap50: float | None
    boxes: int


def judged(detector: Detector, frames: Frames) -> Iterator[Judged]:
    """Each frame's true and found boxes in pixels of a picture 640 wide."""
    to_class = {index: VEHICLE_CLASSES.index(name) for index, name in frames.names.items() if name in VEHICLE_CLASSES}
    for index in range(len(frames.images)):
        image = frames.read(index)
        height, width = image.shape[:2]
        fitted_height, fitted_width = detector.input_shape(width, height)
        small = cv2.resize(image, (fitted_width, fitted_height), interpolation=cv2.INTER_LINEAR)
        found = detector.detect([np.ascontiguousarray(small[:, :, ::-1])], [(width, height)])[0]
        scale = NETWORK_PX / max(width, height)
        true = frames.pixels(index, width, height)
        kinds = np.array([to_class.get(int(kind), -1) for kind in true[:, 0]], np.int16)
        yield Judged(true[:, 1:] * scale, kinds, found.xyxy * scale, found.class_id, found.score)


def judge(pictures: list[Judged]) -> list[Score]:
    """AP of all vehicles together and of each class, at every size."""
    kinds: list[tuple[str, int | None]] = [("vehicle", None), *((name, i) for i, name in enumerate(VEHICLE_CLASSES))]
    scores = []
    for name, kind in kinds:
        for size in SIZES_PX:
            ap, boxes = average_precision(pictures, shorter_px=size, class_id=kind)
            scores.append(Score(name, size, ap, boxes))
    return scores


def contact_sheet(detector: Detector, frames: Frames, count: int = 12) -> bytes:
    """A JPEG of frames with what was found drawn on them, for people to look at."""
    tiles = []
    for index in np.linspace(0, len(frames.images) - 1, count).astype(int).tolist():
        image = frames.read(index)
        height, width = image.shape[:2]
        fitted_height, fitted_width = detector.input_shape(width, height)
        small = cv2.resize(image, (fitted_width, fitted_height), interpolation=cv2.INTER_LINEAR)
        found = detector.detect([np.ascontiguousarray(small[:, :, ::-1])], [(width, height)])[0]
        for box, score, kind in zip(found.xyxy, found.score, found.class_id, strict=True):
            if score >= 0.25:
                a, b = (tuple(int(v) for v in corner) for corner in (box[:2], box[2:]))
                cv2.rectangle(image, a, b, _COLOURS[kind], max(1, width // 640))
        tiles.append(cv2.resize(image, (480, round(480 * height / width)), interpolation=cv2.INTER_AREA))
    rows = [np.hstack(tiles[i : i + 3]) for i in range(0, len(tiles) - len(tiles) % 3, 3)]
    return bytes(cv2.imencode(".jpg", np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 85])[1])
