"""Capture times: offsets, drift, sessions, with the time as an argument and no clock."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.camera.capture_time import NO_TIME_T, StreamClock, file_start

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
