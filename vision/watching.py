"""What a watched camera sends to whoever watches it: boxes and pictures, never stored, never replayed. Pure."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from vision.core.types import VehicleClass

__all__ = ["Box", "FrameEvent", "PictureEvent", "Tail"]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Box(_Data):
    """One tracked box of an analysed frame; x1 y1 x2 y2 in 0..1 of the picture."""

    xyxy: tuple[float, float, float, float]
    track_id: int
    visit_id: str | None
    lane_id: str | None
    vehicle_class: VehicleClass
    standing: bool


class Tail(_Data):
    """Where a lane's queue ends in the picture: a line across the lane, 0..1, and its label's figures."""

    lane_id: str
    line: tuple[tuple[float, float], tuple[float, float]]
    queue_vehicles: int
    queue_m: float | None
    censored: bool


class FrameEvent(_Data):
    """What an analysed frame showed, for whoever watches (channel frames:{camera}); never stored."""

    camera_id: str
    session: int
    t: float
    boxes: tuple[Box, ...]
    tails: tuple[Tail, ...]


class PictureEvent(_Data):
    """The picture of an analysed frame with what was seen in it (channel pictures:{camera}); never stored."""

    frame: FrameEvent
    width: int
    height: int
    jpeg_base64: str
    polygons: dict[str, tuple[tuple[float, float], ...]] = Field(description="Lane id to its polygon in this picture, 0..1.")
