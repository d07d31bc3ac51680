import pytest

from api.alarms.alarm_states import AlarmError, acknowledge
from api.history.queries import Present
from api.stream.gate_view import GateView
from api.stream.live import Live
from tests.support.gate_messages import alert_changed, vehicles
from tests.support.messages import alert_gate, camera_changed, lane_changed, measured
from vision.messages import AlertData


def view_of(*messages: object) -> GateView:
    view = GateView(alert_gate())
    for message in messages:
        view.apply(message)  # type: ignore[arg-type]
    return view


def alert(name: str, t: float, state: str) -> AlertData:
    return alert_changed(name, t, state).data


def test_the_snapshot_holds_the_newest_of_everything() -> None:
    view = view_of(
        measured("EX1", 11, queue_vehicles=2),
        measured("EX1", 10, queue_vehicles=1),
        vehicles("EX1", 11, "a", "b"),
        lane_changed("EX1", 5, "closed"),
        camera_changed("cam-EX1", 5, "online"),
        alert_changed("a", 11, "firing", sequence=1),
        alert_changed("a", 10, "pending", sequence=0),
    )
    data = view.snapshot("epoch", "7-0", True, 12.0).data
    assert (data.epoch, data.position, data.resumed, data.server_t) == ("epoch", "7-0", True, 12.0)
    assert data.lanes["EX1"].queue_vehicles == 2
    assert len(data.vehicles["EX1"].vehicles or ()) == 2
    assert data.statuses["EX1"].status == "closed"
    assert data.cameras["cam-EX1"].state == "online"
    assert [one.state for one in data.alerts] == ["firing"]
    assert [lane.id for lane in data.info.lanes] == ["EX1", "EX2", "IM1"]
    assert data.info.lanes[0].cameras == ("cam-EX1",)


def test_resolved_alerts_stay_for_an_hour() -> None:
    view = view_of(
        alert_changed("a", 100, "resolved"), alert_changed("b", 3000, "resolved"), alert_changed("c", 3701, "firing")
    )
    assert sorted(one.t for one in view.alerts.values()) == [3000, 3701]


def test_a_resolved_alert_goes_as_time_goes_on_and_takes_along_what_was_done_with_it() -> None:
    ended = alert_changed("a", 100, "resolved")
    done = acknowledge("g", ended.data, None, by="Trần", reason="", t=101.0)
    view = view_of(done, ended, done, measured("EX1", 3699))
    assert (len(view.alerts), len(view.alarms)) == (1, 1)
    view.apply(measured("EX1", 3700))
    view.apply(ended)
    view.apply(done)  # type: ignore[arg-type]
    assert (view.alerts, view.alarms) == ({}, {})


def test_an_alert_that_history_has_firing_is_shown_however_old_its_last_change_is() -> None:
    view = view_of(measured("EX1", 9000))
    view.take_alert(alert("a", 100, "firing"), recorded=True)
    view.take_alert(alert("b", 100, "resolved"), recorded=True)
    assert [one.state for one in view.alerts.values()] == ["firing"]


def test_beginning_anew_shows_what_history_knows_that_was_missed() -> None:
    live = Live(alert_gate())
    for message in (lane_changed("EX1", 5, "open"), camera_changed("cam-EX1", 5, "online")):
        live.view.apply(message)
    statuses = (lane_changed("EX1", 6, "closed").data, lane_changed("EX2", 4, "open").data)
    live.begin("epoch", "0-0", Present(statuses=statuses, cameras=(camera_changed("cam-EX1", 6, "dark").data,)))
    assert {lane: status.status for lane, status in live.view.statuses.items()} == {"EX1": "closed", "EX2": "open"}
    assert live.view.cameras["cam-EX1"].state == "dark"
    live.begin("epoch", "0-0", Present(statuses=(lane_changed("EX1", 5, "open").data,)))
    assert live.view.statuses["EX1"].status == "closed"


def test_strange_lanes_and_cameras_are_passed_over() -> None:
    view = view_of(
        measured("gone", 1), vehicles("gone", 1), lane_changed("gone", 1, "closed"), camera_changed("gone", 1, "dark")
    )
    assert (view.lanes, view.vehicles, view.statuses, view.cameras) == ({}, {}, {}, {})


def test_another_configuration_drops_what_is_gone() -> None:
    view = view_of(measured("EX1", 1), measured("IM1", 1), vehicles("EX1", 1), camera_changed("cam-EX1", 1, "online"))
    view.reconfigure(alert_gate(lanes={"IM1": "import"}))
    data = view.snapshot("e", "0-0", False, 2.0).data
    assert (set(data.lanes), set(data.vehicles), set(data.cameras)) == ({"IM1"}, set(), set())


def test_acknowledging() -> None:
    message = acknowledge("g", alert("a", 1, "firing"), None, by="Trần", reason="", t=5.0)
    assert message is not None
    assert (message.data.state, message.data.by, message.data.t) == ("acknowledged", "Trần", 5.0)
    assert acknowledge("g", alert("a", 1, "firing"), message.data, by="x", reason="", t=6.0) is None
    ended = acknowledge("g", alert("a", 1, "resolved"), None, by="x", reason="", t=6.0)
    assert ended is not None
    assert ended.data.state == "normal"
    with pytest.raises(AlarmError, match="pending"):
        acknowledge("g", alert("a", 1, "pending"), None, by="x", reason="", t=6.0)
