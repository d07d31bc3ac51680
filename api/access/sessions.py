"""Who may ask: one-time sign-in links, browser sessions, a token for programs, a limit on failures. asyncio.

A browser signs in with a link that works once and gets a session cookie (HttpOnly, SameSite=Strict). The first link's token
comes in LANEWATCH_SIGN_IN_TOKEN from `lanewatch run`; a program that has LANEWATCH_API_TOKEN gets further ones from
`POST /api/v1/sign-in-links`, which is what `lanewatch link` does. Only hashes are stored; used links and sessions survive a
restart.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import delete, select, update

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


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: somebody at a browser, or a program."""

    kind: Literal["operator", "program"]


class AccessDeniedError(Exception):
    """Not let in; status is HTTP's 401 or 429, sentence is for people."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Access:
    """Decides who is let in."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.cookie = f"lanewatch_{store.gate}"
        self.session_s = settings.session_hours * 3600
        self._store = store
        self._api_token = settings.api_token
        self._first_token = settings.sign_in_token
        self._sessions: dict[str, float] = {}
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    async def open(self) -> None:
        """Makes the first link known; one that was used before a restart stays used."""
        if self._first_token is not None:
            await self._store.executors.access.run(self._add_link, _hash(self._first_token.get_secret_value()), FIRST_LINK_S)

    async def caller(self, authorization: str | None, session: str | None, address: str) -> Caller:
        """Who asks, by an Authorization header or a session cookie. Raises AccessDeniedError."""
        if session is not None and await self._has_session(_hash(session)):
            return Caller("operator")
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
        self._sessions[_hash(session)] = expires_t
        return session

    async def make_link(self) -> tuple[str, float]:
        """A new one-time token, and for how many seconds it can be used."""
        token = secrets.token_urlsafe(32)
        await self._store.executors.access.run(self._add_link, _hash(token), LINK_S)
        return token, LINK_S

    async def sign_out(self, session: str) -> None:
        """Ends a session."""
        self._sessions.pop(_hash(session), None)
        await self._store.executors.access.run(self._delete_session, _hash(session))

    def _is_api_token(self, token: str) -> bool:
        if self._api_token is None:
            return False
        return hmac.compare_digest(_hash(token), _hash(self._api_token.get_secret_value()))

    async def _has_session(self, key: str) -> bool:
        now = time.time()
        expires_t = self._sessions.get(key) or await self._store.executors.access.run(self._load_session, key)
        if expires_t is None or expires_t <= now:
            self._sessions.pop(key, None)
            return False
        if now + self.session_s - expires_t > RENEW_S:
            expires_t = now + self.session_s
            await self._store.executors.access.run(self._renew_session, key, expires_t)
        self._sessions[key] = expires_t
        return True

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

    def _load_session(self, key: str) -> float | None:
        query = select(sessions.c.expires_t).where(sessions.c.gate == self._store.gate, sessions.c.hash == key)
        with self._store.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def _renew_session(self, key: str, expires_t: float) -> None:
        mine = (sessions.c.gate == self._store.gate, sessions.c.hash == key)
        with self._store.write() as connection:
            connection.execute(update(sessions).where(*mine).values(expires_t=expires_t))

    def _delete_session(self, key: str) -> None:
        with self._store.write() as connection:
            connection.execute(delete(sessions).where(sessions.c.gate == self._store.gate, sessions.c.hash == key))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
