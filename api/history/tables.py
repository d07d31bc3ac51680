"""The tables of history. Pure: SQLAlchemy Core definitions for SQLite and PostgreSQL; `api/history/migrations` creates them.

Times are event time, POSIX seconds UTC; a measurement's t is a whole second. Null is not measured.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

__all__ = [
    "METADATA",
    "PERCENTILES",
    "alarms",
    "alerts",
    "camera_states",
    "config_versions",
    "deliveries",
    "emissions",
    "gaps",
    "lane_statuses",
    "measurements",
    "open_visits",
    "recorder_state",
    "sessions",
    "set_aside",
    "sign_in_links",
    "visits",
]

METADATA: Final = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
)
PERCENTILES: Final = tuple(f"{what}_{share}" for what in ("wait_s", "service_s", "dwell_s") for share in ("p50", "p90", "p95"))
_NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only INTEGER


def _gate() -> Column[str]:
    return Column("gate", String(64), primary_key=True)


measurements: Final = Table(
    "measurements",
    METADATA,
    _gate(),
    Column("lane_id", String(64), primary_key=True),
    Column("t", BigInteger, primary_key=True),
    Column("queue_vehicles", Integer),
    Column("queue_low", Integer),
    Column("queue_high", Integer),
    Column("queue_m", Float),
    Column("standing_vehicles", Integer),
    Column("standing_m", Float),
    Column("vehicles", Integer),
    Column("in_service", Boolean),
    Column("longest_wait_s", Float),
    Column("expected_wait_s", Float),
    Column("expected_wait_low_s", Float),
    Column("expected_wait_high_s", Float),
    Column("arrival_rate_vph", Float),
    Column("discharge_rate_vph", Float),
    Column("headway_s", Float),
    *(Column(name, Float) for name in PERCENTILES),
    Column("level_of_service", String(1)),
    Column("quality", String(8), nullable=False),
    Column("quality_reasons", String(200), nullable=False),
    Column("censored", Boolean, nullable=False),
    Column("frame_age_s", Float),
    Column("audit_visits", Integer, nullable=False),
    Column("audit_both_ends_seen", Integer, nullable=False),
    Column("audit_identity_breaks", Integer, nullable=False),
    Column("audit_residue", Integer, nullable=False),
    sqlite_with_rowid=False,
)

visits: Final = Table(
    "visits",
    METADATA,
    _gate(),
    Column("visit_id", String(64), primary_key=True),
    Column("lane_id", String(64), nullable=False),
    Column("vehicle_class", String(16), nullable=False),
    Column("first_seen_t", Float, nullable=False),
    Column("arrived_t", Float),
    Column("joined_t", Float),
    Column("service_t", Float),
    Column("left_t", Float),
    Column("outcome", String(16), nullable=False),
    Column("start_censored", Boolean, nullable=False),
    Column("end_censored", Boolean, nullable=False),
    Column("previous_visit_id", String(64)),
    Column("arrived_inferred", Boolean, nullable=False, server_default=false()),
    Index(None, "gate", "first_seen_t"),
    Index(None, "gate", "lane_id", "first_seen_t"),
    Index(None, "gate", "outcome"),
)

alerts: Final = Table(
    "alerts",
    METADATA,
    _gate(),
    Column("alert_id", String(64), primary_key=True),
    Column("rule", String(64), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("t", Float, nullable=False),
    Column("value", Float),
    Column("measure", String(32), nullable=False),
    Column("unit", String(16), nullable=False),
    Column("threshold", Float, nullable=False),
    Column("since", Float, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("quality", String(8), nullable=False),
    Column("stale", Boolean, nullable=False),
    Column("config_hash", String(64), nullable=False),
    Column("action", Text, nullable=False),
    Index(None, "gate", "since"),
    Index(None, "gate", "state", "t"),
)

alarms: Final = Table(
    "alarms",
    METADATA,
    _gate(),
    Column("alert_id", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("t", Float, nullable=False),
    Column("by", String(64), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("until", Float),
)

lane_statuses: Final = Table(
    "lane_statuses",
    METADATA,
    _gate(),
    Column("lane_id", String(64), primary_key=True),
    Column("t", Float, primary_key=True),
    Column("status", String(8), nullable=False),
    Column("by", String(64), nullable=False),
    Column("reason", String(500), nullable=False),
)

camera_states: Final = Table(
    "camera_states",
    METADATA,
    _gate(),
    Column("camera_id", String(64), primary_key=True),
    Column("t", Float, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("session", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("rate_fps", Float),
    Column("load_step", Integer, nullable=False),
)

gaps: Final = Table(
    "gaps",
    METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("gate", String(64), nullable=False),
    Column("t", Float, nullable=False),
    Column("epoch", String(64), nullable=False),
    Column("from_position", String(48), nullable=False),
    Column("to_position", String(48), nullable=False),
    Column("reason", String(500), nullable=False),
    Index(None, "gate", "t"),
)

config_versions: Final = Table(
    "config_versions",
    METADATA,
    _gate(),
    Column("version", Integer, primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("config", Text, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("created_t", Float, nullable=False),
)

recorder_state: Final = Table(
    "recorder_state",
    METADATA,
    _gate(),
    Column("epoch", String(64), nullable=False),
    Column("position", String(48), nullable=False),
    Column("alerts", Text, nullable=False),
)

open_visits: Final = Table(
    "open_visits",
    METADATA,
    _gate(),
    Column("state", Text, nullable=False),
)

emissions: Final = Table(
    "emissions",
    METADATA,
    Column("sequence", _NUMBER, primary_key=True, autoincrement=True),
    Column("gate", String(64), nullable=False),
    Column("message_id", String(36), nullable=False),
    Column("body", Text, nullable=False),
    Column("emitted_t", Float),
    UniqueConstraint("gate", "message_id"),
    Index(None, "gate", "emitted_t"),
)

deliveries: Final = Table(
    "deliveries",
    METADATA,
    Column("sequence", _NUMBER, primary_key=True, autoincrement=True),
    Column("gate", String(64), nullable=False),
    Column("message_id", String(36), nullable=False),
    Column("alert_id", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_t", Float, nullable=False),
    Column("created_t", Float, nullable=False),
    Column("finished_t", Float),
    Column("error", String(500)),
    UniqueConstraint("gate", "message_id"),
    Index(None, "gate", "state", "sequence"),
)

set_aside: Final = Table(
    "set_aside",
    METADATA,
    Column("sequence", _NUMBER, primary_key=True, autoincrement=True),
    Column("gate", String(64), nullable=False),
    Column("epoch", String(64), nullable=False),
    Column("position", String(48), nullable=False),
    Column("t", Float, nullable=False),
    Column("reason", String(16), nullable=False),
    Column("type", String(64)),
    Column("detail", String(500), nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("gate", "epoch", "position"),
    Index(None, "gate", "sequence"),
    Index(None, "gate", "t"),
)

sessions: Final = Table(
    "sessions",
    METADATA,
    _gate(),
    Column("hash", String(64), primary_key=True),
    Column("expires_t", Float, nullable=False),
)

sign_in_links: Final = Table(
    "sign_in_links",
    METADATA,
    _gate(),
    Column("hash", String(64), primary_key=True),
    Column("expires_t", Float, nullable=False),
    Column("used_t", Float),
)
