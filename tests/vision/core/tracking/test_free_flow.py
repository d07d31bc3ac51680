"""Lanes that flow: nobody queues there, and everyone who passes is counted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from tests.support.reference import ReferenceCamera, sighted
from tests.support.roads import CAMERA, FACING, HEIGHT, T0, WIDTH, cuboid, gate, section
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Seen, Tick
from vision.core.pipeline import Pipeline
from vision.messages import LaneMeasured, Message, VisitEnded

UNTIL_S = 60
FPS = 5
HEADWAY_S = (1.5, 4.0)
"""Time between one vehicle's rear and the next one's front."""
WARM_UP_S = 2.0
EXACT_S = 2.0


@dataclass(frozen=True)
class Passing:
    """A vehicle that drives through a lane at an even speed; it crosses the stop line at left_t."""

    lane: str
    left_t: float
    speed: float
    lorry: bool

    def cuboid(self, t: float) -> tuple[float, float, float, float]:
        """Front, length, height and width, m."""
        return (self.speed * (self.left_t - t), *((16.5, 4.0, 2.5) if self.lorry else (4.5, 1.5, 1.8)))


def traffic(speed: float, rng: np.random.Generator) -> list[Passing]:
    """Lorries and cars in both lanes."""
    passing = []
    for lane in "AB":
        t = -250.0 / speed
        while t < UNTIL_S + 300.0 / speed:
            lorry = bool(rng.random() < 0.5)
            passing.append(Passing(lane, t, speed, lorry))
            t += (16.5 if lorry else 4.5) / speed + float(rng.uniform(*HEADWAY_S))
    return passing


def seen(passing: list[Passing], t: float, eye: ReferenceCamera, rng: np.random.Generator) -> Detections:
    """What a good detector makes of it: some misses, boxes that wobble."""
    bodies = [(one, one.cuboid(t)) for one in passing if -25.0 < one.cuboid(t)[0] < 260.0]
    found = sighted(eye, tuple(cuboid(one.lane, *body) for one, body in bodies))
    boxes, classes = [], []
    for (one, _), sight in zip(bodies, found, strict=True):
        if sight is None or sight.box is None or sight.share < 0.1 or rng.random() < 0.03:
            continue
        sides = np.tile(np.subtract(sight.box[2:], sight.box[:2]), 2)
        if sides.min() >= 8.0:
            boxes.append(np.clip(sight.box + rng.normal(0.0, 0.01, 4) * sides, 0, [WIDTH, HEIGHT] * 2))
            classes.append(0 if one.lorry else 2)
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    return Detections(xyxy, np.full(len(xyxy), 0.7, np.float32), np.array(classes, np.int16))


def watched(passing: list[Passing], eye: ReferenceCamera, rng: np.random.Generator) -> list[Message]:
    config = gate(eye)
    pipeline = Pipeline(config, section(config))
    messages = [*pipeline.step(CameraChanged("cam", 0, T0, "online", WIDTH, HEIGHT))]
    for frame in range(UNTIL_S * FPS + 1):
        t = frame / FPS
        messages += pipeline.step(Seen("cam", 0, T0 + t, seen(passing, t, eye, rng)))
        if frame % FPS == 0:
            messages += pipeline.step(Tick(T0 + t))
    return messages


@pytest.mark.parametrize("eye", [CAMERA, FACING], ids=["from the front", "from behind"])
@pytest.mark.parametrize("speed", [20.0, 30.0])
def test_nobody_queues_where_traffic_flows_and_each_who_passes_is_counted(speed: float, eye: ReferenceCamera) -> None:
    rng = np.random.default_rng(int(speed))
    passing = traffic(speed, rng)
    messages = watched(passing, eye, rng)
    measured = [message.data for message in messages if isinstance(message, LaneMeasured)]
    assert sum(bool(one.queue_vehicles) for one in measured) <= 0.02 * len(measured)
    left = [(m.data.lane_id, m.data.left_t - T0) for m in messages if isinstance(m, VisitEnded) and m.data.left_t is not None]
    due = [one for one in passing if WARM_UP_S < one.left_t < UNTIL_S - WARM_UP_S]
    counted = [one for one in due if any(lane == one.lane and abs(t - one.left_t) < EXACT_S for lane, t in left)]
    assert len(counted) >= 0.98 * len(due)
    within = [t for _, t in left if WARM_UP_S < t < UNTIL_S - WARM_UP_S]
    assert len(within) == pytest.approx(len(due), rel=0.03)


def test_the_traffic_of_these_tests_keeps_its_distance() -> None:
    lane = sorted(one.left_t for one in traffic(10.0, np.random.default_rng(1)) if one.lane == "A")
    assert min(b - a for a, b in pairwise(lane)) >= HEADWAY_S[0]
