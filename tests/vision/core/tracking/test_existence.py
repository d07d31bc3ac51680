"""Existence probabilities: the chain against its matrix exponential, Bayes' rule against counting, and what a miss says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from vision.core.tracking.existence import GONE, OBSERVABLE, Rates, born, existence, predict, update

probability = st.floats(0.0, 1.0)
rate = st.floats(0.001, 3.0)


def states(*rows: tuple[float, float, float]) -> np.ndarray:
    return np.array(rows, float)


@given(probability, probability, st.builds(Rates, rate, rate, rate), st.floats(0.0, 60.0))
def test_prediction_is_the_matrix_exponential(r: float, share: float, rates: Rates, dt: float) -> None:
    hide, show, die = rates
    generator = np.array([[-hide - die, hide, die], [show, -show - die, die], [0.0, 0.0, 0.0]])
    p = states((r * share, r * (1.0 - share), 1.0 - r))
    assert predict(p, dt, rates) == pytest.approx(p @ expm(generator * dt), abs=1e-9)


def test_each_row_has_rates_of_its_own() -> None:
    p = states((0.9, 0.0, 0.1), (0.9, 0.0, 0.1))
    later = predict(p, 10.0, Rates(np.array([0.0, 0.2]), np.array([0.1, 0.1]), np.array([0.0, 0.01])))
    assert later[0] == pytest.approx(p[0])
    assert later[1, 1] > 0.3
    assert existence(later)[1] == pytest.approx(0.9 * np.exp(-0.1))


def test_a_miss_tells_nothing_where_nothing_would_be_found() -> None:
    p = states((0.6, 0.1, 0.3))
    assert update(p, np.array([0.0]), np.array([0.0])) == pytest.approx(p)


def test_a_vehicle_that_went_unobservable_outlives_misses_as_one_that_is_observable_does_not() -> None:
    p = states((0.9, 0.0, 0.1), (0.45, 0.45, 0.1))
    for _ in range(10):
        p = update(p, np.array([0.8, 0.8]), np.zeros(2))
    assert existence(p)[0] < 0.001
    assert existence(p)[1] == pytest.approx(0.45 / 0.55, abs=1e-3)


@given(probability, probability, st.floats(0.0, 0.999), st.floats(0.0, 1e6))
def test_bayes(r: float, share: float, p_d: float, ratio: float) -> None:
    before = states((r * share, r * (1.0 - share), 1.0 - r))
    after = update(before, np.array([p_d]), np.array([ratio]))
    assert after.sum() == pytest.approx(1.0)
    weight = 1.0 - p_d + p_d * ratio
    assert after[0, GONE] * before[0, OBSERVABLE] * weight == pytest.approx(after[0, OBSERVABLE] * before[0, GONE])


def test_a_box_that_no_clutter_makes_proves_a_vehicle() -> None:
    assert existence(update(born(np.array([0.01])), np.array([0.8]), np.array([1e5])))[0] > 0.99
