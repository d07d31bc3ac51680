"""The words that messages, configuration and core share: states, outcomes, classes. Pure."""

from typing import Final, Literal

__all__ = [
    "CAMERA_STATES",
    "VEHICLE_CLASSES",
    "CameraState",
    "LaneState",
    "LevelOfService",
    "Outcome",
    "Quality",
    "QualityReason",
    "VehicleClass",
]

CameraState = Literal["online", "stalled", "frozen", "dark", "overexposed", "blurred", "moved", "offline"]
CAMERA_STATES: Final[tuple[CameraState, ...]] = (
    "online",
    "stalled",
    "frozen",
    "dark",
    "overexposed",
    "blurred",
    "moved",
    "offline",
)
Outcome = Literal["open", "departed", "changed_lane", "lost"]
LaneState = Literal["open", "closed"]
LevelOfService = Literal["A", "B", "C", "D", "E", "F"]
Quality = Literal["ok", "degraded", "unknown"]
QualityReason = Literal[
    "low_rate",
    "held_unseen",
    "not_calibrated",
    "no_frames",
    "stalled",
    "frozen",
    "dark",
    "overexposed",
    "blurred",
    "moved",
    "offline",
    "starting",
]
VehicleClass = Literal["truck", "bus", "car"]
VEHICLE_CLASSES: Final[tuple[VehicleClass, ...]] = ("truck", "bus", "car")
