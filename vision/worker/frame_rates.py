"""When a camera's rate of analysed frames is worth telling operators again. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["RateWatch"]

RATE_WINDOW_S: Final = 10.0
AGAIN_AFTER_S: Final = 30.0
CHANGED_RATE_SHARE: Final = 0.3


class RateWatch:
    """Follows the cameras' rates; times are a monotonic clock's.

    A camera's state is told again when its rate is first known, 10 s after it came online, and then, at most every 30 s,
    when the rate is another by a third or more.
    """

    def __init__(self) -> None:
        self._frames: dict[str, deque[float]] = {}
        self._told: dict[str, tuple[float, float | None]] = {}

    def told(self, camera: str, now_s: float, *, online: bool) -> None:
        """The camera's state was told for another reason; its rate is not known yet, or not of interest."""
        self._frames.setdefault(camera, deque(maxlen=1000)).clear()
        self._told.pop(camera, None)
        if online:
            self._told[camera] = (now_s, None)

    def frame(self, camera: str, now_s: float) -> None:
        """A frame was analysed."""
        self._frames.setdefault(camera, deque(maxlen=1000)).append(now_s)

    def due(self, now_s: float) -> list[str]:
        """The cameras whose state is to be told again now."""
        found = []
        for camera, (told_s, told) in self._told.items():
            frames = self._frames[camera]
            while frames and frames[0] <= now_s - RATE_WINDOW_S:
                frames.popleft()
            rate = len(frames) / RATE_WINDOW_S
            patience = RATE_WINDOW_S if told is None else AGAIN_AFTER_S
            if now_s - told_s >= patience and (told is None or abs(rate - told) > CHANGED_RATE_SHARE * max(rate, told)):
                self._told[camera] = (now_s, rate)
                found.append(camera)
        return found
