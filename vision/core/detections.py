"""The boxes of one frame, as a detector gives them to the core. Pure.

Shapes and ranges are checked when a value is built, so that no stage needs to check them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.vocabulary import VEHICLE_CLASSES

__all__ = ["MAX_COORDINATE_PX", "Detections"]

MAX_COORDINATE_PX: Final = 100_000.0


@dataclass(frozen=True, slots=True)
class Detections:
    """The boxes that a detector found in one frame, in pixels of the camera's native frame.

    xyxy: float32 (N, 4), rounded to 0.1 px; score: float32 (N,), 0..1, rounded to 0.001; class_id: int16 (N,), an
    index into VEHICLE_CLASSES. Raises ValueError for a wrong shape, a coordinate that is not finite, a reversed box,
    a score outside 0..1 or a class that is not in VEHICLE_CLASSES.
    """

    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    class_id: NDArray[np.int16]

    def __post_init__(self) -> None:
        self._check_boxes()
        if not ((self.score >= 0) & (self.score <= 1)).all():
            raise ValueError("Detections.score must lie in 0..1")
        if not ((self.class_id >= 0) & (self.class_id < len(VEHICLE_CLASSES))).all():
            raise ValueError(f"Detections.class_id must lie in 0..{len(VEHICLE_CLASSES) - 1}: {VEHICLE_CLASSES}")

    def _check_boxes(self) -> None:
        xyxy = self.xyxy
        if xyxy.ndim != 2 or xyxy.shape[1] != 4:
            raise ValueError(f"Detections.xyxy must have shape (N, 4), not {xyxy.shape}")
        for column, values in (("score", self.score), ("class_id", self.class_id)):
            if values.shape != (len(xyxy),):
                raise ValueError(f"Detections.{column} must have shape ({len(xyxy)},), not {values.shape}")
        if not np.isfinite(xyxy).all() or (np.abs(xyxy) > MAX_COORDINATE_PX).any():
            raise ValueError(f"Detections.xyxy has a coordinate that is not finite or beyond {MAX_COORDINATE_PX:.0f} px")
        if (xyxy[:, 2] <= xyxy[:, 0]).any() or (xyxy[:, 3] <= xyxy[:, 1]).any():
            raise ValueError("Detections.xyxy has a box without area or with its corners reversed; give x1 < x2 and y1 < y2")

    def __len__(self) -> int:
        return len(self.xyxy)

    @classmethod
    def empty(cls) -> Detections:
        """The detections of a frame in which nothing was found."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int16))
