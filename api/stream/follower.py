"""The follower: the one task that reads the stream. It gives each entry to the live view at once, and to the window. asyncio.

It begins at the recorder's saved position with the present that history holds, so that the live view starts with everything
current; the recorder takes the same entries from the window, at its own pace.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.history.queries import load_present
from api.history.store import Store
from api.history.writing import load_state
from api.stream.live import Live
from api.stream.redis_bus import BUS_ERRORS, bus_backoff, position_of
from api.stream.window import ParsedEntry, StreamSource

__all__ = ["Follower"]

EPOCH_CHECK_S: Final = 1.0
_log: Final = structlog.stdlib.get_logger(__name__)


class Follower:
    """Follows one gate's stream. seen: called with each entry, after the live view has it."""

    def __init__(self, store: Store, source: StreamSource, live: Live, seen: Callable[[ParsedEntry], None]) -> None:
        self._store, self._source, self._live = store, source, live
        self._seen = seen

    async def run(self) -> None:
        """Follows until it is cancelled; a fault of the bus is tried again."""
        live, backoff = self._live, bus_backoff()
        live.problem = "starting"
        while True:
            before = live.hub.position
            try:
                await self._follow()
            except (*BUS_ERRORS, SQLAlchemyError) as error:
                live.problem = f"the bus or the database does not answer: {type(error).__name__}"
                _log.warning("the live view lost the bus; trying again", error=error)
            if live.hub.position != before:
                backoff.reset()
            await asyncio.sleep(backoff.next_s())

    async def _follow(self) -> None:
        """Follows until the stream is another one, or was trimmed before it was read."""
        live = self._live
        target = position_of(await self._begin())
        begin, checked = live.hub.position, time.monotonic()
        while True:
            caught_up = position_of(live.hub.position) >= target
            live.show_progress(caught_up)
            entries = await self._source.bus.read(live.hub.position, block_ms=1000 if caught_up else 1)
            if entries and live.hub.position != begin and not await self._has_all_after(live.hub.position):
                return
            for entry in map(self._source.parser.parse, entries):
                live.take(entry)
                self._source.window.add(entry)
                self._seen(entry)
            if not caught_up and not entries:
                target = position_of(live.hub.position)
            if time.monotonic() - checked > EPOCH_CHECK_S:
                if await self._source.bus.epoch() != live.epoch:
                    return
                checked = time.monotonic()

    async def _has_all_after(self, position: str) -> bool:
        """Whether nothing after that position is gone from the stream. Where something is, what was read has a gap."""
        return (await self._source.bus.bounds()).holds_after(position)

    async def _begin(self) -> str:
        """Finds where to go on, and what to catch up with."""
        live = self._live
        epoch, bounds = await self._source.bus.epoch(), await self._source.bus.bounds()
        if epoch == live.epoch and bounds.holds_after(live.hub.position):
            return bounds.last
        if live.epoch:
            _log.warning("the stream was replaced or trimmed; clients start anew", epoch=epoch)
        live.stop()
        lookups = self._store.executors.lookups
        state = await lookups.run(load_state, self._store)
        known = state is not None and state.epoch == epoch and bounds.holds_after(state.position)
        position = state.position if state is not None and known else bounds.begin
        config = live.view.config
        lanes, cameras = [lane.id for lane in config.lanes], [camera.id for camera in config.cameras]
        live.begin(epoch, position, await lookups.run(load_present, self._store, lanes, cameras))
        self._source.window.restart(epoch, position)
        return bounds.last
