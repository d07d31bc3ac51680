"""Durations with censoring, the server's times, rates, the level of service."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from vision.core.lanes.lane_history import MOVE_UP_S, LaneHistory, kaplan_meier, level_of_service, span_of
from vision.core.lanes.vehicle import Visit

TIMES = st.lists(st.integers(1, 400).map(float), min_size=1, max_size=30)
VISIT = Visit("v", "A", "truck", 0.0, 1.0, 20.0, 70.0, 130.0, "departed", False, False, None)


@given(ended=TIMES, censored=st.lists(st.integers(1, 400).map(float), max_size=30))
def test_kaplan_meier_agrees_with_scipy(ended: list[float], censored: list[float]) -> None:
    curve = ecdf(CensoredData(uncensored=np.array(ended), right=np.array(censored))).cdf
    for share, found in zip((0.5, 0.9), kaplan_meier(ended, censored, (0.5, 0.9)), strict=True):
        reached = curve.quantiles[curve.probabilities >= share - 1e-9]
        assert found == (reached[0] if len(reached) else None)


def test_kaplan_meier_as_by_hand() -> None:
    """Freireich's 21 patients on 6-MP (1963), in every textbook: S(6) = .857, S(7) = .807, S(22) = .538, S(23) = .448."""
    remissions = [6.0, 6.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0]
    going_on = [6.0, 9.0, 10.0, 11.0, 17.0, 19.0, 20.0, 25.0, 32.0, 32.0, 34.0, 35.0]
    assert kaplan_meier(remissions, going_on, (0.14, 0.15, 0.46, 0.5, 0.56)) == (6.0, 7.0, 22.0, 23.0, None)


def test_percentiles_need_something_that_ended() -> None:
    assert kaplan_meier([], [5.0, 9.0], (0.5,)) == (None,)


@pytest.mark.parametrize(("wait_s", "level"), [(None, None), (0.0, "A"), (120.0, "A"), (121.0, "B"), (9999.0, "F")])
def test_levels_of_service(wait_s: float | None, level: str | None) -> None:
    assert level_of_service(wait_s, (120, 300, 600, 1200, 2400)) == level


def visit(left_t: float, joined_t: float, service_t: float | None) -> Visit:
    return replace(VISIT, joined_t=joined_t, service_t=service_t, left_t=left_t)


def history_of_ten_minutes() -> LaneHistory:
    history = LaneHistory(600.0)
    assert history.headway_s() is None
    for t in range(1, 301):
        history.tick(float(t), queue=t <= 200)
        if t % 60 == 0:
            history.arrived(float(t))
            history.departed(visit(float(t), t - 100.0, t - 52.0))
    return history


def test_history_gives_rates_and_server_times_and_forgets_what_is_older_than_the_window() -> None:
    history = history_of_ten_minutes()
    assert history.arrival_rate_vph(300.0) == pytest.approx(3600 * 5 / 299)
    assert history.headway_s() == 60.0
    assert history.discharge_rate_vph(300.0) == pytest.approx(3600 * 3 / 200)
    assert list(history.service_times()) == [52.0] * 5
    assert list(history.move_times()) == [8.0] * 4
    history.tick(2000.0, queue=False)
    assert [len(s) for s in (history.ends, history.arrivals, history.busy, history.services, history.moves)] == [0] * 5


def test_history_goes_on_from_plain_data_also_from_an_older_checkpoint() -> None:
    history = history_of_ten_minutes()
    data = json.loads(json.dumps(history.as_data()))
    again = LaneHistory(600.0)
    again.load(data)
    assert again.as_data() == history.as_data()
    for name in ("left_t", "services", "moves"):
        del data[name]
    older = LaneHistory(600.0)
    older.load({**data, "cycles": [[120.0, 60.0]]})
    assert older.left_t == 300.0
    assert list(older.service_times()) == [52.0] * 5


def test_a_server_that_is_not_seen_is_known_from_the_departures_of_those_who_waited() -> None:
    history = LaneHistory(600.0)
    for left_t in (100.0, 160.0, 250.0):
        history.departed(visit(left_t, left_t - 70.0, None))
    assert list(history.service_times()) == [60.0 - MOVE_UP_S]  # the third came when the server was free
    assert list(history.move_times()) == []


def test_what_began_before_it_was_seen_has_no_length() -> None:
    present = replace(VISIT, first_seen_t=70.0, arrived_t=None, joined_t=70.0, service_t=71.0, start_censored=True)
    assert span_of(present, "wait") is None
    assert span_of(present, "service") is None
    assert span_of(present, "dwell") is None
    seen_to_join = span_of(replace(present, joined_t=75.0, service_t=90.0), "wait")
    assert seen_to_join is not None
    assert (seen_to_join.start_t, seen_to_join.end_t) == (75.0, 90.0)
    history = LaneHistory(600.0)
    history.departed(present)
    assert len(history.service_times()) == 0


def test_a_lost_visit_is_censored_in_what_it_was_at() -> None:
    history = LaneHistory(600.0)
    history.lost(replace(VISIT, service_t=None, left_t=60.0, outcome="lost"), 60.0)
    history.lost(replace(VISIT, left_t=90.0, outcome="lost"), 90.0)
    waiting, served = history.ends
    assert (waiting.wait_s, waiting.service_s, waiting.dwell_s, waiting.departed) == (40.0, None, 59.0, False)
    assert (served.wait_s, served.service_s, served.dwell_s, served.departed) == (None, 20.0, 89.0, False)


def test_a_dwell_time_that_began_unseen_is_a_lower_bound_of_what_was_seen() -> None:
    unseen = replace(VISIT, first_seen_t=31.0, arrived_inferred=True)
    history = LaneHistory(600.0)
    history.departed(unseen)
    history.departed(VISIT)
    bound, whole = history.ends
    assert (bound.dwell_s, whole.dwell_s) == (99.0, 129.0)
    assert [bound.censored(what) for what in ("wait", "service", "dwell")] == [False, False, True]
    assert not whole.censored("dwell")
    again = LaneHistory(600.0)
    again.load(json.loads(json.dumps(history.as_data())))
    assert list(again.ends) == list(history.ends)
    older = json.loads(json.dumps(history.as_data()))
    older["ends"] = [end[:5] for end in older["ends"]]
    again.load(older)
    assert not any(end.dwell_is_bound for end in again.ends)
