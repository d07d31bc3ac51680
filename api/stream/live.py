"""The live side: follows the stream into the gate's view and out to the hub, without waiting for the database. asyncio.

It begins at the recorder's saved position with the present that history holds, so that it starts with everything current.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from api.history.queries import Present, load_present
from api.history.store import Store
from api.history.writing import load_state
from api.stream.gate_view import GateView
from api.stream.hub import RESTARTED, Hub, SocketFrame
from api.stream.redis_bus import BUS_ERRORS, START, Bus, Entry, pauses, position_of
from api.stream.truth_history import TruthHistory
from vision.config import GateConfig
from vision.messages import MESSAGE, GateTruth, Message

__all__ = ["Live", "follow_truth", "frame_text"]

EPOCH_CHECK_S: Final = 1.0
_log: Final = structlog.stdlib.get_logger(__name__)


class Live:
    """The gate's present. `problem` says why it is not live, or is None; `epoch` is the stream's, empty before the first."""

    def __init__(self, store: Store, bus: Bus, config: GateConfig, seen: Callable[[Message], None]) -> None:
        self.view = GateView(config)
        self.hub = Hub()
        self.truths = TruthHistory()
        self.epoch = ""
        self.problem: str | None = "starting"
        self.ready = asyncio.Event()
        self._store, self._bus = store, bus
        self._seen = seen

    async def run(self) -> None:
        """Follows until it is cancelled; a fault of the bus is tried again."""
        self.problem, waits = "starting", pauses()
        while True:
            before = self.hub.position
            try:
                await self._follow()
            except (*BUS_ERRORS, SQLAlchemyError) as error:
                self.problem = f"the bus or the database does not answer: {type(error).__name__}"
                _log.warning("the live view lost the bus; trying again", error=error)
            waits = pauses() if self.hub.position != before else waits
            await asyncio.sleep(next(waits))

    async def _follow(self) -> None:
        target = position_of(await self._begin())
        checked = time.monotonic()
        while True:
            caught_up = position_of(self.hub.position) >= target
            self.problem = None if caught_up else "catching up with the stream"
            if caught_up:
                self.ready.set()
            entries = await self._bus.read(self.hub.position, block_ms=1000 if caught_up else 1)
            for entry in entries:
                self._take(entry)
            if not caught_up and not entries:
                target = position_of(self.hub.position)
            if time.monotonic() - checked > EPOCH_CHECK_S:
                if await self._bus.epoch() != self.epoch:
                    return
                checked = time.monotonic()

    async def _begin(self) -> str:
        """Finds where to go on, and what to catch up with. Clients that cannot go on are sent away to come back."""
        epoch, bounds = await self._bus.epoch(), await self._bus.bounds()
        if epoch == self.epoch and bounds.holds_after(self.hub.position):
            return bounds.last
        if self.epoch:
            _log.warning("the stream was replaced or trimmed; clients start anew", epoch=epoch)
        self.ready.clear()
        self.hub.close_all(RESTARTED)
        state = await asyncio.to_thread(load_state, self._store)
        known = state is not None and state.epoch == epoch and bounds.holds_after(state.position)
        config = self.view.config
        lanes, cameras = [lane.id for lane in config.lanes], [camera.id for camera in config.cameras]
        self._show(await asyncio.to_thread(load_present, self._store, lanes, cameras))
        self.epoch = epoch
        self.hub.position = state.position if state is not None and known else START
        return bounds.last

    def _show(self, present: Present) -> None:
        view = self.view
        for measured in present.lanes:
            view.lanes.setdefault(measured.lane_id, measured)
        for status in present.statuses:
            view.statuses.setdefault(status.lane_id, status)
        for camera in present.cameras:
            view.cameras.setdefault(camera.camera_id, camera)
        for alert in present.alerts:
            view.take_alert(alert)
        for alarm in present.alarms:
            view.alarms.setdefault(alarm.alert_id, alarm)

    def take_truth(self, text: str) -> None:
        """Shows a GateTruth given as JSON, each once; anything else changes nothing."""
        try:
            truth = GateTruth.model_validate_json(text)
        except ValidationError:
            return
        if truth.data != self.view.simulation:
            self.view.apply(truth)
            self.truths.add(truth.data)
            self.hub.publish(SocketFrame(None, truth.type, frame_text(self.hub.position, text)))

    def _take(self, entry: Entry) -> None:
        try:
            message = MESSAGE.validate_json(entry.text)
        except ValidationError:
            self.hub.position = entry.position
            return
        self.view.apply(message)
        self._seen(message)
        self.hub.publish(SocketFrame(entry.position, message.type, frame_text(entry.position, entry.text)))


async def follow_truth(bus: Bus, live: Live) -> None:
    """Gives the live side what a simulated gate tells of itself, until it is cancelled; a real gate tells nothing."""
    waits = pauses()
    while True:
        try:
            async with aclosing(bus.truths()) as truths:
                async for text in truths:
                    waits = pauses()
                    if text is not None:
                        live.take_truth(text)
        except BUS_ERRORS as error:
            _log.warning("the truth of a simulated gate is not heard; trying again", error=error)
        await asyncio.sleep(next(waits))


def frame_text(position: str, message_json: str) -> str:
    """A WebSocket frame: {"position": ..., "message": ...}."""
    return f'{{"position":"{position}","message":{message_json}}}'
