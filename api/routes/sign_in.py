"""Signing in with a one-time link, staying signed in, getting further links, signing out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.access.session_cookie import session_cookie
from api.access.sessions import AccessDeniedError
from api.routes.bodies import CallerAnswer, LinkAnswer
from api.services import CallerOf, ServicesOf
from api.web.problems import Problem

__all__ = ["router"]

router = APIRouter(tags=["access"])


@router.get("/sign-in", response_class=RedirectResponse, status_code=303)
async def sign_in(request: Request, services: ServicesOf, token: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Takes a one-time link and goes on to the page with a session cookie."""
    access = services.access
    try:
        session = await access.sign_in(token, request.client.host if request.client else "local")
    except AccessDeniedError as denied:
        raise Problem(denied.status, denied.sentence) from None
    response = RedirectResponse("/", status_code=303, headers={"Cache-Control": "no-store"})
    secure = request.url.scheme == "https"
    response.headers["Set-Cookie"] = session_cookie(access.cookie, session, access.session_s, secure=secure)
    return response


@router.post("/api/v1/sign-in-links", status_code=201)
async def make_link(services: ServicesOf, caller: CallerOf) -> LinkAnswer:
    """A new one-time sign-in link, for programs that hold the api's token: `lanewatch link` prints it with the address."""
    if caller.kind != "program":
        raise Problem(403, "only a program with the bearer token LANEWATCH_API_TOKEN may make sign-in links")
    token, valid_s = await services.access.make_link()
    return LinkAnswer(path=f"/sign-in?token={token}", valid_s=valid_s)


@router.get("/api/v1/session")
async def get_session(caller: CallerOf) -> CallerAnswer:
    """Who asks. A page that is open asks now and then, because only an answer can renew the age of the session's cookie."""
    return CallerAnswer(kind=caller.kind)


@router.post("/api/v1/sign-out", status_code=204)
async def sign_out(request: Request, services: ServicesOf, response: Response) -> None:
    """Ends the browser's session and closes its WebSockets with code 4401."""
    session = request.cookies.get(services.access.cookie)
    if session is not None:
        await services.access.sign_out(session)
    response.delete_cookie(services.access.cookie, path="/")
