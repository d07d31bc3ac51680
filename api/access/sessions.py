"""Who may ask: one-time sign-in links, browser sessions, a token for programs, a limit on failures. asyncio.

A browser signs in with a link that works once and gets a session cookie (HttpOnly, SameSite=Strict). The first link's token
comes in LANEWATCH_SIGN_IN_TOKEN from `lanewatch run`; a program that has LANEWATCH_API_TOKEN gets further ones from
`POST /api/v1/sign-in-links`, which is what `lanewatch link` does. Only hashes are stored; used links and sessions survive a
restart.

A session lasts for `session_s` after its last use, and a WebSocket that stands is use. It is looked up again in the database
every SESSION_LOOK_S at most, so one that ended at another process ends here within that time; a database that does not answer
changes nothing until the time that the session is known to last.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict, deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from api.history.store import Store, insert
from api.history.tables import sessions, sign_in_links
from api.settings import Settings

__all__ = ["Access", "AccessDeniedError", "Caller"]

FAILURES: Final = 10
FAILURES_S: Final = 60.0
ADDRESSES: Final = 1000
FIRST_LINK_S: Final = 86_400.0
LINK_S: Final = 900.0
RENEW_S: Final = 60.0
SESSION_LOOK_S: Final = 15.0
_log: Final = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: somebody at a browser, or a program. session: the key of a browser's session."""

    kind: Literal["operator", "program"]
    session: str | None = None


class AccessDeniedError(Exception):
    """Not let in; status is HTTP's, sentence is for people."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


@dataclass(slots=True)
class _Session:
    """What is known here of a session; it stays known when it is over, until it would have expired.

    expires_t is POSIX seconds; when it was looked up and when its cookie was sent are on the monotonic clock.
    """

    expires_t: float
    looked_s: float
    cookie_s: float
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Access:
    """Decides who is let in."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.cookie = f"lanewatch_{store.gate}"
        self.session_s = settings.session_hours * 3600
        self._store = store
        self._api_token = settings.api_token
        self._first_token = settings.sign_in_token
        self._renew_s = min(RENEW_S, self.session_s / 4)
        self._look_s = min(SESSION_LOOK_S, self.session_s / 4)
        self._sessions: dict[str, _Session] = {}
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    async def open(self) -> None:
        """Makes the first link known; one that was used before a restart stays used."""
        if self._first_token is not None:
            await self._store.executors.access.run(self._add_link, _hash(self._first_token.get_secret_value()), FIRST_LINK_S)

    async def caller(self, authorization: str | None, session: str | None, address: str) -> Caller:
        """Who asks, by an Authorization header or a session cookie. Raises AccessDeniedError."""
        if session is not None and await self._is_alive(_hash(session)):
            return Caller("operator", _hash(session))
        if authorization is not None:
            self._refuse_after_failures(address)
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() == "bearer" and self._is_api_token(token.strip()):
                return Caller("program")
            self._failed(address)
        raise AccessDeniedError(401, "not signed in: open a sign-in link (`lanewatch link` prints one) or send a bearer token")

    async def sign_in(self, token: str, address: str) -> str:
        """The session id for a sign-in link's token, which cannot be used again. Raises AccessDeniedError."""
        self._refuse_after_failures(address)
        session = secrets.token_urlsafe(32)
        expires_t = time.time() + self.session_s
        if not await self._store.executors.access.run(self._use_link, _hash(token), _hash(session), expires_t):
            self._failed(address)
            raise AccessDeniedError(401, "this sign-in link was used or is too old: `lanewatch link` prints a new one")
        self._forget_expired()
        self._sessions[_hash(session)] = _Session(expires_t, time.monotonic(), time.monotonic())
        return session

    async def make_link(self) -> tuple[str, float]:
        """A new one-time token, and for how many seconds it can be used."""
        token = secrets.token_urlsafe(32)
        await self._store.executors.access.run(self._add_link, _hash(token), LINK_S)
        return token, LINK_S

    async def sign_out(self, session: str) -> None:
        """Ends a session, and its WebSockets: here at once."""
        key = _hash(session)
        await self._store.executors.access.run(self._delete_session, key)
        if (known := self._sessions.get(key)) is not None:
            known.over.set()

    async def until_over(self, session: str) -> None:
        """Returns when the session of that key was signed out or has expired; to wait for that is to use it."""
        while await self._is_alive(session):
            known = self._sessions[session]
            with suppress(TimeoutError):
                async with asyncio.timeout(min(self._look_s, known.expires_t - time.time())):
                    await known.over.wait()

    def cookie_due(self, session: str) -> bool:
        """Whether a browser is to get its session's cookie again, because its age was not renewed for a while."""
        known = self._sessions.get(session)
        if known is None or known.over.is_set() or time.monotonic() - known.cookie_s < self._renew_s:
            return False
        known.cookie_s = time.monotonic()
        return True

    def _is_api_token(self, token: str) -> bool:
        if self._api_token is None:
            return False
        return hmac.compare_digest(_hash(token), _hash(self._api_token.get_secret_value()))

    async def _is_alive(self, key: str) -> bool:
        """Whether a session goes on; it then is in `_sessions`."""
        known = self._sessions.get(key)
        if known is None or time.monotonic() - known.looked_s >= self._look_s:
            known = await self._look_up(key, known)
        return known is not None and not known.over.is_set() and known.expires_t > time.time()

    async def _look_up(self, key: str, known: _Session | None) -> _Session | None:
        """What the database says of a session, renewed where that is due."""
        looked_s = time.monotonic()
        if known is not None:
            known.looked_s = looked_s  # first: who asks meanwhile need not look too
        try:
            expires_t = await self._store.executors.access.run(self._use_session, key)
        except SQLAlchemyError as error:
            if known is None:
                raise
            _log.warning("a session could not be looked up again; it goes on as it is known", error=error)
            return known
        known = self._sessions.get(key)
        if expires_t is None:
            if known is not None:
                known.over.set()
            return known
        known = known or self._sessions.setdefault(key, _Session(expires_t, looked_s, float("-inf")))
        known.expires_t = expires_t
        return known

    def _forget_expired(self) -> None:
        now = time.time()
        self._sessions = {key: known for key, known in self._sessions.items() if known.expires_t > now}

    def _refuse_after_failures(self, address: str) -> None:
        times = self._failures.get(address, deque())
        while times and times[0] < time.monotonic() - FAILURES_S:
            times.popleft()
        if len(times) >= FAILURES:
            raise AccessDeniedError(429, "too many failed attempts from this address: wait a minute")

    def _failed(self, address: str) -> None:
        self._failures.setdefault(address, deque(maxlen=FAILURES)).append(time.monotonic())
        self._failures.move_to_end(address)
        if len(self._failures) > ADDRESSES:
            self._failures.popitem(last=False)

    def _add_link(self, key: str, valid_s: float) -> None:
        now = time.time()
        gate = self._store.gate
        with self._store.write() as connection:
            old = sign_in_links.c.expires_t < now - FIRST_LINK_S * 365
            connection.execute(delete(sign_in_links).where(sign_in_links.c.gate == gate, old))
            row = insert(connection, sign_in_links).values(gate=gate, hash=key, expires_t=now + valid_s)
            connection.execute(row.on_conflict_do_nothing())

    def _use_link(self, key: str, session: str, expires_t: float) -> bool:
        now, link = time.time(), sign_in_links.c
        usable = (link.gate == self._store.gate, link.hash == key, link.used_t.is_(None), link.expires_t > now)
        with self._store.write() as connection:
            if connection.execute(update(sign_in_links).where(*usable).values(used_t=now)).rowcount != 1:
                return False
            connection.execute(sessions.delete().where(sessions.c.gate == self._store.gate, sessions.c.expires_t < now))
            connection.execute(sessions.insert().values(gate=self._store.gate, hash=session, expires_t=expires_t))
        return True

    def _use_session(self, key: str) -> float | None:
        """Until when a session lasts, which is longer where it was not used for a while; None where it is over."""
        now, mine = time.time(), (sessions.c.gate == self._store.gate, sessions.c.hash == key)
        going_on = (*mine, sessions.c.expires_t > now)
        with self._store.read() as connection:
            expires_t: float | None = connection.execute(select(sessions.c.expires_t).where(*going_on)).scalar_one_or_none()
        if expires_t is None or now + self.session_s - expires_t <= self._renew_s:
            return expires_t
        with self._store.write() as connection:
            renewed = connection.execute(update(sessions).where(*going_on).values(expires_t=now + self.session_s))
        return now + self.session_s if renewed.rowcount == 1 else None

    def _delete_session(self, key: str) -> None:
        with self._store.write() as connection:
            connection.execute(delete(sessions).where(sessions.c.gate == self._store.gate, sessions.c.hash == key))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
