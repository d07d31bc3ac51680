"""The store of history: migrated when opened, a transaction to write and one to read. Blocking; no asyncio.

SQLite in WAL by default, PostgreSQL by DATABASE_URL. Who calls it from asyncio does so through the caller's own one of
`store.executors`; what people ask of history goes through `store.questions`, which has connections of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from api.history.executors import WRITER_THREADS, Executors
from api.history.questions import ANSWERED_AT_ONCE, Questions
from vision.errors import ConfigError
from vision.redaction import redact_url

__all__ = ["Store", "insert", "open_store", "sqlite_url"]

MIGRATIONS: Final = Path(__file__).parent / "migrations"
# A server that vanished is noticed after some 20 s, also in the middle of a statement.
_POSTGRESQL: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}


class Store:
    """The database of one gate's history; `gate` is part of every key, so that gates may share a database."""

    def __init__(self, engine: Engine, questions_engine: Engine, gate: str) -> None:
        self.gate = gate
        self.executors = Executors()
        self.questions = Questions(questions_engine, gate)
        self._engine = engine
        self._writing = engine.execution_options(lanewatch_write=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write: all of it or nothing."""
        with self._writing.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, of one state of the database."""
        with self._engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Ends all questions, waits for what is being written and lets go of all connections."""
        self.questions.close()
        self.executors.close()
        self._engine.dispose()


def sqlite_url(data: Path, gate: str) -> str:
    """The URL of the gate's own SQLite file in the data folder."""
    return f"sqlite:///{data / gate / 'history.db'}"


def open_store(url: str, gate: str) -> Store:
    """The store at a database URL, its tables created or brought up to date. Raises ConfigError where it cannot be used."""
    address = _address(url)
    shown = address.render_as_string(hide_password=True)
    try:
        if address.drivername == "sqlite":
            Path(str(address.database)).parent.mkdir(parents=True, exist_ok=True)
        return _migrated(address, gate)
    except ImportError:
        raise ConfigError("DATABASE_URL names PostgreSQL: install the extra with pip install 'lanewatch[postgresql]'") from None
    except CommandError:
        sentence = "was made or changed by a newer version of LaneWatch; install that version, or use another database"
        raise ConfigError(f"database {shown} {sentence}") from None
    except (SQLAlchemyError, OSError) as error:
        reason = redact_url(" ".join(str(getattr(error, "orig", None) or error).split()))
        raise ConfigError(f"database {shown} cannot be used: {reason}; check the data folder or DATABASE_URL") from None


def _migrated(address: URL, gate: str) -> Store:
    """The store with its tables as this version has them; where that fails its connections are let go of."""
    store = Store(_engine(address, WRITER_THREADS), _engine(address, ANSWERED_AT_ONCE, reads_only=True), gate)
    try:
        with store.write() as connection:
            _migrate(connection)
    except Exception:
        store.close()
        raise
    return store


def _engine(address: URL, threads: int, *, reads_only: bool = False) -> Engine:
    """An engine whose pool has a connection for each thread that may want one; beyond that it makes some for a moment."""
    if address.drivername == "sqlite":
        engine = create_engine(address, hide_parameters=True, pool_size=threads, connect_args={"timeout": 10.0})
        _prepare_sqlite(engine, reads_only=reads_only)
        return engine
    more = {"execution_options": {"postgresql_readonly": reads_only}, "connect_args": _POSTGRESQL}
    return create_engine(address, hide_parameters=True, pool_size=threads, pool_pre_ping=True, **more)


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except (SQLAlchemyError, ValueError):
        raise ConfigError("DATABASE_URL is no URL; give it as postgresql://user:password@host/name") from None
    if address.drivername == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    if address.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ConfigError(f"DATABASE_URL begins with {address.drivername}://; give it as postgresql://user:password@host/name")
    return address


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT of the connection's dialect, which knows ON CONFLICT."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def _prepare_sqlite(engine: Engine, *, reads_only: bool) -> None:
    """WAL, and transactions begun by us: one that writes takes the lock at its start, so that it never has to start again."""

    def connect(raw: sqlite3.Connection, _record: object) -> None:
        raw.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "journal_size_limit=67108864"):
            raw.execute(f"PRAGMA {pragma}")
        raw.execute(f"PRAGMA query_only={'ON' if reads_only else 'OFF'}")

    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("lanewatch_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)


def _migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7615093)")  # two starts at once: one after the other
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
