"""The api's own messages on their way to the stream: an outbox in the database, emptied in order, each id once. asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import structlog
from pydantic import ValidationError
from sqlalchemy import RowMapping, and_, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from api.history.store import Store
from api.history.tables import emissions, lane_statuses
from api.history.writing import save_emissions, save_messages
from api.stream.redis_bus import BUS_ERRORS, Bus
from vision.message_parsing import Unreadable, tolerant_message
from vision.messages import LaneChanged, LaneData, Message, lane_changed

__all__ = ["Emitter", "keep_emitting"]

BATCH: Final = 200
SENT_KEPT_S: Final = 86_400.0
OUTBOX_EVERY_S: Final = 10.0
_log: Final = structlog.stdlib.get_logger(__name__)


class Emitter:
    """Appends what stands in the outbox `emissions` to the stream.

    A crash between the append and its mark repeats the append, which the bus then refuses by the message's id.
    """

    def __init__(self, store: Store, bus: Bus) -> None:
        self._store = store
        self._bus = bus
        self._one = asyncio.Lock()

    async def emit(self, *messages: Message) -> None:
        """Records messages and sends them. Raises a bus error while the bus is away; they then wait for `keep_emitting`."""
        async with self._one:
            await self._store.executors.outbox.run(self._add, messages)
        await self.flush()

    async def flush(self) -> None:
        """Empties the outbox."""
        async with self._one:
            while rows := await self._store.executors.outbox.run(self._waiting):
                for sequence, body in rows:
                    message = tolerant_message(body)
                    if isinstance(message, Unreadable):
                        _log.error(
                            "what stands in the outbox is not understood; passed over", sequence=sequence, reason=message.detail
                        )
                        continue
                    await self._bus.append_once(message)
                await self._store.executors.outbox.run(self._mark, [sequence for sequence, _ in rows])

    async def repeat_statuses(self) -> None:
        """Tells a bus that lost its data how each lane stands: it learns that from nobody else."""
        async with self._one:
            for row in await self._store.executors.outbox.run(self._statuses):
                message = _lane_changed(self._store.gate, row)
                if message is not None:
                    await self._bus.append_once(message)

    def _statuses(self) -> list[RowMapping]:
        """The newest status of each lane that ever got one."""
        mine = lane_statuses.c.gate == self._store.gate
        newest = select(lane_statuses.c.lane_id, func.max(lane_statuses.c.t).label("t")).where(mine)
        each = newest.group_by(lane_statuses.c.lane_id).subquery()
        same = and_(lane_statuses.c.lane_id == each.c.lane_id, lane_statuses.c.t == each.c.t)
        with self._store.read() as connection:
            return list(connection.execute(select(lane_statuses).join(each, same).where(mine)).mappings())

    def _add(self, messages: Sequence[Message]) -> None:
        with self._store.write() as connection:
            save_messages(connection, self._store.gate, messages)
            save_emissions(connection, self._store.gate, messages)

    def _waiting(self) -> list[tuple[int, str]]:
        columns = select(emissions.c.sequence, emissions.c.body)
        mine = columns.where(emissions.c.gate == self._store.gate, emissions.c.emitted_t.is_(None))
        with self._store.read() as connection:
            rows = connection.execute(mine.order_by(emissions.c.sequence).limit(BATCH)).all()
        return [(row.sequence, row.body) for row in rows]

    def _mark(self, sequences: list[int]) -> None:
        now = time.time()
        old = delete(emissions).where(emissions.c.gate == self._store.gate, emissions.c.emitted_t < now - SENT_KEPT_S)
        with self._store.write() as connection:
            connection.execute(update(emissions).where(emissions.c.sequence.in_(sequences)).values(emitted_t=now))
            connection.execute(old)


def _lane_changed(gate: str, row: RowMapping) -> LaneChanged | None:
    """The lane.changed that a row of history came from; None, which is said, for one that cannot be read."""
    try:
        data = LaneData.model_validate({name: row[name] for name in LaneData.model_fields})
    except ValidationError:
        _log.error("a lane's status in history cannot be read; passed over", lane=row["lane_id"])
        return None
    return lane_changed(gate, data)


async def keep_emitting(emitter: Emitter) -> None:
    """Sends what stayed in the outbox while the bus was away, until it is cancelled."""
    while True:
        await asyncio.sleep(OUTBOX_EVERY_S)
        try:
            await emitter.flush()
        except (*BUS_ERRORS, SQLAlchemyError) as error:
            _log.warning("messages wait in the outbox; trying again", error=error)
