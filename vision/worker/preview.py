"""What watched cameras show: every analysed frame's boxes, and about once a second its picture. A shell."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

from vision.config import GateConfig
from vision.ephemeral_messages import FrameEvent, PictureEvent
from vision.ports import Picture

__all__ = ["PictureShow"]

PICTURE_EVERY_S: Final = 1.0
MAX_WIDTH: Final = 960


class PictureShow:
    """Makes the ephemeral events of a section's watched cameras and hands them to `show`."""

    def __init__(self, config: GateConfig, show: Callable[[FrameEvent | PictureEvent], None]) -> None:
        self._config, self._show = config, show
        self._shown_t: dict[str, float] = {}

    def use(self, config: GateConfig) -> None:
        """Takes another configuration, for the lanes' polygons."""
        self._config = config

    def frame(self, event: FrameEvent, picture: Picture | None) -> None:
        """Shows a frame's boxes, and its picture when the last one is a second old."""
        self._show(event)
        if picture is None or abs(event.t - self._shown_t.get(event.camera_id, float("-inf"))) < PICTURE_EVERY_S - 0.05:
            return
        self._shown_t[event.camera_id] = event.t
        jpeg, width, height = picture.jpeg(MAX_WIDTH)
        views = self._config.camera(event.camera_id).views
        self._show(
            PictureEvent(
                frame=event,
                width=width,
                height=height,
                jpeg_base64=base64.b64encode(jpeg).decode(),
                polygons={view.lane: view.polygon for view in views},
            )
        )
