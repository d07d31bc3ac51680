from collections.abc import Iterator
from pathlib import Path

import pytest

from api.store import Store, open_store, sqlite_url
from tests.support.postgres import postgres, postgres_programs
from tests.support.redis import Valkey, valkey


@pytest.fixture(scope="session")
def _valkey() -> Iterator[Valkey]:
    with valkey() as server:
        yield server


@pytest.fixture
def bus(_valkey: Valkey) -> Valkey:
    """A running, empty Valkey."""
    _valkey.client.flushall()
    return _valkey


@pytest.fixture(scope="session")
def _postgres() -> Iterator[str]:
    if postgres_programs() is None:
        pytest.skip("no PostgreSQL server (initdb, postgres) on this machine")
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store on each database."""
    if request.param == "sqlite":
        opened = open_store(sqlite_url(tmp_path, "g"), "g")
    else:
        url = request.getfixturevalue("_postgres")
        opened = open_store(url, "g")
        with opened.write() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        opened.close()
        opened = open_store(url, "g")
    yield opened
    opened.close()


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Store]:
    """An empty SQLite store."""
    opened = open_store(sqlite_url(tmp_path, "g"), "g")
    yield opened
    opened.close()
