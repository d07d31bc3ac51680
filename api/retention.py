"""What history forgets: measurements and states older than the setting, finished deliveries, in small bites. asyncio.

Visits and alerts are kept. The last state of a camera or lane is kept however old it is.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

import structlog
from sqlalchemy import ColumnElement, Table, and_, delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from api.store import Store
from api.tables import camera_states, deliveries, lane_statuses, measurements

__all__ = ["keep_pruned", "prune"]

EVERY_S: Final = 3600.0
BITE_S: Final = 3600
DELIVERIES_S: Final = 30 * 86_400.0
_log: Final = structlog.stdlib.get_logger(__name__)


async def keep_pruned(store: Store, kept_s: float) -> None:
    """Prunes every hour until it is cancelled."""
    while True:
        try:
            await prune(store, time.time(), kept_s)
        except SQLAlchemyError as error:
            _log.warning("history could not be pruned; trying again in an hour", error=error)
        await asyncio.sleep(EVERY_S)


async def prune(store: Store, now: float, kept_s: float) -> None:
    """Deletes what is older than kept_s, an hour of event time in each transaction so that writers never wait long."""
    more = True
    while more:
        more = await asyncio.to_thread(_bite, store, now - kept_s)
    await asyncio.to_thread(_prune_states, store, now - kept_s)


def _bite(store: Store, before_t: float) -> bool:
    m = measurements.c
    with store.write() as connection:
        lanes = connection.execute(select(m.lane_id, func.min(m.t)).where(m.gate == store.gate).group_by(m.lane_id)).all()
        old = [(lane, oldest) for lane, oldest in lanes if oldest < before_t]
        for lane, oldest in old:
            until = min(oldest + BITE_S, before_t)
            connection.execute(delete(measurements).where(m.gate == store.gate, m.lane_id == lane, m.t < until))
    return bool(old)


def _prune_states(store: Store, before_t: float) -> None:
    done = and_(deliveries.c.gate == store.gate, deliveries.c.finished_t < time.time() - DELIVERIES_S)
    with store.write() as connection:
        for table, key in ((camera_states, "camera_id"), (lane_statuses, "lane_id")):
            connection.execute(delete(table).where(table.c.gate == store.gate, table.c.t < before_t, _not_last(table, key)))
        connection.execute(delete(deliveries).where(done))


def _not_last(table: Table, key: str) -> ColumnElement[bool]:
    later = table.alias()
    return select(later.c.t).where(later.c.gate == table.c.gate, later.c[key] == table.c[key], later.c.t > table.c.t).exists()
