"""Which box may show which vehicle."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.reference import sighted
from tests.support.roads import CAMERA, LANES, cuboid, pose_of
from vision.core.geometry.lane_axis import LaneAxis
from vision.core.geometry.vehicle_projection import HEIGHT, LENGTH, STATES, WIDTH, LaneTable, S
from vision.core.tracking.association import PredictedMeasurements
from vision.core.tracking.vehicle_states import VehicleStates
from vision.tracking_parameters import TrackingParameters

TABLE = LaneTable([LaneAxis(np.array([[x, 0.0], [x, 120.0]])) for x in LANES.values()])
CHANCE = np.array([0.9])
EVIDENCE = np.array([2.0])
"""Of the score of a usual box, nats."""


def truck(s: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    x = np.zeros(STATES)
    x[[S, LENGTH, HEIGHT, WIDTH]] = s, 8.0, 3.4, 2.5
    return x


def box_at(s: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The box (1, 4) of the same truck with nothing before it."""
    (found,) = sighted(CAMERA, (cuboid("A", s, 8.0, 3.4),))
    assert found is not None
    return np.array([found.full])


@pytest.mark.parametrize(("box_s", "is_its_own"), [(5.0, False), (-6.0, True)])
def test_a_box_behind_a_vehicle_that_left_is_the_next_ones(box_s: float, *, is_its_own: bool) -> None:
    """A truck that passed the stop line was not found for a second, so its place is not sure any more."""
    bodies = VehicleStates(TrackingParameters())
    bodies.add(1, 0, truck(-6.0), np.diag([16.0, 4.0, 0.1, 0.01, 0.01, 0.1]))
    box = box_at(box_s)
    sight = PredictedMeasurements.of(bodies, TABLE, pose_of())
    assert sight.pairs(box, EVIDENCE, np.array([False]), CHANCE) == [(0, 0)], "with its place so unsure the box fits"
    assert sight.pairs(box, EVIDENCE, np.array([True]), CHANCE) == ([(0, 0)] if is_its_own else [])


def test_a_vehicle_without_a_box_does_not_take_that_of_the_next_one() -> None:
    """The first of three has gone from its place; a fourth has come up behind them. As many pairs as can be were three."""
    bodies = VehicleStates(TrackingParameters())
    for number, s in enumerate((60.0, 70.5, 81.0)):
        bodies.add(number, 0, truck(s), np.diag([16.0, 1.0, 0.5, 0.01, 0.01, 0.1]))
    boxes = np.concatenate([box_at(s) for s in (70.5, 81.0, 91.5)])
    sight = PredictedMeasurements.of(bodies, TABLE, pose_of())
    assert sight.pairs(boxes, np.full(3, 2.0), np.zeros(3, bool), np.full(3, 0.9)) == [(1, 0), (2, 1)]


def test_a_vehicle_whose_place_is_not_sure_takes_no_box_that_it_shows_at_no_place() -> None:
    """Where along its lane it is moves all edges of its picture together: a strip low and wide fits it nowhere."""
    bodies = VehicleStates(TrackingParameters())
    bodies.add(1, 0, truck(40.0), np.diag([120.0, 4.0, 0.5, 0.01, 0.01, 0.1]))
    sight = PredictedMeasurements.of(bodies, TABLE, pose_of())
    near = box_at(34.0)
    assert sight.pairs(near, EVIDENCE, np.array([False]), CHANCE) == [(0, 0)]
    strip = near + np.array([0.0, 0.6 * (near[0, 3] - near[0, 1]), 0.0, 0.0])
    assert sight.pairs(strip, EVIDENCE, np.array([False]), CHANCE) == []


def test_a_weak_box_is_not_taken_for_a_hidden_vehicle_and_a_strong_one_is() -> None:
    """The chance of being found and the box's score are terms of one log-likelihood ratio."""
    states = VehicleStates(TrackingParameters())
    states.add(1, 0, truck(40.0), np.diag([1.0, 1.0, 0.5, 0.01, 0.01, 0.1]))
    predicted = PredictedMeasurements.of(states, TABLE, pose_of())
    near, leaving = box_at(44.0), np.array([False])
    pairs = {
        (chance, evidence): predicted.pairs(near, np.array([evidence]), leaving, np.array([chance]))
        for chance in (0.02, 0.9)
        for evidence in (-3.0, 3.0)
    }
    assert pairs == {(0.02, -3.0): [], (0.02, 3.0): [(0, 0)], (0.9, -3.0): [(0, 0)], (0.9, 3.0): [(0, 0)]}


def test_of_two_vehicles_the_one_that_is_rather_found_takes_the_box() -> None:
    states = VehicleStates(TrackingParameters())
    for number, s in enumerate((38.5, 41.5)):
        states.add(number, 0, truck(s), np.diag([9.0, 1.0, 0.5, 0.01, 0.01, 0.1]))
    predicted = PredictedMeasurements.of(states, TABLE, pose_of())
    for found in (0, 1):
        chance = np.full(2, 0.05)
        chance[found] = 0.9
        assert predicted.pairs(box_at(40.0), EVIDENCE, np.zeros(2, bool), chance) == [(found, 0)]
