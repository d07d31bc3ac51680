"""Threads for what blocks on the database: everybody who writes has their own, so that nobody waits for another's. asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

__all__ = ["WRITER_THREADS", "Executor", "Executors"]

P = ParamSpec("P")
T = TypeVar("T")
_THREADS: Final = {"recorder": 1, "outbox": 1, "access": 2, "webhooks": 1, "retention": 1, "lookups": 2}
WRITER_THREADS: Final = sum(_THREADS.values())


class Executor:
    """A few threads of one user of the database; what is called while all are busy waits."""

    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(_THREADS[name], thread_name_prefix=name)

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the call returns or raises; it goes on in its thread where the caller is cancelled."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(call, *args, **kwargs))

    def close(self) -> None:
        """Waits for what runs; what waits is dropped."""
        self._threads.shutdown(cancel_futures=True)


class Executors:
    """The executors of one store. lookups: single rows that an action needs first, and the present at a start."""

    def __init__(self) -> None:
        self.recorder = Executor("recorder")
        self.outbox = Executor("outbox")
        self.access = Executor("access")
        self.webhooks = Executor("webhooks")
        self.retention = Executor("retention")
        self.lookups = Executor("lookups")

    def close(self) -> None:
        """Ends the threads."""
        for executor in (self.recorder, self.outbox, self.access, self.webhooks, self.retention, self.lookups):
            executor.close()
