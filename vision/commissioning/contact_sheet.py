"""A contact sheet: pictures side by side with what a detector found drawn on them, for people to judge it by. A shell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.core.detections import Detections
from vision.errors import ConfigError
from vision.vocabulary import VEHICLE_CLASSES
from vision.whole_file import whole_file

__all__ = ["LEAST_DRAWN_SCORE", "check_name", "contact_sheet", "save_sheet", "tile"]

Image = NDArray[np.uint8]
LEAST_DRAWN_SCORE: Final = 0.25
WIDTH: Final = 640
COLUMNS: Final = 3
_COLOURS: Final = ((80, 220, 80), (70, 170, 240), (250, 170, 60))


def contact_sheet(tiles: Sequence[Image]) -> Image:
    """Tiles, as `tile` makes them, as one picture (H, W, 3) RGB, in rows of COLUMNS; at least one."""
    height, columns = max(tile.shape[0] for tile in tiles), min(COLUMNS, len(tiles))
    sheet = np.full((-(-len(tiles) // columns) * height, columns * WIDTH, 3), 40, np.uint8)
    for place, one in enumerate(tiles):
        top, left = place // columns * height, place % columns * WIDTH
        sheet[top : top + one.shape[0], left : left + WIDTH] = one
    return sheet


def tile(image: Image, found: Detections) -> Image:
    """A picture (H, W, 3) RGB, WIDTH wide, with its boxes of LEAST_SCORE and more, each with its class and score.

    Trucks are green, buses blue, cars orange.
    """
    scale = WIDTH / image.shape[1]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    drawn: Image = cv2.resize(image, (WIDTH, max(1, round(image.shape[0] * scale))), interpolation=way)
    for box, score, kind in zip(found.xyxy * scale, found.score, found.class_id, strict=True):
        if score >= LEAST_DRAWN_SCORE:
            x1, y1, x2, y2 = (round(float(side)) for side in box)
            cv2.rectangle(drawn, (x1, y1), (x2, y2), _COLOURS[kind], 1)
            _write(drawn, f"{VEHICLE_CLASSES[kind]} {score:.2f}", (x1, max(9, y1 - 2)), _COLOURS[kind])
    return drawn


def check_name(path: Path) -> None:
    """Raises ConfigError for a name that tells no kind of picture."""
    if path.suffix.lower() not in {".jpg", ".jpeg", ".png"}:
        raise ConfigError(f"the sheet {path} needs a name that ends in .jpg or .png")


def save_sheet(sheet: Image, path: Path) -> None:
    """Writes it; the kind follows from the name. Raises ConfigError where that cannot be done."""
    check_name(path)
    settings = [] if path.suffix.lower() == ".png" else [cv2.IMWRITE_JPEG_QUALITY, 85]
    _, data = cv2.imencode(path.suffix.lower(), np.ascontiguousarray(sheet[:, :, ::-1]), settings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part:
            part.write_bytes(bytes(data))
    except OSError as error:
        raise ConfigError(f"the sheet {path} cannot be written ({error.strerror}); give another place") from None


def _write(image: Image, text: str, place: tuple[int, int], colour: tuple[int, int, int]) -> None:
    for shade, thickness in (((0, 0, 0), 2), (colour, 1)):
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.32, shade, thickness, cv2.LINE_AA)
