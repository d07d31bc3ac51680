"""The live side: what the follower reads, as the gate's view and as frames for the hub; it waits for nobody. asyncio."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Final

import structlog

from api.history.queries import Present
from api.stream.gate_view import GateView
from api.stream.hub import RESTARTED, Hub, SocketFrame
from api.stream.redis_bus import BUS_ERRORS, Bus, bus_backoff
from api.stream.truth_history import TruthHistory
from api.stream.window import ParsedEntry
from vision.config import GateConfig
from vision.message_parsing import Unreadable, tolerant_data
from vision.messages import GateTruth

__all__ = ["Live", "follow_truth", "frame_text"]

_log: Final = structlog.stdlib.get_logger(__name__)


class Live:
    """The gate's present. `problem` says why it is not live, or is None; `epoch` is the stream's, empty before the first."""

    def __init__(self, config: GateConfig) -> None:
        self.view = GateView(config)
        self.hub = Hub()
        self.truths = TruthHistory()
        self.epoch = ""
        self.problem: str | None = "starting"
        self.ready = asyncio.Event()

    def stop(self) -> None:
        """The stream is another one, or part of it is gone: clients cannot go on and are sent away to come back."""
        self.ready.clear()
        self.hub.close_all(RESTARTED)

    def begin(self, epoch: str, position: str, present: Present) -> None:
        """Shows the present of history; entries after this position of this epoch's stream follow."""
        self._show(present)
        self.epoch = epoch
        self.hub.position = position

    def show_progress(self, caught_up: bool) -> None:
        """Says whether it is the present that is shown."""
        self.problem = None if caught_up else "catching up with the stream"
        if caught_up:
            self.ready.set()

    def take(self, entry: ParsedEntry) -> None:
        """Shows the stream's next entry. What is not known here goes to clients as it came: they may know it."""
        if not isinstance(entry.content, Unreadable):
            self.view.apply(entry.content)
        if entry.type_ is None:
            self.hub.position = entry.position
        else:
            self.hub.publish(SocketFrame(entry.position, entry.type_, frame_text(entry.position, entry.text)))

    def _show(self, present: Present) -> None:
        view = self.view
        for measured in present.lanes:
            view.take_measurement(measured)
        for status in present.statuses:
            view.take_status(status)
        for camera in present.cameras:
            view.take_camera(camera)
        for alert in present.alerts:
            view.take_alert(alert, recorded=True)
        for alarm in present.alarms:
            view.take_alarm(alarm)

    def take_truth(self, text: str) -> None:
        """Shows a GateTruth given as JSON, each once; anything else changes nothing."""
        truth = tolerant_data(GateTruth, text)
        if truth is None:
            return
        if truth.data != self.view.simulation:
            self.view.apply(truth)
            self.truths.add(truth.data)
            self.hub.publish(SocketFrame(None, truth.type, frame_text(self.hub.position, text)))


async def follow_truth(bus: Bus, live: Live) -> None:
    """Gives the live side what a simulated gate tells of itself, until it is cancelled; a real gate tells nothing."""
    backoff = bus_backoff()
    while True:
        try:
            async with aclosing(bus.truths()) as truths:
                async for text in truths:
                    backoff.reset()
                    if text is not None:
                        live.take_truth(text)
        except BUS_ERRORS as error:
            _log.warning("the truth of a simulated gate is not heard; trying again", error=error)
        await asyncio.sleep(backoff.next_s())


def frame_text(position: str, message_json: str) -> str:
    """A WebSocket frame: {"position": ..., "message": ...}."""
    return f'{{"position":"{position}","message":{message_json}}}'
