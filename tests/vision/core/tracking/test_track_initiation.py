"""Which boxes become vehicles: not weak ones, nor such as nobody can be who came unseen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.support.reference import ReferenceCamera
from tests.support.roads import CAMERA, T0, Truck, detections, drive, gate, section
from vision.core.detections import Detections
from vision.core.events import Event, Seen
from vision.core.pipeline import Pipeline
from vision.messages import VisitEnded, VisitStarted

UPSTREAM = ReferenceCamera(x=16.0, y=150.0, turned_deg=180.0)
TRUCK = Truck("A", 2.0, 70.0, halt_m=40.0)


def visits(found: Callable[[float], Detections], eye: ReferenceCamera = CAMERA) -> tuple[list[str], list[str]]:
    """Lanes of the visits that started and that ended within 100 s, of what a camera finds at each time."""
    config = gate(eye)
    pipeline = Pipeline(config, section(config))
    events: list[Event] = drive([TRUCK], 100.0)
    seen = [replace(event, detections=found(event.t - T0)) if isinstance(event, Seen) else event for event in events]
    messages = [message for event in seen for message in pipeline.step(event)]
    started = [m.data.lane_id for m in messages if isinstance(m, VisitStarted)]
    return started, [m.data.lane_id for m in messages if isinstance(m, VisitEnded)]


def both(first: Detections, second: Detections) -> Detections:
    return Detections(
        np.concatenate([first.xyxy, second.xyxy]),
        np.concatenate([first.score, second.score]),
        np.concatenate([first.class_id, second.class_id]),
    )


@pytest.mark.parametrize(("score", "lanes"), [(0.25, ["A"]), (0.65, ["A", "B"])])
def test_a_box_much_weaker_than_those_of_vehicles_begins_none(score: float, lanes: list[str]) -> None:
    other = Truck("B", 0.0, 200.0, halt_m=60.0)
    standing = lambda t: detections([other] if 20 < t < 60 else [], t, score=score)
    assert visits(lambda t: both(detections([TRUCK], t), standing(t)))[0] == lanes


def test_a_vehicle_whose_boxes_become_weak_is_still_there() -> None:
    assert visits(lambda t: detections([TRUCK], t, score=0.8 if t < 20 else 0.25)) == (["A"], ["A"])


@pytest.mark.xfail(
    strict=True, reason="boxes of one false source count as independent: after seconds they are believed anywhere"
)
def test_nobody_is_found_before_a_truck_that_came_with_the_lane_empty() -> None:
    """Seen from upstream, the truck would hide most of a car before it now; but it did not when the car would have come."""
    car = Truck("A", 0.0, 200.0, halt_m=30.0, length_m=4.5, height_m=1.6)

    def found(t: float) -> Detections:
        return both(detections([TRUCK], t, UPSTREAM), detections([car] if 18 < t < 26 else [], t, UPSTREAM, score=0.4))

    assert len(detections([TRUCK, car], 20.0, UPSTREAM)) == 2, "a part of it would be in sight"
    assert visits(found, UPSTREAM)[0] == ["A"]
