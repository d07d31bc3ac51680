"""What goes to whoever watches and is never stored or replayed. Pure.

Of a watched camera: boxes and pictures. Of a simulated gate: what truly is in its lanes; a real gate has none of it.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from vision.vocabulary import VehicleClass

__all__ = ["Box", "FrameEvent", "PictureEvent", "Simulation", "Tail", "TrueLane"]


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


class TrueLane(_Data):
    """What truly is in one lane of a simulated gate, in the words of a `Measurement`."""

    queue_vehicles: int = Field(description="Vehicles that have joined and not departed, the one in service included.")
    queue_m: float = Field(description="Stop line to the rear of the last vehicle of the queue, clipped to the zone.")
    standing_vehicles: int = Field(description="Vehicles in runs of standing vehicles now (SUMO's E2 jam).")
    standing_m: float
    vehicles: int = Field(description="Vehicles whose front is in the lane zone.")
    in_service: bool
    censored: bool = Field(description="The queue's tail is at the zone's end or beyond.")


class Simulation(_Data):
    """The truth of a simulated gate at one second; known a little more than a second later."""

    t: float = Field(description="On the clock of the simulated cameras' pictures, POSIX seconds UTC.")
    lanes: dict[str, TrueLane] = Field(description="By lane.")
