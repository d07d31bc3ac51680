"""Deliveries to a real receiver: signed, once, in order, again after faults, never for ever."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

from api.alarms.webhook_addresses import AddressError, Target, WebhookHost
from api.alarms.webhooks import RetryPolicy, Webhooks
from api.history.store import Store
from api.history.tables import deliveries
from api.history.writing import HistoryBatch, RecorderState, load_state, save_batch
from tests.support.api import SECRET, eventually, running_api, settings_for
from tests.support.gate_messages import alert_changed
from tests.support.messages import alert_gate, measured
from tests.support.receiver import receiver
from tests.support.redis import Valkey
from vision.config import AlertRule
from vision.messages import AlertChanged

QUICK = RetryPolicy(attempts=4, first_s=0.02, factor=1.5, longest_s=0.1, deadline_s=0.4)


def queue(store: Store, *messages: AlertChanged) -> None:
    before = load_state(store)
    position = int(before.position.split("-")[0]) if before else 0
    after = RecorderState("e", f"{position + 1}-0", {})
    save_batch(store, HistoryBatch([], messages, before, after, time.time(), webhooks=True))


@asynccontextmanager
async def delivering(store: Store, url: str, policy: RetryPolicy = QUICK) -> AsyncIterator[Webhooks]:
    webhooks = Webhooks(store, url, SECRET, policy)
    task = asyncio.create_task(webhooks.run())
    try:
        yield webhooks
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def states(store: Store) -> list[tuple[str, int, str | None]]:
    with store.read() as connection:
        rows = connection.execute(select(deliveries).order_by(deliveries.c.sequence)).all()
    return [(row.state, row.attempts, row.error) for row in rows]


async def targets_of(url: str) -> list[Target]:
    return await WebhookHost(url).targets()


def deliver(store: Store, url: str, policy: RetryPolicy = QUICK) -> dict[str, int]:
    """Runs until nothing waits."""

    async def run() -> dict[str, int]:
        async with delivering(store, url, policy) as webhooks:
            async with asyncio.timeout(20):
                while any(state == "waiting" for state, _, _ in await asyncio.to_thread(states, store)):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            return webhooks.results

    return asyncio.run(run())


def test_a_delivery_is_signed_and_its_id_is_the_messages(store: Store) -> None:
    message = alert_changed("a", 10, "firing")
    queue(store, message)
    with receiver(204) as other:
        assert deliver(store, f"{other.url}/hook?key=1")["delivered"] == 1
    ((path, headers, body),) = other.requests
    assert path == "/hook?key=1"
    assert headers["webhook-id"] == str(message.id)
    assert headers["host"] == other.url.removeprefix("http://")
    assert Webhook(SECRET).verify(body, headers) == json.loads(message.model_dump_json())
    assert states(store) == [("delivered", 1, None)]


def test_a_fault_is_tried_again_with_the_same_body(lite: Store) -> None:
    queue(lite, alert_changed("a", 10, "firing"))
    with receiver(500, "drip", 204) as other:
        began = time.monotonic()
        assert deliver(lite, other.url) == {"delivered": 1, "retried": 2, "failed": 0}
        assert time.monotonic() - began < 5
    assert len(set(other.bodies)) == 1
    assert len(other.bodies) == 3


@pytest.mark.parametrize(("answer", "error"), [(503, "status 503"), ("drip", "no answer within 0.4 s"), (302, "status 302")])
def test_a_receiver_that_never_takes_it_is_given_up(lite: Store, answer: int | str, error: str) -> None:
    queue(lite, alert_changed("a", 10, "firing"))
    with receiver(answer) as other:
        assert deliver(lite, other.url)["failed"] == 1
    assert states(lite) == [("failed", 4, error)]
    assert {path for path, _, _ in other.requests} == {"/"}


def test_gone_is_given_up_at_once_and_a_dead_one_is_not_named(lite: Store) -> None:
    queue(lite, alert_changed("a", 10, "firing"))
    with receiver(410) as other:
        deliver(lite, other.url)
    queue(lite, alert_changed("b", 10, "firing"))
    deliver(lite, "http://user:hunter2@127.0.0.1:9/secret")
    assert states(lite) == [("failed", 1, "status 410"), ("failed", 4, "ConnectError")]


def test_changes_of_one_alert_stay_in_order_and_others_do_not_wait(lite: Store) -> None:
    queue(lite, alert_changed("a", 10, "pending", 0), alert_changed("a", 20, "firing", 1), alert_changed("b", 15, "firing", 0))
    with receiver(500, 204) as other:
        deliver(lite, other.url)
    order = [(data["alert_id"], data["sequence"]) for data in (json.loads(body)["data"] for body in other.bodies)]
    first = alert_changed("a", 10, "pending").data.alert_id
    assert [sequence for alert, sequence in order if alert == first] in ([0, 0, 1], [0, 1])
    assert len(order) == 4


@contextmanager
def refusing_updates(store: Store) -> Iterator[None]:
    """A database in which no delivery can be saved."""
    lite = store._engine.dialect.name == "sqlite"
    refuse = (
        "CREATE TRIGGER refuse BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'refused'); END"
        if lite
        else "ALTER TABLE deliveries ADD CONSTRAINT refuse CHECK (attempts = 0)"
    )
    with store.write() as connection:
        connection.exec_driver_sql(refuse)
    try:
        yield
    finally:
        with store.write() as connection:
            connection.exec_driver_sql("DROP TRIGGER refuse" if lite else "ALTER TABLE deliveries DROP CONSTRAINT refuse")


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def test_a_database_that_fails_for_one_neither_doubles_nor_ends_the_others(store: Store) -> None:
    """One is taken but cannot be saved, another is under way: neither is sent again, whatever is new meanwhile."""

    async def run(url: str) -> None:
        patient = replace(QUICK, deadline_s=25.0)
        async with delivering(store, url, patient) as webhooks:
            with refusing_updates(store):
                webhooks.wake()
                await until(lambda: len(other.requests) >= 2)
                for _ in range(20):
                    webhooks.wake()
                    await asyncio.sleep(0.05)
                assert len(other.requests) == 2
                other.released.set()
                await asyncio.sleep(0.2)
            await until(lambda: all(state == "delivered" for state, _, _ in states(store)))
            assert webhooks.results == {"delivered": 2, "retried": 0, "failed": 0}

    queue(store, alert_changed("a", 10, "firing"))
    queue(store, alert_changed("b", 10, "firing"))
    with receiver(204, "hold", 204) as other:
        asyncio.run(run(other.url))
        assert len(other.requests) == 2


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Callable[[], list[str]]]]:
    """What the machine's resolver says of names: a function for each name that gives its addresses."""
    known: dict[str, Callable[[], list[str]]] = {}
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if host not in known:
            return resolve(host, port, *more, **named)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]()]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


def test_a_resolver_that_hangs_holds_up_nothing_else(lite: Store, names: dict[str, Callable[[], list[str]]]) -> None:
    hanging, asked = threading.Event(), []

    def hang() -> list[str]:
        asked.append(1)
        hanging.wait(40)
        return ["127.0.0.1"]

    names["hangs.test"] = hang
    for n in range(40):
        queue(lite, alert_changed(f"a{n}", 10, "firing"))

    async def run() -> None:
        async with delivering(lite, "http://hangs.test/", replace(QUICK, attempts=2, deadline_s=0.1)):
            await until(lambda: all(state == "failed" for state, _, _ in states(lite)))

    began = time.monotonic()
    try:
        asyncio.run(run())  # it ends too: nobody waits for the resolver
    finally:
        hanging.set()
    assert time.monotonic() - began < 25
    assert set(states(lite)) == {("failed", 2, "no answer within 0.1 s")}
    assert len(asked) == 1, "one look-up at a time, whoever asks"


def test_an_address_that_refuses_or_is_silent_is_not_the_last_word(
    lite: Store, names: dict[str, Callable[[], list[str]]]
) -> None:
    with receiver(204) as other, socket.socket() as silent, ExitStack() as waiting:
        port = int(other.url.rpartition(":")[2])
        silent.bind(("127.0.0.3", port))
        silent.listen(0)
        for _ in range(3):  # its queue is full then, and who comes next gets no answer
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.3", port))
        names["many.test"] = lambda: ["127.0.0.2", "169.254.1.1", "127.0.0.3", "127.0.0.1", "127.0.0.1"]
        queue(lite, alert_changed("a", 10, "firing"))
        deliver(lite, f"http://many.test:{port}/hook", replace(QUICK, deadline_s=5.0))
    assert states(lite) == [("delivered", 1, None)]
    assert [headers["host"] for _, headers, _ in other.requests] == [f"many.test:{port}"]


def test_an_address_that_took_the_message_is_the_last_one(lite: Store, names: dict[str, Callable[[], list[str]]]) -> None:
    with receiver(500, 204) as other:
        names["two.test"] = lambda: ["127.0.0.1", "127.0.0.2"]
        queue(lite, alert_changed("a", 10, "firing"))
        deliver(lite, f"{other.url.replace('127.0.0.1', 'two.test')}/hook")
    assert len(other.requests) == 2
    assert states(lite) == [("delivered", 2, None)]


def test_the_pauses_grow_to_a_limit_with_jitter() -> None:
    policy = RetryPolicy()
    pauses = [policy.pause_s(attempts) for attempts in range(1, 12)]
    assert all(0.75 * low <= pause <= 1.25 * low for pause, low in zip(pauses, (2, 6, 18, 54, 162, 486), strict=False))
    assert all(pause <= 3600 * 1.25 for pause in pauses)


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "[::]", "[fe80::1]", "[::ffff:169.254.1.1]", "no.invalid", "a..b"]
)
def test_addresses_that_no_receiver_has_are_refused(host: str) -> None:
    with pytest.raises(AddressError):
        asyncio.run(targets_of(f"http://{host}/"))


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "192.168.1.5", "localhost", "127.1", "2130706433"])
def test_the_gates_own_network_is_allowed_and_connected_to_by_address(host: str) -> None:
    target = asyncio.run(targets_of(f"https://{host}:8443/x?y=1"))[0]
    assert target.host == f"{host}:8443"
    assert target.server_name == host
    assert target.url.endswith(":8443/x?y=1")


def test_alerts_of_a_running_api_reach_the_receiver(bus: Valkey, tmp_path: Path) -> None:
    config = alert_gate(AlertRule(name="long", measure="queue_vehicles", fire_at=5, clear_at=3, for_s=0))
    with receiver(204) as other:
        settings = settings_for(config, tmp_path, bus.url, webhook_url=other.url, webhook_secret=SECRET)
        with running_api(settings) as api:
            bus.add("g", measured("EX1", 10, queue_vehicles=9))
            eventually(lambda: other.requests)
            eventually(lambda: 'webhook_results{result="delivered"} 1.0' in api.http.get("/metrics").text)
    assert json.loads(other.bodies[0])["data"]["state"] == "firing"
