"""Messages as rows: what the recorder writes of a batch, in one transaction with the stream's position. Blocking.

Ids are the keys, so a message that is written twice leaves one row. The position is compared and swapped: of two recorders
of one gate, the one that comes second writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table, and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError

from api.history.open_visits import VisitEndings, save_visit_endings
from api.history.set_aside import SetAside, save_set_aside
from api.history.store import Store, insert
from api.history.tables import (
    alarms,
    alerts,
    camera_states,
    deliveries,
    emissions,
    gaps,
    lane_statuses,
    measurements,
    recorder_state,
    visits,
)
from vision.messages import (
    AlarmChanged,
    AlertChanged,
    CameraMessage,
    LaneChanged,
    LaneMeasured,
    Measurement,
    Message,
    VisitEnded,
    VisitStarted,
)

__all__ = [
    "REFUSALS",
    "Gap",
    "HistoryBatch",
    "OtherRecorderError",
    "RecorderState",
    "add_gap",
    "find_refused",
    "load_state",
    "save_batch",
    "save_emissions",
    "save_messages",
]

REFUSALS: Final = (DataError, OverflowError)
"""What a database says of a value that does not fit in its column."""
_Row = dict[str, Any]


class OtherRecorderError(Exception):
    """Another process recorded this gate since the state was loaded; nothing was written."""


@dataclass(frozen=True, slots=True)
class RecorderState:
    """Where recording stands: the stream's epoch and position, and the alert fold's state there (None: it begins)."""

    epoch: str
    position: str
    alerts: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of the stream that could not be recorded, noticed at t."""

    t: float
    epoch: str
    from_position: str
    to_position: str
    reason: str


@dataclass(frozen=True, slots=True)
class HistoryBatch:
    """What one transaction writes: messages of the stream, alerts and ends of visits derived from them, the state after all."""

    messages: Sequence[Message]
    derived: Sequence[AlertChanged]
    before: RecorderState | None
    after: RecorderState
    now: float
    webhooks: bool
    gap: Gap | None = None
    set_aside: Sequence[SetAside] = ()
    visits: VisitEndings | None = None


def load_state(store: Store) -> RecorderState | None:
    """Where recording stands; None before the first batch."""
    query = select(recorder_state).where(recorder_state.c.gate == store.gate)
    with store.read() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else RecorderState(row.epoch, row.position, json.loads(row.alerts))


def save_batch(store: Store, batch: HistoryBatch) -> None:
    """Writes a batch, its derived alerts with their outboxes and the state after it. Raises OtherRecorderError."""
    with store.write() as connection:
        _swap_state(connection, store.gate, batch.before, batch.after)
        if batch.gap is not None:
            add_gap(connection, store.gate, batch.gap)
        save_messages(connection, store.gate, [*batch.messages, *batch.derived])
        save_visit_endings(connection, store.gate, batch.visits)
        save_emissions(connection, store.gate, batch.derived)
        save_set_aside(connection, store.gate, batch.after.epoch, batch.set_aside)
        if batch.webhooks:
            _save_deliveries(connection, store.gate, batch.derived, batch.now)


def find_refused(store: Store, messages: Sequence[Message]) -> set[int]:
    """Which of the messages the database will not take, whatever the others are; nothing is written."""
    refused = set()
    with store.write() as connection:
        for index, message in enumerate(messages):
            attempt = connection.begin_nested()
            try:
                save_messages(connection, store.gate, [message])
            except REFUSALS:
                refused.add(index)
            attempt.rollback()
    return refused


def add_gap(connection: Connection, gate: str, gap: Gap) -> None:
    """Notes that messages may be missing."""
    values = {"gate": gate, "t": gap.t, "epoch": gap.epoch, "reason": gap.reason[:500]}
    positions = {"from_position": gap.from_position, "to_position": gap.to_position}
    connection.execute(gaps.insert().values(values | positions))


def save_emissions(connection: Connection, gate: str, messages: Iterable[Message]) -> None:
    """Puts messages that the api makes itself into the outbox of the stream, each id once."""
    rows = [{"gate": gate, "message_id": str(message.id), "body": message.model_dump_json()} for message in messages]
    if rows:
        connection.execute(insert(connection, emissions).on_conflict_do_nothing(), rows)


def _swap_state(connection: Connection, gate: str, before: RecorderState | None, after: RecorderState) -> None:
    values = {"epoch": after.epoch, "position": after.position, "alerts": json.dumps(after.alerts)}
    if before is None:
        statement = insert(connection, recorder_state).values(gate=gate, **values).on_conflict_do_nothing()
        written = connection.execute(statement.returning(recorder_state.c.gate)).first() is not None
    else:
        table = recorder_state.c
        unchanged = and_(table.gate == gate, table.epoch == before.epoch, table.position == before.position)
        written = connection.execute(update(recorder_state).where(unchanged).values(values)).rowcount == 1
    if not written:
        raise OtherRecorderError


def save_messages(connection: Connection, gate: str, messages: Iterable[Message]) -> None:
    """Writes messages as rows; those that history does not hold are passed over."""
    rows: dict[Table, list[_Row]] = {}
    for message in messages:
        placed = _row(message)
        if placed is not None:
            table, row = placed
            rows.setdefault(table, []).append({"gate": gate} | row)
    for table, values in rows.items():
        connection.execute(_upsert(insert(connection, table), table), values)


def _row(message: Message) -> tuple[Table, _Row] | None:
    match message:
        case LaneMeasured(data=data):
            return measurements, _measurement(data)
        case VisitStarted(data=data) | VisitEnded(data=data):
            return visits, data.model_dump()
        case LaneChanged(data=data):
            return lane_statuses, data.model_dump() | {"reason": data.reason[:500], "by": data.by[:64]}
        case CameraMessage(data=data):
            return camera_states, data.model_dump() | {"reason": data.reason[:500]}
        case AlertChanged(data=data):
            return alerts, data.model_dump() | {"action": json.dumps(data.action, ensure_ascii=False)}
        case AlarmChanged(data=data):
            return alarms, data.model_dump() | {"reason": data.reason[:500], "by": data.by[:64]}
    return None


def _measurement(data: Measurement) -> _Row:
    row = data.model_dump(exclude={"wait_s", "service_s", "dwell_s", "audit", "quality_reasons"})
    for name in ("wait_s", "service_s", "dwell_s"):
        row |= {f"{name}_{share}": value for share, value in getattr(data, name).model_dump().items()}
    row |= {f"audit_{name}": value for name, value in data.audit.model_dump().items()}
    return row | {"t": round(data.t), "quality_reasons": ",".join(data.quality_reasons)}


def _upsert(statement: sqlite.Insert | postgresql.Insert, table: Table) -> sqlite.Insert | postgresql.Insert:
    """The first row of a key stays, but a visit takes its end, an alert its next change, an alarm its last.

    A visit that is lost may have been ended here, because nobody had it any more: what a worker says of its end counts.
    """
    new = statement.excluded
    conditions = {
        visits: and_(or_(visits.c.outcome == "open", visits.c.outcome == "lost"), new.outcome != "open")
        if table is visits
        else None,
        alerts: alerts.c.sequence < new.sequence if table is alerts else None,
        alarms: alarms.c.t <= new.t if table is alarms else None,
    }
    condition = conditions.get(table)
    if condition is None:
        return statement.on_conflict_do_nothing()
    keys = [column.name for column in table.primary_key]
    changed = {column.name: new[column.name] for column in table.columns if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed, where=condition)


def _save_deliveries(connection: Connection, gate: str, messages: Iterable[AlertChanged], now: float) -> None:
    rows = [
        {
            "gate": gate,
            "message_id": str(message.id),
            "alert_id": message.data.alert_id,
            "body": message.model_dump_json(),
            "state": "waiting",
            "attempts": 0,
            "next_t": now,
            "created_t": now,
        }
        for message in messages
    ]
    if rows:
        connection.execute(insert(connection, deliveries).on_conflict_do_nothing(), rows)
