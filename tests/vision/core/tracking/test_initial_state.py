"""What a box that nobody is known for is taken to be: a body at a place, or none."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.reference import Cuboid, ReferenceCamera, sighted
from tests.support.roads import CAMERA, FACING, HEIGHT, LANES, T0, WIDTH, gate, pose_of, section
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Seen, Tick
from vision.core.geometry.lane_axis import LaneAxis
from vision.core.geometry.vehicle_projection import LaneTable, S
from vision.core.pipeline import Pipeline
from vision.core.tracking.initial_state import Candidates, guess_body
from vision.messages import VisitStarted

LORRY, CAR = (16.5, 4.0, 2.5), (4.5, 1.5, 1.8)
PEOPLE, SHADOW = (0.6, 1.75, 3.0), (3.0, 0.2, 3.5)
"""Length, height and width, m, of a lorry, a car, a group of people side by side and the shadow of a gantry."""


def box(body: tuple[float, float, float], front: float, eye: ReferenceCamera) -> np.ndarray:
    """The box of a body alone on the road, in lane A."""
    length, height, width = body
    x = LANES["A"]
    sight = sighted(eye, (Cuboid((x, front), (x, front + length), width, height, bottom_m=min(0.15, height / 2)),))[0]
    assert sight is not None
    return np.array(sight.box)


@pytest.mark.parametrize("eye", [CAMERA, FACING], ids=["from the front", "from behind"])
@pytest.mark.parametrize(("body", "votes"), [(LORRY, [1.0, 0.0, 0.0]), (CAR, [0.0, 0.0, 1.0])], ids=["lorry", "car"])
@pytest.mark.parametrize("front", [20.0, 60.0])
def test_a_vehicle_is_found_where_it_is(
    front: float, body: tuple[float, float, float], votes: list[float], eye: ReferenceCamera
) -> None:
    table = LaneTable([LaneAxis(np.array([[x, 0.0], [x, 1.0]])) for x in LANES.values()])
    seen = box(body, front, eye)
    guess = guess_body(seen, np.array(votes), Candidates.of([0, 1], table, pose_of(eye), 0.0))
    assert guess is not None
    assert guess.lane == 0
    assert guess.x[S] == pytest.approx(front, abs=4.0)


def visits(body: tuple[float, float, float], score: float = 0.7) -> int:
    """How many visits begin where boxes of such a body come for 20 s."""
    config = gate()
    pipeline = Pipeline(config, section(config))
    pipeline.step(CameraChanged("cam", 0, T0, "online", WIDTH, HEIGHT))
    one = Detections(box(body, 40.0, CAMERA)[None].astype(np.float32), np.full(1, score, np.float32), np.zeros(1, np.int16))
    messages = [message for frame in range(100) for message in pipeline.step(Seen("cam", 0, T0 + frame / 5, one))]
    messages += pipeline.step(Tick(T0 + 20))
    return sum(isinstance(message, VisitStarted) for message in messages)


@pytest.mark.parametrize("body", [PEOPLE, SHADOW], ids=["people", "shadow"])
def test_a_shape_that_no_body_fits_makes_no_vehicle(body: tuple[float, float, float]) -> None:
    assert visits(body) == 0
