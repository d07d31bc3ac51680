"""The words that messages, configuration and core share: states, outcomes, classes. Pure."""

from typing import Final, Literal

__all__ = [
    "BLIND_STATES",
    "CAMERA_STATES",
    "FRAMELESS_STATES",
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
BLIND_STATES: Final[frozenset[CameraState]] = frozenset({"frozen", "dark", "blurred", "moved", "offline"})
"""States in which a camera measures nothing; a stalled one's lanes are unknown when its last frame is too old."""
FRAMELESS_STATES: Final[frozenset[CameraState]] = frozenset({"offline", "stalled"})
"""States in which no frames come, so that nothing waits for the camera."""
Outcome = Literal["open", "departed", "changed_lane", "lost"]
LaneState = Literal["open", "closed"]
LevelOfService = Literal["A", "B", "C", "D", "E", "F"]
Quality = Literal["ok", "degraded", "unknown"]
QualityReason = Literal[
    "low_rate",
    "held_unseen",
    "queue_uncertain",
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
