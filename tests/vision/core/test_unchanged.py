"""Frames without change: the line stays, nobody is missed, nobody is found, and what they build on must have counted."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.support.roads import HEIGHT, T0, WIDTH, Truck, detections, drive, gate, section
from vision.config import GateConfig
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Event, Seen, Tick, Unchanged
from vision.core.pipeline import Pipeline
from vision.messages import LaneMeasured, LaneVehicles, Message, VisitEnded, VisitStarted

WAITING = [Truck("A", enters_t=-14.0, go_t=100.0), Truck("A", enters_t=-9.0, go_t=104.0, halt_m=20.0)]
QUIET = (20.0, 95.0)


def quietened(events: list[Event], start: float = QUIET[0], end: float = QUIET[1]) -> list[Event]:
    """The same events with the frames of a span told as unchanged."""
    return [Unchanged(e.camera, e.session, e.t) if isinstance(e, Seen) and start <= e.t - T0 < end else e for e in events]


def run(events: list[Event], config: GateConfig | None = None, pipeline: Pipeline | None = None) -> list[Message]:
    config = config or gate()
    pipeline = pipeline or Pipeline(config, section(config))
    return [message for event in events for message in pipeline.step(event)]


def queues(messages: list[Message], lane: str = "A") -> dict[float, int | None]:
    return {m.data.t - T0: m.data.queue_vehicles for m in messages if isinstance(m, LaneMeasured) and m.data.lane_id == lane}


@pytest.mark.parametrize("ground", [True, False])
def test_who_stands_stays_and_leaves_when_the_picture_changes_again(ground: bool) -> None:
    config = gate(ground=ground)
    messages = run(quietened(drive(WAITING, 130.0)), config)
    assert {queues(messages)[t] for t in range(22, 98)} == {2}
    assert sum(isinstance(m, VisitStarted) for m in messages) == 2
    ended = [m.data for m in messages if isinstance(m, VisitEnded)]
    assert [visit.outcome for visit in ended] == ["departed", "departed"]
    whole = [m.data for m in run(drive(WAITING, 130.0), config) if isinstance(m, VisitEnded)]
    assert [visit.left_t for visit in ended] == pytest.approx([visit.left_t for visit in whole], abs=1.0)


def test_it_counts_as_an_analysed_frame_and_the_vehicles_as_seen() -> None:
    messages = run(quietened(drive(WAITING, 94.0)))
    late = [m.data for m in messages if isinstance(m, LaneMeasured) and 30 <= m.data.t - T0 <= 94]
    assert {measured.quality for measured in late} == {"ok"}
    assert max(measured.frame_age_s or 0.0 for measured in late) <= 0.2
    line = [m.data.vehicles or () for m in messages if isinstance(m, LaneVehicles) and m.data.lane_id == "A"][-1]
    assert [vehicle.seen for vehicle in line] == [True, True]


def test_a_vehicle_that_the_last_frame_did_not_find_is_neither_missed_nor_found() -> None:
    events = drive(WAITING, 19.9)
    blank = [Seen("cam", 0, round(T0 + 19.9, 3), Detections.empty())]
    after = [Unchanged("cam", 0, round(T0 + 20 + k / 5, 3)) for k in range(200)]
    config = gate()
    pipeline = Pipeline(config, section(config))
    run([*events[:-1], *blank], config, pipeline)
    before = {visit.visit_id for visit in pipeline.open_visits()}
    run([*after, Tick(T0 + 60)], config, pipeline)
    assert {visit.visit_id for visit in pipeline.open_visits()} == before
    assert len(before) == 2


def test_a_standing_vehicle_does_not_creep() -> None:
    """What is left of its estimated speed when the picture comes to rest must not carry it away."""
    config = gate()
    pipeline = Pipeline(config, section(config))
    messages = run(quietened(drive(WAITING, 94.0), 4.2, 95.0), config, pipeline)
    fronts = [
        [vehicle.front_m for vehicle in m.data.vehicles or ()]
        for m in messages
        if isinstance(m, LaneVehicles) and m.data.lane_id == "A" and m.data.t >= T0 + 5
    ]
    assert np.ptp(np.array(fronts, float), axis=0).max() < 0.5


@pytest.mark.parametrize("ground", [True, False])
def test_the_next_frame_comes_soon_after_an_unchanged_one(ground: bool) -> None:
    """A frame in which nobody is found, after minutes without change, is one miss, not minutes of it."""
    config = gate(ground=ground)
    events: list[Event] = [*quietened(drive(WAITING, 94.0)), Seen("cam", 0, T0 + 94.2, Detections.empty()), Tick(T0 + 95)]
    assert queues(run(events, config))[95] == 2


def test_it_is_passed_over_where_what_it_builds_on_did_not_count() -> None:
    config = gate()
    online = CameraChanged("cam", 0, T0, "online", WIDTH, HEIGHT)
    first = run([online, Unchanged("cam", 0, T0 + 0.2), Tick(T0 + 1)], config)
    assert {m.data.quality_reasons for m in first if isinstance(m, LaneMeasured)} == {("starting",)}
    events = drive(WAITING, 20.0)
    session = [CameraChanged("cam", 1, T0 + 20.1, "online", WIDTH, HEIGHT), Unchanged("cam", 1, T0 + 20.2)]
    strange = [Unchanged("cam", 0, T0 + 20.3), Unchanged("other", 0, T0 + 20.3)]
    late = [Seen("cam", 1, T0 + 20.0, detections(WAITING, 20.0)), Unchanged("cam", 1, T0 + 20.4)]
    messages = run([*events, *session, *strange, *late, Tick(T0 + 21)], config)
    ages = [m.data.frame_age_s for m in messages if isinstance(m, LaneMeasured) and m.data.t == T0 + 21]
    assert ages == [1.0, 1.0]


def test_a_blind_camera_s_frames_do_not_count() -> None:
    events = drive(WAITING, 20.0)
    dark = [CameraChanged("cam", 0, T0 + 20.1, "dark", WIDTH, HEIGHT), Unchanged("cam", 0, T0 + 20.2), Tick(T0 + 21)]
    assert queues(run([*events, *dark]))[21] is None


def test_what_watchers_see_is_the_last_boxes_at_the_time_of_the_frame() -> None:
    config = gate()
    pipeline = Pipeline(config, section(config))
    run(quietened(drive(WAITING, 30.0)), config, pipeline)
    shown = pipeline.frame_event("cam")
    assert shown is not None
    assert shown.t == T0 + 30
    assert len([box for box in shown.boxes if box.lane_id == "A"]) == 2


@pytest.mark.parametrize("ground", [True, False])
@pytest.mark.parametrize("cut", [140, 400])
def test_a_restored_pipeline_goes_on_in_the_middle_of_it(ground: bool, cut: int) -> None:
    config = gate(ground=ground)
    events = quietened(drive(WAITING, 130.0))
    whole = Pipeline(config, section(config))
    run(events[:cut], config, whole)
    restored = Pipeline.restore(config, section(config), json.loads(json.dumps(whole.checkpoint())))
    rest = run(events[cut:], config, whole)
    assert [m.model_dump_json() for m in run(events[cut:], config, restored)] == [m.model_dump_json() for m in rest]
