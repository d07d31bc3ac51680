"""What history forgets: measurements, states and what was set aside when older than the setting, finished deliveries. asyncio.

It goes in small bites, so that nobody waits long for the database. Visits and alerts are kept, and the last state of a camera
or lane however old it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select, true
from sqlalchemy.exc import SQLAlchemyError

from api.history.store import Store
from api.history.tables import camera_states, deliveries, lane_statuses, measurements, set_aside

__all__ = ["keep_pruned", "prune"]

PRUNE_EVERY_S: Final = 3600.0
BITE_S: Final = 3600
DELIVERIES_S: Final = 30 * 86_400.0
_log: Final = structlog.stdlib.get_logger(__name__)


async def keep_pruned(store: Store, kept_s: float) -> None:
    """Prunes every hour until it is cancelled."""
    while True:
        try:
            await prune(store, kept_s)
        except SQLAlchemyError as error:
            _log.warning("history could not be pruned; trying again in an hour", error=error)
        await asyncio.sleep(PRUNE_EVERY_S)


async def prune(store: Store, kept_s: float) -> None:
    """Deletes what is kept_s older than the newest measurement, an hour of it in each transaction: writers never wait long."""
    newest_t = await store.executors.retention.run(_newest_t, store)
    if newest_t is None:
        return
    more = True
    while more:
        more = await store.executors.retention.run(_bite, store, newest_t - kept_s)
    await store.executors.retention.run(_prune_states, store, newest_t - kept_s)


def _newest_t(store: Store) -> float | None:
    with store.read() as connection:
        newest = [_edge(connection, store.gate, lane, func.max) for lane in _lanes(connection, store.gate)]
    return max(newest, default=None)


def _bite(store: Store, before_t: float) -> bool:
    m = measurements.c
    with store.write() as connection:
        oldest_t = [(lane, _edge(connection, store.gate, lane, func.min)) for lane in _lanes(connection, store.gate)]
        old = [(lane, oldest) for lane, oldest in oldest_t if oldest < before_t]
        for lane, oldest in old:
            until = min(oldest + BITE_S, before_t)
            connection.execute(delete(measurements).where(m.gate == store.gate, m.lane_id == lane, m.t < until))
    return bool(old)


def _lanes(connection: Connection, gate: str) -> list[str]:
    """The lanes that have measurements, found by one seek in the index each: there are millions of rows."""
    m = measurements.c
    found: list[str] = []
    while True:
        after = m.lane_id > found[-1] if found else true()
        lane = connection.execute(select(func.min(m.lane_id)).where(m.gate == gate, after)).scalar_one()
        if lane is None:
            return found
        found.append(lane)


def _edge(connection: Connection, gate: str, lane: str, edge: Callable[..., ColumnElement[int]]) -> int:
    m = measurements.c
    return connection.execute(select(edge(m.t)).where(m.gate == gate, m.lane_id == lane)).scalar_one()


def _prune_states(store: Store, before_t: float) -> None:
    done = and_(deliveries.c.gate == store.gate, deliveries.c.finished_t < time.time() - DELIVERIES_S)
    with store.write() as connection:
        for table, key in ((camera_states, "camera_id"), (lane_statuses, "lane_id")):
            connection.execute(delete(table).where(table.c.gate == store.gate, table.c.t < before_t, _not_last(table, key)))
        connection.execute(delete(deliveries).where(done))
        connection.execute(delete(set_aside).where(set_aside.c.gate == store.gate, set_aside.c.t < before_t))


def _not_last(table: Table, key: str) -> ColumnElement[bool]:
    later = table.alias()
    return select(later.c.t).where(later.c.gate == table.c.gate, later.c[key] == table.c[key], later.c.t > table.c.t).exists()
