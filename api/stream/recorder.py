"""The recorder: follows the stream, writes history, folds the alert rules, hands alerts to the stream and to webhooks. asyncio.

What it derives is saved in the same transaction as the position up to which it read, about once a second and at once when
an alert changed. After a crash it goes on from that position with the fold's state of that position: nothing is lost or
made twice. It reads the stream for itself, so a slow database delays nobody's live page.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from api.history.store import Store
from api.history.writing import Gap, HistoryBatch, OtherRecorderError, RecorderState, load_state, save_batch
from api.stream.outbox import Emitter
from api.stream.redis_bus import BUS_ERRORS, START, Bus, Entry, pauses
from vision.config import GateConfig
from vision.core.alerts.alert_fold import AlertFold
from vision.messages import MESSAGE, AlertChanged, Message

__all__ = ["Recorder"]

BATCH_S: Final = 1.0
BATCH_MESSAGES: Final = 1000
EPOCH_CHECK_S: Final = 1.0
OTHER_RECORDER_S: Final = 10.0
_log: Final = structlog.stdlib.get_logger(__name__)


@dataclass(slots=True)
class _Pending:
    """Messages read and not yet saved, at most BATCH_MESSAGES and BATCH_S of them."""

    began: float = field(default_factory=time.monotonic)
    messages: list[Message] = field(default_factory=list)
    derived: list[AlertChanged] = field(default_factory=list)
    gap: Gap | None = None

    @property
    def due(self) -> bool:
        """Whether they should be saved now."""
        aged = time.monotonic() - self.began >= BATCH_S
        return bool(self.derived or self.gap) or aged or len(self.messages) >= BATCH_MESSAGES


class Recorder:
    """Records one gate. `saved` is called after each transaction; `problem` says why it does not record, or is None."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        emitter: Emitter,
        config: GateConfig,
        *,
        webhooks: bool,
        saved: Callable[[], None],
    ) -> None:
        self.problem: str | None = "starting"
        self.position: str | None = None
        self.recorded = 0
        self.rejected = 0
        self._store, self._bus, self._emitter = store, bus, emitter
        self._config = config
        self._webhooks = webhooks
        self._saved = saved
        self._fold = AlertFold(config)

    async def run(self) -> None:
        """Records until it is cancelled; a fault of the bus or the database is tried again from the saved position."""
        self.problem, waits = "starting", pauses()
        while True:
            before = self.recorded
            try:
                await self._record()
            except OtherRecorderError:
                self.problem = "another process records this gate"
                _log.warning("another process records this gate; waiting", gate=self._store.gate)
                await asyncio.sleep(OTHER_RECORDER_S)
                continue
            except (*BUS_ERRORS, SQLAlchemyError) as error:
                self.problem = f"history is not recorded: {type(error).__name__}"
                _log.warning("recording failed; trying again", error=error)
            waits = pauses() if self.recorded > before else waits
            await asyncio.sleep(next(waits))

    async def _record(self) -> None:
        """Records until the stream is another one."""
        epoch, state, gap = await self._begin()
        position = gap.to_position if gap else state.position if state else START
        pending = _Pending(gap=gap)
        checked = time.monotonic()
        await self._emitter.flush()
        if state is not None and state.epoch != epoch:
            await self._emitter.repeat_statuses()
        while True:
            entries = await self._bus.read(position, block_ms=200 if pending.messages else 1000)
            self.problem = None
            for entry in entries:
                self._take(entry, pending)
            position = entries[-1].position if entries else position
            if pending.due and (state is None or position != state.position or pending.gap):
                state = await self._save(state, RecorderState(epoch, position, self._fold.state()), pending)
                pending = _Pending()
            if time.monotonic() - checked > EPOCH_CHECK_S:
                if await self._bus.epoch() != epoch:
                    return
                checked = time.monotonic()

    async def _begin(self) -> tuple[str, RecorderState | None, Gap | None]:
        """The stream's epoch, the saved state, and what is missing after it; the fold is set to that state."""
        state = await asyncio.to_thread(load_state, self._store)
        epoch, bounds = await self._bus.epoch(), await self._bus.bounds()
        saved = state.alerts if state else None
        self._fold = AlertFold(self._config) if saved is None else AlertFold.restore(self._config, saved)
        if state is None:
            return epoch, None, None
        if state.epoch != epoch:
            reason = "the stream was lost or replaced: what was not recorded of it is missing"
            return epoch, state, Gap(time.time(), epoch, state.position, START, reason)
        if not bounds.holds_after(state.position):
            reason = "the stream was trimmed before it was recorded"
            return epoch, state, Gap(time.time(), epoch, state.position, _before(bounds.first or bounds.last), reason)
        return epoch, state, None

    def _take(self, entry: Entry, pending: _Pending) -> None:
        try:
            message = MESSAGE.validate_json(entry.text)
        except ValidationError:
            self.rejected += 1
            _log.error("an entry of the stream is not a message; skipped", position=entry.position)
            return
        pending.messages.append(message)
        pending.derived.extend(self._fold.step(message))

    async def _save(self, before: RecorderState | None, after: RecorderState, pending: _Pending) -> RecorderState:
        batch = HistoryBatch(pending.messages, pending.derived, before, after, time.time(), self._webhooks, pending.gap)
        await asyncio.to_thread(save_batch, self._store, batch)
        if pending.gap is not None:
            _log.warning("history has a gap", reason=pending.gap.reason, after=pending.gap.from_position)
        self.recorded += len(pending.messages)
        self.position = after.position
        await self._bus.save_recorder_position(after.position)
        if pending.derived:
            await self._emitter.flush()
        self._saved()
        return after


def _before(position: str) -> str:
    """The position just before the first entry that is held, so that it is read."""
    milliseconds, sequence = position.split("-")
    return f"{milliseconds}-{int(sequence) - 1}" if int(sequence) else f"{int(milliseconds) - 1}-18446744073709551615"
