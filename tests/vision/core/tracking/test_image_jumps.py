"""Lanes that are not calibrated: a vehicle that moved faster than its boxes could be followed keeps its visit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.support.roads import HEIGHT, T0, WIDTH
from vision.config import parse_gate, sections
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Seen, Tick
from vision.core.pipeline import Pipeline
from vision.messages import LaneVehicles, Message, VisitStarted

FRAME_S = 0.2
WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]]
GATE = parse_gate(
    {
        "id": "g",
        "name": {"en": "G"},
        "lanes": [{"id": "A", "direction": "export", "name": {"en": "A"}}],
        "cameras": [{"id": "cam", "views": [{"lane": "A", "polygon": WHOLE}]}],
    },
    "test",
)
Boxes = list[tuple[float, float, float, float]]


def followed(boxes: Callable[[int], Boxes], frames: int) -> list[Message]:
    """What is said of these boxes by frame."""
    pipeline = Pipeline(GATE, sections(GATE)[0])
    said = pipeline.step(CameraChanged("cam", 0, T0, "online", WIDTH, HEIGHT))
    for frame in range(frames):
        found = np.array(boxes(frame), np.float32).reshape(-1, 4)
        count = len(found)
        seen = Detections(found, np.full(count, 0.7, np.float32), np.zeros(count, np.int16))
        said += pipeline.step(Seen("cam", 0, round(T0 + frame * FRAME_S, 3), seen))
        if frame % 5 == 0:
            said += pipeline.step(Tick(T0 + frame // 5))
    return said


def visits(messages: list[Message]) -> list[str]:
    return [message.data.visit_id for message in messages if isinstance(message, VisitStarted)]


def last_line(messages: list[Message]) -> list[str]:
    *_, last = (message.data.vehicles for message in messages if isinstance(message, LaneVehicles))
    return [vehicle.visit_id for vehicle in last or ()]


def test_a_vehicle_that_jumps_a_little_way_keeps_its_visit() -> None:
    messages = followed(lambda frame: [(700, 500, 820, 600) if frame < 30 else (880, 500, 1000, 600)], 80)
    assert len(visits(messages)) == 1
    assert last_line(messages) == visits(messages)


def test_a_box_far_from_one_that_vanished_is_another_vehicle() -> None:
    messages = followed(lambda frame: [(300, 500, 420, 600) if frame < 30 else (1400, 500, 1520, 600)], 80)
    assert len(visits(messages)) == 2
