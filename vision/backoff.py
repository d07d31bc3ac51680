"""How long to wait before the next attempt: one policy for everything that is tried again. Pure but for its jitter."""

from __future__ import annotations

import random
from typing import Final

__all__ = ["Backoff"]

MAX_POWER: Final = 64  # of the factor: beyond it every pause is the longest


class Backoff:
    """Growing pauses: first_s, then factor times as much each time, longest_s at most; each is shortened by up to `jitter`.

    The jitter, a share of the pause, keeps those that failed together from trying again together (half of it: "equal
    jitter", Brooker 2015, AWS Architecture Blog, "Exponential Backoff and Jitter"). Raises ValueError for pauses that do
    not grow.
    """

    def __init__(self, first_s: float, longest_s: float, factor: float = 2.0, jitter: float = 0.5) -> None:
        if not 0 < first_s <= longest_s or factor < 1 or not 0 <= jitter < 1:
            given = f"first_s {first_s:g}, longest_s {longest_s:g}, factor {factor:g} and jitter {jitter:g}"
            raise ValueError(f"{given} give no growing pauses")
        self.first_s, self.longest_s, self.factor, self.jitter = first_s, longest_s, factor, jitter
        self._failures = 0

    def after_s(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row, at least one."""
        pause_s = min(self.first_s * self.factor ** min(failures - 1, MAX_POWER), self.longest_s)
        return pause_s * random.uniform(1.0 - self.jitter, 1.0)  # noqa: S311 - no secret

    def next_s(self) -> float:
        """Seconds to wait before the next attempt."""
        self._failures += 1
        return self.after_s(self._failures)

    def reset(self) -> None:
        """An attempt went well: the next failure begins with first_s again."""
        self._failures = 0
