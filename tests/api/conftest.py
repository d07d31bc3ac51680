import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.history.store import Store, open_store, sqlite_url
from api.history.tables import METADATA
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
        open_store(url, "g").close()
        yield url


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with empty tables, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    open_store(sqlite_url(folder, "g"), "g").close()
    return folder / "g" / "history.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store on each database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("lite")
        return
    opened = open_store(request.getfixturevalue("_postgres"), "g")
    with opened.write() as connection:
        connection.exec_driver_sql(f"TRUNCATE {', '.join(METADATA.tables)} RESTART IDENTITY")
    yield opened
    opened.close()


@pytest.fixture
def lite(tmp_path: Path, _migrated: Path) -> Iterator[Store]:
    """An empty SQLite store."""
    (tmp_path / "g").mkdir()
    shutil.copy(_migrated, tmp_path / "g")
    opened = open_store(sqlite_url(tmp_path, "g"), "g")
    yield opened
    opened.close()
