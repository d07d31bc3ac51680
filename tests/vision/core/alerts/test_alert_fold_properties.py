"""Properties of alerts: a plain oracle agrees, lives are well formed, time shifts and restarts change nothing."""

import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.messages import alert_gate, lane_changed, measured
from vision.config import AlertRule
from vision.core.alerts.alert_fold import AlertFold
from vision.messages import AlertData, Message
from vision.vocabulary import LaneState

T0 = 1_767_225_600.0

values = st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=1, max_size=60)
holds = st.integers(0, 6)


def rule(**fields: Any) -> AlertRule:
    base = {"name": "r", "measure": "queue_vehicles", "fire_at": 6, "clear_at": 3, "for_s": 3, "keep_firing_for_s": 3}
    return AlertRule.model_validate(base | fields)


def lane(lane_id: str, series: list[int | None], start: float = T0) -> list[Message]:
    return [
        measured(lane_id, start + i, quality="unknown" if value is None else "ok", queue_vehicles=value)
        for i, value in enumerate(series)
    ]


def changes(fold: AlertFold, messages: list[Message]) -> list[AlertData]:
    return [change.data for message in messages for change in fold.step(message)]


def firing_by_oracle(series: list[int | None], for_s: int, keep_s: int) -> list[bool]:
    """Whether the alert fires at each second, from the definition: looking back over the whole past each time."""
    firing, since, result = False, 0, list[bool]()
    for i in range(len(series)):
        hold, keep = series[max(0, i - for_s) : i + 1], series[max(0, i - keep_s) : i + 1]
        if not firing:
            begun = next((j for j in range(i, -1, -1) if result[j : j + 1] == [True]), -1)
            long_enough = i - for_s > begun or (for_s == 0 and i > begun)
            firing = len(hold) == for_s + 1 and long_enough and all(v is not None and v >= 6 for v in hold)
            since = i
        else:
            full = len(keep) == keep_s + 1 and i - keep_s > since - (keep_s == 0)
            firing = not (full and all(v is not None and v <= 3 for v in keep))
        result.append(firing)
    return result


@given(values, holds, holds)
def test_it_fires_when_the_definition_says_so(series: list[int | None], for_s: int, keep_s: int) -> None:
    fold = AlertFold(alert_gate(rule(lanes=["EX1"], for_s=for_s, keep_firing_for_s=keep_s)))
    firing, seen = False, []
    for message in lane("EX1", series):
        for change in fold.step(message):
            firing = change.data.state == "firing"
        seen.append(firing)
    assert seen == firing_by_oracle(series, for_s, keep_s)


@given(values, values, holds)
def test_every_life_is_well_formed(first: list[int | None], second: list[int | None], for_s: int) -> None:
    rules = (rule(for_s=for_s), rule(name="sum", scope="direction", for_s=for_s), rule(name="gate", scope="gate"))
    messages = [message for pair in zip(lane("EX1", first), lane("EX2", second), strict=False) for message in pair]
    lives: dict[str, list[AlertData]] = {}
    for change in changes(AlertFold(alert_gate(*rules)), messages):
        lives.setdefault(change.alert_id, []).append(change)
    for life in lives.values():
        assert [change.sequence for change in life] == list(range(len(life)))
        assert len({(change.rule, change.subject, change.since) for change in life}) == 1
        assert all(a.t < b.t for a, b in pairwise(life))
        order = ["pending", "firing", "resolved"]
        ranks = [order.index(change.state) for change in life]
        assert ranks == sorted(ranks)
        assert ranks.count(2) <= 1
        assert not any(change.stale for change in life if change.state != "firing")
    for key in {(life[0].rule, life[0].subject) for life in lives.values()}:
        spans = sorted((life[0].t, life[-1].t) for life in lives.values() if (life[0].rule, life[0].subject) == key)
        assert all(a[1] < b[0] for a, b in pairwise(spans)), "one alert at a time"


@given(values, st.integers(1, 10_000_000))
def test_a_time_shift_changes_nothing(series: list[int | None], shift: int) -> None:
    config = alert_gate(rule(lanes=["EX1"]))
    plain, shifted = (changes(AlertFold(config), lane("EX1", series, T0 + by)) for by in (0, shift))
    assert [(c.t + shift, c.state, c.stale, c.value) for c in plain] == [(c.t, c.state, c.stale, c.value) for c in shifted]


@given(values, values, st.integers(0, 119))
def test_a_restart_changes_nothing(first: list[int | None], second: list[int | None], cut: int) -> None:
    config = alert_gate(rule(), rule(name="sum", scope="direction"))
    messages = [*lane("EX1", first), *lane("EX2", second)]
    messages.sort(key=lambda message: message.timestamp)
    whole = changes(AlertFold(config), messages)
    fold = AlertFold(config)
    before = changes(fold, messages[:cut])
    again = AlertFold.restore(config, json.loads(json.dumps(fold.state())))
    assert before + changes(again, messages[cut:]) == whole


@given(values, values, st.data())
def test_interleaving_changes_nothing(first: list[int | None], second: list[int | None], data: st.DataObject) -> None:
    config = alert_gate(rule(scope="direction", lanes=["EX1", "EX2"]))
    length = min(len(first), len(second))
    queues = [lane("EX1", first[:length]), lane("EX2", second[:length])]
    expected = changes(AlertFold(config), [message for pair in zip(*queues, strict=True) for message in pair])
    mixed: list[Message] = []
    sent = [0, 0]
    while sum(sent) < 2 * length:
        ahead = sent[0] - sent[1]
        can = [i for i in (0, 1) if sent[i] < length and (ahead if i == 0 else -ahead) < 4]
        chosen = data.draw(st.sampled_from(can))
        mixed.append(queues[chosen][sent[chosen]])
        sent[chosen] += 1
    assert changes(AlertFold(config), mixed) == expected


@given(values, st.lists(st.tuples(st.integers(0, 20_000), st.sampled_from(["open", "closed"])), max_size=8), st.data())
def test_where_a_status_stands_within_its_second_changes_nothing(
    series: list[int | None], told: list[tuple[int, LaneState]], data: st.DataObject
) -> None:
    """The api appends a status within a second after its t, a worker a measurement within a second after its own."""
    config = alert_gate(rule(lanes=["EX1"], when="open"), rule(name="ghost", scope="direction", when="closed"))
    statuses = [(ms / 1000, lane_changed("EX1", T0 + ms / 1000, status)) for ms, status in dict(told).items()]
    measures = [(float(i), message) for i, message in enumerate(lane("EX1", series))]
    expected: list[AlertData] = []
    for delay in (st.just(0.0), st.floats(0, 0.999), st.floats(0, 0.999)):
        late = [(t + data.draw(delay), message) for t, message in statuses]
        for t, message in measures:
            late.append((max(t + data.draw(delay), late[-1][0] if len(late) > len(statuses) else 0.0), message))
        fold = AlertFold(config)
        found: list[AlertData] = []
        for _, message in sorted(late, key=lambda pair: pair[0]):
            found += changes(fold, [message])
            fold = AlertFold.restore(config, json.loads(json.dumps(fold.state())))
        expected = expected or found
        assert found == expected


@given(st.lists(st.tuples(st.sampled_from(["EX1", "EX2", "IM1"]), st.integers(0, 10_000), st.integers(0, 9)), max_size=80))
def test_any_order_of_times_is_taken_and_the_state_stays_small(steps: list[tuple[str, int, int]]) -> None:
    fold = AlertFold(alert_gate(rule(), rule(name="sum", scope="gate")))
    for lane_id, t, value in steps:
        fold.step(measured(lane_id, T0 + t, queue_vehicles=value))
        state = fold.state()
        assert all(len(samples) <= 6 for samples in state["samples"].values())
        assert len(state["watches"]) == 4
