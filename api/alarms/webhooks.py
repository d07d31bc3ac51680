"""Webhooks: alert.changed posted to one receiver, signed (Standard Webhooks 1.0), from an outbox in the database. asyncio.

A delivery has a total deadline and a bounded number of attempts with growing, jittered pauses. Changes of one alert go in
order: a later one waits until the one before it was taken or given up. Different alerts go beside each other, round by
round, and nothing else waits for a receiver. Redirects are not followed. Of several addresses the next is tried where one
does not connect, all within the deadline; an address that was connected to is the attempt's last.

A round ends when all its attempts have ended and are saved. While the database does not take the result of one, that one
waits, without being sent again.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx
import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError
from standardwebhooks import Webhook

from api.alarms.webhook_addresses import AddressError, Target, WebhookHost
from api.history.store import Store
from api.history.tables import deliveries
from vision.backoff import Backoff

__all__ = ["RetryPolicy", "Webhooks"]

AT_ONCE: Final = 4
JITTER: Final = 0.4
_log: Final = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long: 12 attempts over about five hours, each of 10 s at most; pauses as `Backoff` has them."""

    attempts: int = 12
    first_s: float = 2.5
    factor: float = 3.0
    longest_s: float = 4500.0
    deadline_s: float = 10.0

    def pause_s(self, attempts: int) -> float:
        """The pause after that many attempts; the database keeps their number over a restart."""
        return Backoff(self.first_s, self.longest_s, self.factor, JITTER).after_s(attempts)


@dataclass(frozen=True, slots=True)
class _Delivery:
    sequence: int
    message_id: str
    body: str
    attempts: int


class Webhooks:
    """Delivers the outbox `deliveries` of one gate; counts results by name in `results`."""

    def __init__(self, store: Store, url: str, secret: str, policy: RetryPolicy) -> None:
        self.results = {"delivered": 0, "retried": 0, "failed": 0}
        self._store, self._host, self._policy = store, WebhookHost(url), policy
        self._signer = Webhook(secret)
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Says that the outbox may have something new."""
        self._wake.set()

    async def run(self) -> None:
        """Delivers until it is cancelled."""
        limits = httpx.Limits(max_connections=AT_ONCE)
        backoff = Backoff(0.5, 5.0)
        async with httpx.AsyncClient(trust_env=False, follow_redirects=False, limits=limits) as client:
            while True:
                self._wake.clear()
                try:
                    waiting_s = await self._round(client)
                    backoff.reset()
                except SQLAlchemyError as error:
                    _log.warning("webhooks: the database does not answer; trying again", error=error)
                    waiting_s = backoff.next_s()
                if waiting_s > 0:
                    await self._sleep(waiting_s)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _round(self, client: httpx.AsyncClient) -> float:
        """One attempt for each of the first due deliveries; seconds until the next is due."""
        due = await self._store.executors.webhooks.run(self._due)
        if due:
            async with asyncio.TaskGroup() as attempts:
                for delivery in due:
                    attempts.create_task(self._attempt(client, delivery))
            return 0.0
        next_t = await self._store.executors.webhooks.run(self._next_t)
        return 60.0 if next_t is None else min(max(next_t - time.time(), 0.01), 60.0)

    async def _attempt(self, client: httpx.AsyncClient, delivery: _Delivery) -> None:
        """One attempt, saved. Raises nothing, so that it ends no other."""
        error = await self._tried(client, delivery)
        backoff = Backoff(0.5, 5.0)
        while True:
            try:
                state = await self._store.executors.webhooks.run(self._save, delivery, error)
                break
            except SQLAlchemyError as failed:
                _log.warning("webhooks: the result of an attempt is not saved; trying again", error=failed)
                await asyncio.sleep(backoff.next_s())
        self.results["retried" if state == "waiting" else state] += 1
        if error is not None:
            told = {"message_id": delivery.message_id, "attempts": delivery.attempts + 1, "state": state}
            _log.warning("webhook not delivered", **told, error=error)

    async def _tried(self, client: httpx.AsyncClient, delivery: _Delivery) -> str | None:
        """Tries once within the deadline; what went wrong, or None."""
        try:
            async with asyncio.timeout(self._policy.deadline_s):
                return await self._post(client, delivery)
        except TimeoutError:
            return f"no answer within {self._policy.deadline_s:g} s"
        except AddressError as refused:
            return str(refused)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as failed:
            return type(failed).__name__  # its text may hold the URL
        except Exception as bug:  # noqa: BLE001 - a task's top
            _log.exception("an attempt of a webhook failed", message_id=delivery.message_id)
            return type(bug).__name__

    async def _post(self, client: httpx.AsyncClient, delivery: _Delivery) -> str | None:
        """Posts it once, to the first of the host's addresses that connects; what went wrong, or None."""
        targets = await self._host.targets()
        for target in targets[:-1]:
            share_s = self._policy.deadline_s / (2 * len(targets))
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._post_to(client, delivery, target, share_s)
        return await self._post_to(client, delivery, targets[-1], self._policy.deadline_s)

    async def _post_to(self, client: httpx.AsyncClient, delivery: _Delivery, target: Target, connect_s: float) -> str | None:
        now = datetime.now(UTC)
        headers = {
            "Host": target.host,
            "Content-Type": "application/json",
            "User-Agent": "LaneWatch",
            "webhook-id": delivery.message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(delivery.message_id, now, delivery.body),
        }
        extensions = {"sni_hostname": target.server_name}
        body, timeout = delivery.body.encode(), httpx.Timeout(self._policy.deadline_s, connect=connect_s)
        async with client.stream(
            "POST", target.url, content=body, headers=headers, extensions=extensions, timeout=timeout
        ) as answer:
            return None if answer.is_success else f"status {answer.status_code}"

    def _save(self, delivery: _Delivery, error: str | None) -> str:
        """Saves an attempt's result; the delivery's state then."""
        attempts = delivery.attempts + 1
        now = time.time()
        given_up = error == "status 410" or attempts >= self._policy.attempts
        state = "delivered" if error is None else "failed" if given_up else "waiting"
        values: dict[str, object] = {"attempts": attempts, "state": state, "error": error}
        if state == "waiting":
            values["next_t"] = now + self._policy.pause_s(attempts)
        else:
            values["finished_t"] = now
        with self._store.write() as connection:
            connection.execute(update(deliveries).where(deliveries.c.sequence == delivery.sequence).values(values))
        return state

    def _due(self) -> list[_Delivery]:
        """The first waiting delivery of each alert, where it is due."""
        d = deliveries.c
        waiting = (d.gate == self._store.gate, d.state == "waiting")
        firsts = select(func.min(d.sequence)).where(*waiting).group_by(d.alert_id)
        query = select(d.sequence, d.message_id, d.body, d.attempts).where(d.sequence.in_(firsts), d.next_t <= time.time())
        with self._store.read() as connection:
            rows = connection.execute(query.order_by(d.next_t).limit(AT_ONCE)).all()
        return [_Delivery(row.sequence, row.message_id, row.body, row.attempts) for row in rows]

    def _next_t(self) -> float | None:
        d = deliveries.c
        waiting = (d.gate == self._store.gate, d.state == "waiting")
        firsts = select(func.min(d.sequence)).where(*waiting).group_by(d.alert_id)
        with self._store.read() as connection:
            return connection.execute(select(func.min(d.next_t)).where(d.sequence.in_(firsts))).scalar_one_or_none()
