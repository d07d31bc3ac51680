"""A place for the newest value between the thread that tells and the thread that passes it on. A shell: it waits."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

__all__ = ["Newest"]

T = TypeVar("T")


class Newest(Generic[T]):
    """Holds one value. Overflow rule: what is put replaces what waits."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: T | None = None
        self._ended = False

    def put(self, value: T) -> None:
        """Leaves a value; returns at once."""
        with self._changed:
            self._held = value
            self._changed.notify_all()

    def take(self) -> T | None:
        """The value, as soon as there is one; None once it has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._held is not None)
            value, self._held = self._held, None
            return None if self._ended else value

    def put_back(self, value: T, after_s: float) -> None:
        """Leaves a value again after a while, unless a newer one has come meanwhile or it has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended, after_s)
            self._held = value if self._held is None else self._held

    def end(self) -> None:
        """Lets go of whoever waits; what is held is dropped."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
