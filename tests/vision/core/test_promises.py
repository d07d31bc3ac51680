"""What the core promises of a visit: it outlives occlusion, a class flip, a reconnect, another config, a change of camera."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.support.reference import ReferenceCamera
from tests.support.roads import CAMERA, HEIGHT, LANES, T0, WIDTH, Truck, detections, drive, gate, section
from vision.config import GateConfig, parse_gate, sections
from vision.core.detections import Detections
from vision.core.events import CameraChanged, ConfigChanged, Event, Seen, Tick
from vision.core.pipeline import Pipeline
from vision.messages import LaneMeasured, LaneVehicles, Message, VisitData, VisitEnded, VisitStarted

QUEUE = [Truck("A", 2.0, 60.0), Truck("A", 10.0, 64.0, halt_m=20.0), Truck("B", 5.0, 40.0)]


def run(events: Iterable[Event], config: GateConfig | None = None) -> list[Message]:
    config = config or gate()
    pipeline = Pipeline(config, sections(config)[0])
    return [message for event in events for message in pipeline.step(event)]


def ended(messages: Iterable[Message]) -> list[VisitData]:
    return [message.data for message in messages if isinstance(message, VisitEnded)]


def dwell(visit: VisitData) -> float:
    assert visit.arrived_t is not None
    assert visit.left_t is not None
    return visit.left_t - visit.arrived_t


def balanced(messages: Iterable[Message]) -> bool:
    return all(message.data.audit.residue == 0 for message in messages if isinstance(message, LaneMeasured))


def test_a_visit_survives_ten_minutes_behind_a_nearer_vehicle() -> None:
    tall = Truck("A", 2.0, 660.0, length_m=16.0)
    low = Truck("A", 12.0, 668.0, halt_m=19.5, length_m=7.0, height_m=2.7)
    trucks = [tall, low]
    assert len(detections(trucks, 30.0)) == 1, "the second one cannot be seen where it stands"
    messages = run(drive(trucks, 700.0, fps=2.5))
    first, second = sorted(ended(messages), key=lambda visit: visit.first_seen_t)
    assert [first.outcome, second.outcome] == ["departed", "departed"]
    assert sum(isinstance(message, VisitStarted) for message in messages) == 2
    assert second.arrived_t == pytest.approx(T0 + 12.0, abs=1.5)
    assert dwell(second) == pytest.approx(668.0 + 19.5 / 2.0 - 12.0, abs=3.0)
    waiting = [m.data for m in messages if isinstance(m, LaneVehicles) and m.data.lane_id == "A" and 100 < m.data.t - T0 < 640]
    assert all(line.vehicles is not None and len(line.vehicles) == 2 for line in waiting)
    assert sum(not line.vehicles[1].seen for line in waiting if line.vehicles) > 500
    assert balanced(messages)


@pytest.mark.parametrize("halt_m", [40.0, 1.0])
def test_a_vehicle_that_came_unseen_behind_another_arrived_right_behind_it(halt_m: float) -> None:
    """It is found when the other one drives on; one that stood at the stop line has left the lane by then."""
    tall = Truck("A", 2.0, 300.0, halt_m=halt_m, length_m=16.0)
    low = Truck("A", 4.5, 330.0, halt_m=halt_m + 18.5, length_m=7.0, height_m=2.7)
    assert {len(detections([tall, low], float(t))) for t in range(2, 300)} == {1}, "it is out of sight until the other goes"
    first, second = sorted(ended(run(drive([tall, low], 400.0, fps=2.5))), key=lambda visit: visit.first_seen_t)
    assert second.first_seen_t - T0 > 300.0
    assert [first.outcome, second.outcome] == ["departed", "departed"]
    assert second.arrived_t == pytest.approx(T0 + 4.5, abs=1.5)


def test_a_class_flip_changes_no_visit_and_the_vote_decides() -> None:
    def flipped(events: Iterable[Event]) -> Iterator[Event]:
        for number, event in enumerate(events):
            if isinstance(event, Seen):
                found = event.detections
                classes = np.full(len(found), 1 + number % 2 if number % 5 == 0 else 0, np.int16)
                yield replace(event, detections=Detections(found.xyxy, found.score, classes))
            else:
                yield event

    plain, strange = run(drive(QUEUE, 80.0)), run(flipped(drive(QUEUE, 80.0)))
    assert ended(strange) == ended(plain)
    assert {visit.vehicle_class for visit in ended(strange)} == {"truck"}


@pytest.mark.parametrize("gap_s", [2.0, 20.0])
def test_a_visit_survives_a_reconnect(gap_s: float) -> None:
    queue = [*QUEUE[:2], replace(QUEUE[2], go_t=55.0)]

    def reconnected() -> Iterator[Event]:
        for event in drive(queue, 80.0, outages=[(30.0, 30.0 + gap_s)]):
            if event.t == T0 + 30.0 and isinstance(event, Tick):
                yield CameraChanged("cam", 0, event.t, "offline", 0, 0, "no packets")
            if isinstance(event, Seen) and event.t == T0 + 30.0 + gap_s:
                yield CameraChanged("cam", 1, event.t, "online", WIDTH, HEIGHT)
            yield replace(event, session=1) if isinstance(event, Seen) and event.t >= T0 + 30.0 + gap_s else event

    plain, messages = ended(run(drive(queue, 80.0))), run(reconnected())
    visits = ended(messages)
    assert [visit.visit_id for visit in visits] == [visit.visit_id for visit in plain]
    assert [dwell(visit) for visit in visits] == pytest.approx([dwell(visit) for visit in plain], abs=2.0)
    assert balanced(messages)


def with_another_config(config: GateConfig, at_s: float) -> list[Event]:
    events = drive(QUEUE, 80.0)
    place = events.index(Tick(T0 + at_s)) + 1
    return [*events[:place], ConfigChanged(T0 + at_s, config), *events[place:]]


def test_another_config_in_mid_queue_changes_no_visit() -> None:
    changed = gate().model_copy(update={"statistics": gate().statistics.model_copy(update={"window_s": 600.0})})
    moved = gate(focal=False, analysis_fps=4.0)
    plain = ended(run(drive(QUEUE, 80.0)))
    assert ended(run(with_another_config(changed, 30.0))) == plain
    visits = ended(run(with_another_config(moved, 30.0)))
    assert [visit.visit_id for visit in visits] == [visit.visit_id for visit in plain]
    assert [dwell(visit) for visit in visits] == pytest.approx([dwell(visit) for visit in plain], abs=1.0)


EYES = {"near": (CAMERA, (0.0, 60.0)), "far": (replace(CAMERA, y=44.0), (60.0, 120.0))}


def two_cameras() -> GateConfig:
    def seen(name: str, eye: ReferenceCamera, covers: tuple[float, float]) -> dict[str, object]:
        low, high = covers
        points = np.array([[x, y, 0.0] for x in (0.0, 7.5) for y in (low, low + 15.0, low + 30.0, 120.0)])
        ground = [
            {"image": list(i), "metres": p[:2].tolist()}
            for i, p in zip(eye.picture_points(points).tolist(), points, strict=True)
        ]
        views = []
        for lane, x in LANES.items():
            corners = np.array([[x - 1.8, low, 0], [x + 1.8, low, 0], [x + 1.8, high, 0], [x - 1.8, high, 0]])
            polygon = eye.picture_points(corners).tolist()
            views.append({"lane": lane, "polygon": polygon, "axis": [[x, 0.0], [x, 120.0]], "covers_m": [low, high]})
        return {"id": name, "views": views, "ground": ground, "focal_px": eye.focal_px}

    lanes = [{"id": name, "direction": "export", "name": {"en": name}} for name in LANES]
    cameras = [seen(name, *rest) for name, rest in EYES.items()]
    return parse_gate({"id": "g", "name": {"en": "G"}, "lanes": lanes, "cameras": cameras}, "test")


def test_two_cameras_of_one_lane_give_one_visit_each() -> None:
    config = two_cameras()
    assert [found.cameras for found in sections(config)] == [("near", "far")]
    trucks = [Truck("A", 2.0, 60.0), Truck("A", 10.0, 64.0, halt_m=20.0), Truck("A", 18.0, 68.0, halt_m=39.0)]
    trucks += [Truck("A", 26.0, 72.0, halt_m=58.0), Truck("B", 5.0, 40.0)]
    events: list[Event] = [CameraChanged(name, 0, T0, "online", WIDTH, HEIGHT) for name in EYES]
    for event in drive(trucks, 105.0):
        if isinstance(event, Seen):
            events += [Seen(n, 0, event.t, detections(trucks, event.t - T0, eye)) for n, (eye, _) in EYES.items()]
        elif isinstance(event, Tick):
            events.append(event)
    messages = run(events, config)
    visits = ended(messages)
    assert [visit.outcome for visit in visits] == ["departed"] * 5
    assert sum(isinstance(message, VisitStarted) for message in messages) == 5
    true = {truck.enters_t: truck.go_t + truck.halt_m / 2.0 - truck.enters_t for truck in trucks}
    for visit in visits:
        arrived_t = visit.arrived_t or 0.0
        _, entered = min((abs(T0 + t - arrived_t), t) for t in true)
        assert arrived_t == pytest.approx(T0 + entered, abs=1.5)
        assert dwell(visit) == pytest.approx(true[entered], abs=3.0)
    queue = {m.data.t - T0: m.data.queue_vehicles for m in messages if isinstance(m, LaneMeasured) and m.data.lane_id == "A"}
    assert queue[55.0] == 4
    assert balanced(messages)
    assert section(config).lanes == ("A", "B")


def test_a_lane_that_goes_from_the_config_takes_nothing_along() -> None:
    whole = gate()
    camera = whole.cameras[0]
    camera = camera.model_copy(update={"views": camera.views[:1]})
    smaller = whole.model_copy(update={"lanes": whole.lanes[:1], "cameras": (camera,)})
    messages = run(with_another_config(smaller, 30.0))
    after = [m.data for m in messages if isinstance(m, LaneMeasured) and m.data.t > T0 + 30]
    assert {data.lane_id for data in after} == {"A"}
    lost, *others = ended(messages)
    assert (lost.lane_id, lost.outcome, lost.left_t) == ("B", "lost", pytest.approx(T0 + 30.0, abs=0.5))
    assert [visit.visit_id for visit in others] == [
        visit.visit_id for visit in ended(run(drive(QUEUE, 80.0))) if visit.lane_id == "A"
    ]
    assert balanced(messages)


def test_a_lane_before_it_goes_and_vehicles_stay_in_theirs() -> None:
    whole = gate()
    camera = whole.cameras[0].model_copy(update={"views": whole.cameras[0].views[1:]})
    smaller = whole.model_copy(update={"lanes": whole.lanes[1:], "cameras": (camera,)})
    messages = run(with_another_config(smaller, 30.0))
    assert [(v.lane_id, v.outcome) for v in ended(messages)] == [("A", "lost"), ("A", "lost"), ("B", "departed")]


def test_a_change_of_lane_that_nobody_saw_is_one_visit_in_each_lane() -> None:
    """In A until 30 s, in B from 34 s on, found in neither between: the visit in B goes on with the arrival in A."""
    before, after = Truck("A", 12.0, 70.0, halt_m=30.0), Truck("B", 12.0, 70.0, halt_m=30.0)

    def changing() -> Iterator[Event]:
        for event in drive([before], 110.0):
            t = event.t - T0
            if isinstance(event, Seen):
                seen = [before] if t < 30.0 else [after] if t > 34.0 else []
                yield replace(event, detections=detections(seen, t))
            else:
                yield event

    messages = run(changing())
    left, came = ended(messages)
    assert [(left.lane_id, left.outcome), (came.lane_id, came.outcome)] == [("A", "changed_lane"), ("B", "departed")]
    assert came.previous_visit_id == left.visit_id
    assert came.arrived_t == left.arrived_t == pytest.approx(T0 + 12.0, abs=1.5)
    assert balanced(messages)


def test_a_vehicle_that_pulls_out_of_a_queue_where_little_of_it_is_in_sight_changed_lanes() -> None:
    """A strip of it was found in every frame; from 60 s on a box stands beside its place and it is found no more."""
    tall = Truck("A", 2.0, 200.0)
    before, after = (Truck(lane, 6.0, 120.0, halt_m=19.5, length_m=8.0, height_m=3.4) for lane in LANES)

    def pulling_out() -> Iterator[Event]:
        for event in drive([tall], 180.0):
            if isinstance(event, Seen):
                t = event.t - T0
                yield replace(event, detections=detections([tall, before if t < 60.0 else after], t))
            else:
                yield event

    messages = run(pulling_out())
    left, came = ended(messages)
    assert [(left.lane_id, left.outcome), (came.lane_id, came.outcome)] == [("A", "changed_lane"), ("B", "departed")]
    assert came.arrived_t == left.arrived_t == pytest.approx(T0 + 6.0, abs=1.5)
    assert balanced(messages)
