"""Capture times: offsets, drift, sessions; when ticks go; both with the time as an argument and no clock."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.camera.capture_time import NO_TIME_T, StreamClock, file_start
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Seen, Tick
from vision.worker.tick_sequencer import TickSequencer

T0 = 1_767_225_600.0


def stamps(clock: StreamClock, frames):
    return [clock.stamp(*frame) for frame in frames]


def test_without_a_report_the_first_arrival_counts():
    found = stamps(StreamClock(), [(10 + i * 0.2, T0 + i * 0.2) for i in range(5)])
    assert [round(stamp.t - T0, 3) for stamp in found] == [0.0, 0.2, 0.4, 0.6, 0.8]
    assert {stamp.session for stamp in found} == {0}


def test_the_burst_at_the_start_does_not_shift_later_times():
    clock = StreamClock()
    burst = [(i * 0.04, T0 + 0.5) for i in range(12)]
    stamps(clock, burst)
    later = clock.stamp(0.52, T0 + 0.52)
    assert later.t == pytest.approx(T0 + 0.52, abs=0.001)


def test_a_report_near_arrival_is_believed_and_a_wrong_clock_is_not():
    assert StreamClock().stamp(5.0, T0 + 0.3, T0 - 5.0).t == T0
    assert StreamClock().stamp(5.0, T0, T0 - 5.0 + 3600).t == T0
    late = StreamClock().stamp(5.0, T0, T0 - 5.0 - 1.5)
    assert late.t == T0, "1.5 s behind, every frame would come after the tick that publishes its second"


def test_a_single_odd_frame_is_dropped():
    clock = StreamClock()
    found = stamps(clock, [(0.0, T0), (0.2, T0 + 0.2), (4.4, T0 + 0.4), (0.6, T0 + 0.6)])
    assert found[2] is None
    assert (found[3].session, found[3].t) == (0, pytest.approx(T0 + 0.6))


def test_a_pts_that_jumped_for_good_begins_a_session():
    clock = StreamClock()
    stamps(clock, [(i * 0.2, T0 + i * 0.2) for i in range(10)])
    after = stamps(clock, [(500 + i * 0.2, T0 + 2 + i * 0.2) for i in range(10)])
    assert after[0] is None
    assert after[-1].session == 1
    assert after[-1].t == pytest.approx(T0 + 3.8, abs=0.01)


def test_reopening_begins_a_session_and_time_goes_on():
    clock = StreamClock(session=7)
    assert clock.stamp(3.0, T0).session == 7
    clock.reopen()
    stamp = clock.stamp(0.0, T0 + 5)
    assert (stamp.session, stamp.t) == (8, T0 + 5)


def test_drift_is_followed_by_at_most_a_millisecond_a_second():
    clock = StreamClock()
    last = None
    for i in range(5 * 600):
        pts = i * 0.2
        last = clock.stamp(pts, T0 + pts * 1.0002)  # the camera's clock is slow: 0.12 s in ten minutes
    assert last.t == pytest.approx(T0 + 599.8 * 1.0002, abs=0.03)


def test_delay_on_the_way_from_a_camera_with_a_true_clock_is_no_drift():
    clock = StreamClock()
    for i in range(5 * 300):
        stamp = clock.stamp(i * 0.2, T0 + i * 0.2 + 0.5, T0)
    assert stamp.t == pytest.approx(T0 + 299.8, abs=0.001)


@given(st.lists(st.tuples(st.floats(-5, 1e6), st.floats(0, 1e6)), max_size=60))
def test_times_of_a_clock_only_rise_whatever_comes(frames):
    found = [stamp for stamp in stamps(StreamClock(), [(pts, T0 + arrival) for pts, arrival in frames]) if stamp]
    assert all(a.t < b.t and a.session <= b.session for a, b in itertools.pairwise(found))


@pytest.mark.parametrize(
    ("metadata", "start", "expected"),
    [
        ({}, 12.5, (12.5, True)),
        ({"creation_time": "2024-12-04T01:02:03.000000Z"}, None, (1733274123.0, True)),
        ({"creation_time": "2024-12-04 01:02:03"}, None, (1733274123.0, True)),
        ({"creation_time": "1970-01-01T00:00:00Z"}, None, (NO_TIME_T, False)),
        ({"creation_time": "yesterday"}, None, (NO_TIME_T, False)),
        ({}, None, (NO_TIME_T, False)),
    ],
)
def test_a_file_begins_at_start_or_creation_or_2000(metadata, start, expected):
    assert file_start(metadata, start) == expected


def seen(camera: str, t: float) -> Seen:
    return Seen(camera, 0, t, Detections.empty())


def online(camera: str, t: float, state="online") -> CameraChanged:
    return CameraChanged(camera, 0, t, state, 640, 360)


def names(events) -> list[tuple[str, float]]:
    return [(getattr(event, "camera", "tick"), event.t) for event in events]


def test_a_tick_goes_when_every_online_camera_has_delivered_a_later_frame():
    sequencer = TickSequencer(["a", "b"], wall=99.5)
    assert names(sequencer.push(online("a", 99.6), 99.6)) == [("a", 99.6)]
    sequencer.push(online("b", 99.6), 99.6)
    assert names(sequencer.push(seen("a", 100.0), 100.1)) == [("a", 100.0)]
    assert names(sequencer.push(seen("a", 100.2), 100.3)) == [], "later than the tick: it waits"
    assert names(sequencer.push(seen("b", 99.9), 100.3)) == [("b", 99.9)]
    assert names(sequencer.push(seen("b", 100.1), 100.4)) == [("tick", 100.0), ("b", 100.1), ("a", 100.2)]


def test_a_tick_waits_for_no_camera_longer_than_a_second():
    sequencer = TickSequencer(["a", "b"], wall=99.5)
    sequencer.push(online("a", 99.6), 99.6)
    sequencer.push(online("b", 99.6), 99.6)
    assert names(sequencer.push(seen("a", 100.2), 100.3)) == []
    assert names(sequencer.due(100.99)) == []
    assert sequencer.next_deadline == 101.0
    assert names(sequencer.due(101.0)) == [("tick", 100.0), ("a", 100.2)]


@pytest.mark.parametrize("state", ["offline", "stalled"])
def test_a_camera_that_is_away_is_not_waited_for(state):
    sequencer = TickSequencer(["a", "b"], wall=99.5)
    sequencer.push(online("a", 99.6), 99.6)
    sequencer.push(online("b", 99.6, state), 99.6)
    assert names(sequencer.push(seen("a", 100.2), 100.3)) == [("tick", 100.0), ("a", 100.2)]


def test_ticks_go_on_when_no_frame_comes_and_after_a_long_sleep():
    sequencer = TickSequencer(["a"], wall=99.5)
    assert sequencer.due(103.2) == [Tick(100.0), Tick(101.0), Tick(102.0)]
    after = sequencer.due(103.2 + 86_400)
    assert len(after) <= 3
    assert after[-1].t <= 103.2 + 86_400


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 3), st.floats(0, 0.4)), max_size=80))
def test_everything_goes_out_once_and_ticks_are_whole_and_in_order(steps):
    sequencer = TickSequencer(["a", "b"], wall=1000.0)
    wall, pushed, out = 1000.0, [], []
    for camera, age, step in steps:
        wall += step
        event = seen(camera, round(wall - age, 3))
        pushed.append(event)
        out += sequencer.push(event, wall)
    out += sequencer.due(wall + 10)
    ticks = [event.t for event in out if isinstance(event, Tick)]
    assert ticks == [1000.0 + i for i in range(len(ticks))]
    assert sorted(id(event) for event in out if isinstance(event, Seen)) == sorted(id(event) for event in pushed)
