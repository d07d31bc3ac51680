"""The Redis sink on a real Valkey: one transaction, fencing, a server that goes, comes, hangs or is full, trimming."""

import json
import socket
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import pytest
import redis
from structlog.testing import capture_logs

from tests.support.messages import alert_gate, camera_changed, measured
from tests.support.redis import Valkey, valkey
from vision.clock import now
from vision.ephemeral_messages import FrameEvent
from vision.errors import StreamError
from vision.messages import MESSAGE, Message
from vision.redis_keys import checkpoint_key, config_key, epoch_key, owner_key, recorder_key, stream_key, watch_key
from vision.sample_messages import CAMERA_MEASURED
from vision.worker import outgoing
from vision.worker.redis_sink import RedisSink, claim, connect

GATE, SECTION = "g", "cam"


@pytest.fixture(scope="module")
def bus():
    with valkey() as running:
        yield running


@pytest.fixture
def client(bus):
    with bus.connect() as connection:
        connection.flushall()
        yield connection


class Clock:
    def __init__(self) -> None:
        self.t = now()

    def __call__(self) -> float:
        return self.t


def opened(bus: Valkey, clock=now, answer_s: float = 5.0) -> RedisSink:
    with bus.connect() as connection:
        token = claim(connection, GATE, SECTION)
    return RedisSink(bus.connect(answer_s), GATE, SECTION, token, clock)


def write(sink: RedisSink, messages: Sequence[Message], checkpoint: str | None) -> None:
    sink.outgoing.put(messages, checkpoint)
    sink.flush()


def stream(client: redis.Redis) -> list:
    return [MESSAGE.validate_json(fields[b"m"]) for _, fields in client.xrange(stream_key(GATE))]


def test_messages_and_checkpoint_are_written_together(bus, client):
    sink = opened(bus)
    messages = [measured("EX1", 1000.0), measured("EX2", 1000.0)]
    write(sink, messages, '{"t":1000}')
    write(sink, [camera_changed("cam", 1000.5, "online")], None)
    assert stream(client) == [*messages, camera_changed("cam", 1000.5, "online")]
    assert sink.checkpoint() == {"t": 1000}
    sink.close()


def test_whoever_lost_the_section_can_write_no_more(bus, client):
    first, second = opened(bus), opened(bus)
    with pytest.raises(StreamError, match="another worker has taken over section cam"):
        write(first, [measured("EX1", 1000.0)], '{"t":1000}')
    write(second, [measured("EX1", 1001.0)], '{"t":1001}')
    assert [message.data.t for message in stream(client)] == [1001.0]
    assert second.checkpoint() == {"t": 1001}


def test_messages_survive_a_restart_of_the_server(bus, client):
    sink = opened(bus)
    write(sink, [measured("EX1", 1000.0)], '{"t":1000}')
    bus.kill()
    for t in (1001.0, 1002.0):
        with pytest.raises(redis.ConnectionError):
            write(sink, [measured("EX1", t)], json.dumps({"t": t}))
    with pytest.raises(redis.ConnectionError):
        sink.requested(["cam"])
    bus.start()
    write(sink, [measured("EX1", 1003.0)], '{"t":1003.0}')
    assert [message.data.t for message in stream(client)] == [1000.0, 1001.0, 1002.0, 1003.0]
    assert sink.checkpoint() == {"t": 1003.0}


@contextmanager
def answer_lost() -> Iterator[None]:
    """What is written is carried out by the server, but its answer does not come."""
    execute = redis.client.Pipeline.execute

    def lost(self, *args):
        execute(self, *args)
        raise redis.ConnectionError("the answer was lost")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis.client.Pipeline, "execute", lost)
        yield


@pytest.mark.parametrize("checkpoint", ['{"t":1000}', None])
def test_an_answer_that_was_lost_is_not_written_twice(bus, client, checkpoint):
    sink = opened(bus)
    with answer_lost(), pytest.raises(redis.ConnectionError):
        write(sink, [measured("EX1", 1000.0)], checkpoint)
    write(sink, [measured("EX1", 1001.0)], '{"t":1001}')
    assert [message.data.t for message in stream(client)] == [1000.0, 1001.0]
    assert sink.checkpoint() == {"t": 1001}


def test_what_a_server_that_hung_carries_out_late_is_not_written_twice(bus, client):
    """It is stopped between a transaction's WATCH and its EXEC, so that it finds both attempts when it goes on."""
    sink = opened(bus, answer_s=0.3)
    execute = redis.client.Pipeline.execute

    def stopped(self, *args):
        bus.pause()
        return execute(self, *args)

    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(redis.client.Pipeline, "execute", stopped)
            with pytest.raises(redis.RedisError):
                write(sink, [measured("EX1", float(1000 + i)) for i in range(100)], '{"t":1000}')
        for t in (2000.0, 2001.0):
            with pytest.raises(redis.RedisError):
                write(sink, [measured("EX1", t)], json.dumps({"t": t}))
    finally:
        bus.resume()
    write(sink, [measured("EX1", 2002.0)], '{"t":2002}')
    assert [message.data.t for message in stream(client)] == [*(float(1000 + i) for i in range(100)), 2000.0, 2001.0, 2002.0]


def test_a_connection_that_ends_within_a_transaction_is_no_takeover(bus, client):
    sink = opened(bus)
    execute = redis.client.Pipeline.execute

    def killed(self, *args):
        bus.kill()
        return execute(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis.client.Pipeline, "execute", killed)
        with pytest.raises(redis.RedisError):
            write(sink, [measured("EX1", 1000.0)], '{"t":1000}')
    bus.start()
    write(sink, [measured("EX1", 1001.0)], '{"t":1001}')
    assert [message.data.t for message in stream(client)] == [1000.0, 1001.0]


def test_a_bus_that_accepts_and_answers_nothing_is_said_in_time():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        client = connect(f"redis://127.0.0.1:{mute.getsockname()[1]}", answer_s=0.5)
        began = time.monotonic()
        with pytest.raises(StreamError, match="Redis does not answer for gate g"):
            claim(client, GATE, SECTION)
        assert time.monotonic() - began < 5
        client.close()


def test_a_server_that_lost_its_data_is_taken_up_again(bus, client):
    sink = opened(bus)
    client.flushall()
    write(sink, [measured("EX1", 1000.0)], '{"t":1000}')
    assert len(stream(client)) == 1
    assert int(client.get(owner_key(GATE, SECTION))) == 1


def test_of_the_checkpoints_that_wait_only_the_newest_is_kept(bus, client):
    sink = opened(bus)
    bus.kill()
    tracemalloc.start()
    for t in range(3000):
        sink.outgoing.put([], json.dumps({"t": t, "state": "x" * 50_000}))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 1_000_000, "bytes"
    bus.start()
    sink.flush()
    assert sink.checkpoint()["t"] == 2999


def test_what_waits_is_bounded_and_visits_go_last(bus, client, monkeypatch):
    monkeypatch.setattr(outgoing, "MAX_WAITING", 3)
    sink = opened(bus)
    sink.outgoing.put([camera_changed("cam", 1000.0, "online")], None)
    for t in range(1001, 1006):
        sink.outgoing.put([measured("EX1", float(t))], json.dumps({"t": t}))
    sink.outgoing.put([CAMERA_MEASURED], None)
    sink.outgoing.put([measured("EX1", 1006.0)], None)
    sink.outgoing.put([measured("EX1", 1007.0)], None)
    assert sink.outgoing.dropped == 6, "how a camera does goes as measurements do"
    write(sink, [], None)
    assert [message.timestamp.timestamp() for message in stream(client)] == [1000.0, 1006.0, 1007.0]
    for t in range(1008, 1012):
        sink.outgoing.put([camera_changed("cam", float(t), "online")], None)
    sink.flush()
    assert [message.timestamp.timestamp() for message in stream(client)][-3:] == [1009.0, 1010.0, 1011.0]


def test_what_was_dropped_of_a_transaction_whose_answer_was_lost_is_not_written_twice(bus, client, monkeypatch):
    monkeypatch.setattr(outgoing, "MAX_WAITING", 3)
    sink = opened(bus)
    with answer_lost(), pytest.raises(redis.ConnectionError):
        write(sink, [measured("EX1", float(t)) for t in (1, 2, 3)], '{"t":3}')
    write(sink, [measured("EX1", 4.0), measured("EX1", 5.0)], '{"t":5}')
    assert [message.data.t for message in stream(client)] == [1.0, 2.0, 3.0, 4.0, 5.0]


def fill(client: redis.Redis) -> None:
    with suppress(redis.OutOfMemoryError):
        while True:
            client.xadd(stream_key(GATE), {"m": measured("EX1", 1.0).model_dump_json()})
    client.config_set("maxmemory", client.info("memory")["used_memory"] - 100_000)  # full for certain


def test_a_server_that_is_full_loses_the_oldest_and_goes_on():
    with valkey("--maxmemory", "8mb", "--maxmemory-policy", "noeviction") as bus, bus.connect() as client:
        sink = opened(bus)
        fill(client)
        before = client.xlen(stream_key(GATE))
        with capture_logs() as logs:
            for t in range(30_000, 30_020):
                try:
                    write(sink, [measured("EX1", float(t))], json.dumps({"t": t, "state": "x" * 50_000}))
                except redis.OutOfMemoryError:
                    continue
        times = [message.data.t for message in stream(client)]
        assert times[-20:] == [float(t) for t in range(30_000, 30_020)], "nothing that was measured is lost"
        assert 1000 <= len(times) < before
        assert any("Redis is full" in line["event"] for line in logs)
        sink.close()


def test_a_section_of_a_full_server_can_be_claimed():
    with valkey("--maxmemory", "6mb", "--maxmemory-policy", "noeviction") as bus, bus.connect() as client:
        fill(client)
        with pytest.raises(redis.OutOfMemoryError):
            client.incr("any")
        assert claim(client, GATE, SECTION) == 1


def test_a_full_server_first_loses_what_history_has():
    with valkey("--maxmemory", "8mb", "--maxmemory-policy", "noeviction") as bus, bus.connect() as client:
        sink = opened(bus)
        client.set(recorder_key(GATE), "9999999999999-0")
        fill(client)
        write(sink, [measured("EX1", 30_000.0)], '{"t":30000}')
        assert [message.data.t for message in stream(client)] == [30_000.0]
        sink.close()


def test_the_stream_is_trimmed_but_not_past_the_recorder(bus, client):
    clock = Clock()
    sink = opened(bus, clock)
    now_ms = int(clock.t * 1000)
    for age_s in range(30_000, 0, -2):
        client.xadd(stream_key(GATE), {"m": "{}"}, id=f"{now_ms - age_s * 1000}-0")
    client.set(recorder_key(GATE), f"{now_ms - 10_000_000}-0")
    write(sink, [], '{"t":1}')
    oldest = int(client.xrange(stream_key(GATE), count=1)[0][0].split(b"-")[0])
    assert now_ms - 10_300_000 < oldest <= now_ms - 10_000_000
    client.delete(recorder_key(GATE))
    clock.t += 61
    write(sink, [], '{"t":2}')
    oldest = int(client.xrange(stream_key(GATE), count=1)[0][0].split(b"-")[0])
    assert oldest <= now_ms + 61_000 - 7_200_000 < oldest + 300_000


def test_watched_cameras_get_their_frames(bus, client):
    sink = opened(bus)
    client.set(watch_key(GATE, "b"), 1, ex=5)
    assert sink.requested(["a", "b"]).watched == frozenset({"b"})
    with client.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe("lanewatch:g:frames:b")
        channel.get_message(timeout=1)
        event = FrameEvent(camera_id="b", session=0, t=1.0, boxes=(), tails=())
        sink.outgoing.show(event)
        sink.publish()
        found = None
        while found is None:
            found = channel.get_message(timeout=1)
        assert FrameEvent.model_validate_json(found["data"]) == event


def test_a_new_configuration_is_told_once_and_a_bad_one_not(bus, client):
    sink, gate = opened(bus), alert_gate()

    def told() -> object:
        return sink.requested(["cam"]).config

    assert told() is None
    client.set(config_key(GATE), json.dumps({"version": 1, "hash": "a", "config": gate.model_dump(mode="json")}))
    assert told() == gate
    assert told() is None
    with capture_logs() as logs:
        for bad in (json.dumps({"version": 2, "hash": "b", "config": {"id": "g"}}), "{cut"):
            client.set(config_key(GATE), bad)
            assert [told(), told()] == [None, None]
    assert len(logs) == 2, "each is said once"
    newer = gate.model_dump(mode="json") | {"of_a_newer_api": True}
    client.set(config_key(GATE), json.dumps({"version": 3, "hash": "c", "config": newer}))
    assert told() == gate


def test_the_epoch_is_another_after_the_data_was_lost(bus, client):
    sink = opened(bus)
    first = sink.requested(["cam"]).epoch
    assert sink.requested(["cam"]).epoch == first == client.get(epoch_key(GATE)).decode()
    client.flushall()
    assert sink.requested(["cam"]).epoch == client.get(epoch_key(GATE)).decode() != first


def test_a_checkpoint_that_cannot_be_read_is_none(bus, client):
    sink = opened(bus)
    assert sink.checkpoint() is None
    client.set(checkpoint_key(GATE, SECTION), "{cut")
    assert sink.checkpoint() is None


def test_without_redis_claiming_says_so():
    with pytest.raises(StreamError, match="Redis does not answer for gate g"):
        claim(redis.Redis.from_url("unix:///nowhere/bus.sock"), GATE, SECTION)
