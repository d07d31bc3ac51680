"""The pipeline from events to messages on a small calibrated road."""

from __future__ import annotations

import json

import pytest

from tests.support.roads import T0, Truck, drive, gate, section
from vision.core.events import CameraChanged, Event, LaneStatus, Seen, Tick
from vision.core.pipeline import Pipeline
from vision.messages import LaneMeasured, Message, VisitEnded, VisitStarted

QUEUE = [
    Truck("A", enters_t=2.0, go_t=60.0),
    Truck("A", enters_t=10.0, go_t=64.0, halt_m=20.0),
    Truck("B", enters_t=5.0, go_t=40.0),
]


def run(events: list[Event], pipeline: Pipeline | None = None) -> list[Message]:
    config = gate()
    pipeline = pipeline or Pipeline(config, section(config))
    return [message for event in events for message in pipeline.step(event)]


def measured(messages: list[Message], lane: str) -> dict[float, LaneMeasured]:
    return {m.data.t - T0: m for m in messages if isinstance(m, LaneMeasured) and m.data.lane_id == lane}


def test_a_queue_is_counted_measured_and_let_go() -> None:
    messages = run(drive(QUEUE, 80.0))
    lane = measured(messages, "A")
    assert lane[50].data.queue_vehicles == 2
    assert lane[50].data.queue_m == pytest.approx(36.5, abs=2.0)
    assert lane[50].data.standing_vehicles == 2
    assert lane[50].data.in_service is True
    assert lane[50].data.quality == "ok"
    ended = [m.data for m in messages if isinstance(m, VisitEnded)]
    assert [(v.lane_id, v.outcome) for v in ended] == [("B", "departed"), ("A", "departed"), ("A", "departed")]
    first = ended[1]
    assert first.arrived_t == pytest.approx(T0 + 2.0, abs=1.5)
    assert first.left_t == pytest.approx(T0 + 60.5, abs=1.0)
    assert all(m.data.audit.residue == 0 for m in messages if isinstance(m, LaneMeasured))


def test_ids_are_deterministic_and_unique() -> None:
    first, second = run(drive(QUEUE, 80.0)), run(drive(QUEUE, 80.0))
    assert [m.model_dump_json() for m in first] == [m.model_dump_json() for m in second]
    assert len({m.id for m in first}) == len(first)


@pytest.mark.parametrize("cut", [40, 133, 299, 400])
def test_a_restored_pipeline_goes_on_as_if_nothing_had_happened(cut: int) -> None:
    config = gate()
    events = drive(QUEUE, 80.0)
    whole = Pipeline(config, section(config))
    run(events[:cut], whole)
    restored = Pipeline.restore(config, section(config), json.loads(json.dumps(whole.checkpoint())))
    rest = run(events[cut:], whole)
    assert [m.model_dump_json() for m in run(events[cut:], restored)] == [m.model_dump_json() for m in rest]


def test_without_frames_the_lane_is_unknown_and_never_zero() -> None:
    messages = run(drive(QUEUE, 50.0, outages=[(30.0, 45.0)]))
    lane = measured(messages, "A")
    assert lane[29].data.queue_vehicles == 2
    assert (lane[40].data.quality, lane[40].data.queue_vehicles) == ("unknown", None)
    assert lane[40].data.quality_reasons == ("no_frames",)
    assert lane[48].data.queue_vehicles == 2


def test_visits_survive_a_short_gap_and_end_as_lost_after_a_long_one() -> None:
    waiting = [Truck("A", enters_t=2.0, go_t=500.0)]
    short = run(drive(waiting, 100.0, outages=[(30.0, 60.0)]))
    assert sum(isinstance(m, VisitStarted) for m in short) == 1
    assert not [m for m in short if isinstance(m, VisitEnded)]
    messages = run(drive(waiting, 160.0, outages=[(30.0, 140.0)]))
    (ended,) = [m.data for m in messages if isinstance(m, VisitEnded)]
    assert (ended.outcome, ended.end_censored) == ("lost", True)
    last = measured(messages, "A")[159]
    assert (last.data.vehicles, last.data.audit.residue) == (1, 0)


def test_a_late_frame_and_a_late_tick_change_nothing() -> None:
    events = drive(QUEUE, 40.0)
    late: list[Event] = []
    for event in events:
        late.append(event)
        if isinstance(event, Tick):
            seen = next(e for e in events if isinstance(e, Seen))
            late += [Seen("cam", 0, round(event.t - 0.1, 3), seen.detections), Tick(event.t - 1.0)]
    assert [m.model_dump_json() for m in run(late)] == [m.model_dump_json() for m in run(events)]


def test_camera_notices_become_messages_at_once_and_a_lanes_status_none() -> None:
    config = gate()
    pipeline = Pipeline(config, section(config))
    (camera,) = pipeline.step(CameraChanged("cam", 0, T0, "offline", 0, 0, reason="no stream"))
    assert camera.type == "camera.changed"
    assert pipeline.step(LaneStatus("A", T0 + 1, "closed", "operator", "repairs")) == []
    assert pipeline.step(CameraChanged("other", 0, T0, "online", 1, 1)) == []
    assert pipeline.step(LaneStatus("other", T0, "open", "x", "y")) == []
    first = pipeline.step(Tick(T0 + 2))[0]
    assert isinstance(first, LaneMeasured)
    assert (first.data.quality, first.data.quality_reasons) == ("unknown", ("offline",))


def test_an_overlay_shows_boxes_with_their_visits_and_the_queues_tail() -> None:
    config = gate()
    pipeline = Pipeline(config, section(config))
    assert pipeline.frame_event("cam") is None
    run(drive(QUEUE, 40.0), pipeline)
    event = pipeline.frame_event("cam")
    assert event is not None
    assert sum(box.visit_id is not None for box in event.boxes) == 3
    assert {tail.lane_id: tail.queue_vehicles for tail in event.tails} == {"A": 2, "B": 1}
    assert len(pipeline.open_visits()) == 3
