"""How long to wait before the next attempt: one policy for everything that is tried again. Pure but for its jitter."""

from __future__ import annotations

import random

__all__ = ["Backoff"]


class Backoff:
    """Growing pauses: first_s, then factor times as much each time, longest_s at most; each is shortened by up to half.

    The jitter keeps those that failed together from trying again together ("equal jitter", Brooker 2015, AWS
    Architecture Blog, "Exponential Backoff and Jitter"). Raises ValueError for pauses that do not grow.
    """

    def __init__(self, first_s: float, longest_s: float, factor: float = 2.0) -> None:
        if not 0 < first_s <= longest_s or factor < 1:
            raise ValueError(f"first_s {first_s:g}, longest_s {longest_s:g} and factor {factor:g} give no growing pauses")
        self.first_s, self.longest_s, self.factor = first_s, longest_s, factor
        self._pause_s = first_s

    def next_s(self) -> float:
        """Seconds to wait before the next attempt."""
        pause_s, self._pause_s = self._pause_s, min(self._pause_s * self.factor, self.longest_s)
        return pause_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret

    def reset(self) -> None:
        """An attempt went well: the next failure begins with first_s again."""
        self._pause_s = self.first_s
