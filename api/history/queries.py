"""What is asked of history: the present as last recorded, a lane's past in steps, visits, alerts. Blocking reads.

Aggregation is done by the database, so that a day of a lane is as small as its points. Null is not measured.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, RowMapping, Table, and_, case, func, or_, select

from api.alarms.alarm_states import RESOLVED_KEPT_S
from api.history.questions import Reader
from api.history.tables import PERCENTILES, alarms, alerts, camera_states, lane_statuses, measurements, visits
from vision.messages import AlarmData, AlertData, CameraData, LaneData, Measurement, VisitData

__all__ = [
    "Cursor",
    "HistoryPoint",
    "Present",
    "ResultPage",
    "find_alert",
    "lane_history",
    "list_alerts",
    "list_visits",
    "load_present",
]

Cursor = tuple[float, str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Present:
    """Everything current as history has it; the stream's entries after the recorder's position are not in it."""

    lanes: tuple[Measurement, ...] = ()
    statuses: tuple[LaneData, ...] = ()
    cameras: tuple[CameraData, ...] = ()
    alerts: tuple[AlertData, ...] = ()
    alarms: tuple[AlarmData, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """One step of a lane's past: t is its beginning; means of what was measured in it, None where nothing was.

    samples: seconds recorded; unknown: those of quality unknown.
    """

    t: int
    queue_vehicles: float | None = None
    queue_vehicles_max: int | None = None
    queue_low: float | None = None
    queue_high: float | None = None
    queue_m: float | None = None
    queue_m_max: float | None = None
    vehicles: float | None = None
    longest_wait_s: float | None = None
    expected_wait_s: float | None = None
    arrival_rate_vph: float | None = None
    discharge_rate_vph: float | None = None
    censored: bool = False
    samples: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class ResultPage(Generic[T]):
    """A page of a listing, newest first, and where the next one begins."""

    items: list[T] = field(default_factory=list)
    next: Cursor | None = None


def load_present(history: Reader, lane_ids: Iterable[str], camera_ids: Iterable[str]) -> Present:
    """The last recorded state of these lanes and cameras, and of every alert and alarm that still matters."""
    gate, camera_column = history.gate, camera_states.c.camera_id
    with history.read() as connection:
        lanes, statuses = (
            [row for lane in lane_ids for row in _latest(connection, table, table.c.lane_id == lane, gate)]
            for table in (measurements, lane_statuses)
        )
        cameras = [row for camera in camera_ids for row in _latest(connection, camera_states, camera_column == camera, gate)]
        newest = select(func.max(alerts.c.t)).where(alerts.c.gate == gate).scalar_subquery()
        kept = or_(alerts.c.state != "resolved", alerts.c.t > newest - RESOLVED_KEPT_S)
        found = connection.execute(select(alerts).where(alerts.c.gate == gate, kept)).mappings().all()
        ids = [row["alert_id"] for row in found]
        handled = connection.execute(select(alarms).where(alarms.c.gate == gate, alarms.c.alert_id.in_(ids))).mappings().all()
    return Present(
        lanes=tuple(_measurement(row) for row in lanes),
        statuses=tuple(LaneData.model_validate(_plain(row)) for row in statuses),
        cameras=tuple(CameraData.model_validate(_plain(row)) for row in cameras),
        alerts=tuple(_alert(row) for row in found),
        alarms=tuple(AlarmData.model_validate(_plain(row)) for row in handled),
    )


def lane_history(history: Reader, lane: str, from_t: int, to_t: int, step_s: int) -> list[HistoryPoint]:
    """A lane's past from from_t up to, not including, to_t; every step is there, empty where nothing was recorded."""
    m = measurements.c
    step = ((m.t - from_t) // step_s).label("step")
    columns: list[ColumnElement[Any]] = [
        step,
        func.avg(m.queue_vehicles).label("queue_vehicles"),
        func.max(m.queue_vehicles).label("queue_vehicles_max"),
        func.avg(m.queue_low).label("queue_low"),
        func.avg(m.queue_high).label("queue_high"),
        func.avg(m.queue_m).label("queue_m"),
        func.max(m.queue_m).label("queue_m_max"),
        func.avg(m.vehicles).label("vehicles"),
        func.max(m.longest_wait_s).label("longest_wait_s"),
        func.avg(m.expected_wait_s).label("expected_wait_s"),
        func.avg(m.arrival_rate_vph).label("arrival_rate_vph"),
        func.avg(m.discharge_rate_vph).label("discharge_rate_vph"),
        func.max(case((m.censored, 1), else_=0)).label("censored"),
        func.count().label("samples"),
        func.sum(case((m.quality == "unknown", 1), else_=0)).label("unknown"),
    ]
    wanted = and_(m.gate == history.gate, m.lane_id == lane, m.t >= from_t, m.t < to_t)
    with history.read() as connection:
        rows = connection.execute(select(*columns).where(wanted).group_by(step)).mappings().all()
    points = {int(row["step"]): _point(row, from_t, step_s) for row in rows}
    steps = -(-(to_t - from_t) // step_s)
    return [points.get(index, HistoryPoint(from_t + index * step_s)) for index in range(steps)]


def list_visits(
    history: Reader, where: Mapping[str, Any], span: tuple[float, float], after: Cursor | None, limit: int
) -> ResultPage[VisitData]:
    """Visits first seen in span, newest first. where: column to wanted value."""
    rows, following = _paged(history, (visits.c.first_seen_t, visits.c.visit_id), where, span, after=after, limit=limit)
    return ResultPage([VisitData.model_validate(_plain(row)) for row in rows], following)


def list_alerts(
    history: Reader, where: Mapping[str, Any], span: tuple[float, float], after: Cursor | None, limit: int
) -> ResultPage[AlertData]:
    """Alerts that began in span, newest first. where: column to wanted value."""
    rows, following = _paged(history, (alerts.c.since, alerts.c.alert_id), where, span, after=after, limit=limit)
    return ResultPage([_alert(row) for row in rows], following)


def find_alert(history: Reader, alert_id: str) -> tuple[AlertData, AlarmData | None] | None:
    """An alert and what people did with it; None if there is no such alert."""
    with history.read() as connection:
        mine = and_(alerts.c.gate == history.gate, alerts.c.alert_id == alert_id)
        row = connection.execute(select(alerts).where(mine)).mappings().one_or_none()
        handled = and_(alarms.c.gate == history.gate, alarms.c.alert_id == alert_id)
        alarm = connection.execute(select(alarms).where(handled)).mappings().one_or_none()
    if row is None:
        return None
    return _alert(row), None if alarm is None else AlarmData.model_validate(_plain(alarm))


def _latest(connection: Connection, table: Table, subject: ColumnElement[bool], gate: str) -> Sequence[RowMapping]:
    query = select(table).where(table.c.gate == gate, subject).order_by(table.c.t.desc()).limit(1)
    return connection.execute(query).mappings().all()


def _paged(
    history: Reader,
    by: tuple[Column[float], Column[str]],
    where: Mapping[str, Any],
    span: tuple[float, float],
    *,
    after: Cursor | None,
    limit: int,
) -> tuple[Sequence[RowMapping], Cursor | None]:
    """The rows of a page and where the next one begins. by: the columns of one table by which it is ordered."""
    time, key = by
    table = time.table
    query = select(table).where(table.c.gate == history.gate, time >= span[0], time < span[1])
    query = query.where(*(table.c[name] == value for name, value in where.items()))
    if after is not None:
        query = query.where(or_(time < after[0], and_(time == after[0], key < after[1])))
    with history.read() as connection:
        rows = connection.execute(query.order_by(time.desc(), key.desc()).limit(limit + 1)).mappings().all()
    page = rows[:limit]
    return page, (page[-1][time], page[-1][key]) if len(rows) > limit else None


def _point(row: RowMapping, from_t: int, step_s: int) -> HistoryPoint:
    values = {name: round(float(row[name]), 3) for name in _MEANS if row[name] is not None}
    return HistoryPoint(
        t=from_t + int(row["step"]) * step_s,
        queue_vehicles_max=row["queue_vehicles_max"],
        censored=bool(row["censored"]),
        samples=row["samples"],
        unknown=row["unknown"],
        **values,
    )


_MEANS: Final = (
    "queue_vehicles",
    "queue_low",
    "queue_high",
    "queue_m",
    "queue_m_max",
    "vehicles",
    "longest_wait_s",
    "expected_wait_s",
    "arrival_rate_vph",
    "discharge_rate_vph",
)


def _plain(row: RowMapping) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "gate"}


def _alert(row: RowMapping) -> AlertData:
    return AlertData.model_validate(_plain(row) | {"action": json.loads(row["action"])})


def _measurement(row: RowMapping) -> Measurement:
    values = _plain(row)
    for name in PERCENTILES:
        what, share = name.rsplit("_", 1)
        values.setdefault(what, {})[share] = values.pop(name)
    audit = {name: values.pop(f"audit_{name}") for name in ("visits", "both_ends_seen", "identity_breaks", "residue")}
    reasons = tuple(part for part in values.pop("quality_reasons").split(",") if part)
    return Measurement.model_validate(values | {"audit": audit, "quality_reasons": reasons})
