"""One follower: each entry is parsed once, the live view waits for nobody, the recorder loses nothing, new things are kept."""

import asyncio
import json
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from api.history import set_aside as keeping
from api.history import writing
from api.history.retention import prune
from api.history.store import Store
from api.history.tables import gaps, measurements, set_aside
from api.stream.hub import RESTARTED
from api.stream.redis_bus import Entry
from api.stream.window import ENTRIES_KEPT, EntryParser, StreamWindow
from tests.api.routes.test_stream import frame
from tests.api.stream.test_recorder import record
from tests.support.api import Api, api_process, eventually, running_api, settings_for
from tests.support.messages import alert_gate, camera_changed, lane_changed, measured
from tests.support.redis import Valkey
from vision.config import AlertRule
from vision.core.alerts.alert_fold import AlertFold
from vision.messages import MESSAGE, Message
from vision.redis_keys import stream_key

RULE = AlertRule(name="long", measure="queue_vehicles", fire_at=5, clear_at=3, for_s=2, keep_firing_for_s=2)
CONFIG = alert_gate(RULE)
NEWER = {"type": "lane.weighed", "id": "1", "timestamp": "2026-01-01T00:00:00Z", "gate": "g", "data": {"axles": 5}}


@pytest.fixture
def api(lite: Store, bus: Valkey, tmp_path: Path) -> Iterator[Api]:
    """An api on the store `lite`."""
    with running_api(settings_for(CONFIG, tmp_path, bus.url, data=tmp_path)) as running:
        yield running


@contextmanager
def locked(store: Store) -> Iterator[None]:
    """Nobody else writes meanwhile."""
    with store.write():
        yield


def metric(api: Api, name: str) -> float:
    found = re.search(rf"^lanewatch_{re.escape(name)} (\S+)$", api.http.get("/metrics").text, re.MULTILINE)
    assert found, name
    return float(found[1])


def rows(store: Store, table: Any) -> list[Any]:
    with store.read() as connection:
        return list(connection.execute(select(table)).mappings().all())


def queues(count: int, start: int = 1000) -> list[Message]:
    return [measured("EX1", start + t, queue_vehicles=t % 12) for t in range(count)]


def alert_ids(bus: Valkey) -> list[str]:
    return [json.loads(text)["id"] for text in bus.messages("g") if '"alert.changed"' in text]


def expected(bus: Valkey) -> list[str]:
    fold = AlertFold(CONFIG)
    told = [MESSAGE.validate_json(text) for text in bus.messages("g") if '"alert.changed"' not in text]
    return [str(alert.id) for message in told for alert in fold.step(message)]


def read_all(client: ClientConnection) -> None:
    while True:
        frame(client)


def test_each_entry_is_parsed_once(api: Api, lite: Store, bus: Valkey) -> None:
    with api.socket() as client:
        first = frame(client)
    bus.add("g", *queues(600))
    eventually(lambda: len(rows(lite, measurements)) == 600)
    eventually(lambda: alert_ids(bus) and alert_ids(bus) == expected(bus))
    place = f"?after={first['position']}&epoch={first['message']['data']['epoch']}&types=lane.measured"
    with api.socket(place) as client:
        resumed = frame(client)["message"]["data"]
        found = [frame(client)["message"]["data"]["t"] for _ in range(600)]
    assert resumed["resumed"] is True
    assert found == list(range(1000, 1600))

    def counted() -> bool:
        added = bus.client.xinfo_stream(stream_key("g"))["entries-added"]
        return metric(api, "parsed_entries") == added == bus.client.xinfo_stream(stream_key("g"))["entries-added"]

    eventually(counted)


def test_a_slow_recorder_delays_no_live_view_and_loses_nothing(api: Api, lite: Store, bus: Valkey) -> None:
    messages = queues(ENTRIES_KEPT + 2500)
    bus.add("g", *messages[:10])
    eventually(lambda: len(rows(lite, measurements)) == 10)
    with locked(lite):
        bus.add("g", *messages[10:])
        last = messages[-1]
        eventually(lambda: api.get("/api/v1/lanes/EX1")["measurement"]["t"] == 1000 + len(messages) - 1)
        assert len(rows(lite, measurements)) == 10
    eventually(lambda: len(rows(lite, measurements)) == len(messages))
    eventually(lambda: alert_ids(bus) and alert_ids(bus) == expected(bus))
    assert rows(lite, gaps) == []
    assert last.type == "lane.measured"


def test_what_is_trimmed_while_the_recorder_is_behind_leaves_a_gap_row(api: Api, lite: Store, bus: Valkey) -> None:
    messages = queues(ENTRIES_KEPT + 2500)
    bus.add("g", *messages[:10])
    eventually(lambda: len(rows(lite, measurements)) == 10)
    with locked(lite):
        bus.add("g", *messages[10:])
        eventually(lambda: api.get("/api/v1/lanes/EX1")["measurement"]["t"] == 1000 + len(messages) - 1)
        bus.client.xtrim(stream_key("g"), maxlen=500, approximate=False)
    eventually(lambda: any(row["t"] == 1000 + len(messages) - 1 for row in rows(lite, measurements)))
    assert [row["reason"] for row in rows(lite, gaps)] == ["the stream was trimmed before it was recorded"]
    assert len(rows(lite, measurements)) >= 500


def test_what_is_trimmed_while_the_api_stands_still_leaves_a_gap_row(lite: Store, bus: Valkey, tmp_path: Path) -> None:
    messages = queues(600)
    with api_process(settings_for(CONFIG, tmp_path, bus.url, data=tmp_path)) as (api, process):
        bus.add("g", *messages[:10])
        eventually(lambda: len(rows(lite, measurements)) == 10)
        with api.socket() as client:
            frame(client)
            process.send_signal(signal.SIGSTOP)
            bus.add("g", *messages[10:])
            bus.client.xtrim(stream_key("g"), maxlen=100, approximate=False)
            process.send_signal(signal.SIGCONT)
            eventually(lambda: any(row["t"] == 1599 for row in rows(lite, measurements)))
            with pytest.raises(ConnectionClosed) as closed:
                read_all(client)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == RESTARTED
        eventually(lambda: rows(lite, gaps))
        api.wait_ready()
    assert [row["reason"] for row in rows(lite, gaps)] == ["the stream was trimmed before it was recorded"]
    assert {row["t"] for row in rows(lite, measurements)} >= {*range(1000, 1010), *range(1505, 1600)}


def test_what_a_newer_worker_sends_is_taken_passed_on_or_kept(api: Api, lite: Store, bus: Valkey) -> None:
    known = json.loads(measured("EX1", 1000, queue_vehicles=1).model_dump_json()) | {"trace": "abc"}
    known["data"] |= {"axles": 5}
    fogged = json.loads(camera_changed("cam-EX1", 1000, "online").model_dump_json())
    fogged["data"]["state"] = "fogged"
    with api.socket("?types=lane.measured,lane.weighed,camera.changed") as client:
        first = frame(client)
        texts = [json.dumps(known), json.dumps(NEWER), json.dumps(fogged), '{"type":"lane.mea', "\x00nonsense", "[]"]
        positions = bus.add("g", *texts, *[json.dumps(NEWER)] * 3)
        bus.client.xadd(stream_key("g"), {b"m": b"\xff\xfe\x00"})
        bus.client.xadd(stream_key("g"), {"other": "field"})
        bus.add("g", measured("EX1", 1001, queue_vehicles=2))
        live = [frame(client)["message"] for _ in range(6)]
    assert live[:2] == [known, NEWER]
    assert [message["type"] for message in live] == ["lane.measured", *["lane.weighed"] * 4, "lane.measured"]
    with api.socket(f"?after={first['position']}&epoch={first['message']['data']['epoch']}&types=lane.weighed") as client:
        assert frame(client)["message"]["data"]["resumed"] is True
        assert [frame(client)["message"] for _ in range(4)] == [NEWER] * 4
    eventually(lambda: len(rows(lite, measurements)) == 2)
    kept = rows(lite, set_aside)
    assert [(row["position"], row["reason"], row["type"]) for row in kept[:5]] == [
        (positions[1], "unknown_type", "lane.weighed"),
        (positions[2], "unknown_content", "camera.changed"),
        (positions[3], "not_json", None),
        (positions[4], "not_json", None),
        (positions[5], "no_message", None),
    ]
    assert [row["body"] for row in kept[:3]] == texts[1:4]
    assert len(kept) == 10
    assert abs(kept[0]["t"] - time.time()) < 60
    assert "state" in kept[1]["detail"]
    assert metric(api, 'set_aside_entries{reason="unknown_type"}') == 4
    assert metric(api, 'set_aside_entries{reason="not_json"}') == 4
    assert api.http.get("/readyz").status_code == 200


def test_the_first_of_a_kind_is_logged(lite: Store, bus: Valkey, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with running_api(settings_for(CONFIG, tmp_path, bus.url, data=tmp_path)):
        bus.add("g", *[json.dumps(NEWER)] * 20, *["nonsense"] * 20)
        eventually(lambda: len(rows(lite, set_aside)) == 40)
    assert capfd.readouterr().out.count("cannot be taken") == 2


def test_what_the_database_refuses_stops_no_recording(store: Store, bus: Valkey) -> None:
    """A number too large for its column, a text with a null character: valid messages, and a row of neither."""
    large = measured("EX1", 1001, queue_vehicles=10**30)
    odd = lane_changed("EX1", 1002, "closed").model_dump_json().replace("operator", "oper\\u0000ator")
    bus.add("g", *queues(1), large, odd, *queues(5, start=2000))
    record(store, bus, lambda: len(rows(store, measurements)) == 6 and len(alert_ids(bus)) >= len(expected(bus)))
    kept = {row["type"]: row["reason"] for row in rows(store, set_aside)}
    assert kept.pop("lane.measured") == "refused"
    assert kept in ({}, {"lane.changed": "refused"}), "SQLite keeps a null character"
    assert alert_ids(bus) == expected(bus)


def aside(store: Store, *positions: str, t: float = 0.0, body: str = "x") -> None:
    entries = [keeping.SetAside(position, t, "unknown_type", "a\x00b", "why", body) for position in positions]
    before = writing.load_state(store)
    after = writing.RecorderState("e", positions[-1], None)
    batch = writing.HistoryBatch([], [], before, after, 0.0, webhooks=False, set_aside=entries)
    writing.save_batch(store, batch)


def test_what_is_set_aside_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "SET_ASIDE_KEPT", 5)
    aside(store, "1-0", "2-0", "3-0", body="y" * 100_000)
    aside(store, "3-0", "4-0", "5-0", "6-0", "7-0")
    kept = rows(store, set_aside)
    assert [row["position"] for row in kept] == ["3-0", "4-0", "5-0", "6-0", "7-0"]
    assert [len(row["body"]) for row in kept] == [keeping.BODY_KEPT, 1, 1, 1, 1]
    assert kept[0]["type"] == "a\ufffdb"


async def _pruned(store: Store) -> None:
    await prune(store, kept_s=100.0)


def test_what_is_set_aside_goes_with_what_is_old(store: Store) -> None:
    with store.write() as connection:
        writing.save_messages(connection, "g", [measured("EX1", 1000)])
    aside(store, "1-0", t=899.0)
    aside(store, "2-0", t=901.0)
    asyncio.run(_pruned(store))
    assert [row["position"] for row in rows(store, set_aside)] == ["2-0"]


def test_the_window_holds_the_newest_without_a_gap() -> None:
    window, parser = StreamWindow(), EntryParser()
    assert window.since("e", "0-0") is None
    window.restart("e", "5-0")
    assert window.since("e", "5-0") == []
    assert window.since("other", "5-0") is None
    for count in range(ENTRIES_KEPT + 10):
        window.add(parser.parse(Entry(f"6-{count}", "x")))
    assert window.since("e", "6-8") is None
    first = window.since("e", "6-9")
    assert first is not None
    assert [entry.position for entry in first] == [f"6-{count}" for count in range(10, 510)]
    assert [entry.position for entry in window.since("e", f"6-{ENTRIES_KEPT + 7}") or []] == [
        f"6-{ENTRIES_KEPT + 8}",
        f"6-{ENTRIES_KEPT + 9}",
    ]
    assert parser.parsed == ENTRIES_KEPT + 10
