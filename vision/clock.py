"""The wall clock: the only place of vision that reads it."""

import time

__all__ = ["now", "rounded"]


def now() -> float:
    """The wall clock: POSIX seconds UTC."""
    return time.time()


def rounded(t: float) -> float:
    """A time rounded to 1 ms, as every t is."""
    return round(t, 3)
