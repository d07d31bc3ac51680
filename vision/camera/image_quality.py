"""Whether a camera's picture is fit to be measured: frozen, dark, overexposed or blurred, from cheap statistics. Pure.

The limits were set on six real clips at 640 pixels of width: the softest has edges of 65 levels, blurred by 8 px they all
have less than 28; in standing traffic 0.6 % of the pixels still change by more than 2 levels in half a second.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.vocabulary import CameraState

__all__ = ["PictureHealth"]

CHECK_EVERY_S: Final = 0.5
BAD_FOR_S: Final = 3.0  # before a picture's state becomes the camera's
GOOD_FOR_S: Final = 2.0  # before the camera is online again
FROZEN_FOR_S: Final = 10.0
CHANGED_LEVELS: Final = 2
CHANGED_PIXELS_SHARE: Final = 0.0005  # of the pixels: fewer than these changed since the freeze began
DARK_MEAN: Final = 20.0
DARK_BRIGHTEST: Final = 60.0  # 99th percentile: by night headlamps keep a picture from being dark
BRIGHT_MEAN: Final = 235.0
BRIGHT_DARKEST: Final = 200.0  # 1st percentile
SOFT_EDGE: Final = 30.0  # levels between neighbours, at the picture's 20 steepest places

REASONS: Final[dict[CameraState, str]] = {
    "online": "",
    "frozen": f"the picture has not changed at all for {FROZEN_FOR_S:.0f} s",
    "dark": "the picture is black",
    "overexposed": "the picture is white",
    "blurred": "the picture has no sharp edge: out of focus, fogged or covered",
}


class PictureHealth:
    """The state of one camera's picture over event time, with hysteresis; `update` gives (state, reason)."""

    def __init__(self) -> None:
        self.state: CameraState = "online"
        self._checked_t = float("-inf")
        self._candidate: CameraState = "online"
        self._candidate_t = 0.0
        self._reference: NDArray[np.int16] | None = None
        self._reference_t = 0.0

    def update(self, t: float, image: NDArray[np.uint8]) -> tuple[CameraState, str]:
        """The state after an analysed RGB picture (H, W, 3) taken at t; most calls cost nothing."""
        if t - self._checked_t >= CHECK_EVERY_S or t < self._checked_t:
            self._checked_t = t
            self._settle(t, self._look(t, image))
        return self.state, REASONS[self.state]

    def _look(self, t: float, image: NDArray[np.uint8]) -> CameraState:
        green = image[::2, ::2, 1].astype(np.int16)
        frozen = self._is_frozen(t, green[::2, ::2])
        mean = float(green.mean())
        if mean < DARK_MEAN and np.percentile(green, 99) < DARK_BRIGHTEST:
            return "dark"
        if mean > BRIGHT_MEAN and np.percentile(green, 1) > BRIGHT_DARKEST:
            return "overexposed"
        if _steepest(green) < SOFT_EDGE:
            return "blurred"
        return "frozen" if frozen else "online"

    def _is_frozen(self, t: float, green: NDArray[np.int16]) -> bool:
        if self._reference is None or self._reference.shape != green.shape or t < self._reference_t:
            changed = 1.0
        else:
            changed = float((np.abs(green - self._reference) > CHANGED_LEVELS).mean())
        if changed >= CHANGED_PIXELS_SHARE:
            self._reference, self._reference_t = green, t
        return t - self._reference_t >= FROZEN_FOR_S

    def _settle(self, t: float, seen: CameraState) -> None:
        if seen != self._candidate or t < self._candidate_t:
            self._candidate, self._candidate_t = seen, t
        patience = GOOD_FOR_S if seen == "online" else 0.0 if seen == "frozen" else BAD_FOR_S
        if t - self._candidate_t >= patience:
            self.state = seen


def _steepest(green: NDArray[np.int16]) -> float:
    """The 20th largest step between horizontal neighbours, noise halved by averaging two rows and two columns."""
    rows = green[:-1:2] + green[1::2]
    mean = rows[:, :-1:2] + rows[:, 1::2]
    steps = np.abs(np.diff(mean, axis=1)).ravel() / 4
    return float(np.partition(steps, -20)[-20]) if steps.size >= 20 else 0.0
