"""The Redis sink on a real Valkey: one transaction, fencing, a server that goes and comes, bounded memory, trimming."""

import json

import pytest
import redis

from tests.support.messages import alert_gate, camera_changed, measured
from tests.support.redis import Valkey, valkey
from vision.clock import now
from vision.core.events import LaneStatus
from vision.ephemeral_messages import FrameEvent
from vision.errors import StreamError
from vision.messages import MESSAGE, LaneData
from vision.redis_keys import checkpoint_key, config_key, owner_key, recorder_key, statuses_key, stream_key, watch_key
from vision.worker import redis_sink as sinks
from vision.worker.redis_sink import RedisSink, claim

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


def opened(bus: Valkey, clock=None) -> RedisSink:
    with bus.connect() as connection:
        token = claim(connection, GATE, SECTION)
    return RedisSink(bus.connect(), GATE, SECTION, token, **({"clock": clock} if clock else {}))


def stream(client: redis.Redis) -> list:
    return [MESSAGE.validate_json(fields[b"m"]) for _, fields in client.xrange(stream_key(GATE))]


def test_messages_and_checkpoint_are_written_together(bus, client):
    sink = opened(bus)
    messages = [measured("EX1", 1000.0), measured("EX2", 1000.0)]
    sink.write(messages, '{"t":1000}')
    sink.write([camera_changed("cam", 1000.5, "online")], None)
    assert stream(client) == [*messages, camera_changed("cam", 1000.5, "online")]
    assert sink.checkpoint() == {"t": 1000}
    sink.close()


def test_whoever_lost_the_section_can_write_no_more(bus, client):
    first, second = opened(bus), opened(bus)
    with pytest.raises(StreamError, match="another worker has taken over section cam"):
        first.write([measured("EX1", 1000.0)], '{"t":1000}')
    second.write([measured("EX1", 1001.0)], '{"t":1001}')
    assert [message.data.t for message in stream(client)] == [1001.0]
    assert second.checkpoint() == {"t": 1001}


def test_messages_survive_a_restart_of_the_server(bus, client):
    clock = Clock()
    sink = opened(bus, clock)
    sink.write([measured("EX1", 1000.0)], '{"t":1000}')
    bus.kill()
    for t in (1001.0, 1002.0):
        sink.write([measured("EX1", t)], json.dumps({"t": t}))
        clock.t += 1
    assert sink.watched(["cam"]) == frozenset()
    sink.show(FrameEvent(camera_id="cam", session=0, t=1.0, boxes=(), tails=()))
    bus.start()
    sink.write([measured("EX1", 1003.0)], '{"t":1003.0}')
    assert [message.data.t for message in stream(client)] == [1000.0, 1001.0, 1002.0, 1003.0]
    assert sink.checkpoint() == {"t": 1003.0}


def test_an_answer_that_was_lost_is_not_written_twice(bus, client):
    clock = Clock()
    sink = opened(bus, clock)
    execute = redis.client.Pipeline.execute

    def lost(self, *args):
        execute(self, *args)
        raise redis.ConnectionError("the answer was lost")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis.client.Pipeline, "execute", lost)
        sink.write([measured("EX1", 1000.0)], '{"t":1000}')
    clock.t += 1
    sink.write([measured("EX1", 1001.0)], '{"t":1001}')
    assert [message.data.t for message in stream(client)] == [1000.0, 1001.0]


def test_a_server_that_lost_its_data_is_taken_up_again(bus, client):
    sink = opened(bus)
    client.flushall()
    sink.write([measured("EX1", 1000.0)], '{"t":1000}')
    assert len(stream(client)) == 1
    assert int(client.get(owner_key(GATE, SECTION))) == 1


def test_what_waits_is_bounded_and_visits_go_last(bus, client, monkeypatch):
    monkeypatch.setattr(sinks, "MAX_WAITING", 3)
    clock = Clock()
    sink = opened(bus, clock)
    bus.kill()
    sink.write([camera_changed("cam", 1000.0, "online")], None)
    for t in range(1001, 1006):
        sink.write([measured("EX1", float(t))], json.dumps({"t": t}))
        clock.t += 1
    bus.start()
    sink.write([measured("EX1", 1006.0)], '{"t":1006}')
    assert [message.timestamp.timestamp() for message in stream(client)] == [1000.0, 1004.0, 1005.0, 1006.0]
    assert sink.dropped == 3


def test_the_stream_is_trimmed_but_not_past_the_recorder(bus, client):
    clock = Clock()
    sink = opened(bus, clock)
    now_ms = int(clock.t * 1000)
    for age_s in range(30_000, 0, -2):
        client.xadd(stream_key(GATE), {"m": "{}"}, id=f"{now_ms - age_s * 1000}-0")
    client.set(recorder_key(GATE), f"{now_ms - 10_000_000}-0")
    sink.write([], '{"t":1}')
    oldest = int(client.xrange(stream_key(GATE), count=1)[0][0].split(b"-")[0])
    assert now_ms - 10_300_000 < oldest <= now_ms - 10_000_000
    client.delete(recorder_key(GATE))
    clock.t += 61
    sink.write([], '{"t":2}')
    oldest = int(client.xrange(stream_key(GATE), count=1)[0][0].split(b"-")[0])
    assert oldest <= now_ms + 61_000 - 7_200_000 < oldest + 300_000


def test_watched_cameras_get_their_frames(bus, client):
    sink = opened(bus)
    client.set(watch_key(GATE, "b"), 1, ex=5)
    assert sink.watched(["a", "b"]) == frozenset({"b"})
    with client.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe("lanewatch:g:frames:b")
        channel.get_message(timeout=1)
        event = FrameEvent(camera_id="b", session=0, t=1.0, boxes=(), tails=())
        sink.show(event)
        found = None
        while found is None:
            found = channel.get_message(timeout=1)
        assert FrameEvent.model_validate_json(found["data"]) == event


def test_a_new_configuration_is_told_once_and_a_bad_one_not(bus, client):
    sink, gate = opened(bus), alert_gate()
    assert sink.new_config() is None
    client.set(config_key(GATE), json.dumps({"version": 1, "hash": "a", "config": gate.model_dump(mode="json")}))
    assert sink.new_config() == gate
    assert sink.new_config() is None
    client.set(config_key(GATE), json.dumps({"version": 2, "hash": "b", "config": {"id": "g"}}))
    assert sink.new_config() is None
    newer = gate.model_dump(mode="json") | {"of_a_newer_api": True}
    client.set(config_key(GATE), json.dumps({"version": 3, "hash": "c", "config": newer}))
    assert sink.new_config() == gate


def test_a_lane_that_was_opened_or_closed_is_told_once(bus, client):
    sink = opened(bus)
    assert sink.new_statuses() == []
    closed = LaneData(lane_id="L1", t=5.0, status="closed", by="ann", reason="works")
    client.hset(statuses_key(GATE), "L1", closed.model_dump_json())
    assert sink.new_statuses() == [LaneStatus("L1", 5.0, "closed", "ann", "works")]
    assert sink.new_statuses() == []
    client.hset(statuses_key(GATE), "L1", closed.model_copy(update={"t": 9.0, "status": "open"}).model_dump_json())
    assert [status.status for status in sink.new_statuses()] == ["open"]
    client.hset(statuses_key(GATE), "L1", "{cut")
    assert sink.new_statuses() == []


def test_a_checkpoint_that_cannot_be_read_is_none(bus, client):
    sink = opened(bus)
    assert sink.checkpoint() is None
    client.set(checkpoint_key(GATE, SECTION), "{cut")
    assert sink.checkpoint() is None


def test_without_redis_claiming_says_so():
    with pytest.raises(StreamError, match="Redis does not answer for gate g"):
        claim(redis.Redis.from_url("unix:///nowhere/bus.sock"), GATE, SECTION)
