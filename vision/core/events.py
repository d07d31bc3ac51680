"""What the core is told: a frame that was analysed or shows nothing new, a camera's state, a second, two notices. Pure.

Event time `t` is POSIX seconds UTC, rounded to 1 ms.
"""

from __future__ import annotations

from dataclasses import dataclass

from vision.config import GateConfig
from vision.core.detections import Detections
from vision.vocabulary import CameraState, LaneState

__all__ = ["CameraChanged", "ConfigChanged", "Event", "LaneStatus", "Seen", "Tick", "Unchanged"]


@dataclass(frozen=True, slots=True)
class Seen:
    """An analysed frame: what the detector found in it, possibly nothing."""

    camera: str
    session: int
    t: float
    detections: Detections


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A due frame that was looked at and differs nowhere in the lanes from the camera's last analysed one.

    It counts as analysed: what that one showed is still there. It says nothing of what that one did not show.
    """

    camera: str
    session: int
    t: float


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
    """Notice that another version of the gate's configuration holds from t on, for one section or, section None, for all."""

    t: float
    config: GateConfig
    section: str | None = None


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """Notice that an operator or a schedule opened or closed a lane: what a lane.changed says, as an input."""

    lane: str
    t: float
    status: LaneState
    by: str
    reason: str


Event = Seen | Unchanged | CameraChanged | Tick | ConfigChanged | LaneStatus
