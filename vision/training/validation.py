"""How well a model finds what labelled frames show, by size and light, through the product's own detector. A shell.

Rule for what must be found: every labelled vehicle whose visible box has at least the size asked for on its shorter side,
in pixels of a picture whose longer side is 640. Of rendered frames, where it is known, vehicles need not be found of which
less than NEARLY_HIDDEN of the rectangle round their outline is in sight (a vehicle that nothing hides fills about 0.7 of
it), nor those parked beside the road, which no lane measures; finding them is no mistake either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vision.commissioning.contact_sheet import contact_sheet, tile
from vision.commissioning.model_check import NETWORK_PX, found_in
from vision.ports import Detector
from vision.simulation.render.painter import Image
from vision.training.precision import Judged, average_precision
from vision.training.samples import Frames
from vision.vocabulary import VEHICLE_CLASSES

__all__ = ["NEARLY_HIDDEN", "VALIDATION_SIZES_PX", "Score", "judge", "judged", "sheet"]

VALIDATION_SIZES_PX: Final = (0.0, 16.0, 24.0)
NEARLY_HIDDEN: Final = 0.15


@dataclass(frozen=True, slots=True)
class Score:
    """AP at an overlap of one half for boxes from a shorter side on, in pixels of a picture 640 wide.

    what: "vehicle" counts any class for any, a class's name only that one; light: of which weather, empty for all.
    """

    what: str
    light: str
    shorter_px: float
    ap50: float | None
    boxes: int


def judged(detector: Detector, frames: Frames) -> Iterator[tuple[str, Judged]]:
    """Each frame's weather, and its true and found boxes in pixels of a picture 640 wide."""
    to_class = {index: VEHICLE_CLASSES.index(name) for index, name in frames.names.items() if name in VEHICLE_CLASSES}
    for index in range(len(frames.images)):
        image, note = frames.read(index), frames.note(index)
        height, width = image.shape[:2]
        found = found_in(detector, image[:, :, ::-1])
        scale = NETWORK_PX / max(width, height)
        true = frames.pixels(index, width, height)
        kinds = np.array([to_class.get(int(kind), -1) for kind in true[:, 0]], np.int16)
        let_off = (note.visible < NEARLY_HIDDEN) | note.parked
        yield note.weather, Judged(true[:, 1:] * scale, kinds, let_off, found.xyxy * scale, found.class_id, found.score)


def judge(pictures: Sequence[tuple[str, Judged]]) -> list[Score]:
    """AP of all vehicles together by weather, then of each class, at every size."""
    lights = ["", *dict.fromkeys(light for light, _ in pictures if light)]
    parts = {light: [picture for name, picture in pictures if light in ("", name)] for light in lights}
    by_light = [
        Score("vehicle", light, size, *average_precision(parts[light], shorter_px=size))
        for light in lights
        for size in VALIDATION_SIZES_PX
    ]
    by_class = [
        Score(name, "", size, *average_precision(parts[""], shorter_px=size, class_id=kind))
        for kind, name in enumerate(VEHICLE_CLASSES)
        for size in VALIDATION_SIZES_PX
    ]
    return by_light + by_class


def sheet(detector: Detector, frames: Frames, count: int = 12) -> Image:
    """A contact sheet (H, W, 3) RGB of some of the frames with what is found in them."""
    tiles = []
    for index in np.unique(np.linspace(0, len(frames.images) - 1, count).astype(int)).tolist():
        image = frames.read(index)[:, :, ::-1]
        tiles.append(tile(image, found_in(detector, image)))
    return contact_sheet(tiles)
