"""What is recorded after crashes at every step, gaps, another recorder, a server that comes back."""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from api.history.store import Store, open_store, sqlite_url
from api.history.tables import alerts, emissions, gaps, lane_statuses, measurements
from api.history.writing import HistoryBatch, RecorderState, load_state, save_batch
from api.services import _end
from api.stream.follower import Follower
from api.stream.live import Live
from api.stream.outbox import Emitter
from api.stream.recorder import Recorder
from api.stream.redis_bus import Bus
from api.stream.window import StreamSource
from tests.support.api import api_process, eventually, settings_for
from tests.support.messages import alert_gate, heartbeat, lane_changed, measured
from tests.support.redis import Valkey, valkey
from vision.config import AlertRule, GateConfig
from vision.core.alerts.alert_fold import AlertFold
from vision.messages import MESSAGE, AlertChanged, Message
from vision.redis_keys import emitted_key, epoch_key, recorder_key, statuses_key, stream_key

RULE = AlertRule(name="long", measure="queue_vehicles", fire_at=5, clear_at=3, for_s=2, keep_firing_for_s=2)
CONFIG = alert_gate(RULE)


def waves(seconds: int, start: int = 1000) -> list[Message]:
    """Three lanes whose queues grow and shrink, so that alerts come and go."""
    return [
        measured(lane, start + t, queue_vehicles=(t * speed) % 12)
        for t in range(seconds)
        for lane, speed in (("EX1", 1), ("EX2", 2), ("IM1", 3))
    ]


def expected(messages: list[Message], config: GateConfig = CONFIG) -> list[str]:
    """The ids of the alerts that the rules make of these messages."""
    fold = AlertFold(config)
    return [str(alert.id) for message in messages for alert in fold.step(message)]


def alert_ids(bus: Valkey) -> list[str]:
    return [str(MESSAGE.validate_json(text).id) for text in bus.messages("g") if '"alert.changed"' in text]


def without_alerts(bus: Valkey) -> list[Message]:
    """What the rules were given: all of the stream, heartbeats too, but alerts."""
    return [MESSAGE.validate_json(text) for text in bus.messages("g") if '"alert.changed"' not in text]


def rows(store: Store, table: object) -> int:
    with store.read() as connection:
        return len(connection.execute(select(table)).all())  # type: ignore[call-overload]


@asynccontextmanager
async def recording(
    store: Store, bus: Valkey, config: GateConfig = CONFIG, saved: Callable[[], None] = lambda: None
) -> AsyncIterator[Recorder]:
    """A recorder that runs behind a follower; at the end both are cancelled wherever they are."""
    async with Bus(bus.url, "g") as own:
        source = StreamSource(own)
        recorder = Recorder(store, source, Emitter(store, own), config, webhooks=True, saved=saved)
        follower = Follower(store, source, Live(config), seen=lambda _: None)
        tasks = [asyncio.create_task(recorder.run()), asyncio.create_task(follower.run())]
        try:
            yield recorder
        finally:
            await _end(tasks)


async def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def record(store: Store, bus: Valkey, condition: Callable[[], object], config: GateConfig = CONFIG) -> None:
    async def run() -> None:
        async with recording(store, bus, config):
            await until(condition)

    asyncio.run(run())


def test_history_alerts_and_the_position_are_saved(store: Store, bus: Valkey) -> None:
    messages = waves(30)
    bus.add("g", *messages, '{"type":"nonsense"}')
    record(store, bus, lambda: len(alert_ids(bus)) >= len(expected(messages)))
    assert rows(store, measurements) == 90
    assert alert_ids(bus) == expected(messages)
    state = load_state(store)
    assert state is not None
    assert bus.client.get(recorder_key("g")) is not None
    fold = AlertFold(CONFIG)
    assert rows(store, alerts) == len({alert.data.alert_id for message in messages for alert in fold.step(message)})


def _first_batch(store: Store, bus: Valkey, messages: list[Message]) -> None:
    """What a recorder commits before it is killed: nothing of it reached the stream yet."""
    fold = AlertFold(CONFIG)
    derived = [alert for message in messages for alert in fold.step(message)]
    assert derived
    epoch = asyncio.run(_epoch(bus))
    after = RecorderState(epoch, bus.add("g", *messages)[-1], fold.state())
    save_batch(store, HistoryBatch(messages, derived, None, after, 0.0, webhooks=True))


async def _epoch(bus: Valkey) -> str:
    async with Bus(bus.url, "g") as own:
        return await own.epoch()


def test_killed_after_the_commit_alerts_still_go_out_once(store: Store, bus: Valkey) -> None:
    messages = waves(40)
    _first_batch(store, bus, messages[:60])
    bus.add("g", *messages[60:])
    record(store, bus, lambda: rows(store, measurements) == 120)
    record(store, bus, lambda: len(alert_ids(bus)) >= len(expected(messages)))
    assert alert_ids(bus) == expected(messages)


def test_killed_between_the_append_and_its_mark_nothing_goes_out_twice(store: Store, bus: Valkey) -> None:
    messages = waves(20)
    _first_batch(store, bus, messages)

    async def append_without_mark() -> None:
        async with Bus(bus.url, "g") as own:
            with store.read() as connection:
                bodies = connection.execute(select(emissions.c.body).order_by(emissions.c.sequence)).scalars().all()
            for body in bodies[:-1]:
                await own.append_once(MESSAGE.validate_json(body))

    asyncio.run(append_without_mark())
    record(store, bus, lambda: len(alert_ids(bus)) == len(expected(messages)))
    assert alert_ids(bus) == expected(messages)


def test_a_lost_database_makes_no_alert_twice(tmp_path: Path, bus: Valkey) -> None:
    messages = waves(20)
    bus.add("g", *messages)
    for name in ("a", "b"):
        store = open_store(sqlite_url(tmp_path / name, "g"), "g")
        record(store, bus, lambda store=store: rows(store, measurements) == 60)  # type: ignore[misc]
        record(store, bus, lambda: len(alert_ids(bus)) == len(expected(messages)))
        store.close()
    assert alert_ids(bus) == expected(messages)


def test_two_recorders_write_everything_once(lite: Store, bus: Valkey) -> None:
    messages = waves(60)

    async def run() -> None:
        async with recording(lite, bus) as first, recording(lite, bus) as second:
            for start in range(0, len(messages), 30):
                bus.add("g", *messages[start : start + 30])
                await until(lambda start=start: rows(lite, measurements) >= start + 30)  # type: ignore[misc]
            await until(lambda: len(alert_ids(bus)) >= len(expected(messages)))
            assert "another process records this gate" in (first.problem, second.problem)

    asyncio.run(run())
    assert alert_ids(bus) == expected(messages)


def test_a_trimmed_stream_leaves_a_gap_row(lite: Store, bus: Valkey) -> None:
    messages = waves(10)
    bus.add("g", *messages)
    record(lite, bus, lambda: rows(lite, measurements) == 30)
    positions = bus.add("g", *waves(10, start=2000))
    bus.client.xtrim(stream_key("g"), minid=positions[6], approximate=False)
    record(lite, bus, lambda: rows(lite, measurements) == 54)
    with lite.read() as connection:
        (gap,) = connection.execute(select(gaps)).all()
    assert gap.reason == "the stream was trimmed before it was recorded"


def test_a_lost_stream_is_recorded_anew_with_a_gap_row(lite: Store, bus: Valkey) -> None:
    async def run() -> None:
        async with recording(lite, bus):
            bus.add("g", *waves(5))
            await until(lambda: rows(lite, measurements) == 15)
            bus.client.flushall()
            bus.add("g", *waves(5, start=2000))
            await until(lambda: rows(lite, gaps) == 1)

    asyncio.run(run())
    assert rows(lite, measurements) == 30


def test_recording_goes_on_when_the_server_comes_back(lite: Store) -> None:
    messages = waves(30)

    async def run(bus: Valkey) -> None:
        async with recording(lite, bus) as recorder:
            bus.add("g", *messages[:45])
            await until(lambda: rows(lite, measurements) == 45)
            bus.kill()
            await until(lambda: recorder.problem is not None)
            bus.start()
            bus.add("g", *messages[45:])
            await until(lambda: rows(lite, measurements) == 90 and recorder.problem is None)
            await until(lambda: len(alert_ids(bus)) == len(expected(messages)))

    with valkey() as bus:
        asyncio.run(run(bus))
        assert alert_ids(bus) == expected(messages)
    assert rows(lite, gaps) == 0


def test_who_waits_for_what_is_saved_hears_of_it_while_the_bus_takes_nothing(lite: Store) -> None:
    heard: list[int] = []

    async def run(bus: Valkey) -> None:
        bus.add("g", *waves(30))
        readable = [f"~{key('g')}" for key in (stream_key, epoch_key, emitted_key, statuses_key)]
        bus.client.execute_command("ACL", "SETUSER", "default", "resetkeys", *readable)
        async with recording(lite, bus, saved=lambda: heard.append(1)) as recorder:
            await until(lambda: heard)
            await until(lambda: recorder.problem)
        assert rows(lite, measurements)

    with valkey() as bus:
        asyncio.run(run(bus))


def test_unknown_lanes_after_silence_are_noticed_by_the_heartbeat(lite: Store, bus: Valkey) -> None:
    messages: list[Message] = [measured("EX1", t, queue_vehicles=9) for t in range(10, 15)]
    messages += [heartbeat(40)]
    bus.add("g", *messages)
    record(lite, bus, lambda: len(alert_ids(bus)) == len(expected(messages)) == 3)
    last = MESSAGE.validate_json(bus.messages("g")[-1])
    assert isinstance(last, AlertChanged)
    assert last.data.stale


@pytest.mark.timeout(60)
def test_killed_at_any_moment_nothing_is_lost_or_doubled(tmp_path: Path, bus: Valkey) -> None:
    """kill -9 of the whole api, again and again, while messages flow."""
    messages, dice = waves(400), random.Random(7)
    settings = settings_for(CONFIG, tmp_path, bus.url)
    fed = 0
    for _ in range(2):
        with api_process(settings) as (_, process):
            end = time.monotonic() + dice.uniform(0.2, 1.2)
            while time.monotonic() < end:
                bus.add("g", *messages[fed : fed + 20])
                fed += 20
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
            process.wait()
    messages = messages[: min(fed, len(messages))]
    store = open_store(sqlite_url(settings.data, "g"), "g")
    with api_process(settings):
        eventually(lambda: rows(store, measurements) == len(messages))
        eventually(lambda: alert_ids(bus) == expected(without_alerts(bus)))
    assert len(messages) > 60
    assert rows(store, gaps) == 0
    store.close()


def test_a_stream_that_was_lost_is_told_how_the_lanes_stand(lite: Store, bus: Valkey) -> None:
    closed = lane_changed("EX1", 1000, "closed")

    async def run() -> None:
        async with recording(lite, bus) as recorder:
            bus.add("g", closed)
            await until(lambda: rows(lite, lane_statuses))
            bus.client.flushall()
            await until(lambda: recorder.position is not None and closed.model_dump_json() in bus.messages("g"))

    asyncio.run(run())
    assert bus.client.hgetall(statuses_key("g")) == {"EX1": closed.data.model_dump_json()}
