"""The truth of a simulated gate: beside what is measured, as long as it is told, and nothing of it at a real gate."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection

from api.stream.gate_view import GateView
from api.stream.truth_history import TruthHistory
from tests.support.api import Api, eventually, running_api, settings_for
from tests.support.messages import alert_gate, measured
from tests.support.redis import Valkey
from tests.support.truth import true_row
from vision.config import AlertRule
from vision.redis_keys import TRUTH_S, truth_channel
from vision.simulation.truth_feed import TruthFeed, gate_truth

CONFIG = alert_gate(AlertRule(name="long", measure="queue_vehicles", fire_at=5, clear_at=3, for_s=0))


@pytest.fixture
def api(bus: Valkey, tmp_path: Path) -> Iterator[Api]:
    with running_api(settings_for(CONFIG, tmp_path, bus.url)) as running:
        yield running


@pytest.fixture
def feed(bus: Valkey) -> Iterator[TruthFeed]:
    with TruthFeed(bus.url, "g") as running:
        yield running


def simulation(api: Api) -> Any:
    return api.get("/api/v1/gate")["data"]["simulation"]


def next_of(client: ClientConnection, type_: str) -> dict[str, Any]:
    """The next frame of that type."""
    while (frame := json.loads(client.recv(timeout=10)))["message"]["type"] != type_:
        pass
    return dict(frame)


def test_a_real_gate_has_none(api: Api, bus: Valkey) -> None:
    with api.socket() as client:
        first = json.loads(client.recv(timeout=10))
        assert first["message"]["data"]["simulation"] is None
        bus.add("g", measured("EX1", 10), measured("EX1", 11))
        assert [json.loads(client.recv(timeout=10))["message"]["type"] for _ in range(2)] == ["lane.measured"] * 2
    assert simulation(api) is None
    answer = api.http.get("/api/v1/lanes/EX1/truth")
    assert (answer.status_code, "not simulated" in answer.json()["detail"]) == (404, True)


def test_it_is_told_and_forgotten(api: Api, feed: TruthFeed) -> None:
    with api.socket("?types=gate.truth") as client:
        client.recv(timeout=10)
        t = time.time() // 1
        feed.tell(t, [true_row("EX1", queue_vehicles=3, queue_m=51.5), true_row("IM1", queue_vehicles=0)])
        message = next_of(client, "gate.truth")["message"]
    assert (message["gate"], message["data"]["t"]) == ("g", t)
    assert message["data"]["lanes"]["EX1"]["queue_vehicles"] == 3
    assert simulation(api) == message["data"]
    assert api.get("/api/v1/lanes/EX1/truth")["points"] == [{"t": t // 30 * 30, "queue_vehicles_max": 3}]
    eventually(lambda: simulation(api) is None, timeout=TRUTH_S + 3)


def test_it_comes_between_the_messages_without_moving_the_place_in_the_stream(api: Api, bus: Valkey, feed: TruthFeed) -> None:
    with api.socket() as client:
        first = json.loads(client.recv(timeout=10))
        feed.tell(time.time(), [true_row("EX1")])
        assert next_of(client, "gate.truth")["position"] == first["position"]
        position = bus.add("g", measured("EX1", 10))[0]
        assert next_of(client, "lane.measured")["position"] == position
        feed.tell(time.time(), [true_row("EX1")])
        after = next_of(client, "gate.truth")["position"]
        assert after == position
    epoch = first["message"]["data"]["epoch"]
    bus.add("g", measured("EX1", 11))
    with api.socket(f"?after={after}&epoch={epoch}") as client:
        assert json.loads(client.recv(timeout=10))["message"]["data"]["resumed"] is True
        assert next_of(client, "lane.measured")["message"]["data"]["t"] == 11


def test_it_is_neither_stored_nor_an_alert(api: Api, bus: Valkey, feed: TruthFeed) -> None:
    feed.tell(time.time(), [true_row("EX1", queue_vehicles=50)])
    eventually(lambda: simulation(api))
    bus.add("g", measured("EX1", int(time.time()), queue_vehicles=1))
    eventually(lambda: api.get("/api/v1/lanes/EX1/history", to=int(time.time()) + 9, step=60)["points"][-1]["samples"])
    assert api.get("/api/v1/alerts")["alerts"] == []
    assert not any("gate.truth" in text for text in bus.messages("g"))
    assert 'lanewatch_messages_total{type="gate.truth"}' not in api.http.get("/metrics").text


def test_who_comes_later_gets_what_is_held(bus: Valkey, feed: TruthFeed, tmp_path: Path) -> None:
    feed.tell(t := time.time() // 1, [true_row("EX1")])
    eventually(lambda: bus.client.exists("lanewatch:g:truth"))
    with running_api(settings_for(CONFIG, tmp_path, bus.url)) as api:
        assert eventually(lambda: simulation(api))["t"] == t


def test_it_goes_on_after_the_bus_was_away(api: Api, bus: Valkey, feed: TruthFeed) -> None:
    feed.tell(time.time(), [true_row("EX1", queue_vehicles=1)])
    eventually(lambda: simulation(api))
    bus.kill()
    bus.start()

    def told_again() -> bool:
        feed.tell(time.time(), [true_row("EX1", queue_vehicles=2)])
        found = simulation(api)
        return found is not None and found["lanes"]["EX1"]["queue_vehicles"] == 2

    eventually(told_again)


def test_what_is_no_truth_changes_nothing(api: Api, bus: Valkey, feed: TruthFeed) -> None:
    bus.client.publish(truth_channel("g"), "nonsense")
    bus.client.publish(truth_channel("g"), '{"type":"gate.truth"}')
    feed.tell(time.time(), [true_row("EX1")])
    assert eventually(lambda: simulation(api))["lanes"].keys() == {"EX1"}


@pytest.mark.parametrize(("server_t", "shown"), [(100.0, True), (105.0, True), (105.1, False), (94.0, False)])
def test_old_truth_is_not_shown(server_t: float, shown: bool) -> None:
    view = GateView(CONFIG)
    view.apply(gate_truth("g", 100.0, [true_row("EX1")]))
    assert (view.snapshot("e", "0-0", False, server_t).data.simulation is not None) is shown


def test_the_past_of_the_truth_is_the_longest_queue_of_each_half_minute_of_an_hour() -> None:
    history = TruthHistory()
    for t in range(90, 90 + 3600 + 45):
        history.add(gate_truth("g", t, [true_row("EX1", queue_vehicles=7 if t == 3700 else t % 5)]).data)
    history.add(gate_truth("g", 3000.0, [true_row("EX1", queue_vehicles=99)]).data)
    points = history.of("EX1")
    assert [t for t, _ in points] == list(range(150, 3731, 30))
    assert dict(points)[3690] == 7
    assert points[0] == (150, 4)
    assert history.of("IM1") == []
