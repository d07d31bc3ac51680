"""What the pipeline knows of where vehicles are seen and followed: a scene, on the ground or in one camera's picture. Pure."""

from __future__ import annotations

from typing import Any, Protocol

from vision.core.events import Seen
from vision.core.lanes.overlay import PlacedBox, TailLine
from vision.core.lanes.vehicle import Vehicle
from vision.core.tracking.camera_fit import CameraFit

__all__ = ["LaneScene"]


class LaneScene(Protocol):
    """Follows the vehicles of some lanes through the frames of one or more cameras and tells the lanes' queues of them."""

    @property
    def name(self) -> str:
        """Unique in the section, and the same after a restart: the key of its data in a checkpoint."""
        ...

    def resize(self, camera_id: str, width: int, height: int) -> None:
        """Takes a camera's frame size in pixels; 0 means unknown and changes nothing."""
        ...

    def restart(self, camera_id: str, t: float) -> None:
        """Begins a new session of a camera at t; the vehicles stay."""
        ...

    def observe(self, seen: Seen) -> None:
        """Takes one frame."""
        ...

    def unchanged(self, camera_id: str, t: float) -> None:
        """Takes a frame that differs nowhere in the lanes from the camera's last: what was seen stays, nobody is missed."""
        ...

    def fit(self, camera_id: str) -> CameraFit | None:
        """How well a camera's boxes and the vehicles agree; None where nothing is known of the ground."""
        ...

    def boxes(self, camera_id: str) -> list[PlacedBox]:
        """The boxes of a camera's last frame with track number and vehicle."""
        ...

    def tail_line(self, camera_id: str, lane_id: str, vehicle: Vehicle) -> TailLine | None:
        """Where, in a camera's picture, a queue ends whose last vehicle this is: 0..1; None where that is unknown."""
        ...

    def as_data(self) -> dict[str, Any]:
        """Plain data for a checkpoint; "vehicles" holds each vehicle's `as_data`."""
        ...

    def load(self, data: dict[str, Any]) -> dict[int, Vehicle]:
        """Goes on from what `as_data` described; the vehicles, by number, that are on lanes of this scene."""
        ...
