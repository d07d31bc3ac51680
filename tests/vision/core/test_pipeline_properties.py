"""What holds for the pipeline whatever it is shown: the ledger balances, time is relative, nothing raises or grows."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.crossroads import crossroads, frames, whole_section
from tests.support.examples import examples
from tests.support.roads import HEIGHT, T0, WIDTH, Truck, drive, gate, section
from vision.core.detections import Detections
from vision.core.events import CameraChanged, ConfigChanged, Event, LaneStatus, Seen, Tick, Unchanged
from vision.core.pipeline import Pipeline
from vision.messages import LaneMeasured, Message, VisitEnded, VisitStarted

FEW = examples(4)
MANY = examples(15)
SOME = examples(15)
STATES = st.sampled_from(["online", "stalled", "frozen", "dark", "offline", "moved"])
BUSY = [Truck("A", 2.0, 40.0), Truck("A", 8.0, 44.0, halt_m=20.0), Truck("B", 4.0, 30.0), Truck("B", 14.0, 400.0, halt_m=20.0)]
COORDINATE = st.floats(-3000, 5000, width=32)


@st.composite
def boxes(draw: st.DrawFn) -> Detections:
    """Any boxes at all, as far as Detections lets them through."""
    corners = draw(st.lists(st.tuples(COORDINATE, COORDINATE, COORDINATE, COORDINATE), max_size=6))
    xyxy = np.array([[min(a, c), min(b, d), max(a, c) + 1, max(b, d) + 1] for a, b, c, d in corners], np.float32)
    count = len(corners)
    scores = draw(st.lists(st.floats(0, 1, width=32), min_size=count, max_size=count))
    classes = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    return Detections(xyxy.reshape(count, 4), np.array(scores, np.float32), np.array(classes, np.int16))


@st.composite
def anything(draw: st.DrawFn) -> list[Event]:
    """Events in any order that a section might ever get, frames for several seconds of the same boxes among them."""
    events: list[Event] = [CameraChanged("cam", 0, T0, "online", WIDTH, HEIGHT)]
    t, session = T0, 0
    for _ in range(draw(st.integers(1, 12))):
        t = round(t + draw(st.sampled_from([-2.0, 0.0, 0.2, 1.0, 7.0, 4000.0])), 3)
        match draw(st.sampled_from(["seen", "stay", "still", "tick", "camera", "lane"])):
            case "seen":
                events.append(Seen("cam", session, t, draw(boxes())))
            case "stay":
                same = draw(boxes())
                events += [Seen("cam", session, round(t + k / 5, 3), same) for k in range(15)]
                t = round(t + 3.0, 3)
            case "still":
                events += [Unchanged("cam", session, round(t + k / 5, 3)) for k in range(5)]
                t = round(t + 1.0, 3)
            case "tick":
                events.append(Tick(float(int(t))))
            case "camera":
                session += draw(st.integers(0, 1))
                events.append(CameraChanged("cam", session, t, draw(STATES), WIDTH, HEIGHT))
            case "lane":
                events.append(LaneStatus("A", t, draw(st.sampled_from(["open", "closed"])), "x", ""))
    return [*events, Tick(float(int(t)) + 10.0)]


@st.composite
def traffic(draw: st.DrawFn) -> list[Truck]:
    """Trucks that come one after the other in two lanes, halt behind each other and are served in turn."""
    trucks: list[Truck] = []
    for lane in ("A", "B"):
        enters, halt, goes = draw(st.floats(1, 10)), 1.0, 30.0
        for _ in range(draw(st.integers(0, 3))):
            length = draw(st.sampled_from([8.0, 12.0, 16.5]))
            trucks.append(Truck(lane, round(enters, 1), round(goes, 1), halt, length, height_m=4.0 if length > 9 else 3.4))
            enters, halt, goes = enters + draw(st.floats(4, 9)), halt + length + 2.5, goes + 8.0
    return trucks


def run(events: list[Event], *, ground: bool = True) -> list[Message]:
    config = gate(ground=ground)
    pipeline = Pipeline(config, section(config))
    return [message for event in events for message in pipeline.step(event)]


@pytest.mark.parametrize("ground", [True, False])
@MANY
@given(events=anything())
def test_nothing_makes_it_raise_and_the_ledger_balances(ground: bool, events: list[Event]) -> None:
    for message in run(events, ground=ground):
        if isinstance(message, LaneMeasured):
            assert message.data.audit.residue == 0
            measured = message.data
            assert (measured.vehicles is None) == (measured.quality == "unknown")
            ends = measured.queue_low, measured.queue_vehicles, measured.queue_high
            assert ends == (None, None, None) or ends == tuple(sorted(end for end in ends if end is not None))
        elif isinstance(message, VisitEnded):
            visit = message.data
            times = [t for t in (visit.arrived_t, visit.joined_t, visit.service_t, visit.left_t) if t is not None]
            assert times == sorted(times)


@pytest.mark.parametrize("ground", [True, False])
@MANY
@given(events=anything(), cut=st.integers(1, 20))
def test_a_checkpoint_at_any_moment_is_json_and_goes_on_exactly(ground: bool, events: list[Event], cut: int) -> None:
    config = gate(ground=ground)
    pipeline = Pipeline(config, section(config))
    for event in events[:cut]:
        pipeline.step(event)
    restored = Pipeline.restore(config, section(config), json.loads(json.dumps(pipeline.checkpoint(), allow_nan=False)))
    for event in events[cut:]:
        assert restored.step(event) == pipeline.step(event)


@FEW
@given(trucks=traffic())
def test_every_truck_of_light_traffic_has_one_visit(trucks: list[Truck]) -> None:
    messages = run(drive(trucks, 62.0))
    last = {m.data.lane_id: m.data for m in messages if isinstance(m, LaneMeasured)}
    assert all(lane.audit.residue == 0 for lane in last.values())
    for lane in ("A", "B"):
        true = [truck for truck in trucks if truck.lane == lane and truck.front(62.0) < 118.0]
        data = last[lane]
        assert data.vehicles is not None
        assert data.audit.visits + data.vehicles == len(true)


@FEW
@given(trucks=traffic(), hours=st.integers(-50_000, 50_000))
def test_a_shift_of_time_changes_nothing_else(trucks: list[Truck], hours: int) -> None:
    shift = 3600.0 * hours
    first, second = run(drive(trucks, 45.0)), run(drive(trucks, 45.0, t0=T0 + shift))
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        if isinstance(a, LaneMeasured) and isinstance(b, LaneMeasured):
            assert b.data.t - a.data.t == shift
            assert a.data.model_copy(update={"t": 0.0}) == b.data.model_copy(update={"t": 0.0})


@pytest.mark.parametrize("fps", [2.5, 1.25])
def test_the_frame_rate_changes_dwell_by_two_frame_periods_at_most(fps: float) -> None:
    trucks = [Truck("A", 2.0, 40.0), Truck("A", 12.0, 48.0, halt_m=20.0), Truck("B", 6.0, 30.0)]

    def dwells(rate: float) -> list[float]:
        ended = [m.data for m in run(drive(trucks, 75.0, fps=rate)) if isinstance(m, VisitEnded)]
        return sorted(v.left_t - v.arrived_t for v in ended if v.left_t is not None and v.arrived_t is not None)

    full, thin = dwells(5.0), dwells(fps)
    assert len(full) == len(thin) == 3
    assert full == pytest.approx(thin, abs=2 / fps)


@FEW
@given(trucks=traffic())
def test_half_the_frames_change_no_visit_and_dwell_by_two_frame_periods_at_most(trucks: list[Truck]) -> None:
    def dwells(rate: float) -> list[tuple[str, float]]:
        ended = [m.data for m in run(drive(trucks, 75.0, fps=rate)) if isinstance(m, VisitEnded)]
        return sorted((v.lane_id, v.left_t - v.arrived_t) for v in ended if v.left_t is not None and v.arrived_t is not None)

    full, thin = dwells(5.0), dwells(2.5)
    assert [lane for lane, _ in full] == [lane for lane, _ in thin]
    assert [dwell for _, dwell in full] == pytest.approx([dwell for _, dwell in thin], abs=2 / 2.5)


@FEW
@given(trucks=traffic(), late=st.lists(st.tuples(st.integers(5, 45), st.floats(0.0, 30.0), boxes()), max_size=8))
def test_what_comes_late_changes_nothing_published(trucks: list[Truck], late: list[tuple[int, float, Detections]]) -> None:
    events = drive(trucks, 45.0)
    disturbed: list[Event] = []
    for event in events:
        disturbed.append(event)
        if isinstance(event, Tick):
            for second, age_s, found in late:
                if event.t == T0 + second:
                    disturbed += [Seen("cam", 0, round(event.t - age_s, 3), found), Tick(event.t - age_s // 1)]
    assert run(disturbed) == run(events)


def test_state_stays_small_whatever_is_shown_for_long() -> None:
    config = gate()
    pipeline = Pipeline(config, section(config))
    rng = np.random.default_rng(1)
    pipeline.step(CameraChanged("cam", 0, T0, "online", WIDTH, HEIGHT))
    sizes = []
    for second in range(240):
        corner = rng.uniform([0, 300], [1800, 700], (12, 2))
        xyxy = np.concatenate([corner, corner + rng.uniform(20, 200, (12, 2))], axis=1).astype(np.float32)
        found = Detections(xyxy, np.full(12, 0.6, np.float32), np.zeros(12, np.int16))
        for k in range(2):
            pipeline.step(Seen("cam", 0, T0 + 6 * second + 0.5 * (k + 1), found))
        pipeline.step(Tick(T0 + 6.0 * (second + 1)))
        sizes.append(len(json.dumps(pipeline.checkpoint())))
    assert max(sizes[120:]) < 2 * max(sizes[:120]) + 100_000


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[str, object]]:
    """What may happen to a section of two cameras: time passes, the configuration, a camera or the worker changes."""
    steps: list[tuple[str, object]] = []
    for _ in range(draw(st.integers(2, 7))):
        lanes = draw(st.sampled_from([("A", "B", "C"), ("A", "B"), ("B", "C"), ("B",), ("A", "C")]))
        cameras = draw(st.sampled_from([("cam", "side"), ("side", "cam"), ("cam",), ("side",)]))
        calibrated = draw(st.sampled_from([(), ("cam",), ("side",), ("cam", "side")]))
        what = draw(st.sampled_from(["drive", "config", "restore", "unreadable", "camera"]))
        steps.append((what, (calibrated, cameras, lanes) if what in ("config", "restore") else draw(st.integers(1, 12))))
        steps.append(("drive", draw(st.integers(1, 9))))
    return steps


def some_lane_is_seen(cameras: tuple[str, ...], lanes: tuple[str, ...]) -> bool:
    return bool({"cam": {"A", "B"}, "side": {"B", "C"}}[cameras[0]] & set(lanes)) or len(cameras) > 1


class _Watched:
    """A pipeline that lives through changes, and what it said; what must always hold is looked at after each tick."""

    def __init__(self) -> None:
        self.config, self.section = crossroads(), whole_section()
        self.pipeline = Pipeline(self.config, self.section)
        self.started: dict[str, str] = {}
        self.ended: dict[str, str] = {}

    def step(self, event: Event) -> None:
        for message in self.pipeline.step(event):
            if isinstance(message, VisitStarted):
                assert message.data.visit_id not in self.started
                self.started[message.data.visit_id] = message.data.lane_id
            elif isinstance(message, VisitEnded):
                assert message.data.visit_id in self.started
                assert message.data.visit_id not in self.ended
                self.ended[message.data.visit_id] = message.data.outcome
            elif isinstance(message, LaneMeasured):
                assert message.data.audit.residue == 0
        if isinstance(event, Tick):
            still = [visit.visit_id for visit in self.pipeline.open_visits()]
            assert len(set(still)) == len(still)
            assert set(still) == self.started.keys() - self.ended.keys()

    def take(
        self, t: float, calibrated: tuple[str, ...], cameras: tuple[str, ...], lanes: tuple[str, ...], *, live: bool
    ) -> None:
        """Another configuration, while it runs or at a restart."""
        if not some_lane_is_seen(cameras, lanes):
            return
        self.config = crossroads(calibrated, cameras, lanes)
        if live:
            self.step(ConfigChanged(t, self.config))
            return
        seen = tuple(camera.id for camera in self.config.cameras)
        self.section = self.section.model_copy(update={"cameras": seen, "lanes": lanes})
        self.restore()

    def restore(self, **spoiled: object) -> None:
        saved = json.loads(json.dumps(self.pipeline.checkpoint(), allow_nan=False)) | spoiled
        self.pipeline = Pipeline.restore(self.config, self.section, saved)


@SOME
@given(steps=changes())
def test_whatever_changes_every_visit_ends_once_or_is_open(steps: list[tuple[str, object]]) -> None:
    watched, at, sessions = _Watched(), 0, {"cam": 0, "side": 0}
    events = frames([*BUSY], 90.0, fps=2.5)
    for what, value in steps:
        t = T0 + at
        match what, value:
            case "drive", int(seconds):
                for event in events:
                    if t < event.t <= t + seconds or (event.t == t == T0):
                        session = sessions.get(getattr(event, "camera", ""), 0)
                        watched.step(replace(event, session=session) if isinstance(event, Seen | CameraChanged) else event)
                at += seconds
            case (("config" | "restore"), (tuple(calibrated), tuple(cameras), tuple(lanes))):
                watched.take(t, calibrated, cameras, lanes, live=what == "config")
            case "unreadable", _:
                watched.restore(version=1)
                for camera, session in sessions.items():
                    watched.step(CameraChanged(camera, session, t, "online", WIDTH, HEIGHT))
            case "camera", int(number):
                camera = "cam" if number % 2 else "side"
                sessions[camera] += number % 3 == 0
                watched.step(CameraChanged(camera, sessions[camera], t, "offline" if number > 8 else "online", WIDTH, HEIGHT))
    watched.step(Tick(T0 + at + 1.0))
