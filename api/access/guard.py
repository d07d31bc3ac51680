"""The guard before every request: host, origin, who asks; and the security headers after it. An ASGI middleware.

Open to all: /healthz, /readyz, /sign-in and the page's files, which hold no data. Everything under /api and /metrics needs
a session or a token. The Host check stops DNS rebinding, the Origin check other sites' pages; a WebSocket of somebody who
is not signed in is closed with code 4401, at once or when the session is over. While a session is used its cookie is sent
again now and then, so that it lasts as long.
"""

from __future__ import annotations

import asyncio
import ipaddress
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.session_cookie import session_cookie
from api.access.sessions import Access, AccessDeniedError, Caller
from api.tasks import first_of
from api.web.problems import logged_problem, problem_response

__all__ = ["NOT_SIGNED_IN", "Guard"]

NOT_SIGNED_IN: Final = 4401
_TRY_AGAIN_LATER: Final = 1013
_CLOSING_S: Final = 2.0
_EXTRA_HEADERS: Final = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "60"}, 503: {"Retry-After": "2"}}
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; object-src 'none';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class _SignedOutError(Exception):
    """The session of a WebSocket is over."""


class Guard:
    """Lets a request through to the app, or answers it. hosts: names that the server may be reached by."""

    def __init__(self, app: ASGIApp, access: Access, hosts: frozenset[str]) -> None:
        self._app = app
        self._access = access
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        send = _with_headers(send)
        try:
            self._check_place(scope, headers)
            cookie = HTTPConnection(scope).cookies.get(self._access.cookie)
            caller = await self._caller(scope, headers, cookie) if _is_guarded(scope["path"]) else None
        except AccessDeniedError as denied:
            await _refuse(denied, scope, receive, send)
            return
        if caller is None:
            await self._app(scope, receive, send)
        else:
            scope.setdefault("state", {})["caller"] = caller
            await self._let_in(caller, cookie, scope, receive, send)

    async def _caller(self, scope: Scope, headers: Headers, cookie: str | None) -> Caller:
        client = scope.get("client")
        try:
            return await self._access.caller(headers.get("authorization"), cookie, client[0] if client else "local")
        except SQLAlchemyError as error:
            problem = logged_problem(error, scope["path"])
            raise AccessDeniedError(problem.status, problem.detail) from None

    async def _let_in(self, caller: Caller, cookie: str | None, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the app; for a browser with its cookie renewed, or for as long as it is signed in."""
        if caller.session is None or cookie is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._app(scope, receive, self._with_cookie(send, caller.session, cookie, secure=scope["scheme"] == "https"))
        else:

            async def serve() -> None:
                await self._app(scope, receive, send)

            try:
                await first_of(serve(), self._until_signed_out(caller.session))
            except _SignedOutError:
                with suppress(TimeoutError, OSError, RuntimeError):  # it may be gone, or not read what it is sent
                    async with asyncio.timeout(_CLOSING_S):
                        await send({"type": "websocket.close", "code": NOT_SIGNED_IN, "reason": "signed out"})

    async def _until_signed_out(self, session: str) -> None:
        await self._access.until_over(session)
        raise _SignedOutError

    def _with_cookie(self, send: Send, session: str, cookie: str, *, secure: bool) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and self._access.cookie_due(session):
                renewed = session_cookie(self._access.cookie, cookie, self._access.session_s, secure=secure)
                MutableHeaders(scope=message).append("Set-Cookie", renewed)
            await send(message)

        return sending

    def _check_place(self, scope: Scope, headers: Headers) -> None:
        host = headers.get("host", "")
        if not _may_be_reached_by(_name_of(host), self._hosts):
            raise AccessDeniedError(421, "this server is not reached by that name: add it to LANEWATCH_ALLOWED_HOSTS")
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if changes and origin is not None and _place_of(origin) != host.lower():
            raise AccessDeniedError(403, "requests from another site's page are refused")


def _is_guarded(path: str) -> bool:
    return path in {"/metrics", "/api"} or path.startswith("/api/")


def _name_of(host: str) -> str:
    """The name in a Host header; empty for nonsense, by which nothing is reached."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _place_of(origin: str) -> str:
    """Host and port of an Origin header; empty for nonsense, which is no place of ours."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _may_be_reached_by(name: str, hosts: frozenset[str]) -> bool:
    if name == "localhost" or name in hosts:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True  # rebinding needs a name


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


async def _refuse(denied: AccessDeniedError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        extra = _EXTRA_HEADERS.get(denied.status, {})
        await problem_response(denied.status, denied.sentence, extra)(scope, receive, send)
        return
    await receive()
    code = NOT_SIGNED_IN if denied.status in (401, 429) else _TRY_AGAIN_LATER if denied.status >= 500 else 1008
    if code != 1008:  # accepted first: a browser learns a code only of a connection that stood
        await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code, "reason": denied.sentence[:120]})
