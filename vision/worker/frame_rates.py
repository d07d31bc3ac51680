"""When a camera's state is worth telling again: another load-shedding step, or another rate of analysed frames. Pure.

The rate is the one that the pipeline counts in event time and that decides the quality of the lanes; nobody else counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from vision.core.events import CameraChanged

__all__ = ["RateWatch"]

KNOWN_AFTER_S: Final = 10.0  # the rate's window: before, it still holds what was before the change
AGAIN_AFTER_S: Final = 30.0
CHANGED_RATE_SHARE: Final = 0.3


class RateWatch:
    """Follows the states of a section's cameras and their rates; times are event time.

    The state of a camera that is online is told again when its rate is first known, 10 s after the last change, and then,
    at most every 30 s, when the rate is another by a third or more; any state when the load-shedding step is another.
    """

    def __init__(self) -> None:
        self._last: dict[str, CameraChanged] = {}
        self._rates: dict[str, tuple[float, float | None]] = {}

    def told(self, change: CameraChanged) -> None:
        """A camera's state was told; where `due` did not ask for it, its rate is not known yet."""
        if self._last.get(change.camera) is not change:
            self._last[change.camera] = change
            self._rates[change.camera] = (change.t, None)

    def due(self, t: float, load_step: int, rate_fps: Callable[[str, float], float | None]) -> list[CameraChanged]:
        """The states to tell again at tick t. rate_fps: the pipeline's rate of a camera at a time."""
        found = []
        for camera, last in self._last.items():
            rate = rate_fps(camera, t) if last.state == "online" else None
            is_other = rate is not None and self._is_other(camera, t, rate)
            if t > last.t and (is_other or load_step != last.load_step):
                self._last[camera] = replace(last, t=t, load_step=load_step)
                if is_other:
                    self._rates[camera] = (t, rate)
                found.append(self._last[camera])
        return found

    def _is_other(self, camera: str, t: float, rate: float) -> bool:
        told_t, told = self._rates[camera]
        patience_s = KNOWN_AFTER_S if told is None else AGAIN_AFTER_S
        return t - told_t >= patience_s and (told is None or abs(rate - told) > CHANGED_RATE_SHARE * max(rate, told))
