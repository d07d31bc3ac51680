"""The recorder: follows the stream, writes history, folds the alert rules, hands alerts to the stream and to webhooks. asyncio.

What it derives is saved in the same transaction as the position up to which it read, about once a second and at once when
an alert changed. After a crash it goes on from that position with the fold's state of that position: nothing is lost or
made twice. It takes the entries that the follower read; a slow database delays nobody's live page, for what is gone there by
the time that it comes to it, it reads from the stream itself. What it cannot read it keeps aside for a version that can.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.history.open_visits import OpenVisits, VisitEndings, load_open_visits
from api.history.set_aside import SetAside
from api.history.store import Store
from api.history.writing import (
    REFUSALS,
    Gap,
    HistoryBatch,
    OtherRecorderError,
    RecorderState,
    find_refused,
    load_state,
    save_batch,
)
from api.stream.outbox import Emitter
from api.stream.redis_bus import BUS_ERRORS, START, bus_backoff, position_of
from api.stream.window import ParsedEntry, StreamSource
from vision.config import GateConfig
from vision.core.alerts.alert_fold import AlertFold
from vision.message_parsing import Unreadable
from vision.messages import AlertChanged, Message

__all__ = ["Recorder"]

BATCH_S: Final = 1.0
BATCH_MESSAGES: Final = 1000
EPOCH_CHECK_S: Final = 1.0
OTHER_RECORDER_S: Final = 10.0
KINDS_LOGGED: Final = 100
_log: Final = structlog.stdlib.get_logger(__name__)


@dataclass(slots=True)
class _Pending:
    """Messages read and not yet saved, at most BATCH_MESSAGES and BATCH_S of them; taken: the entries that held them."""

    began: float = field(default_factory=time.monotonic)
    taken: list[ParsedEntry] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    derived: list[AlertChanged] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    gap: Gap | None = None
    visits: VisitEndings | None = None

    @property
    def due(self) -> bool:
        """Whether they should be saved now."""
        aged = time.monotonic() - self.began >= BATCH_S
        return bool(self.derived or self.gap) or aged or self.entries >= BATCH_MESSAGES

    @property
    def entries(self) -> int:
        """How many entries of the stream they are."""
        return len(self.messages) + len(self.set_aside)


class Recorder:
    """Records one gate. `saved` is called after each transaction; `problem` says why it does not record, or is None.

    position: up to where the stream as it is now is saved, None before anything is. set_aside: entries by reason.
    """

    def __init__(
        self,
        store: Store,
        source: StreamSource,
        emitter: Emitter,
        config: GateConfig,
        *,
        webhooks: bool,
        saved: Callable[[], None],
    ) -> None:
        self.problem: str | None = "starting"
        self.position: str | None = None
        self.recorded = 0
        self.set_aside: Counter[str] = Counter()
        self._first: str | None = None
        self._logged: set[tuple[str, str | None]] = set()
        self._store, self._source, self._emitter = store, source, emitter
        self._checked = -EPOCH_CHECK_S
        self._config = config
        self._webhooks = webhooks
        self._saved = saved
        self._fold = AlertFold(config)
        self._visits = OpenVisits(frozenset())

    async def run(self) -> None:
        """Records until it is cancelled; a fault of the bus or the database is tried again from the saved position."""
        self.problem, backoff = "starting", bus_backoff()
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
            if self.recorded > before:
                backoff.reset()
            await asyncio.sleep(backoff.next_s())

    def lag_s(self, last: str) -> float | None:
        """How much older what is saved is than an entry of the stream, in seconds; None before anything was read."""
        known = self.position or self._first
        return None if known is None else max(0.0, (position_of(last)[0] - position_of(known)[0]) / 1000)

    async def _record(self) -> None:
        """Records until the stream is another one, or was trimmed before it was read."""
        epoch, state, gap = await self._begin()
        begin = position = gap.to_position if gap else state.position if state else START
        pending, lost = _Pending(gap=gap), False
        await self._emitter.flush()
        if state is not None and state.epoch != epoch:
            await self._emitter.repeat_statuses()
        while not lost and await self._is_current(epoch):
            entries = await self._source.next(epoch, position, 0.2 if pending.entries else 1.0, known=position == begin)
            self.problem, lost = None, entries is None
            for entry in entries or ():
                self._take(entry, pending)
            position = entries[-1].position if entries else position
            moved = state is None or position != state.position or pending.gap
            if (pending.due or lost) and moved:
                state = await self._save(state, RecorderState(epoch, position, self._fold.state()), pending)
                pending = _Pending()

    async def _is_current(self, epoch: str) -> bool:
        """Whether the stream is still of that epoch, asked about once a second."""
        if time.monotonic() - self._checked < EPOCH_CHECK_S:
            return True
        current = await self._source.bus.epoch() == epoch
        self._checked = time.monotonic()
        return current

    async def _begin(self) -> tuple[str, RecorderState | None, Gap | None]:
        """The stream's epoch, the saved state, and what is missing after it; the fold is set to that state."""
        state = await self._store.executors.recorder.run(load_state, self._store)
        self._visits = await self._store.executors.recorder.run(load_open_visits, self._store, self._config)
        epoch, bounds = await self._source.bus.epoch(), await self._source.bus.bounds()
        saved = state.alerts if state else None
        self._fold = AlertFold(self._config) if saved is None else AlertFold.restore(self._config, saved)
        self.position = state.position if state is not None and state.epoch == epoch else None
        self._first = None
        if state is None:
            return epoch, None, None
        if state.epoch != epoch:
            reason = "the stream was lost or replaced: what was not recorded of it is missing"
            return epoch, state, Gap(time.time(), epoch, state.position, START, reason)
        if not bounds.holds_after(state.position):
            reason = "the stream was trimmed before it was recorded"
            return epoch, state, Gap(time.time(), epoch, state.position, bounds.begin, reason)
        return epoch, state, None

    def _take(self, entry: ParsedEntry, pending: _Pending) -> None:
        self._first = self._first or entry.position
        content = entry.content
        if isinstance(content, Unreadable):
            pending.set_aside.append(self._kept(entry, content.reason, content.type_, content.detail))
            return
        pending.taken.append(entry)
        pending.messages.append(content)
        pending.derived.extend(self._fold.step(content))
        self._visits.step(content)

    def _kept(self, entry: ParsedEntry, reason: str, type_: str | None, detail: str) -> SetAside:
        """What is kept of an entry that cannot be taken; the first of its kind is logged."""
        kind = (reason, type_)
        if kind not in self._logged and len(self._logged) < KINDS_LOGGED:
            self._logged.add(kind)
            what = {"reason": reason, "type": type_, "detail": detail, "position": entry.position}
            _log.error("an entry of the stream cannot be taken: kept aside, and others like it", **what)
        return SetAside(entry.position, entry.place[0] / 1000, reason, type_, detail, entry.text)

    async def _save(self, before: RecorderState | None, after: RecorderState, pending: _Pending) -> RecorderState:
        pending.visits = self._visits.endings()
        try:
            await self._write(before, after, pending)
        except REFUSALS:
            if not await self._drop_refused(pending):
                raise
            await self._write(before, after, pending)
        if pending.gap is not None:
            _log.warning("history has a gap", reason=pending.gap.reason, after=pending.gap.from_position)
        self.recorded += len(pending.messages)
        self.set_aside.update(entry.reason for entry in pending.set_aside)
        self.position = after.position
        self._saved()
        await self._source.bus.save_recorder_position(after.position)
        if pending.derived:
            await self._emitter.flush()
        return after

    async def _write(self, before: RecorderState | None, after: RecorderState, pending: _Pending) -> None:
        messages, aside = tuple(pending.messages), tuple(pending.set_aside)
        rest = self._webhooks, pending.gap, aside, pending.visits
        batch = HistoryBatch(messages, pending.derived, before, after, time.time(), *rest)
        await self._store.executors.recorder.run(save_batch, self._store, batch)

    async def _drop_refused(self, pending: _Pending) -> bool:
        """Sets aside what the database refuses, so that one message does not stop all that follow; whether there was any."""
        refused = await self._store.executors.recorder.run(find_refused, self._store, tuple(pending.messages))
        for index in sorted(refused, reverse=True):
            message, entry = pending.messages.pop(index), pending.taken.pop(index)
            kept = self._kept(entry, "refused", message.type, "the database has no room for one of its values")
            pending.set_aside.append(kept)
        return bool(refused)
