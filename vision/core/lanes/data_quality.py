"""Whether a lane's figures can be trusted: the state and the frame rate of the cameras that see it. Pure."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from vision.core.events import CameraChanged
from vision.vocabulary import BLIND_STATES, CameraState, Quality, QualityReason

__all__ = ["CameraHealth", "lane_quality"]

NO_FRAMES_S: Final = 5.0
"""So long without a usable frame makes a lane unknown."""
RATE_WINDOW_S: Final = 10.0
LEAST_FPS: Final = 2.0
HELD_SHARE: Final = 0.3
MOST_FRAMES: Final = 1000


class CameraHealth:
    """What is known of one camera: its state, frame size, and when it was looked at.

    has_reference: whether the last frame of its session with detections counted, so that a later one can be unchanged.
    """

    def __init__(self) -> None:
        self.state: CameraState = "offline"
        self.session: int | None = None
        self.width = 0
        self.height = 0
        self.load_step = 0
        self.has_reference = False
        self.began_t: float | None = None
        self.last_t: float | None = None
        self.frames: deque[float] = deque(maxlen=MOST_FRAMES)

    def change(self, event: CameraChanged) -> bool:
        """Takes a new state; whether a new session began."""
        fresh = event.session != self.session
        self.state, self.session, self.load_step = event.state, event.session, event.load_step
        self.has_reference = self.has_reference and not fresh
        if event.width and event.height:
            self.width, self.height = event.width, event.height
        return fresh

    def frame(self, t: float) -> None:
        """Notes an analysed frame."""
        self.began_t = t if self.began_t is None else self.began_t
        self.last_t = t
        self.frames.append(t)
        while self.frames and self.frames[0] <= t - RATE_WINDOW_S:
            self.frames.popleft()

    def rate_fps(self, t: float) -> float | None:
        """Analysed frames per second over the last ten seconds, or since the first frame if that is later."""
        if self.began_t is None:
            return None
        span = min(RATE_WINDOW_S, t - self.began_t)
        if span < 1.0:
            return None
        return sum(frame > t - RATE_WINDOW_S for frame in self.frames) / span

    @property
    def blind(self) -> bool:
        """Whether its state alone says that it measures nothing."""
        return self.state in BLIND_STATES

    def as_data(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        data = {name: getattr(self, name) for name in vars(self) if name != "frames"}
        return {**data, "frames": list(self.frames)}

    def load(self, data: dict[str, Any]) -> None:
        """Goes on from what `as_data` described."""
        for name, value in data.items():
            if name == "frames":
                self.frames = deque(value, maxlen=MOST_FRAMES)
            else:
                setattr(self, name, value)


def lane_quality(
    cameras: list[CameraHealth], t: float, *, calibrated: bool, held: int, vehicles: int
) -> tuple[Quality, tuple[QualityReason, ...]]:
    """The quality of a lane at t and the reasons for it. Every camera that measures a part of the lane is needed."""
    unknown: list[QualityReason] = []
    degraded: list[QualityReason] = [] if calibrated else ["not_calibrated"]
    for camera in cameras:
        if camera.blind:
            unknown.append(_reason(camera.state))
        elif camera.last_t is None:
            unknown.append("starting")
        elif t - camera.last_t > NO_FRAMES_S:
            unknown.append("stalled" if camera.state == "stalled" else "no_frames")
        else:
            if camera.state == "overexposed":
                degraded.append("overexposed")
            rate = camera.rate_fps(t)
            if rate is not None and rate < LEAST_FPS:
                degraded.append("low_rate")
    if vehicles and held > HELD_SHARE * vehicles:
        degraded.append("held_unseen")
    if unknown:
        return "unknown", tuple(dict.fromkeys(unknown))
    return ("degraded" if degraded else "ok"), tuple(dict.fromkeys(degraded))


def _reason(state: CameraState) -> QualityReason:
    return "no_frames" if state == "online" else state
