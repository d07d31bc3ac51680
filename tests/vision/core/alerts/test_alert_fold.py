"""Alerts: two thresholds, two holds, lanes combined, unknown that neither raises nor clears."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from tests.support.messages import alert_gate, camera_changed, heartbeat, lane_changed, measured
from vision.config import AlertRule
from vision.core.alerts.alert_fold import AlertFold
from vision.messages import AlertChanged, Message

T0 = 1_767_225_600.0


def rule(**fields: Any) -> AlertRule:
    base = {"name": "long", "measure": "queue_vehicles", "fire_at": 6, "clear_at": 4, "for_s": 3, "keep_firing_for_s": 2}
    return AlertRule.model_validate(base | fields)


def queue(lane: str, values: Iterable[float | None], start: float = T0) -> list[Message]:
    return [
        measured(lane, start + i, quality="unknown" if value is None else "ok", queue_vehicles=value)
        for i, value in enumerate(values)
    ]


def run(fold: AlertFold, messages: Iterable[Message]) -> list[tuple[float, str, str, bool]]:
    changes = [change.data for message in messages for change in fold.step(message)]
    return [(change.t - T0, change.subject, change.state, change.stale) for change in changes]


def test_pending_firing_resolved() -> None:
    fold = AlertFold(alert_gate(rule(lanes=["EX1"])))
    values = [5, 6, 7, 5, 6, 6, 6, 9, 5, 4, 5, 4, 3, 0, 0]
    assert run(fold, queue("EX1", values)) == [
        (1, "EX1", "pending", False),
        (3, "EX1", "resolved", False),
        (4, "EX1", "pending", False),
        (7, "EX1", "firing", False),
        (13, "EX1", "resolved", False),
    ]


def test_no_holds_fire_and_clear_at_once() -> None:
    fold = AlertFold(alert_gate(rule(lanes=["EX1"], for_s=0, keep_firing_for_s=0)))
    assert run(fold, queue("EX1", [6, 5, 4, 6])) == [
        (0, "EX1", "firing", False),
        (2, "EX1", "resolved", False),
        (3, "EX1", "firing", False),
    ]


def test_what_an_alert_says() -> None:
    config = alert_gate(rule(lanes=["EX1"], for_s=1, severity="critical", action={"en": "Open EX2"}))
    changes = [change for message in queue("EX1", [6, 8]) for change in AlertFold(config).step(message)]
    fold = AlertFold(config)
    pending, firing = [change for message in queue("EX1", [6, 8]) for change in fold.step(message)]
    assert changes[0] == pending, "ids do not depend on the process"
    assert firing.id != pending.id
    assert firing.data.alert_id == pending.data.alert_id
    assert (pending.data.sequence, firing.data.sequence) == (0, 1)
    data = firing.data
    assert (data.rule, data.scope, data.subject, data.severity) == ("long", "lane", "EX1", "critical")
    assert (data.value, data.unit, data.threshold, data.since, data.measure) == (8, "vehicles", 6, T0, "queue_vehicles")
    assert data.action == {"en": "Open EX2"}
    assert firing.timestamp.timestamp() == T0 + 1


@pytest.mark.parametrize(("measure", "unit"), [("queue_m", "m"), ("longest_wait_s", "s"), ("vehicles", "vehicles")])
def test_units(measure: str, unit: str) -> None:
    fold = AlertFold(alert_gate(rule(lanes=["EX1"], measure=measure, for_s=0)))
    [change] = fold.step(measured("EX1", T0, **dict[str, Any]({measure: 7})))
    assert change.data.unit == unit


def test_unknown_resets_pending_and_freezes_firing() -> None:
    fold = AlertFold(alert_gate(rule(lanes=["EX1"])))
    assert run(fold, queue("EX1", [6, 6, None, 6, 6, 6, 6, 2, None, None, 2, 2, 2])) == [
        (0, "EX1", "pending", False),
        (2, "EX1", "resolved", False),
        (3, "EX1", "pending", False),
        (6, "EX1", "firing", False),
        (8, "EX1", "firing", True),
        (10, "EX1", "firing", False),
        (12, "EX1", "resolved", False),
    ]


def test_not_measured_is_unknown_whatever_the_quality() -> None:
    fold = AlertFold(alert_gate(rule(lanes=["EX1"], measure="queue_m", for_s=0)))
    messages = [
        measured("EX1", T0, queue_m=9.0),
        measured("EX1", T0 + 1, quality="degraded"),
        measured("EX1", T0 + 2, quality="degraded", queue_m=9.0),
    ]
    assert run(fold, messages) == [(0, "EX1", "firing", False), (1, "EX1", "firing", True), (2, "EX1", "firing", False)]


def test_a_wait_that_nobody_has_is_zero() -> None:
    fold = AlertFold(alert_gate(rule(lanes=["EX1"], measure="longest_wait_s", for_s=0, keep_firing_for_s=0)))
    messages = [measured("EX1", T0, longest_wait_s=9.0, queue_vehicles=1), measured("EX1", T0 + 1, queue_vehicles=0)]
    assert run(fold, messages) == [(0, "EX1", "firing", False), (1, "EX1", "resolved", False)]


def test_a_hole_breaks_the_holds() -> None:
    fold = AlertFold(alert_gate(rule(lanes=["EX1"], for_s=8, keep_firing_for_s=8)))
    first = queue("EX1", [6], T0) + queue("EX1", [6] * 9, T0 + 6)
    assert run(fold, first) == [
        (0, "EX1", "pending", False),
        (6, "EX1", "resolved", False),
        (7, "EX1", "pending", False),
    ]
    fold = AlertFold(alert_gate(rule(lanes=["EX1"], for_s=0, keep_firing_for_s=8)))
    rest = queue("EX1", [6, 2]) + queue("EX1", [2] * 9, T0 + 9)
    assert run(fold, rest) == [(0, "EX1", "firing", False), (17, "EX1", "resolved", False)]


def test_a_lower_bound_raises_but_does_not_clear() -> None:
    fold = AlertFold(alert_gate(rule(lanes=["EX1"], for_s=0, keep_firing_for_s=0)))
    messages = [
        measured("EX1", T0, queue_vehicles=6, censored=True),
        measured("EX1", T0 + 1, queue_vehicles=3, censored=True),
        measured("EX1", T0 + 2, queue_vehicles=3),
    ]
    assert run(fold, messages) == [(0, "EX1", "firing", False), (2, "EX1", "resolved", False)]


def test_repeated_messages_change_nothing() -> None:
    fold = AlertFold(alert_gate(rule(lanes=["EX1"], for_s=2)))
    messages = queue("EX1", [6, 6, 6])
    assert len(run(fold, messages)) == 2
    before = fold.state()
    assert run(fold, messages) == []
    assert fold.state() == before


def test_a_direction_adds_up_its_lanes_in_any_interleaving() -> None:
    rules = (rule(scope="direction", fire_at=8, for_s=1), rule(name="wait", scope="gate", measure="longest_wait_s", for_s=0))
    export1 = [measured("EX1", T0 + i, queue_vehicles=5, longest_wait_s=1.0) for i in range(4)]
    export2 = [measured("EX2", T0 + i, queue_vehicles=3, longest_wait_s=7.0) for i in range(4)]
    imports = [measured("IM1", T0 + i, queue_vehicles=9, longest_wait_s=2.0) for i in range(4)]
    together = [message for messages in zip(export1, export2, imports, strict=True) for message in messages]
    apart = [*imports, *export2, *export1]
    results = [sorted(run(AlertFold(alert_gate(*rules)), messages)) for messages in (together, apart)]
    assert results[0] == results[1]
    assert results[0] == sorted(
        [
            (0, "export", "pending", False),
            (1, "export", "firing", False),
            (0, "import", "pending", False),
            (1, "import", "firing", False),
            (0, "g", "firing", False),
        ]
    )


def test_a_lane_left_behind_is_unknown_after_a_while() -> None:
    fold = AlertFold(alert_gate(rule(scope="direction", lanes=["EX1", "EX2"], for_s=0)))
    assert run(fold, queue("EX2", [1], T0 - 1)) == []
    assert run(fold, queue("EX1", [9] * 5)) == [], "it waits for EX2"
    assert run(fold, queue("EX1", [9] * 5, T0 + 5)) == [(0, "export", "firing", False)]


def test_unknown_lanes_of_a_sum() -> None:
    fold = AlertFold(alert_gate(rule(scope="direction", lanes=["EX1", "EX2"], for_s=0, keep_firing_for_s=0)))

    def both(t: float, first: float | None, second: float | None) -> list[AlertChanged]:
        messages = [*queue("EX1", [first], T0 + t), *queue("EX2", [second], T0 + t)]
        return [change for message in messages for change in fold.step(message)]

    assert both(0, 5, None) == [], "5 or more: not known to have reached 6"
    [firing] = both(1, 7, None)
    assert (firing.data.state, firing.data.value, firing.data.quality) == ("firing", 7, "degraded")
    [stale] = both(2, 0, None)
    assert (stale.data.stale, stale.data.quality) == (True, "unknown")
    [stale_no_more, *_] = both(3, 3, 2)
    assert (stale_no_more.data.stale, stale_no_more.data.quality) == (False, "ok")
    [resolved] = both(4, 1, 1)
    assert resolved.data.state == "resolved"
    assert both(5, None, None) == []


def test_when_follows_the_lanes_status_a_second_later() -> None:
    rules = (rule(lanes=["EX1"], when="open", for_s=0), rule(name="ghost", lanes=["EX1"], when="closed", for_s=0))
    fold = AlertFold(alert_gate(*rules))
    messages = [*queue("EX1", [7]), lane_changed("EX1", T0 + 0.5, "closed"), *queue("EX1", [7, 7], T0 + 1)]
    messages += [lane_changed("EX1", T0 + 2.0, "open"), *queue("EX1", [7], T0 + 3)]
    changes = [change.data for message in messages for change in fold.step(message)]
    assert [(change.t - T0, change.rule, change.state) for change in changes] == [
        (0, "long", "firing"),
        (2, "long", "resolved"),
        (2, "ghost", "firing"),
        (3, "long", "firing"),
        (3, "ghost", "resolved"),
    ]


def test_a_state_that_was_saved_before_statuses_had_times_still_counts() -> None:
    config = alert_gate(rule(lanes=["EX1"], when="closed", for_s=0))
    state = AlertFold(config).state()
    del state["statuses"]
    fold = AlertFold.restore(config, state | {"closed": ["EX1"]})
    assert run(fold, queue("EX1", [7])) == [(0, "EX1", "firing", False)]


def test_a_closed_lane_is_left_out_of_an_open_sum() -> None:
    fold = AlertFold(alert_gate(rule(scope="gate", lanes=["EX1", "EX2"], when="open", for_s=0)))
    fold.step(lane_changed("EX2", T0 - 1, "closed"))
    messages = [*queue("EX1", [5]), *queue("EX2", [5])]
    assert run(fold, messages) == []


def test_a_camera_that_is_not_available() -> None:
    camera_rule = rule(name="down", scope="camera", measure="unavailable_s", fire_at=5, clear_at=0, for_s=0)
    fold = AlertFold(alert_gate(camera_rule))
    assert run(fold, queue("EX1", [0, 0])) == [], "a camera never heard of is unknown"
    fold.step(camera_changed("cam-EX1", T0 + 2, "stalled"))
    fold.step(camera_changed("cam-EX1", T0 + 4, "offline"))
    assert run(fold, queue("EX1", [None] * 8, T0 + 2)) == [(7, "cam-EX1", "firing", False)]
    fold.step(camera_changed("cam-EX1", T0 + 9.5, "online"))
    assert run(fold, queue("EX1", [0] * 8, T0 + 10)) == [(12, "cam-EX1", "resolved", False)]


def test_a_silent_worker_makes_its_lanes_unknown() -> None:
    fold = AlertFold(alert_gate(rule(lanes=["EX1", "EX2"], for_s=0)))
    run(fold, [*queue("EX1", [9]), *queue("EX2", [9] * 20)])
    assert run(fold, [heartbeat(T0 + 10)]) == []
    assert run(fold, [heartbeat(T0 + 20), heartbeat(T0 + 25)]) == [(20, "EX1", "firing", True)]
    assert run(fold, queue("EX1", [9], T0 + 26)) == [(26, "EX1", "firing", False)]


def test_the_state_survives_json_and_a_restart() -> None:
    config = alert_gate(rule(), rule(name="all", scope="gate", fire_at=10))
    messages = [message for i in range(12) for lane in ("EX1", "EX2", "IM1") for message in queue(lane, [6], T0 + i)]
    whole = [change for fold in [AlertFold(config)] for message in messages for change in fold.step(message)]
    assert len(whole) == 8
    for cut in range(len(messages)):
        fold = AlertFold(config)
        first = [change for message in messages[:cut] for change in fold.step(message)]
        again = AlertFold.restore(config, json.loads(json.dumps(fold.state())))
        assert first + [change for message in messages[cut:] for change in again.step(message)] == whole


@pytest.mark.parametrize("restart", [False, True])
def test_another_config(restart: bool) -> None:
    before = alert_gate(rule(lanes=["EX1"], for_s=0), rule(name="gone", lanes=["EX1"], for_s=0))
    after = alert_gate(rule(lanes=["EX1"], for_s=0, severity="critical", keep_firing_for_s=1))
    fold = AlertFold(before)
    run(fold, queue("EX1", [9, 9]))
    if restart:
        fold = AlertFold.restore(before, json.loads(json.dumps(fold.state())))
    fold.reconfigure(after)
    changes = [change.data for change in fold.step(measured("EX1", T0 + 2, queue_vehicles=9))]
    assert [(change.rule, change.state, change.severity, change.sequence) for change in changes] == [
        ("gone", "resolved", "warning", 1),
        ("long", "firing", "critical", 1),
    ]
    assert run(fold, queue("EX1", [0, 0, 0], T0 + 3)) == [(4, "EX1", "resolved", False)]
    assert AlertFold.restore(before, fold.state()).state()["samples"] == fold.state()["samples"]
