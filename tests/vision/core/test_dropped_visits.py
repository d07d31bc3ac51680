"""Whoever drops a lane's queue ends its visits as lost: another calibration, a lane that goes, a checkpoint of no use."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.support.crossroads import crossroads, frames, whole_section
from tests.support.roads import T0, Truck
from vision.config import GateConfig, Section
from vision.core.events import CameraChanged, ConfigChanged, Event, Seen, Tick
from vision.core.pipeline import Pipeline
from vision.messages import LaneMeasured, LaneVehicles, Message, VisitData, VisitEnded, VisitStarted

WAITING = [Truck("A", 2.0, 500.0), Truck("A", 10.0, 504.0, halt_m=20.0), Truck("B", 5.0, 500.0)]
CHANGE_S, END_S = 30, 45


def begun(config: GateConfig) -> tuple[Pipeline, list[Message]]:
    """A pipeline after 30 s of the road, and what it said."""
    pipeline = Pipeline(config, whole_section())
    return pipeline, [message for event in parts()[0] for message in pipeline.step(event)]


def parts() -> tuple[list[Event], list[Event]]:
    """The events before and after the change."""
    events = frames(WAITING, END_S)
    place = events.index(Tick(T0 + CHANGE_S)) + 1
    return events[:place], events[place:]


def saved(pipeline: Pipeline) -> Any:
    return json.loads(json.dumps(pipeline.checkpoint(), allow_nan=False))


def started(messages: list[Message]) -> dict[str, VisitData]:
    return {message.data.visit_id: message.data for message in messages if isinstance(message, VisitStarted)}


def ended(messages: list[Message]) -> dict[str, VisitData]:
    found = [message.data for message in messages if isinstance(message, VisitEnded)]
    assert max(Counter(visit.visit_id for visit in found).values(), default=1) == 1
    return {visit.visit_id: visit for visit in found}


def known(config: GateConfig) -> Section:
    """What is left of the whole section under a configuration."""
    cameras, lanes = tuple(camera.id for camera in config.cameras), tuple(lane.id for lane in config.lanes)
    return Section(id=whole_section().id, cameras=cameras, lanes=lanes)


def changed(pipeline: Pipeline, config: GateConfig, *, restarted: bool) -> Pipeline:
    """The pipeline under another configuration, taken while it runs or at a restart."""
    if restarted:
        return Pipeline.restore(config, known(config), saved(pipeline))
    pipeline.step(ConfigChanged(T0 + CHANGE_S, config))
    return pipeline


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(
    ("before", "after", "lanes"),
    [
        ({"calibrated": ()}, {"calibrated": ("cam",)}, {"A", "B"}),
        ({"calibrated": ("cam",)}, {"calibrated": ()}, {"A", "B"}),
        ({"calibrated": ("cam",)}, {"calibrated": ("cam", "side")}, {"C"}),
        ({"calibrated": ()}, {"calibrated": ("side",)}, {"B", "C"}),
        ({}, {"lanes": ("B", "C")}, {"A"}),
        ({}, {"lanes": ("A", "B")}, {"C"}),
        ({"calibrated": ()}, {"calibrated": (), "lanes": ("A",)}, {"B", "C"}),
        ({}, {"cameras": ("cam",), "lanes": ("A", "B")}, {"C"}),
        ({"calibrated": ()}, {"cameras": ("side",), "calibrated": ()}, {"A", "B"}),
    ],
)
def test_visits_of_a_queue_that_is_dropped_end_as_lost(
    before: dict[str, Any], after: dict[str, Any], lanes: set[str], restarted: bool
) -> None:
    pipeline, first = begun(crossroads(**before))
    opened = {visit.visit_id: visit for visit in pipeline.open_visits()}
    assert {visit.lane_id for visit in opened.values()} == {"A", "B", "C"}
    pipeline = changed(pipeline, crossroads(**after), restarted=restarted)
    rest = parts()[1]
    at_once = [message for event in rest[: rest.index(Tick(T0 + CHANGE_S + 1)) + 1] for message in pipeline.step(event)]
    lost = ended(at_once)
    assert set(lost) == {visit_id for visit_id, visit in opened.items() if visit.lane_id in lanes}
    assert {visit.outcome for visit in lost.values()} == {"lost"}
    for visit in lost.values():
        assert visit.left_t == pytest.approx(T0 + CHANGE_S, abs=0.5)
        assert visit.end_censored
    later = [message for event in rest[rest.index(Tick(T0 + CHANGE_S + 1)) + 1 :] for message in pipeline.step(event)]
    assert not ended(later)
    assert {m.data.audit.residue for m in [*at_once, *later] if isinstance(m, LaneMeasured)} == {0}
    open_now = {visit.visit_id for visit in pipeline.open_visits()}
    assert started([*first, *at_once, *later]).keys() - lost.keys() == open_now


OLDER: list[Any] = [
    lambda data: {**data, "version": 2},
    lambda data: {**data, "version": 99},
    lambda data: {**data, "health": 5},
    lambda data: {key: value for key, value in data.items() if key not in ("health", "number")},
    lambda data: {"version": 77, "renamed": {"deeper": [data]}},
]


@pytest.mark.parametrize("change", OLDER)
def test_a_checkpoint_that_cannot_be_taken_up_has_its_visits_ended(change: Any) -> None:
    pipeline, _ = begun(crossroads())
    opened = {visit.visit_id: visit for visit in pipeline.open_visits()}
    again = Pipeline.restore(crossroads(), whole_section(), change(saved(pipeline)))
    assert {visit.visit_id for visit in again.open_visits()} == set(opened)
    found = [message for event in parts()[1] for message in again.step(event)]
    lost = ended(found)
    assert set(lost) == set(opened)
    for visit_id, visit in lost.items():
        assert (visit.outcome, visit.lane_id) == ("lost", opened[visit_id].lane_id)
        assert (visit.arrived_t, visit.first_seen_t) == (opened[visit_id].arrived_t, opened[visit_id].first_seen_t)
        assert visit.left_t == pytest.approx(T0 + CHANGE_S, abs=0.5)
    assert not started(found).keys() & opened.keys()
    assert {m.data.audit.residue for m in found if isinstance(m, LaneMeasured)} == {0}


@pytest.mark.parametrize("data", [{}, {"version": 3}, [], None, {"visit": {"visit_id": 5}}, {"a": {"visit_id": "x"}}])
def test_a_checkpoint_of_nothing_is_a_beginning(data: Any) -> None:
    pipeline = Pipeline.restore(crossroads(), whole_section(), data)
    assert pipeline.open_visits() == []
    assert not ended(pipeline.step(Tick(T0)))


def test_what_ended_unpublished_in_an_older_checkpoint_is_published_as_it_ended() -> None:
    events = frames([Truck("A", 2.0, 20.0)], 40.0)
    pipeline = Pipeline(crossroads(), whole_section())
    for event in events:
        if isinstance(event, Seen) and event.camera == "side":
            continue
        if event == Tick(T0 + 24.0):
            break
        if not any(visit.outcome == "departed" for visit in pipeline.open_visits()):
            pipeline.step(event)
    (visit,) = pipeline.open_visits()
    assert visit.outcome == "departed"
    again = Pipeline.restore(crossroads(), whole_section(), {**saved(pipeline), "version": 2})
    (found,) = ended(again.step(Tick(T0 + 30.0))).values()
    assert (found.visit_id, found.outcome, found.left_t) == (visit.visit_id, "departed", visit.left_t)


def test_a_visit_begun_and_dropped_between_two_ticks_is_said_to_have_begun() -> None:
    pipeline, messages = Pipeline(crossroads(), whole_section()), []
    for event in frames([Truck("A", 2.0, 500.0)], 40.0):
        if any(queue.started for queue in pipeline._queues.values()):
            break
        messages += pipeline.step(event)
    pipeline.step(ConfigChanged(T0 + 9.0, crossroads(lanes=("B",), cameras=("side",))))
    found = pipeline.step(Tick(T0 + 40.0))
    assert started(found).keys() == ended(found).keys()
    assert len(ended(found)) >= 1


def test_the_frame_rate_is_not_counted_twice_after_another_configuration() -> None:
    pipeline, _ = begun(crossroads())
    pipeline.step(ConfigChanged(T0 + CHANGE_S, crossroads()))
    assert pipeline._health["cam"].rate_fps(T0 + CHANGE_S) == pytest.approx(5.0, abs=0.2)


def test_a_camera_that_is_no_more_shows_nothing() -> None:
    pipeline, _ = begun(crossroads())
    pipeline.step(ConfigChanged(T0 + CHANGE_S, crossroads(cameras=("cam",), lanes=("A", "B"))))
    assert pipeline.frame_event("side") is None
    assert pipeline.step(CameraChanged("side", 1, T0 + CHANGE_S, "online", 10, 10)) == []


def test_a_camera_whose_lanes_are_all_of_another_section_is_no_scene() -> None:
    section = Section(id="cam+side", cameras=("cam", "side"), lanes=("A",))
    pipeline = Pipeline(crossroads(calibrated=("side",)), section)
    for event in parts()[0]:
        pipeline.step(event)
    assert {visit.lane_id for visit in pipeline.open_visits()} == {"A"}
    shown = pipeline.frame_event("side")
    assert shown is not None
    assert shown.boxes == ()


def test_lane_vehicles_lists_what_is_open_and_nothing_else() -> None:
    pipeline, first = begun(crossroads(calibrated=()))
    pipeline.step(ConfigChanged(T0 + CHANGE_S, crossroads()))
    rest = [message for event in parts()[1] for message in pipeline.step(event)]
    last = [m.data.vehicles for m in rest if isinstance(m, LaneVehicles)][-3:]
    listed = {vehicle.visit_id for vehicles in last if vehicles is not None for vehicle in vehicles}
    assert listed == started([*first, *rest]).keys() - ended(rest).keys()
