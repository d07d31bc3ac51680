"""What the routes work with: the parts of one running api, and the tasks that keep them going. asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Final, cast

import structlog
from fastapi import Depends
from starlette.requests import HTTPConnection

from api.access.sessions import Access, Caller
from api.alarms.shelving import keep_shelves
from api.alarms.webhooks import RetryPolicy, Webhooks
from api.history.config_versions import ConfigVersion, config_document
from api.history.retention import keep_pruned
from api.history.store import Store
from api.settings import Settings
from api.stream.follower import Follower
from api.stream.heartbeat import beat
from api.stream.live import Live, follow_truth
from api.stream.outbox import Emitter, keep_emitting
from api.stream.pictures import Pictures
from api.stream.recorder import Recorder
from api.stream.redis_bus import BUS_ERRORS, Bus
from api.stream.window import StreamSource
from api.web.metrics import Metrics
from api.web.source_archive import SourceArchive
from vision.backoff import Backoff
from vision.config import GateConfig

__all__ = ["CallerOf", "Services", "ServicesOf", "running"]

RESTART_S: Final = (1.0, 30.0)
STEADY_S: Final = 60.0  # a task that ran for so long starts again after the first pause
CANCEL_AGAIN_S: Final = 0.5
MOST_LAG_S: Final = 30.0
_log: Final = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one running api."""

    settings: Settings
    store: Store
    bus: Bus
    source: StreamSource
    access: Access
    live: Live
    recorder: Recorder
    emitter: Emitter
    pictures: Pictures
    metrics: Metrics
    webhooks: Webhooks | None
    source_archive: SourceArchive

    @property
    def config(self) -> GateConfig:
        """The gate's configuration in use."""
        return self.live.view.config

    def problems(self) -> list[str]:
        """Why the api is not ready; empty when it is."""
        found = [("live", self.live.problem), ("history", self.recorder.problem or self._lag_problem())]
        return [f"{name}: {problem}" for name, problem in found if problem is not None]

    def recorder_lag_s(self) -> float | None:
        """How much older what is recorded is than what was read of the stream, in seconds; None before it is known."""
        return self.recorder.lag_s(self.live.hub.position)

    def _lag_problem(self) -> str | None:
        lag_s = self.recorder_lag_s() or 0.0
        if lag_s <= MOST_LAG_S:
            return None
        return f"what is recorded is {lag_s:.0f} s behind the stream; see whether the database is slow, locked or full"


@asynccontextmanager
async def running(settings: Settings, store: Store, access: Access, version: ConfigVersion) -> AsyncIterator[Services]:
    """The services with their tasks running; everything is ended and closed after."""
    async with AsyncExitStack() as stack:
        stack.callback(store.close)
        bus = await stack.enter_async_context(Bus(settings.redis_url.get_secret_value(), store.gate))
        emitter, metrics = Emitter(store, bus), Metrics()
        webhooks = _webhooks(settings, store)
        saved = webhooks.wake if webhooks else _nothing
        source = StreamSource(bus)
        recorder = Recorder(store, source, emitter, version.config, webhooks=webhooks is not None, saved=saved)
        live = Live(version.config)
        follower = Follower(store, source, live, metrics.observe)
        pictures = Pictures(bus)
        await access.open()
        archive = SourceArchive()
        services = Services(settings, store, bus, source, access, live, recorder, emitter, pictures, metrics, webhooks, archive)
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "follower": follower.run,
            "truth": lambda: follow_truth(bus, live),
            "recorder": recorder.run,
            "outbox": lambda: keep_emitting(emitter),
            "shelving": lambda: keep_shelves(live, emitter),
            "heartbeat": lambda: beat(bus, recorder, live),
            "config": lambda: _publish_config(bus, version),
            "retention": lambda: keep_pruned(store, settings.history_days * 86_400),
        }
        if webhooks is not None:
            loops["webhooks"] = webhooks.run
        tasks = [asyncio.create_task(_kept_running(name, loop), name=name) for name, loop in loops.items()]
        stack.push_async_callback(_end, tasks)
        yield services


def services_of(connection: HTTPConnection) -> Services:
    """The services of the app that serves this request."""
    return cast("Services", connection.app.state.services)


def caller_of(connection: HTTPConnection) -> Caller:
    """Who the guard found to ask."""
    return cast("Caller", connection.state.caller)


ServicesOf = Annotated[Services, Depends(services_of)]
CallerOf = Annotated[Caller, Depends(caller_of)]


def _webhooks(settings: Settings, store: Store) -> Webhooks | None:
    if settings.webhook_url is None or settings.webhook_secret is None:
        return None
    url, secret = settings.webhook_url.get_secret_value(), settings.webhook_secret.get_secret_value()
    return Webhooks(store, url, secret, RetryPolicy())


def _nothing() -> None:
    """What is called after a transaction when there are no webhooks."""


async def _publish_config(bus: Bus, version: ConfigVersion) -> None:
    """Gives the workers the configuration in use, again where the bus lost it."""
    document = config_document(version)
    while True:
        try:
            if await bus.config() != document:
                await bus.save_config(document)
        except BUS_ERRORS as error:
            _log.warning("the configuration could not be published; trying again", error=error)
        await asyncio.sleep(10.0)


async def _kept_running(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    backoff = Backoff(*RESTART_S)
    while True:
        began = time.monotonic()
        try:
            await loop()
        except Exception:  # noqa: BLE001 - a task's top
            _log.exception("a task failed; starting it again", task=name, after_s=round(time.monotonic() - began, 1))
        if time.monotonic() - began > STEADY_S:
            backoff.reset()
        await asyncio.sleep(backoff.next_s())


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancels until all have ended: on Python 3.11 asyncio.wait_for, in whatever library, can lose a cancellation."""
    running: set[asyncio.Task[None]] = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=CANCEL_AGAIN_S)
