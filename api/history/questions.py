"""Questions of history: a few at once, a few more wait, each ends with who asked it or when it takes too long. asyncio.

Who has gone, and who has waited for LIMIT_S, costs nothing any more: the query itself is interrupted in the database and its
thread is free again. Questions have threads and connections of their own, so that they never take the recorder's.
Overflow rule: what comes while ANSWERED_AT_ONCE are answered and MOST_WAITING wait is refused at once.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine

from vision.errors import LaneWatchError

__all__ = ["ANSWERED_AT_ONCE", "MOST_WAITING", "HistoryBusyError", "HistorySlowError", "Questions", "Reader"]

ANSWERED_AT_ONCE: Final = 3
MOST_WAITING: Final = 13
LIMIT_S: Final = 30.0
INTERRUPT_EVERY_S: Final = 0.05
CANCEL_S: Final = 2.0
P = ParamSpec("P")
T = TypeVar("T")
_log: Final = structlog.stdlib.get_logger(__name__)


class HistoryBusyError(LaneWatchError):
    """As many questions as may wait are waiting; this one was not asked."""


class HistorySlowError(LaneWatchError):
    """A question took longer than LIMIT_S, waiting included, and was ended."""


class Reader(Protocol):
    """Where a query reads one gate's history: a store, or a question that can be ended."""

    @property
    def gate(self) -> str:
        """The gate's id."""
        ...

    def read(self) -> AbstractContextManager[Connection]:
        """A transaction that only reads, of one state of the database."""
        ...


class _Question:
    """A Reader whose query another thread can end."""

    def __init__(self, engine: Engine, gate: str) -> None:
        self.gate = gate
        self.ended = False
        self._engine = engine
        self._held: Any = None
        self._lock = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """As `Reader.read`. Raises HistorySlowError where the question was ended before."""
        with self._engine.connect() as connection:
            self._hold(connection.connection.driver_connection)
            try:
                yield connection
            finally:
                self._hold(None)

    def interrupt(self) -> None:
        """Interrupts what its connection does now, and never what the connection does for somebody later."""
        self.ended = True
        with self._lock:
            if isinstance(self._held, sqlite3.Connection):
                self._held.interrupt()
            elif self._held is not None:
                self._held.cancel_safe(timeout=CANCEL_S)

    def _hold(self, connection: object) -> None:
        with self._lock:
            self._held = connection
        if connection is not None and self.ended:
            raise HistorySlowError("it was ended before it began")


class Questions:
    """Asks one gate's history; `results` counts how questions ended."""

    def __init__(self, engine: Engine, gate: str, limit_s: float = LIMIT_S) -> None:
        self.results = {"answered": 0, "failed": 0, "refused": 0, "too_slow": 0, "gone": 0}
        self._engine, self._gate, self._limit_s = engine, gate, limit_s
        self._threads = ThreadPoolExecutor(ANSWERED_AT_ONCE, thread_name_prefix="questions")
        self._interrupts = ThreadPoolExecutor(ANSWERED_AT_ONCE, thread_name_prefix="interrupts")
        self._asked: dict[Future[Any], _Question] = {}

    def __len__(self) -> int:
        """Those that are being answered or wait: what has ended for who asked counts until its thread is free."""
        return len(self._asked)

    async def ask(self, query: Callable[Concatenate[Reader, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the query finds. Raises HistoryBusyError, HistorySlowError; the query ends where this is cancelled."""
        if len(self._asked) >= ANSWERED_AT_ONCE + MOST_WAITING:
            self.results["refused"] += 1
            raise HistoryBusyError("history is asked too much at once")
        question = _Question(self._engine, self._gate)
        answer = self._threads.submit(query, question, *args, **kwargs)
        self._asked[answer] = question
        answer.add_done_callback(self._asked.pop)
        result = "failed"
        try:
            async with asyncio.timeout(self._limit_s):
                found = await asyncio.wrap_future(answer)
            result = "answered"
        except TimeoutError:
            result = "too_slow"
            raise HistorySlowError(f"history did not answer within {self._limit_s:g} s") from None
        except asyncio.CancelledError:
            result = "gone"
            raise
        finally:
            self.results[result] += 1
            if not (answer.done() or answer.cancel()):
                self._interrupts.submit(_end, question, answer)
        return found

    def close(self) -> None:
        """Ends all questions and the threads."""
        for answer, question in list(self._asked.items()):
            if not answer.cancel():
                self._interrupts.submit(_end, question, answer)
        self._threads.shutdown()
        self._interrupts.shutdown()
        self._engine.dispose()


def _end(question: _Question, answer: Future[Any]) -> None:
    """Interrupts until the thread is free: one interrupt alone may fall between two statements and do nothing."""
    while True:
        try:
            question.interrupt()
        except Exception:  # noqa: BLE001 - a thread's top; the connection's own time limits end the query then
            _log.warning("a question of history could not be interrupted; trying again", exc_info=True)
        if wait([answer], INTERRUPT_EVERY_S).done:
            return
