"""From decoded pictures to the frames that are due for analysis, with the camera's state as the picture shows it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from av.video.frame import VideoFrame

from vision.camera.decoding import DecodedPicture, to_rgb
from vision.camera.image_quality import PictureHealth
from vision.core.events import CameraChanged
from vision.ports import Frame
from vision.vocabulary import CameraState

__all__ = ["DueFrames", "FrameMaker", "Shape", "reduced_fps"]

LOWEST_FPS: Final = 2.0  # below it the measurements are degraded

Shape = Callable[[int, int], tuple[int, int]]  # a detector's input_shape


class DueFrames:
    """Picks the frames that are due at a rate, by their time since the stream's start. Pure."""

    def __init__(self, fps: float) -> None:
        self.fps = fps
        self._last = -math.inf

    def is_due(self, pts_s: float) -> bool:
        """True for the first frame of each interval of 1 / fps."""
        place = math.floor(pts_s * self.fps + 1e-6)
        due = place != self._last
        self._last = place
        return due


@dataclass(slots=True)
class FrameMaker:
    """Makes Frames and changes of state from decoded pictures; one for a camera, over all its sessions."""

    camera: str
    shape: Shape
    health: PictureHealth = field(default_factory=PictureHealth)
    state: CameraState = "offline"
    size: tuple[int, int] = (0, 0)
    session: int = -1

    def made_from(self, decoded: VideoFrame, session: int, t: float) -> Iterator[Frame | CameraChanged]:
        """The frame, after a CameraChanged if state, size or session is another than before."""
        size = (decoded.width, decoded.height)
        image = to_rgb(decoded, *self.shape(*size))
        state, reason = self.health.update(t, image)
        if (state, size, session) != (self.state, self.size, self.session):
            self.state, self.size, self.session = state, size, session
            yield CameraChanged(self.camera, session, t, state, *size, reason=reason)
        yield Frame(self.camera, session, t, image, *size, DecodedPicture(decoded))


def reduced_fps(fps: float, load_step: int) -> float:
    """The analysis rate at a load-shedding step: half of the configured one from step 2 on, but at least 2 a second."""
    return fps if load_step < 2 else min(fps, max(LOWEST_FPS, fps / 2))
