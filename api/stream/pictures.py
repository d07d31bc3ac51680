"""Pictures of watched cameras: one subscription a camera while somebody watches, the newest picture to each watcher. asyncio.

Overflow rule: a watcher that is slower than the camera gets the newest picture and never the ones between.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Final

import structlog

from api.stream.redis_bus import BUS_ERRORS, Bus, bus_backoff
from vision.backoff import Backoff

__all__ = ["Pictures", "Watcher"]

REFRESH_S: Final = 3.0
FRESH_S: Final = 3.0
_log: Final = structlog.stdlib.get_logger(__name__)


class Watcher:
    """Somebody who watches a camera: a slot that holds the newest picture not yet taken."""

    def __init__(self) -> None:
        self._picture: str | None = None
        self._ready = asyncio.Event()

    def put(self, picture: str) -> None:
        """Replaces what is in the slot."""
        self._picture = picture
        self._ready.set()

    async def next(self) -> str:
        """The newest PictureEvent as JSON, each at most once."""
        await self._ready.wait()
        self._ready.clear()
        picture, self._picture = self._picture, None
        return picture or ""


class _Camera:
    """A watched camera: its task, its watchers, its last picture."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self.task = task
        self.watchers: set[Watcher] = set()
        self.last: tuple[float, str] | None = None


class Pictures:
    """All watched cameras of a gate."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._cameras: dict[str, _Camera] = {}

    @asynccontextmanager
    async def watching(self, camera: str) -> AsyncIterator[Watcher]:
        """A watcher of a camera; the worker makes pictures while there is one, and up to 10 s longer."""
        watched = self._cameras.get(camera)
        if watched is None:
            watched = self._cameras[camera] = _Camera(asyncio.create_task(self._follow(camera)))
        watcher = Watcher()
        watched.watchers.add(watcher)
        if watched.last is not None and time.monotonic() - watched.last[0] < FRESH_S:
            watcher.put(watched.last[1])
        try:
            yield watcher
        finally:
            watched.watchers.discard(watcher)
            if not watched.watchers:
                watched.task.cancel()
                self._cameras.pop(camera, None)

    async def _follow(self, camera: str) -> None:
        backoff = bus_backoff()
        while True:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._keep(camera))
                    group.create_task(self._listen(camera, backoff))
            except* BUS_ERRORS as errors:
                _log.warning("pictures: the bus does not answer; trying again", camera=camera, error=errors.exceptions[0])
            await asyncio.sleep(backoff.next_s())

    async def _keep(self, camera: str) -> None:
        while True:
            await self._bus.keep_watching(camera)
            await asyncio.sleep(REFRESH_S)

    async def _listen(self, camera: str, backoff: Backoff) -> None:
        async with aclosing(self._bus.pictures(camera)) as pictures:
            async for picture in pictures:
                backoff.reset()
                if picture is None or camera not in self._cameras:
                    continue
                watched = self._cameras[camera]
                watched.last = (time.monotonic(), picture)
                for watcher in watched.watchers:
                    watcher.put(picture)
