"""The truth of a simulated gate on a real Valkey: as a key that expires and on a channel, over a restart of the server."""

import time

import pytest

from tests.support.api import eventually
from tests.support.redis import Valkey, valkey
from tests.support.truth import true_row
from vision.messages import MESSAGE, GateTruth, TrueLane
from vision.redis_keys import TRUTH_S, stream_key, truth_channel, truth_key
from vision.simulation.layouts import LAYOUTS
from vision.simulation.scenarios import SCENARIOS
from vision.simulation.scene import Scene
from vision.simulation.truth_feed import TruthFeed

GATE = "simulated-gate"


@pytest.fixture(scope="module")
def bus():
    with valkey() as server:
        yield server


def held(bus: Valkey) -> GateTruth | None:
    text = bus.client.get(truth_key(GATE))
    return None if text is None else GateTruth.model_validate_json(text)


def test_a_second_of_all_lanes_is_held_for_five_seconds_and_sent_to_who_listens(bus):
    t = round(time.time(), 3)
    with bus.client.pubsub() as channel, TruthFeed(bus.url, GATE) as feed:
        channel.subscribe(truth_channel(GATE))
        assert channel.get_message(timeout=5)["type"] == "subscribe"
        feed.tell(t, [true_row(), true_row("IM2", queue_vehicles=0, queue_m=0.0, in_service=0)])
        sent = MESSAGE.validate_json(channel.get_message(timeout=5)["data"])
    assert sent == held(bus)
    assert (sent.type, sent.gate, sent.data.t) == ("gate.truth", GATE, t)
    assert sent.data.lanes["EX1"] == TrueLane(
        queue_vehicles=3, queue_m=52.25, standing_vehicles=2, standing_m=33.5, vehicles=4, in_service=True, censored=False
    )
    assert sent.data.lanes["IM2"].in_service is False
    assert 0 < bus.client.ttl(truth_key(GATE)) <= TRUTH_S
    assert bus.client.exists(stream_key(GATE)) == 0


def test_the_truth_of_a_scene_can_be_told(bus):
    scene = Scene(LAYOUTS["two-masts"], SCENARIOS["jam"], seed=3)
    scene.advance(30.0)
    last = max(row.t for row in scene.truth.lanes)
    with TruthFeed(bus.url, GATE) as feed:
        feed.tell(t := round(time.time(), 3), [row for row in scene.truth.lanes if row.t == last])
        eventually(lambda: (found := held(bus)) and found.data.t == t)
    assert list(held(bus).data.lanes) == ["EX1", "EX2", "IM1", "IM2", "IM3"]
    assert sum(lane.queue_vehicles for lane in held(bus).data.lanes.values()) > 5


def test_what_is_old_is_not_told(bus):
    bus.client.delete(truth_key(GATE))
    with TruthFeed(bus.url, GATE) as feed:
        feed.tell(time.time() - TRUTH_S - 1, [true_row(queue_vehicles=9)])
        feed.tell(time.time(), [true_row(queue_vehicles=1)])
        eventually(lambda: held(bus))
    assert held(bus).data.lanes["EX1"].queue_vehicles == 1


def test_it_goes_on_when_the_server_is_back_and_never_waits_for_it():
    with valkey() as bus, TruthFeed(bus.url, GATE) as feed:
        feed.tell(time.time(), [true_row(queue_vehicles=1)])
        eventually(lambda: held(bus))
        bus.kill()
        began = time.monotonic()
        for number in range(50):
            feed.tell(time.time(), [true_row(queue_vehicles=number)])
        assert time.monotonic() - began < 0.5
        bus.start()
        bus.client.delete(truth_key(GATE))
        feed.tell(time.time(), [true_row(queue_vehicles=8)])
        eventually(lambda: (found := held(bus)) and found.data.lanes["EX1"].queue_vehicles == 8)
