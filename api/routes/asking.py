"""History as a request asks it: the question ends when its client goes, and what stands against it is a problem in words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Concatenate, Final, ParamSpec, TypeVar

from fastapi import Depends, Request

from api.history.questions import HistoryBusyError, HistorySlowError, Questions, Reader
from api.services import ServicesOf
from api.web.problems import Problem

__all__ = ["AskHistory"]

BUSY_RETRY_S: Final = 5
P = ParamSpec("P")
T = TypeVar("T")


class _Asker:
    """Asks history for one request."""

    def __init__(self, request: Request, questions: Questions) -> None:
        self._request = request
        self._questions = questions

    async def __call__(self, query: Callable[Concatenate[Reader, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the query finds. Raises Problem where it was not answered."""
        try:
            return await self._while_connected(asyncio.create_task(self._questions.ask(query, *args, **kwargs)))
        except HistoryBusyError:
            sentence = f"too many questions of history are waiting; ask again in {BUSY_RETRY_S} seconds"
            raise Problem(503, sentence, {"Retry-After": str(BUSY_RETRY_S)}) from None
        except HistorySlowError as error:
            raise Problem(504, f"{error}; ask for a shorter time, or again when less is asked of it") from None

    async def _while_connected(self, answer: asyncio.Task[T]) -> T:
        gone = asyncio.create_task(self._gone())
        try:
            await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise Problem(503, "the client has gone")  # nobody reads it
            return answer.result()
        finally:
            answer.cancel()
            gone.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)

    async def _gone(self) -> None:
        """Returns when the client has closed its connection."""
        while (await self._request.receive())["type"] != "http.disconnect":
            pass


def _asker(request: Request, services: ServicesOf) -> _Asker:
    return _Asker(request, services.store.questions)


AskHistory = Annotated[_Asker, Depends(_asker)]
