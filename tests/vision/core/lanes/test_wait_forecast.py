"""The expected wait: by hand, against drawn queues, and what holds for whatever the lane did."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import lognorm

from vision.core.lanes.lane_history import LaneHistory
from vision.core.lanes.wait_forecast import HeadOfQueue, Server, expected_wait, server_times

SERVER = Server(service_s=60.0, service_var=27.0**2, mean_var=16.0, move_up_s=8.0, move_up_var=4.0)
FRESH = HeadOfQueue(elapsed_s=0.0)


def history(services: list[float], moves: list[float] = []) -> LaneHistory:  # noqa: B006 - never changed
    made = LaneHistory(1800.0)
    made.services.extend((float(k), seconds) for k, seconds in enumerate(services))
    made.moves.extend((float(k), seconds) for k, seconds in enumerate(moves))
    return made


def test_nobody_ahead_is_no_wait_and_an_unknown_server_an_unknown_one() -> None:
    assert expected_wait(None, 0, FRESH) == (0.0, 0.0, 0.0)
    assert expected_wait(SERVER, 0, FRESH) == (0.0, 0.0, 0.0)
    assert expected_wait(None, 3, FRESH) == (None, None, None)
    assert server_times(history([60.0]), [history([])]) is None


def test_a_queue_takes_its_services_and_the_moves_between_them() -> None:
    def mean(ahead: int, head: HeadOfQueue) -> float | None:
        return expected_wait(SERVER, ahead, head)[0]

    assert mean(1, FRESH) == pytest.approx(60 + 8)
    assert mean(4, FRESH) == pytest.approx(60 + 3 * 68 + 8)
    assert mean(2, HeadOfQueue(None, since_departure_s=3.0)) == pytest.approx(5 + 60 + 68 + 8)
    assert mean(2, HeadOfQueue(None, since_departure_s=900.0)) == pytest.approx(60 + 68 + 8)
    assert mean(1, HeadOfQueue(70.0, leaving=True)) == pytest.approx(8)


@pytest.mark.parametrize("elapsed_s", [0.0, 20.0, 50.0, 90.0])
def test_what_is_left_of_a_service_is_the_lognormals(elapsed_s: float) -> None:
    shape = lognorm(SERVER.sigma, scale=math.exp(SERVER.mu))
    by_hand = quad(shape.sf, elapsed_s, 2000.0, limit=200)[0] / shape.sf(elapsed_s)
    mean, variance = SERVER.remaining(elapsed_s)
    assert mean == pytest.approx(by_hand, rel=0.15 if elapsed_s > 60 else 0.01)  # then a hold-up is thought of
    assert variance > 0


def test_an_overdue_service_raises_what_is_expected() -> None:
    waits = [expected_wait(SERVER, 1, HeadOfQueue(elapsed_s))[0] or 0.0 for elapsed_s in (60.0, 150.0, 300.0, 600.0, 3600.0)]
    assert waits == sorted(waits)
    assert waits[-1] > 1500.0


def test_a_server_that_was_left_alone_says_little_of_the_next_service() -> None:
    usual = server_times(history([60.0] * 9), [])
    with_closure = server_times(history([60.0] * 9 + [500.0]), [])
    assert usual is not None
    assert with_closure is not None
    assert with_closure.service_s < usual.service_s + 10.0


def test_a_lane_that_knows_little_leans_on_the_others() -> None:
    others = [history([50.0, 60.0, 70.0] * 5)]
    alone, few, many = (server_times(history([120.0] * n), others) for n in (0, 2, 40))
    assert alone is not None
    assert few is not None
    assert many is not None
    assert alone.service_s == pytest.approx(60.0)
    assert alone.service_s < few.service_s < many.service_s < 121.0
    assert alone.mean_var > few.mean_var > many.mean_var


@pytest.mark.parametrize(("ahead", "lanes"), [(1, 3), (3, 3), (6, 3), (3, 1)])
def test_the_interval_holds_about_four_of_five_drawn_waits(ahead: int, lanes: int) -> None:
    """Booths drawn from a lognormal that the model is not told, known from a dozen services a lane; joined at any moment."""
    random = np.random.default_rng(ahead * 10 + lanes)
    held, errors = [], []
    for _ in range(400):
        seen = random.lognormal(math.log(58.0), 0.45, (lanes, 12))
        server = server_times(history([*map(float, seen[0])], [8.0] * 9), [history([*map(float, row)]) for row in seen[1:]])
        elapsed_s = float(random.uniform(0.0, 80.0))
        head = next(s for s in iter(lambda: random.lognormal(math.log(58.0), 0.45), None) if s > elapsed_s)
        rest = random.lognormal(math.log(58.0), 0.45, ahead - 1)
        true = float(head - elapsed_s + rest.sum() + 8.0 * ahead)
        expected, low, high = expected_wait(server, ahead, HeadOfQueue(elapsed_s))
        assert expected is not None
        assert low is not None
        assert high is not None
        held.append(low <= true <= high)
        errors.append(expected - true)
    assert 0.74 < np.mean(held) < 0.92  # 80 % and what is allowed for a miscounted queue
    assert abs(np.mean(errors)) < 8.0


SECONDS = st.floats(0.0, 1e7)


@given(
    own=st.lists(SECONDS, max_size=30),
    other=st.lists(SECONDS, max_size=30),
    moves=st.lists(st.floats(0.0, 20.0), max_size=10),
    head=st.builds(HeadOfQueue, st.none() | SECONDS, st.none() | SECONDS, st.booleans()),
)
def test_whatever_the_lane_did_waits_are_finite_ordered_and_grow_with_the_queue(
    own: list[float], other: list[float], moves: list[float], head: HeadOfQueue
) -> None:
    server = server_times(history(own, moves), [history(other)])
    if server is None:
        assert len(own) + len(other) < 2
        return
    before = (0.0, 0.0, 0.0)
    for ahead in (1, 2, 3, 5, 40):
        found = expected_wait(server, ahead, head)
        mean, low, high = (math.nan if value is None else value for value in found)
        assert all(map(math.isfinite, (mean, low, high)))
        assert 0.0 <= low < high
        assert low <= mean
        assert mean > before[0]
        assert high >= before[2] - 1e-6 * high
        before = (mean, low, high)


def test_a_longer_history_makes_it_surer() -> None:
    short = server_times(history([50.0, 60.0, 70.0]), [])
    long = server_times(history([50.0, 60.0, 70.0] * 10), [])
    assert short is not None
    assert long is not None
    assert long.mean_var < short.mean_var
    same = replace(long, service_var=short.service_var)
    widths = [(expected_wait(b, 6, FRESH)[2] or 0.0) - (expected_wait(b, 6, FRESH)[1] or 0.0) for b in (short, same)]
    assert widths[0] > widths[1]
