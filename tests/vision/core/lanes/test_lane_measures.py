"""What a lane's line says of its wait: the first of the queue, lanes beside, closed lanes."""

from __future__ import annotations

import json

import pytest

from tests.support.roads import T0, Truck, drive, gate, section
from vision.core.events import Event, LaneStatus
from vision.core.pipeline import Pipeline
from vision.messages import LaneMeasured, Measurement

QUEUE = [
    Truck("B", enters_t=2.0, go_t=50.0),
    Truck("B", enters_t=8.0, go_t=90.0, halt_m=20.0),
    Truck("A", enters_t=2.0, go_t=40.0),
    Truck("A", enters_t=12.0, go_t=44.0, halt_m=20.0),
]


def run(events: list[Event], pipeline: Pipeline) -> dict[tuple[str, float], Measurement]:
    messages = [message for event in events for message in pipeline.step(event)]
    return {(m.data.lane_id, m.data.t - T0): m.data for m in messages if isinstance(m, LaneMeasured)}


def closing(t: float, status: str = "closed") -> LaneStatus:
    return LaneStatus("B", T0 + t, "closed" if status == "closed" else "open", "operator", "pause")


def test_the_wait_is_known_from_the_second_service_on_and_falls_while_the_first_is_served() -> None:
    config = gate()
    found = run(drive(QUEUE, 80.0), Pipeline(config, section(config)))
    assert found["A", 1.0].expected_wait_s == 0.0
    assert found["A", 30.0].queue_vehicles == 2
    assert found["A", 30.0].expected_wait_s is None  # nobody was served yet
    later = [found["B", t].expected_wait_s for t in (66.0, 70.0, 76.0)]
    assert all(wait is not None for wait in later)
    assert later == sorted(later, key=lambda wait: -(wait or 0.0))
    one = found["B", 70.0]
    assert one.queue_vehicles == 1
    assert (one.expected_wait_low_s or 0.0) < (one.expected_wait_s or 0.0) < (one.expected_wait_high_s or 0.0)


@pytest.mark.parametrize("restarted", [False, True])
def test_nobody_is_expected_to_wait_in_a_closed_lane(restarted: bool) -> None:
    config = gate()
    pipeline = Pipeline(config, section(config))
    events = drive(QUEUE, 80.0)
    early = run([*[e for e in events if e.t <= T0 + 3], closing(3.5)], pipeline)
    assert early["B", 3.0].expected_wait_s == 0.0
    if restarted:
        pipeline = Pipeline.restore(config, section(config), json.loads(json.dumps(pipeline.checkpoint())))
    between = run([e for e in events if T0 + 3 < e.t <= T0 + 70], pipeline)
    assert {between["B", float(t)].expected_wait_s for t in range(4, 71)} == {None}
    assert between["A", 4.0].expected_wait_s == 0.0
    rest = run([closing(70.5, "open"), *[e for e in events if e.t > T0 + 70]], pipeline)
    assert rest["B", 72.0].expected_wait_s is not None
