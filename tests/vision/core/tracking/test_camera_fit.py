"""How well a camera fits: by hand, and with a right and a wrong calibration on the same boxes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.support.roads import HEIGHT, T0, WIDTH, Truck, drive, gate, section
from vision.config import GateConfig, parse_gate
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Event, Seen, Tick
from vision.core.pipeline import Pipeline
from vision.core.tracking.camera_fit import CameraFit, FitRecord, in_lanes
from vision.messages import CameraMeasured, CameraMeasurement

TRUCKS = [
    Truck("A", enters_t=2.0, go_t=60.0),
    Truck("A", enters_t=10.0, go_t=64.0, halt_m=20.0),
    Truck("B", enters_t=5.0, go_t=40.0),
    Truck("B", enters_t=20.0, go_t=44.0, halt_m=20.0),
]


def told(config: GateConfig, events: list[Event]) -> list[CameraMeasurement]:
    pipeline = Pipeline(config, section(config))
    messages = [message for event in events for message in pipeline.step(event)]
    return [message.data for message in messages if isinstance(message, CameraMeasured)]


def with_focal(factor: float) -> GateConfig:
    data = gate().model_dump(mode="json")
    data["cameras"][0]["focal_px"] *= factor
    return parse_gate(data, "test")


def test_means_are_forgotten_within_the_memory() -> None:
    record = FitRecord(memory_s=10.0)
    assert record.fit == CameraFit(None, None)
    record.observe(np.array([1.0, 3.0]), strong=4, explained=3, dt=0.0)
    assert record.fit == CameraFit(2.0, 0.25)
    record.observe(np.array([0.0]), strong=1, explained=1, dt=10.0)
    kept = math.exp(-1.0)
    assert record.fit.innovation == pytest.approx(4.0 * kept / (2.0 * kept + 1.0))
    assert record.fit.unexplained_share == pytest.approx(kept / (4.0 * kept + 1.0))
    assert FitRecord(**record.as_data()).fit == record.fit
    record.observe(np.zeros(0), strong=0, explained=0, dt=100.0)
    assert record.fit == CameraFit(None, None), "nothing is left to judge"


def test_boxes_are_in_the_lane_that_their_wheels_are_in() -> None:
    square = np.array([[10.0, 10.0], [20.0, 10.0], [20.0, 20.0], [10.0, 20.0]])
    boxes = np.array([[12.0, 0.0, 16.0, 15.0], [12.0, 12.0, 16.0, 25.0], [30.0, 30.0, 40.0, 40.0]])
    assert in_lanes(boxes, [square]).tolist() == [True, False, False]
    assert in_lanes(boxes, [square, square + 20.0]).tolist() == [True, False, False]
    assert in_lanes(boxes, []).tolist() == [False, False, False]


def test_a_right_calibration_explains_the_strong_boxes_and_a_wrong_one_does_not() -> None:
    events = drive(TRUCKS, 60.0)
    right = told(gate(), events)[-1]
    assert right.innovation is not None
    assert right.unexplained_share is not None
    assert right.unexplained_share < 0.05
    assert right.innovation < 1.5
    wrong = told(with_focal(1.5), events)[-1]
    assert (wrong.unexplained_share or 0.0) > 0.2


def test_it_is_told_every_second_with_rate_and_age() -> None:
    found = told(gate(), drive(TRUCKS, 30.0, outages=[(20.0, 29.9)]))
    assert [one.t - T0 for one in found] == list(range(31))
    assert (found[0].rate_fps, found[0].innovation) == (None, None)
    assert found[19].rate_fps == pytest.approx(5.0, abs=0.2)
    assert [found[second].frame_age_s for second in (19, 25)] == [0.0, pytest.approx(5.2)]


def test_without_calibration_there_is_nothing_to_compare_with() -> None:
    last = told(gate(ground=False), drive(TRUCKS, 30.0))[-1]
    assert (last.innovation, last.unexplained_share) == (None, None)
    assert last.rate_fps == pytest.approx(5.0, abs=0.2)


def test_boxes_beside_the_lanes_do_not_count() -> None:
    beside = np.array([[20.0, 600.0, 160.0, 700.0]], np.float32)
    events: list[Event] = [CameraChanged("cam", 0, T0, "online", WIDTH, HEIGHT)]
    for frame in range(50):
        found = Detections(beside, np.array([0.9], np.float32), np.zeros(1, np.int16))
        events.append(Seen("cam", 0, round(T0 + frame / 5, 3), found))
    events.append(Tick(T0 + 10))
    assert told(gate(), events)[-1].unexplained_share is None


def test_weak_boxes_do_not_count_and_strong_ones_do() -> None:
    """The same box in a lane, for a moment, at half and at all of the score that is usual."""
    lane_a = drive([Truck("A", enters_t=-14.0, go_t=900.0)], 0.0)
    (seen,) = [event for event in lane_a if isinstance(event, Seen)]
    for score, share in ((0.3, None), (0.6, 1.0)):
        found = Detections(seen.detections.xyxy, np.full(1, score, np.float32), np.zeros(1, np.int16))
        events: list[Event] = [CameraChanged("cam", 0, T0, "online", WIDTH, HEIGHT)]
        events += [Seen("cam", 0, T0 + 0.2, found), Seen("cam", 0, T0 + 0.4, found), Tick(T0 + 1)]
        assert told(gate(), events)[-1].unexplained_share == share
