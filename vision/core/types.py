"""The core's values: what goes in, what passes between its stages. Pure.

Arrays are used until lane assignment, objects after it. Shapes and ranges are checked when a value is built, so
that no stage needs to check them again. Event time `t` is POSIX seconds UTC, rounded to 1 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from vision.config import GateConfig

__all__ = [
    "CAMERA_STATES",
    "VEHICLE_CLASSES",
    "CameraChanged",
    "CameraState",
    "ConfigChanged",
    "Detections",
    "Event",
    "LaneState",
    "LaneStatus",
    "LevelOfService",
    "Outcome",
    "Quality",
    "QualityReason",
    "Seen",
    "Sighting",
    "Tick",
    "Tracks",
    "VehicleClass",
    "Visit",
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
MAX_COORDINATE_PX: Final = 100_000.0


def _boxes(name: str, xyxy: NDArray[np.float32], columns: dict[str, NDArray[np.generic]]) -> None:
    if xyxy.ndim != 2 or xyxy.shape[1] != 4:
        raise ValueError(f"{name}.xyxy must have shape (N, 4), not {xyxy.shape}")
    for column, values in columns.items():
        if values.shape != (len(xyxy),):
            raise ValueError(f"{name}.{column} must have shape ({len(xyxy)},), not {values.shape}")
    if not np.isfinite(xyxy).all() or (np.abs(xyxy) > MAX_COORDINATE_PX).any():
        raise ValueError(f"{name}.xyxy has a coordinate that is not finite or beyond {MAX_COORDINATE_PX:.0f} px")
    if (xyxy[:, 2] <= xyxy[:, 0]).any() or (xyxy[:, 3] <= xyxy[:, 1]).any():
        raise ValueError(f"{name}.xyxy has a box without area or with its corners reversed; give x1 < x2 and y1 < y2")


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
        _boxes("Detections", self.xyxy, {"score": self.score, "class_id": self.class_id})
        if not ((self.score >= 0) & (self.score <= 1)).all():
            raise ValueError("Detections.score must lie in 0..1")
        if not ((self.class_id >= 0) & (self.class_id < len(VEHICLE_CLASSES))).all():
            raise ValueError(f"Detections.class_id must lie in 0..{len(VEHICLE_CLASSES) - 1}: {VEHICLE_CLASSES}")

    def __len__(self) -> int:
        return len(self.xyxy)

    @classmethod
    def empty(cls) -> Detections:
        """The detections of a frame in which nothing was found."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int16))


@dataclass(frozen=True, slots=True)
class Tracks:
    """The tracked boxes of one frame: xyxy float32 (N, 4) px, track_id int64 (N,), class_id int16 (N,)."""

    xyxy: NDArray[np.float32]
    track_id: NDArray[np.int64]
    class_id: NDArray[np.int16]

    def __post_init__(self) -> None:
        _boxes("Tracks", self.xyxy, {"track_id": self.track_id, "class_id": self.class_id})

    def __len__(self) -> int:
        return len(self.xyxy)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One vehicle as one frame shows it, placed in a lane; metres upstream of the stop line along the lane's axis.

    front_m or rear_m is None where that end is hidden; visible is the share of the vehicle that is in sight, 0..1.
    """

    track_id: int
    lane_id: str
    front_m: float | None
    rear_m: float | None
    vehicle_class: VehicleClass
    visible: float


@dataclass(frozen=True, slots=True)
class Visit:
    """One vehicle's stay in one lane; times are event time, None where not (yet) reached or not seen."""

    visit_id: str
    lane_id: str
    vehicle_class: VehicleClass
    first_seen_t: float
    arrived_t: float | None
    joined_t: float | None
    service_t: float | None
    left_t: float | None
    outcome: Outcome
    start_censored: bool
    end_censored: bool
    previous_visit_id: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """An analysed frame: what the detector found in it, possibly nothing."""

    camera: str
    session: int
    t: float
    detections: Detections


@dataclass(frozen=True, slots=True)
class CameraChanged:
    """A camera's new state, session or load-shedding step; width and height in pixels, 0 if unknown.

    reason is for people and never holds a credential.
    """

    camera: str
    session: int
    t: float
    state: CameraState
    width: int
    height: int
    reason: str = ""
    load_step: int = 0


@dataclass(frozen=True, slots=True)
class Tick:
    """A whole second of event time: measurements are published here and nowhere else."""

    t: float

    def __post_init__(self) -> None:
        if self.t != round(self.t):
            raise ValueError(f"Tick.t must be a whole second, not {self.t}")


@dataclass(frozen=True, slots=True)
class ConfigChanged:
    """Notice that another version of the gate's configuration holds from t on."""

    t: float
    config: GateConfig


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """Notice that an operator or a schedule opened or closed a lane."""

    lane: str
    t: float
    status: LaneState
    by: str
    reason: str


Event = Seen | CameraChanged | Tick | ConfigChanged | LaneStatus
