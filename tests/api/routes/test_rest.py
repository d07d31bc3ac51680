"""REST answers of a real server."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from api.routes import examples
from api.routes.bodies import AlertPage, HistoryAnswer, LaneAnswer, VisitPage
from tests.support.api import Api, eventually, running_api, settings_for
from tests.support.gate_messages import visit_ended, visit_id, visit_started
from tests.support.messages import alert_gate, measured
from tests.support.redis import Valkey, valkey
from vision.config import AlertRule
from vision.messages import MESSAGE, GateSnapshot

CONFIG = alert_gate(AlertRule(name="long", measure="queue_vehicles", fire_at=5, clear_at=3, for_s=2))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Valkey]]:
    """An api with a minute of history."""
    with valkey() as bus, running_api(settings_for(CONFIG, tmp_path_factory.mktemp("rest"), bus.url)) as api:
        bus.add("g", *(measured("EX1", 1000 + t, queue_vehicles=6 if t < 30 else None) for t in range(60)))
        bus.add("g", visit_started("a", "EX1", 1000), visit_ended("a", "EX1", 1000, 1050), visit_started("b", "EX2", 1010))
        eventually(
            lambda: len(api.get("/api/v1/visits")["visits"]) == 2 and api.get("/api/v1/alerts", state="firing")["alerts"]
        )
        yield api, bus


@pytest.fixture
def api(filled: tuple[Api, Valkey]) -> Api:
    return filled[0]


def problem(api: Api, path: str, method: str = "GET", **more: Any) -> tuple[int, str]:
    answer = api.http.request(method, path, **more)
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail"}
    assert body["status"] == answer.status_code
    return answer.status_code, body["detail"]


def test_the_gate_is_the_snapshot(api: Api) -> None:
    snapshot = MESSAGE.validate_python(api.get("/api/v1/gate"))
    assert isinstance(snapshot, GateSnapshot)
    assert snapshot.data.lanes["EX1"].t == 1059


def test_lanes(api: Api) -> None:
    lanes = api.get("/api/v1/lanes")["lanes"]
    assert [lane["info"]["id"] for lane in lanes] == ["EX1", "EX2", "IM1"]
    assert lanes[0] == api.get("/api/v1/lanes/EX1")
    assert lanes[1]["measurement"] is None


def test_history_shows_what_is_unknown_as_null(api: Api) -> None:
    answer = api.get("/api/v1/lanes/EX1/history", from_=1000, to=1090, step=30)
    assert [(point["t"], point["queue_vehicles"]) for point in answer["points"]] == [(1000, 6.0), (1030, None), (1060, None)]
    day = api.get("/api/v1/lanes/EX1/history")
    assert (day["to_t"] - day["from_t"], day["step_s"]) == (86_400, 300)


def test_visits_can_be_chosen(api: Api) -> None:
    assert [visit["visit_id"] for visit in api.get("/api/v1/visits")["visits"]] == [visit_id("b"), visit_id("a")]
    assert [visit["outcome"] for visit in api.get("/api/v1/visits", lane="EX1")["visits"]] == ["departed"]
    assert api.get("/api/v1/visits", outcome="open", vehicle_class="truck")["visits"][0]["visit_id"] == visit_id("b")
    page = api.get("/api/v1/visits", limit=1)
    assert api.get("/api/v1/visits", limit=1, after=page["next"])["visits"][0]["visit_id"] == visit_id("a")


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/api/v1/lanes/EX9", 404, "there is no lane 'EX9'; lanes are EX1, EX2, IM1"),
        ("/api/v1/lanes/EX9/history", 404, "there is no lane 'EX9'"),
        ("/api/v1/lanes/EX1/history?from=9&to=5", 422, "from (9) must be before to (5)"),
        ("/api/v1/lanes/EX1/history?from=1&to=1000000&step=1", 422, "choose a larger step"),
        ("/api/v1/lanes/EX1/history?from=yesterday", 422, "from: Input should be a valid integer"),
        ("/api/v1/visits?limit=0", 422, "limit: Input should be greater than or equal to 1"),
        ("/api/v1/visits?after=x", 422, "give `next` of the page before"),
        ("/api/v1/visits?after=nan~x", 422, "give `next` of the page before"),
        ("/api/v1/visits?outcome=vanished", 422, "outcome: Input should be 'open', 'departed'"),
        ("/api/v1/cameras/none/picture", 404, "there is no camera 'none'; cameras are cam-EX1"),
        ("/api/v1/nothing", 404, "there is nothing at /api/v1/nothing"),
    ],
)
def test_problems_are_one_clear_sentence(api: Api, path: str, status: int, sentence: str) -> None:
    found, detail = problem(api, path)
    assert found == status
    assert sentence in detail


def test_opening_and_closing_a_lane(filled: tuple[Api, Valkey]) -> None:
    api, bus = filled
    body = {"status": "closed", "by": "Trần Minh", "reason": "scanner repair"}
    answer = api.http.post("/api/v1/lanes/EX2/status", json=body)
    assert answer.json()["status"]["status"] == "closed"
    assert any('"lane.changed"' in text and "scanner repair" in text for text in bus.messages("g"))
    eventually(lambda: api.get("/api/v1/lanes/EX2")["status"])
    assert api.get("/api/v1/lanes/EX2")["status"]["by"] == "Trần Minh"
    assert problem(api, "/api/v1/lanes/EX9/status", "POST", json=body)[0] == 404
    assert problem(api, "/api/v1/lanes/EX2/status", "POST", json={"status": "ajar"})[0] == 422


def test_acknowledging_an_alert(filled: tuple[Api, Valkey]) -> None:
    api, bus = filled
    alert_id = api.get("/api/v1/alerts", state="firing")["alerts"][0]["alert_id"]
    first = api.http.post(f"/api/v1/alerts/{alert_id}/acknowledge", json={}).json()["alarm"]
    assert (first["state"], first["by"]) == ("acknowledged", "program")
    assert api.http.post(f"/api/v1/alerts/{alert_id}/acknowledge", json={"by": "x"}).json()["alarm"] == first
    eventually(lambda: api.get("/api/v1/gate")["data"]["alarms"].get(alert_id))
    assert problem(api, "/api/v1/alerts/none/acknowledge", "POST", json={}) == (404, "there is no alert 'none'")
    assert sum('"alarm.changed"' in text for text in bus.messages("g")) == 1


def test_the_schema_and_the_description(api: Api) -> None:
    assert api.get("/api/v1/schema")["title"] == "Message"
    described = api.get("/api/v1/openapi.json")
    paths = described["paths"]
    assert {"/api/v1/gate", "/api/v1/lanes/{lane_id}/history", "/api/v1/visits", "/api/v1/alerts", "/readyz"} <= set(paths)
    for path in ("/api/v1/gate", "/api/v1/lanes/{lane_id}", "/api/v1/visits", "/api/v1/alerts"):
        assert paths[path]["get"]["responses"]["200"]["content"]["application/json"]["example"]


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (GateSnapshot, examples.SNAPSHOT),
        (LaneAnswer, examples.LANE),
        (HistoryAnswer, examples.HISTORY),
        (VisitPage, examples.VISITS),
        (AlertPage, examples.ALERTS),
    ],
)
def test_examples_are_real_bodies(model: type, example: dict[str, Any]) -> None:
    adapter = TypeAdapter(model)
    assert adapter.dump_python(adapter.validate_python(example), mode="json") == example


def test_metrics_leave_out_what_is_unknown(api: Api) -> None:
    text = api.http.get("/metrics").text
    assert 'lanewatch_queue_vehicles{lane="EX1"}' not in text
    assert 'lanewatch_quality{lane="EX1",quality="ok"} 1.0' in text
    assert 'lanewatch_messages_total{type="lane.measured"} 60.0' in text
    assert "lanewatch_recorder_lag_seconds" in text


def test_the_page_is_served_or_said_to_be_missing(bus: Valkey, tmp_path: Path) -> None:
    page = tmp_path / "dist"
    (page / "assets").mkdir(parents=True)
    settings = settings_for(CONFIG, tmp_path, bus.url, dashboard=page)
    with running_api(settings) as api:
        missing = api.http.get("/")
        assert (missing.status_code, "npm run build" in missing.text) == (404, True)
        (page / "index.html").write_text("<!doctype html><title>LaneWatch</title>")
        (page / "assets" / "a.js").write_text("1")
        found = api.http.get("/", headers={"Authorization": ""})
        assert (found.status_code, found.headers["cache-control"]) == (200, "no-cache")
        assert "immutable" in api.http.get("/assets/a.js").headers["cache-control"]
        assert "default-src 'self'" in found.headers["content-security-policy"]


def test_without_the_bus_it_lives_is_not_ready_and_comes_back(tmp_path: Path) -> None:
    with valkey() as bus, running_api(settings_for(CONFIG, tmp_path, bus.url)) as api:
        bus.kill()
        eventually(lambda: "history" in " ".join(api.http.get("/readyz").json()["problems"]))
        assert api.http.get("/readyz").status_code == 503
        assert api.http.get("/healthz").status_code == 200
        assert api.get("/api/v1/gate")["type"] == "gate.snapshot"
        status = {"status": "closed", "reason": "while the bus was away"}
        assert problem(api, "/api/v1/lanes/EX1/status", "POST", json=status)[0] == 503
        bus.start()
        api.wait_ready()
        bus.add("g", measured("EX1", int(time.time())))
        eventually(lambda: api.get("/api/v1/lanes/EX1")["measurement"])
        eventually(lambda: any("while the bus was away" in text for text in bus.messages("g")))
