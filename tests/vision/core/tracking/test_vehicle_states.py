"""How vehicles move on between their boxes."""

from __future__ import annotations

import numpy as np
import pytest

from vision.core.geometry.vehicle_projection import HEIGHT, LENGTH, STATES, WIDTH, S, V
from vision.core.tracking.vehicle_priors import DrivingPrior
from vision.core.tracking.vehicle_states import VehicleStates
from vision.tracking_parameters import TrackingParameters


@pytest.mark.parametrize(("seen", "low", "high"), [(False, -0.5, 2.0), (True, -20.0, -5.0)])
def test_only_who_is_seen_rolls_over_the_stop_line(seen: bool, low: float, high: float) -> None:
    bodies = VehicleStates(TrackingParameters())
    x = np.zeros(STATES)
    x[[S, V, LENGTH, HEIGHT, WIDTH]] = 1.4, 1.3, 16.0, 4.0, 2.5
    bodies.add(1, 0, x, np.diag([0.1, 0.1, 0.1, 0.01, 0.01, 0.1]))
    for t in np.arange(0.2, 8.0, 0.2):
        bodies.predict(float(t), np.array([seen]))
    assert low < bodies.x[0, S] < high


def test_a_size_at_its_bound_takes_along_what_goes_with_it() -> None:
    """An edge asks for a lower or a shorter body, and length was thought to be what is unsure: it cannot shrink any more."""
    bodies = VehicleStates(TrackingParameters())
    x, p = np.zeros(STATES), np.diag([1.0, 0.1, 2.25, 0.09, 0.01, 0.1])
    x[[S, LENGTH, HEIGHT, WIDTH]] = 50.0, 8.0, 3.5, 2.5
    p[LENGTH, HEIGHT] = p[HEIGHT, LENGTH] = -0.42
    bodies.add(1, 0, x, p)
    bodies.x[0, LENGTH] = bodies.least[0, LENGTH]
    jacobian = np.zeros((1, 4, STATES))
    jacobian[0, 0, [LENGTH, HEIGHT]] = -2.0, -8.0
    used = np.array([[True, False, False, False]])
    bodies.correct(np.array([0]), jacobian, np.full((1, 4), 4.0), np.full((1, 4), 0.25), used)
    assert bodies.x[0, LENGTH] == pytest.approx(bodies.least[0, LENGTH])
    assert bodies.x[0, HEIGHT] < 3.5, "with the length cut off alone the height would rise"


def driven(s: float, v: float, *, seen: bool, passes: int = 0, seconds: float = 10.0) -> VehicleStates:
    """One lorry alone on a lane that so many have passed without a halt, predicted only."""
    bodies = VehicleStates(TrackingParameters())
    for _ in range(passes):
        bodies.driving(0).learn_pass(20.0, halted=False)
    x = np.zeros(STATES)
    x[[S, V, LENGTH, HEIGHT, WIDTH]] = s, v, 16.0, 4.0, 2.5
    bodies.add(1, 0, x, np.diag([0.1, 0.25, 0.1, 0.01, 0.01, 0.1]))
    for t in np.arange(0.2, seconds, 0.2):
        bodies.predict(float(t), np.array([seen]))
    return bodies


def test_who_cannot_halt_at_the_stop_line_any_more_passes() -> None:
    assert driven(20.0, 20.0, seen=False, seconds=2.0).x[0, V] == pytest.approx(20.0)
    assert driven(60.0, 12.0, seen=False, seconds=20.0).x[0, S] == pytest.approx(1.0, abs=0.5)


def test_nobody_is_taken_to_halt_where_a_lane_flows() -> None:
    assert driven(60.0, 12.0, seen=False, passes=10).x[0, S] < -20.0


def test_where_the_head_of_a_lane_halts_and_how_fast_it_is_driven_is_learned() -> None:
    bodies = driven(5.0, 0.0, seen=True, seconds=600.0)
    assert bodies.driving(0).halt_m == pytest.approx(5.0, abs=0.8)
    for _ in range(40):
        bodies.driving(0).learn_pass(25.0, halted=False)
    assert bodies.driving(0).free_mps == pytest.approx(25.0, abs=2.0)
    assert bodies.driving(0).halting < 0.2


def test_a_checkpoint_keeps_how_lanes_are_driven() -> None:
    bodies, again = driven(5.0, 0.0, seen=True, passes=5), VehicleStates(TrackingParameters())
    again.load(bodies.as_data())
    assert again.driving(0) == bodies.driving(0)
    bodies.renumber_lanes([1])
    assert bodies.driving(1) == again.driving(0)
    assert bodies.driving(0) == DrivingPrior.of(TrackingParameters())


def test_who_is_between_two_others_is_not_known_worse_than_that() -> None:
    """Unseen for minutes, a car between two trucks is somewhere in the 12 m between them, not 15 m away in one of them."""
    states = VehicleStates(TrackingParameters())
    for number, (s, length, variance) in enumerate([(1.0, 16.0, 0.1), (22.0, 4.5, 225.0), (29.0, 16.0, 0.1)]):
        x = np.zeros(STATES)
        x[[S, LENGTH, HEIGHT, WIDTH]] = s, length, 3.5, 2.5
        states.add(number, 0, x, np.diag([variance, 0.1, 0.1, 0.01, 0.01, 0.1]))
    states.part()
    assert states.p[1, S, S] ** 0.5 < 3.0
    assert states.x[1, S] == pytest.approx(22.0), "its place is not moved where it has room"
    assert np.diag(states.p[0])[S] == np.diag(states.p[2])[S] == pytest.approx(0.1), "its neighbours are known as before"
    assert (np.linalg.eigvalsh(states.p) > -1e-9).all()


def test_the_last_of_a_line_may_be_anywhere_behind() -> None:
    states = VehicleStates(TrackingParameters())
    for number, (s, variance) in enumerate([(1.0, 0.1), (40.0, 225.0)]):
        x = np.zeros(STATES)
        x[[S, LENGTH, HEIGHT, WIDTH]] = s, 16.0, 3.5, 2.5
        states.add(number, 0, x, np.diag([variance, 0.1, 0.1, 0.01, 0.01, 0.1]))
    states.part()
    assert states.p[1, S, S] == pytest.approx(225.0)
