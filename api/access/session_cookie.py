"""The cookie that holds a browser's session: how it is set, again and again while the session is used. Pure."""

from __future__ import annotations

from starlette.responses import Response

__all__ = ["session_cookie"]


def session_cookie(name: str, session: str, age_s: float, *, secure: bool) -> str:
    """The Set-Cookie header of a session that lasts for age_s after now. secure: the browser came over https."""
    carrier = Response()
    carrier.set_cookie(name, session, max_age=int(age_s), httponly=True, samesite="strict", secure=secure, path="/")
    return carrier.headers["set-cookie"]
