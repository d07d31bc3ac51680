"""The service's sign of life on the stream, every 10 s: it also tells the alert rules that time goes on. asyncio."""

from __future__ import annotations

import asyncio
import time
from importlib.metadata import version
from typing import Final

import structlog

from api.stream.live import Live
from api.stream.recorder import Recorder
from api.stream.redis_bus import BUS_ERRORS, Bus
from vision.messages import Heartbeat, ServiceHeartbeat, message_id, timestamp_of

__all__ = ["beat"]

HEARTBEAT_EVERY_S: Final = 10
_log: Final = structlog.stdlib.get_logger(__name__)


async def beat(bus: Bus, recorder: Recorder, live: Live) -> None:
    """Appends service.heartbeat at every multiple of 10 s until it is cancelled; of two processes only one appends it."""
    while True:
        now = time.time()
        try:
            await bus.append_once(_heartbeat(live, recorder.position, float(now // HEARTBEAT_EVERY_S * HEARTBEAT_EVERY_S)))
        except BUS_ERRORS as error:
            _log.warning("no heartbeat: the bus does not answer", error=error)
        await asyncio.sleep(HEARTBEAT_EVERY_S - time.time() % HEARTBEAT_EVERY_S)


def _heartbeat(live: Live, position: str | None, t: float) -> ServiceHeartbeat:
    gate = live.view.config.id
    data = Heartbeat(t=t, version=version("lanewatch"), config_hash=live.view.hash, position=position)
    id_ = message_id(gate, "service.heartbeat", "service", t)
    return ServiceHeartbeat(id=id_, timestamp=timestamp_of(t), gate=gate, data=data)
