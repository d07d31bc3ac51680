"""The WebSocket: snapshot, resuming, filters, slow clients, latency."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.support.api import Api, eventually, running_api, settings_for
from tests.support.messages import alert_gate, heartbeat, measured
from tests.support.redis import Valkey
from vision.config import AlertRule
from vision.redis_keys import stream_key

CONFIG = alert_gate(AlertRule(name="long", measure="queue_vehicles", fire_at=5, clear_at=3, for_s=0))


@pytest.fixture
def api(bus: Valkey, tmp_path: Path) -> Iterator[Api]:
    with running_api(settings_for(CONFIG, tmp_path, bus.url)) as running:
        yield running


def frame(client: ClientConnection) -> dict[str, Any]:
    """The next frame that is not a heartbeat."""
    while True:
        value: dict[str, Any] = json.loads(client.recv(timeout=10))
        if value["message"]["type"] != "service.heartbeat":
            return value


def until_t(client: ClientConnection, t: float) -> list[dict[str, Any]]:
    """The frames up to the lane.measured of that time."""
    found = [frame(client)]
    while found[-1]["message"]["data"].get("t") != t or found[-1]["message"]["type"] != "lane.measured":
        found.append(frame(client))
    return found


def close_code(client: ClientConnection) -> int | None:
    """The code with which the server closes."""
    while True:
        try:
            client.recv(timeout=10)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


def test_a_snapshot_comes_first_then_what_is_new(api: Api, bus: Valkey) -> None:
    bus.add("g", measured("EX1", 10, queue_vehicles=1))
    eventually(lambda: api.get("/api/v1/gate")["data"]["lanes"])
    with api.socket() as client:
        first = frame(client)
        data = first["message"]["data"]
        assert first["message"]["type"] == "gate.snapshot"
        assert first["position"] == data["position"]
        assert data["resumed"] is False
        assert data["lanes"]["EX1"]["queue_vehicles"] == 1
        assert abs(data["server_t"] - time.time()) < 5
        (position,) = bus.add("g", measured("EX1", 11, queue_vehicles=2))
        second = frame(client)
    assert second == {"position": position, "message": json.loads(measured("EX1", 11, queue_vehicles=2).model_dump_json())}


def test_alerts_reach_the_client_and_the_stream(api: Api, bus: Valkey) -> None:
    with api.socket("?types=alert.changed") as client:
        assert frame(client)["message"]["type"] == "gate.snapshot"
        bus.add("g", measured("EX1", 10, queue_vehicles=9), measured("EX1", 11, queue_vehicles=9))
        alert = frame(client)
    assert alert["message"]["type"] == "alert.changed"
    assert alert["message"]["data"]["state"] == "firing"
    assert json.dumps(alert["message"]["id"]) in bus.messages("g")[-1]


def test_a_client_that_comes_back_misses_nothing(api: Api, bus: Valkey) -> None:
    with api.socket() as client:
        epoch = frame(client)["message"]["data"]["epoch"]
        bus.add("g", measured("EX1", 10))
        after = frame(client)["position"]
    bus.add("g", *(measured("EX1", t) for t in range(11, 1300)))
    with api.socket(f"?after={after}&epoch={epoch}&types=lane.measured") as client:
        first = frame(client)
        assert first["message"]["data"]["resumed"] is True
        assert first["message"]["data"]["position"] == after
        bus.add("g", measured("EX1", 1300))
        missed = until_t(client, 1300)
    assert [one["message"]["data"]["t"] for one in missed] == list(range(11, 1301))


@pytest.mark.parametrize("case", ["trimmed", "other epoch", "future", "nonsense"])
def test_where_it_cannot_go_on_the_client_is_told(api: Api, bus: Valkey, case: str) -> None:
    with api.socket() as client:
        epoch = frame(client)["message"]["data"]["epoch"]
        bus.add("g", measured("EX1", 10))
        after = frame(client)["position"]
    positions = bus.add("g", measured("EX1", 11), measured("EX1", 12))
    if case == "trimmed":
        bus.client.xtrim(stream_key("g"), minid=positions[1], approximate=False)
    query = {"other epoch": f"?after={after}&epoch=x", "future": "?after=99999999999999-0", "nonsense": "?after=1%20or%201"}
    with api.socket(query.get(case, f"?after={after}&epoch={epoch}")) as client:
        first = frame(client)["message"]["data"]
    assert first["resumed"] is False
    eventually(lambda: api.get("/api/v1/gate")["data"]["lanes"]["EX1"]["t"] == 12)


def test_a_lost_stream_sends_clients_away_to_start_anew(api: Api, bus: Valkey) -> None:
    with api.socket() as client:
        first = frame(client)["message"]["data"]
        bus.client.flushall()
        assert close_code(client) == 4009
    with api.socket(f"?after={first['position']}&epoch={first['epoch']}") as client:
        again = frame(client)["message"]["data"]
    assert again["resumed"] is False
    assert again["epoch"] != first["epoch"]


def test_a_slow_client_is_dropped_and_delays_nobody(api: Api, bus: Valkey) -> None:
    """It does not read: its socket's small buffer fills, then its queue; the others get everything."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, port = api.address.split(":")
    raw.connect((host, int(port)))
    with api.socket(sock=raw, max_queue=1) as slow, api.socket("?types=lane.measured") as quick:
        frame(quick)
        start = 10
        while "clients_dropped 1.0" not in api.http.get("/metrics").text:
            bus.add("g", *(measured("EX1", t) for t in range(start, start + 500)))
            until_t(quick, start + 499)
            start += 500
            assert start < 60_000
        assert close_code(slow) == 4008


def test_a_client_gets_a_message_well_within_a_second(api: Api, bus: Valkey) -> None:
    delays = []
    with api.socket() as client:
        frame(client)
        for t in range(100, 140):
            sent = time.monotonic()
            bus.add("g", *(measured(lane, t) for lane in ("EX1", "EX2", "IM1")))
            for _ in range(3):
                frame(client)
            delays.append(time.monotonic() - sent)
            time.sleep(0.01)
    assert sorted(delays)[-3] < 0.5


def test_the_heartbeat_says_what_is_recorded(api: Api, bus: Valkey) -> None:
    beat = eventually(lambda: [text for text in bus.messages("g") if "service.heartbeat" in text])[0]
    data = json.loads(beat)["data"]
    assert data["t"] % 10 == 0
    assert len([text for text in bus.messages("g") if "service.heartbeat" in text]) <= 2
    assert heartbeat(10).type == json.loads(beat)["type"]


def test_it_starts_with_what_history_and_the_stream_hold(bus: Valkey, tmp_path: Path) -> None:
    settings = settings_for(CONFIG, tmp_path, bus.url)
    with running_api(settings) as api:
        bus.add("g", measured("EX1", 10, queue_vehicles=9), measured("EX2", 10, queue_vehicles=1))
        eventually(lambda: api.get("/api/v1/alerts")["alerts"])
    bus.add("g", measured("EX2", 11, queue_vehicles=2))
    with running_api(settings) as api:
        data = api.get("/api/v1/gate")["data"]
    assert data["lanes"]["EX1"]["queue_vehicles"] == 9
    assert data["lanes"]["EX2"]["queue_vehicles"] == 2
    assert [alert["state"] for alert in data["alerts"]] == ["firing"]
