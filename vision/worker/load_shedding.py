"""Load shedding: which step to take when frames wait too long or are replaced unseen. Pure.

    0  nothing            3  decode without the loop filter
    1  frames are replaced by newer ones before they are detected (latest wins)
    2  analyse at half the rate     4  skip packets to the next key frame     5  decode key frames only

Every step is counted and shown to operators with the camera's state.
"""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["MAX_STEP", "LoadControl"]

MAX_STEP: Final = 5
DETECTION_STEP: Final = 3  # as far as a slow detector alone may push: beyond it decoding must be behind too
LOAD_WINDOW_S: Final = 5.0
LONG_WAIT_S: Final = 0.4  # 90th percentile of what frames wait between capture and result
REPLACED_SHARE: Final = 0.2
WORSE_FOR_S: Final = 4.0
BETTER_FOR_S: Final = 30.0


class LoadControl:
    """The load-shedding step of a worker, from what its frames go through in the last 5 s; times are a monotonic clock's."""

    def __init__(self, now_s: float = 0.0) -> None:
        self.step = 0
        self.raised = [0] * (MAX_STEP + 1)
        self._waits: deque[tuple[float, float]] = deque(maxlen=2000)
        self._lost: deque[float] = deque(maxlen=2000)
        self._skipped_s = float("-inf")
        self._calm_since = self._busy_since = now_s
        self._looked = now_s

    def detected(self, now_s: float, wait_s: float) -> None:
        """A frame was detected; wait_s: since its capture thread had it ready."""
        self._waits.append((now_s, wait_s))

    def replaced(self, now_s: float) -> None:
        """A frame was lost: a newer one took its place before it was detected, or its section's queue was full."""
        self._lost.append(now_s)

    def skipped(self, now_s: float) -> None:
        """A capture thread threw packets away because it was behind."""
        self._skipped_s = now_s

    def look(self, now_s: float) -> int:
        """The step from now on; call it about once a second."""
        for marks in (self._waits, self._lost):
            while marks and (marks[0][0] if isinstance(marks[0], tuple) else marks[0]) < now_s - LOAD_WINDOW_S:
                marks.popleft()
        decoding = now_s - self._skipped_s < LOAD_WINDOW_S
        busy = decoding or self._is_slow()
        if busy:
            self._calm_since = now_s
        else:
            self._busy_since = now_s
        if busy and now_s - self._busy_since >= WORSE_FOR_S and self.step < (MAX_STEP if decoding else DETECTION_STEP):
            self._go(self.step + 1, now_s)
        elif self.step and now_s - self._calm_since >= BETTER_FOR_S:
            self._go(self.step - 1, now_s)
        elif self.step == 0 and self._lost:
            self._go(1, now_s)
        return self.step

    def _is_slow(self) -> bool:
        waits = sorted(wait for _, wait in self._waits)
        if waits and waits[int(0.9 * (len(waits) - 1))] > LONG_WAIT_S:
            return True
        return len(self._lost) > REPLACED_SHARE * (len(waits) + len(self._lost))

    def _go(self, step: int, now_s: float) -> None:
        if step > self.step:
            self.raised[step] += 1
        self.step = step
        self._busy_since = self._calm_since = now_s
