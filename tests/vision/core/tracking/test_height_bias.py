"""Roofs that are higher than usual: learned from vehicles seen well, and given to those that are not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.roads import T0, Truck, drive, gate
from vision.config import sections
from vision.core.geometry.vehicle_projection import HEIGHT, LENGTH, STATES, WIDTH, S
from vision.core.pipeline import Pipeline
from vision.core.tracking.height_bias import HeightBias
from vision.core.tracking.vehicle_states import VehicleStates
from vision.messages import LaneVehicles
from vision.tracking_parameters import TrackingParameters

USUAL_M = 4.0


def bodies(height_m: float, *, near_sigma: float) -> VehicleStates:
    """A near truck of this height and a far one: both were expected to be of the usual height."""
    both = VehicleStates(TrackingParameters())
    for number, s in enumerate((5.0, 100.0)):
        x, p = np.zeros(STATES), np.diag([9.0, 1.0, 1.0, 0.04, 0.01, 0.1])
        x[[S, LENGTH, HEIGHT, WIDTH]] = s, 16.0, USUAL_M, 2.5
        p[S, HEIGHT] = p[HEIGHT, S] = -0.4
        both.add(number, 0, x, p)
    both.x[0, HEIGHT] = height_m
    both.p[0, HEIGHT, HEIGHT] = near_sigma**2
    return both


def test_a_high_truck_raises_the_others_by_a_part() -> None:
    road, roofs = bodies(4.25, near_sigma=0.02), HeightBias()
    roofs.learn(road, 0)
    assert roofs.raised_m == pytest.approx(0.05, abs=0.01), "one truck among the doubts"
    assert road.x[1, HEIGHT] == pytest.approx(USUAL_M + roofs.raised_m)
    assert road.x[1, S] == pytest.approx(100.0 - 10.0 * roofs.raised_m), "a higher roof looks the same when it is nearer"
    for _ in range(50):
        again = bodies(4.25, near_sigma=0.02)
        again.roof[:, 0] += roofs.raised_m
        roofs.learn(again, 0)
    assert roofs.raised_m == pytest.approx(0.25, abs=0.03)


def test_a_truck_whose_height_stayed_open_teaches_nothing() -> None:
    road, roofs = bodies(USUAL_M, near_sigma=0.2), HeightBias()
    roofs.learn(road, 0)
    assert roofs.raised_m == 0.0
    assert road.x[1, S] == 100.0


def test_the_far_end_is_read_where_it_is_once_the_roofs_are_known() -> None:
    """Twelve trucks of 4.3 m pass; another one halts far away, where its roof alone tells its place."""
    passing = [Truck("A", 2.0 + 25 * i, 24.0 + 25 * i, height_m=4.3, length_m=15.0) for i in range(12)]
    last = Truck("B", 330.0, 400.0, halt_m=95.0, height_m=4.3, length_m=15.0)

    def rear_error(trucks: list[Truck]) -> float:
        pipeline = Pipeline(gate(), sections(gate())[0])
        told = [m for event in drive(trucks, 345.0) for m in pipeline.step(event) if isinstance(m, LaneVehicles)]
        (vehicle,) = next(m.data.vehicles or () for m in told if m.data.lane_id == "B" and m.data.t == T0 + 344.0)
        assert vehicle.rear_m is not None
        return abs(vehicle.rear_m - 110.0)

    known, unknown = rear_error([*passing, last]), rear_error([last])
    assert known < 1.5
    assert known < 0.6 * unknown
