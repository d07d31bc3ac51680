"""Shelving an alert: put aside for a while, with what fires again meanwhile, and back when the time is over."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.alarms.alarm_states import AlarmError, shelve
from api.alarms.shelving import due
from api.stream.gate_view import GateView
from tests.support.api import Api, eventually, running_api, settings_for
from tests.support.gate_messages import alert_changed
from tests.support.messages import alert_gate, measured
from tests.support.redis import Valkey
from vision.config import AlertRule
from vision.messages import AlarmChanged

CONFIG = alert_gate(AlertRule(name="long", measure="queue_vehicles", fire_at=5, clear_at=3, for_s=0, keep_firing_for_s=0))


def view_of(*messages: object) -> GateView:
    view = GateView(CONFIG)
    for message in messages:
        view.apply(message)  # type: ignore[arg-type]
    return view


def shelved(name: str, t: float, until: float) -> AlarmChanged:
    return shelve("g", alert_changed(name, t, "firing").data, until=until, by="Trần", reason="convoy", t=t)


def test_only_what_fires_can_be_shelved() -> None:
    data = shelved("a", 10.0, 70.0).data
    assert (data.state, data.t, data.until, data.by, data.reason) == ("shelved", 10.0, 70.0, "Trần", "convoy")
    for state in ("pending", "resolved"):
        with pytest.raises(AlarmError, match=f"is {state}: only an alert that fires"):
            shelve("g", alert_changed("a", 1, state).data, until=9.0, by="x", reason="y", t=2.0)


def test_when_the_time_is_over_a_firing_alert_asks_for_attention_again() -> None:
    view = view_of(alert_changed("a", 10, "firing"), shelved("a", 10.0, 70.0))
    assert due(view, 69.9) == []
    (message,) = due(view, 71.0)
    assert (message.data.state, message.data.t, message.data.by) == ("unacknowledged", 70.0, "program")
    assert [one.id for one in due(view, 75.0)] == [message.id]
    view.apply(message)
    assert due(view, 80.0) == []


def test_a_resolved_alert_stays_quiet() -> None:
    view = view_of(alert_changed("a", 20, "resolved", sequence=2), shelved("a", 10.0, 70.0))
    assert due(view, 71.0) == []


def test_what_fires_again_meanwhile_is_shelved_too_and_nothing_else() -> None:
    view = view_of(alert_changed("a", 20, "resolved", sequence=2), shelved("a", 10.0, 70.0))
    view.apply(alert_changed("b", 30, "firing"))
    other = alert_changed("c", 30, "firing")
    view.apply(other.model_copy(update={"data": other.data.model_copy(update={"subject": "EX2"})}))
    (message,) = due(view, 31.0)
    again = message.data
    assert (again.alert_id, again.state, again.t, again.until) == (
        alert_changed("b", 30, "firing").data.alert_id,
        "shelved",
        30,
        70,
    )
    assert (again.by, again.reason) == ("Trần", "convoy")
    view.apply(message)
    assert due(view, 32.0) == []
    assert (
        due(view_of(alert_changed("a", 20, "resolved"), shelved("a", 10.0, 70.0), alert_changed("b", 80, "firing")), 81.0) == []
    )


@pytest.fixture
def api(bus: Valkey, tmp_path: Path) -> Iterator[Api]:
    with running_api(settings_for(CONFIG, tmp_path, bus.url)) as running:
        yield running


def firing(api: Api, bus: Valkey, t: int) -> str:
    """The id of an alert that fires at t."""
    bus.add("g", measured("EX1", t, queue_vehicles=9))

    def found() -> Any:
        return [one for one in api.get("/api/v1/gate")["data"]["alerts"] if one["state"] == "firing" and one["since"] == t]

    eventually(lambda: api.get("/api/v1/alerts", state="firing")["alerts"])
    return str(eventually(found)[0]["alert_id"])


def alarm(api: Api, alert_id: str) -> str | None:
    held = api.get("/api/v1/gate")["data"]["alarms"].get(alert_id)
    return None if held is None else str(held["state"])


def test_shelving_over_rest(api: Api, bus: Valkey) -> None:
    t = int(time.time())
    first = firing(api, bus, t - 20)
    answer = api.http.post(f"/api/v1/alerts/{first}/shelve", json={"for_s": 600, "reason": "convoy"}).json()["alarm"]
    assert (answer["state"], answer["by"], answer["until"] - answer["t"]) == (
        "shelved",
        "program",
        pytest.approx(600, abs=0.01),
    )
    eventually(lambda: alarm(api, first) == "shelved")

    bus.add("g", measured("EX1", t - 10, queue_vehicles=0))
    second = firing(api, bus, t - 5)
    assert second != first
    eventually(lambda: alarm(api, second) == "shelved")

    assert api.http.post(f"/api/v1/alerts/{second}/unshelve", json={}).json()["alarm"]["state"] == "unacknowledged"
    eventually(lambda: (alarm(api, first), alarm(api, second)) == ("normal", "unacknowledged"))
    assert api.http.post(f"/api/v1/alerts/{second}/unshelve", json={}).status_code == 409


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"for_s": 600}, "reason: Field required"),
        ({"for_s": 600, "reason": ""}, "reason: String should have at least 1 character"),
        ({"for_s": 5, "reason": "x"}, "for_s: Input should be greater than or equal to 60"),
        ({"for_s": 7200, "reason": "x"}, "for_s: Input should be less than or equal to 3600"),
    ],
)
def test_what_cannot_be_shelved_is_said(api: Api, body: dict[str, Any], sentence: str) -> None:
    answer = api.http.post("/api/v1/alerts/none/shelve", json=body)
    assert (answer.status_code, sentence in answer.json()["detail"]) == (422, True)
    assert api.http.post("/api/v1/alerts/none/shelve", json={"for_s": 60, "reason": "x"}).status_code == 404
