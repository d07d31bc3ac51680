"""Durations with censoring, the expected wait, the level of service."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from vision.core.statistics import LaneHistory, expected_wait, kaplan_meier, level_of_service
from vision.core.types import Visit

TIMES = st.lists(st.integers(1, 400).map(float), min_size=1, max_size=30)


@given(ended=TIMES, censored=st.lists(st.integers(1, 400).map(float), max_size=30))
def test_kaplan_meier_agrees_with_scipy(ended: list[float], censored: list[float]) -> None:
    curve = ecdf(CensoredData(uncensored=np.array(ended), right=np.array(censored))).cdf
    for share, found in zip((0.5, 0.9), kaplan_meier(ended, censored, (0.5, 0.9)), strict=True):
        reached = curve.quantiles[curve.probabilities >= share - 1e-9]
        assert found == (reached[0] if len(reached) else None)


def test_percentiles_need_something_that_ended() -> None:
    assert kaplan_meier([], [5.0, 9.0], (0.5,)) == (None,)


def test_the_expected_wait_grows_with_the_queue_and_knows_how_sure_it_is() -> None:
    cycles = [50.0, 60.0, 70.0, 60.0, 58.0]
    assert expected_wait(cycles, 0, None) == (0.0, 0.0, 0.0)
    assert expected_wait([60.0], 3, None) == (None, None, None)
    one, three = expected_wait(cycles, 1, 30.0), expected_wait(cycles, 3, 30.0)
    assert one[0] == pytest.approx(29.6)
    assert three[0] == pytest.approx(29.6 + 2 * 59.6)
    assert one[1] is not None
    assert three[1] is not None
    assert three[0] - three[1] > one[0] - one[1] > 0


def test_a_closed_booth_does_not_spoil_what_is_expected() -> None:
    usual = [60.0] * 9
    closed, _, _ = expected_wait([*usual, 500.0], 1, None)
    assert closed is not None
    assert closed < 75.0


@pytest.mark.parametrize(("wait_s", "level"), [(None, None), (0.0, "A"), (120.0, "A"), (121.0, "B"), (9999.0, "F")])
def test_levels_of_service(wait_s: float | None, level: str | None) -> None:
    assert level_of_service(wait_s, (120, 300, 600, 1200, 2400)) == level


def visit(left_t: float, joined_t: float, service_t: float) -> Visit:
    return Visit("v", "A", "truck", 0.0, 1.0, joined_t, service_t, left_t, "departed", False, False, None)


def test_history_gives_rates_and_forgets_what_is_older_than_the_window() -> None:
    history = LaneHistory(600.0)
    assert history.headway_s() is None
    for t in range(1, 301):
        history.tick(float(t), queue=t <= 200)
        if t % 60 == 0:
            history.arrived(float(t))
            history.departed(visit(float(t), t - 100.0, t - 50.0))
    assert history.arrival_rate_vph(300.0) == pytest.approx(3600 * 5 / 299)
    assert history.headway_s() == 60.0
    assert history.discharge_rate_vph(300.0) == pytest.approx(3600 * 3 / 200)
    assert [cycle for _, cycle in history.cycles] == [60.0] * 4
    again = LaneHistory(600.0)
    again.load(history.as_data())
    assert again.as_data() == history.as_data()
    history.tick(2000.0, queue=False)
    assert (len(history.ends), len(history.arrivals), len(history.busy), len(history.cycles)) == (0, 0, 0, 0)
