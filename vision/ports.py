"""What the worker needs from the outside, as Protocols: a source of frames, and a detector. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vision.core.detections import Detections
from vision.core.events import CameraChanged

__all__ = ["Detector", "Frame", "FrameSource", "Picture"]


class Picture(Protocol):
    """A decoded frame that can still be shown to people."""

    def jpeg(self, max_width: int) -> tuple[bytes, int, int]:
        """The frame as JPEG, at most max_width wide: (bytes, width, height)."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that is due for analysis: image uint8 (H, W, 3) RGB as `Detector.input_shape` asks, native size in pixels."""

    camera: str
    session: int
    t: float
    image: NDArray[np.uint8]
    width: int
    height: int
    picture: Picture


class FrameSource(Protocol):
    """A camera or a file: frames that are due, and changes of its state, in order of time."""

    def __iter__(self) -> Iterator[Frame | CameraChanged]:
        """Blocks for the next one; ends when the source is over for good. Raises StreamError for a file that is bad."""
        ...

    def close(self) -> None:
        """Ends the iteration from another thread within a second or two."""
        ...


class Detector(Protocol):
    """Finds vehicles in pictures."""

    def input_shape(self, width: int, height: int) -> tuple[int, int]:
        """The (height, width) in pixels that a frame of this native size is scaled to before `detect`."""
        ...

    def detect(self, images: Sequence[NDArray[np.uint8]], sizes: Sequence[tuple[int, int]]) -> list[Detections]:
        """Detections of each image, in pixels of its native (width, height), rounded to 0.1 px and 0.001."""
        ...
