"""Questions of history end with who asked them, on each database, and leave their threads free."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from api.history.questions import ANSWERED_AT_ONCE, MOST_WAITING, HistoryBusyError, HistorySlowError, Questions, Reader
from api.history.store import Store

T = TypeVar("T")
ENDLESS = {
    "sqlite": "WITH RECURSIVE n(s) AS (SELECT 1 UNION ALL SELECT s + 1 FROM n) SELECT max(s) FROM n",
    "postgresql": "SELECT max(s) FROM (SELECT generate_series(1, 1000000000000) AS s) n",
}


def endless(history: Reader) -> None:
    with history.read() as connection:
        connection.exec_driver_sql(ENDLESS[connection.dialect.name])


def one(history: Reader) -> int:
    with history.read() as connection:
        return int(connection.exec_driver_sql("SELECT 1").scalar_one())


async def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def run(asking: Awaitable[T]) -> T:
    async def running() -> T:
        return await asking

    return asyncio.run(running())


@contextlib.contextmanager
def limited(store: Store, limit_s: float):  # type: ignore[no-untyped-def]
    """Questions of that store with another limit."""
    questions = Questions(store.questions._engine, store.gate, limit_s)
    try:
        yield questions
    finally:
        questions.close()


def test_a_question_that_takes_too_long_is_ended_and_its_thread_is_free(store: Store) -> None:
    async def asking(questions: Questions) -> None:
        with pytest.raises(HistorySlowError, match=r"did not answer within 0\.2 s"):
            await questions.ask(endless)
        await until(lambda: len(questions) == 0)
        assert await questions.ask(one) == 1
        assert questions.results | {"refused": 0} == {"answered": 1, "failed": 0, "refused": 0, "too_slow": 1, "gone": 0}

    with limited(store, 0.2) as questions:
        run(asking(questions))


def test_what_nobody_waits_for_is_ended_and_the_rest_is_answered(store: Store) -> None:
    async def asking() -> None:
        questions = store.questions
        asked = [asyncio.create_task(questions.ask(endless)) for _ in range(ANSWERED_AT_ONCE + MOST_WAITING)]
        await until(lambda: len(questions) == ANSWERED_AT_ONCE + MOST_WAITING)
        with pytest.raises(HistoryBusyError):
            await questions.ask(one)
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        await until(lambda: len(questions) == 0)
        assert await questions.ask(one) == 1
        assert questions.results == {
            "answered": 1,
            "failed": 0,
            "refused": 1,
            "too_slow": 0,
            "gone": ANSWERED_AT_ONCE + MOST_WAITING,
        }

    run(asking())


def test_a_failing_question_fails_for_who_asked_only(store: Store) -> None:
    def wrong(history: Reader) -> None:
        raise ValueError("wrong")

    async def asking() -> None:
        with pytest.raises(ValueError, match="wrong"):
            await store.questions.ask(wrong)
        assert await store.questions.ask(one) == 1
        assert store.questions.results["failed"] == 1

    run(asking())


def test_a_question_cannot_write(store: Store) -> None:
    def write(history: Reader) -> None:
        with history.read() as connection:
            connection.exec_driver_sql("DELETE FROM gaps")

    async def asking() -> None:
        with pytest.raises(Exception, match=r"readonly|read-only"):
            await store.questions.ask(write)

    run(asking())


def test_closing_the_store_ends_what_is_asked(lite: Store) -> None:
    async def asking() -> None:
        task = asyncio.create_task(lite.questions.ask(endless))
        await until(lambda: len(lite.questions) == 1)
        closing = threading.Thread(target=lite.close)
        closing.start()
        with pytest.raises(Exception, match="interrupted"):
            await task
        closing.join(timeout=20)
        assert not closing.is_alive()

    run(asking())
