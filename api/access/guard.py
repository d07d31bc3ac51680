"""The guard before every request: host, origin, who asks; and the security headers after it. An ASGI middleware.

Open to all: /healthz, /readyz, /sign-in and the page's files, which hold no data. Everything under /api and /metrics needs
a session or a token. The Host check stops DNS rebinding, the Origin check other sites' pages; a WebSocket of somebody who
is not signed in is closed with code 4401.
"""

from __future__ import annotations

import ipaddress
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.sessions import Access, AccessDeniedError
from api.web.problems import problem_response

__all__ = ["NOT_SIGNED_IN", "Guard"]

NOT_SIGNED_IN: Final = 4401
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


class Guard:
    """Lets a request through to the app or answers it. hosts: names that the server may be reached by."""

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
            if _is_guarded(scope["path"]):
                client = scope.get("client")
                address = client[0] if client else "local"
                cookie = _cookie(headers, self._access.cookie)
                caller = await self._access.caller(headers.get("authorization"), cookie, address)
                scope.setdefault("state", {})["caller"] = caller
        except AccessDeniedError as denied:
            await _refuse(denied, scope, receive, send)
            return
        await self._app(scope, receive, send)

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


def _cookie(headers: Headers, name: str) -> str | None:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return found.value if found else None


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
        extra = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "60"}}.get(denied.status, {})
        await problem_response(denied.status, denied.sentence, extra)(scope, receive, send)
        return
    await receive()
    if denied.status in (401, 429):  # accepted first: a browser learns a code only of a connection that stood
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": NOT_SIGNED_IN, "reason": denied.sentence[:120]})
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": denied.sentence[:120]})
