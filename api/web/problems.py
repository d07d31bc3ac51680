"""Errors as people and programs get them: application/problem+json (RFC 9457) with one clear sentence in `detail`."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from redis.exceptions import ConnectionError as BusConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as BusTimeoutError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from vision.redaction import redact_url

__all__ = ["PROBLEMS", "Problem", "ProblemResponse", "add_problem_handlers", "logged_problem", "problem_response"]

_log: Final = structlog.stdlib.get_logger(__name__)
_SCHEMA: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was wrong, where, and what to do."},
    },
    "example": {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "there is no lane 'EX9'; lanes are EX1, EX2, IM1, IM2, IM3",
    },
}
PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    "default": {"description": "A problem", "content": {"application/problem+json": {"schema": _SCHEMA}}}
}


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """An answer that is an error: HTTP status and a sentence."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


class ProblemResponse(JSONResponse):
    """A response of application/problem+json."""

    media_type = "application/problem+json"


def problem_response(status: int, detail: str, headers: Mapping[str, str] | None = None) -> ProblemResponse:
    """The response for a problem."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": redact_url(detail)}
    return ProblemResponse(body, status, dict(headers or {}))


def add_problem_handlers(app: FastAPI) -> None:
    """Makes every error of the app a problem."""

    def of_problem(_request: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, Problem)
        return problem_response(error.status, error.detail, error.headers)

    def of_http(request: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, HTTPException)
        known = {
            404: f"there is nothing at {request.url.path[:200]}",
            405: f"{request.url.path[:200]} does not take {request.method}",
        }
        return problem_response(error.status_code, known.get(error.status_code, str(error.detail)), error.headers)

    def of_input(_request: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, RequestValidationError)
        return problem_response(422, "; ".join(_sentence(detail) for detail in error.errors()[:5]))

    def of_failure(request: Request, error: Exception) -> ProblemResponse:
        problem = logged_problem(error, request.url.path)
        return problem_response(problem.status, problem.detail, problem.headers)

    app.add_exception_handler(Problem, of_problem)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_input)
    for failure in (SQLAlchemyError, RedisError, OSError, Exception):
        app.add_exception_handler(failure, of_failure)


def logged_problem(error: Exception, path: str) -> Problem:
    """What people are told of an error that no route foresaw; the log says more, of a bug all."""
    problem = _problem_of(error)
    if problem.status == 500:
        _log.error("a request failed", path=path, exc_info=error)
    else:
        _log.warning(problem.detail, path=path, error=error)
    return problem


def _problem_of(error: Exception) -> Problem:
    """Who did not answer, what is full, or that it is a bug."""
    again = {"Retry-After": "2"}
    match error:
        case BusConnectionError() | BusTimeoutError():
            return Problem(503, "the message bus does not answer; try again in a moment", again)
        case OutOfMemoryError() | ReadOnlyError():
            return Problem(503, "the message bus takes nothing more: see its memory, its disk and its role", again)
        case ResponseError() if str(error).startswith("MISCONF"):
            return Problem(503, "the message bus takes nothing more: see its memory, its disk and its role", again)
        case DBAPIError() if _is_full(error):
            return Problem(503, "history cannot be written: the database's disk is full", again)
        case OperationalError() | InterfaceError() | PoolTimeoutError() if not _is_wrong_sql(error):
            return Problem(503, "history cannot be read or written now; try again in a moment", again)
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return Problem(503, "the server's disk is full; free some of it and try again", again)
    return Problem(500, "this should not have happened; the server's log says more")


def _is_full(error: DBAPIError) -> bool:
    """Whether the database says that its disk is full: SQLite by its code, PostgreSQL by the SQL state."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_FULL or getattr(error.orig, "sqlstate", None) == "53100"


def _is_wrong_sql(error: SQLAlchemyError) -> bool:
    """Whether SQLite calls a statement wrong, which it does under the name of an operational error."""
    original = error.orig if isinstance(error, DBAPIError) else None
    return getattr(original, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR


def _sentence(detail: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in detail["loc"] if part not in ("query", "path", "body"))
    return f"{place}: {detail['msg']}" if place else str(detail["msg"])
