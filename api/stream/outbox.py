"""The api's own messages on their way to the stream: an outbox in the database, emptied in order, each id once. asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from api.history.store import Store
from api.history.tables import emissions
from api.history.writing import save_emissions, save_messages
from api.stream.redis_bus import BUS_ERRORS, Bus
from vision.message_parsing import Unreadable, tolerant_message
from vision.messages import LaneChanged, Message

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
                for _, body in rows:
                    message = tolerant_message(body)
                    if isinstance(message, Unreadable):  # of a newer version that ran here before: it must not stop the others
                        _log.error("a message of the outbox is not understood: not sent", detail=message.detail)
                        continue
                    await self._bus.append_once(message)
                    if isinstance(message, LaneChanged):
                        await self._bus.save_status(message.data)
                await self._store.executors.outbox.run(self._mark, [sequence for sequence, _ in rows])

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


async def keep_emitting(emitter: Emitter) -> None:
    """Sends what stayed in the outbox while the bus was away, until it is cancelled."""
    while True:
        await asyncio.sleep(OUTBOX_EVERY_S)
        try:
            await emitter.flush()
        except (*BUS_ERRORS, SQLAlchemyError) as error:
            _log.warning("messages wait in the outbox; trying again", error=error)
