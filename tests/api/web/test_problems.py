"""Errors that no route foresaw: who did not answer, what is full, and what is a bug are told apart. With real errors."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import redis.asyncio
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from structlog.testing import capture_logs

from api.server import bound_socket, server_of
from api.stream.redis_bus import BUS_ERRORS, Bus
from api.web.problems import add_problem_handlers
from tests.support.api import eventually
from tests.support.redis import valkey

BUS, BUS_FULL = "the message bus does not answer", "the message bus takes nothing more"
HISTORY, FULL, DISK = "history cannot be read", "the database's disk is full", "the server's disk is full"
BUG = "this should not have happened"


def wrong_sql(_: Path) -> None:
    with create_engine("sqlite://").connect() as connection:
        connection.execute(text("SELECT nothing FROM nowhere"))


def broken_rule(_: Path) -> None:
    with create_engine("sqlite://").begin() as connection:
        connection.execute(text("CREATE TABLE one (a INTEGER PRIMARY KEY)"))
        for _ in range(2):
            connection.execute(text("INSERT INTO one VALUES (1)"))


def full_database(_: Path) -> None:
    with create_engine("sqlite://").begin() as connection:
        connection.execute(text("PRAGMA max_page_count = 2"))
        connection.execute(text("CREATE TABLE one (a BLOB)"))
        connection.execute(text("INSERT INTO one VALUES (zeroblob(100000))"))


def locked_database(folder: Path) -> None:
    url = f"sqlite:///{folder}/locked.db"
    with create_engine(url).connect() as holder, create_engine(url, connect_args={"timeout": 0}).connect() as other:
        holder.exec_driver_sql("BEGIN EXCLUSIVE")
        other.exec_driver_sql("CREATE TABLE one (a INTEGER)")


def away_postgres(_: Path) -> None:
    create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none", connect_args={"connect_timeout": 2}).connect()


def full_disk(_: Path) -> None:
    with Path("/dev/full").open("wb", buffering=0) as file:
        file.write(b"x")


def missing_file(folder: Path) -> None:
    (folder / "missing").read_bytes()


def late(_: Path) -> None:
    raise TimeoutError("something of ours took too long")


async def away_bus() -> None:
    async with Bus("redis://127.0.0.1:1/0", "g") as bus:
        await bus.epoch()


@contextmanager
def served(app: FastAPI) -> Iterator[httpx.Client]:
    server = server_of(app)
    with bound_socket("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            eventually(lambda: server.started)
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            with httpx.Client(base_url=address, trust_env=False, timeout=20) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """An app whose routes fail as they are named, under the real server."""
    folder = tmp_path_factory.mktemp("problems")
    app = FastAPI()
    add_problem_handlers(app)

    def add(fail: Callable[[Path], None]) -> None:
        app.get(f"/{fail.__name__}")(lambda: fail(folder))

    for fail in (wrong_sql, broken_rule, full_database, locked_database, away_postgres, full_disk, missing_file, late):
        add(fail)
    app.get("/away_bus")(away_bus)
    with valkey() as bus, served(app) as client:

        @app.get("/full_bus")
        async def full_bus() -> None:
            async with redis.asyncio.Redis.from_url(bus.url) as client:
                await client.config_set("maxmemory", "1")
                try:
                    await client.set("a", "b")
                finally:
                    await client.config_set("maxmemory", "0")

        @app.get("/wrong_command")
        async def wrong_command() -> None:
            async with redis.asyncio.Redis.from_url(bus.url) as client:
                await client.execute_command("NOSUCHCOMMAND")

        yield client


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("away_bus", 503, BUS),
        ("full_bus", 503, BUS_FULL),
        ("wrong_command", 500, BUG),
        ("away_postgres", 503, HISTORY),
        ("locked_database", 503, HISTORY),
        ("full_database", 503, FULL),
        ("full_disk", 503, DISK),
        ("wrong_sql", 500, BUG),
        ("broken_rule", 500, BUG),
        ("missing_file", 500, BUG),
        ("late", 500, BUG),
    ],
)
def test_an_error_is_called_what_it_is(answers: httpx.Client, path: str, status: int, sentence: str) -> None:
    with capture_logs() as logs:
        answer = answers.get(f"/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert sentence in answer.json()["detail"]
    assert ("retry-after" in answer.headers) == (status == 503)
    (log,) = [log for log in logs if log.get("path") == f"/{path}"]
    assert (log["log_level"], "exc_info" in log) == (("error", True) if status == 500 else ("warning", False))


def test_no_error_but_the_bus_s_own_is_one_of_the_bus() -> None:
    assert not any(issubclass(OSError, kind) for kind in BUS_ERRORS)
