"""Live events with ticks: in order of t as in a replay, nothing waits for long, nothing is lost."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.roads import CAMERA, FACING, HEIGHT, T0, WIDTH, Truck, detections, facing_gate, gate
from vision.config import Section, sections
from vision.core.detections import Detections
from vision.core.events import CameraChanged, ConfigChanged, Event, LaneStatus, Seen, Tick, Unchanged
from vision.core.pipeline import Pipeline
from vision.core.ticks import with_ticks
from vision.worker.tick_sequencer import MAX_HELD, TickSequencer


def seen(camera: str, t: float) -> Seen:
    return Seen(camera, 0, t, Detections.empty())


def online(camera: str, t: float, state="online", session=0) -> CameraChanged:
    return CameraChanged(camera, session, t, state, 640, 360)


def names(events) -> list[tuple[str, float]]:
    return [(getattr(event, "camera", "tick"), event.t) for event in events]


def two_cameras(wall: float = 99.6) -> TickSequencer:
    sequencer = TickSequencer(["a", "b"], wall=wall)
    for camera in "ab":
        sequencer.push(online(camera, wall), wall)
    return sequencer


def test_a_tick_goes_when_every_online_camera_has_delivered_a_later_frame():
    sequencer = two_cameras()
    assert names(sequencer.push(seen("a", 100.0), 100.1)) == [("b", 99.6)], "the frame waits for b, which may have an earlier"
    assert names(sequencer.push(seen("a", 100.2), 100.3)) == []
    assert names(sequencer.push(seen("b", 99.9), 100.3)) == [("b", 99.9)]
    assert names(sequencer.push(seen("b", 100.1), 100.4)) == [("a", 100.0), ("tick", 100.0), ("b", 100.1)]
    assert names(sequencer.push(seen("b", 100.2), 100.4)) == [("a", 100.2), ("b", 100.2)], "equal times: the section's order"


def test_a_frame_without_change_is_a_frame():
    sequencer = two_cameras()
    assert names(sequencer.push(Unchanged("a", 0, 100.2), 100.3)) == [("b", 99.6)]
    assert names(sequencer.push(Unchanged("b", 0, 100.1), 100.4)) == [("tick", 100.0), ("b", 100.1)]


def test_a_camera_by_itself_waits_for_nobody():
    sequencer = TickSequencer(["a"], wall=99.5)
    for t in (99.6, 99.8, 100.0):
        assert names(sequencer.push(seen("a", t), t + 0.1)) == [("a", t)]
    assert names(sequencer.push(online("a", 100.0, "stalled"), 100.1)) == [], "it is told after the frame, and the tick"
    assert names(sequencer.due(101.0)) == [("tick", 100.0), ("a", 100.001)]


def test_a_tick_and_what_is_before_it_wait_for_no_camera_longer_than_a_second():
    sequencer = two_cameras()
    assert names(sequencer.push(seen("a", 99.8), 99.9)) == [("b", 99.6)]
    assert names(sequencer.push(seen("a", 100.2), 100.3)) == []
    assert names(sequencer.due(100.99)) == []
    assert sequencer.next_deadline == 101.0
    assert names(sequencer.due(101.0)) == [("a", 99.8), ("tick", 100.0)]
    assert names(sequencer.push(seen("b", 99.7), 101.1)) == [("b", 99.7)], "it is late, and goes at once"


@pytest.mark.parametrize("state", ["offline", "stalled"])
def test_a_camera_that_is_away_is_not_waited_for(state):
    sequencer = TickSequencer(["a", "b"], wall=99.5)
    sequencer.push(online("a", 99.6), 99.6)
    sequencer.push(online("b", 99.6, state), 99.6)
    assert names(sequencer.push(seen("a", 100.2), 100.3)) == [("b", 99.6), ("tick", 100.0), ("a", 100.2)]


def test_a_camera_that_is_back_is_told_after_it_was_away_though_its_first_frame_is_dated_before():
    sequencer = TickSequencer(["a"], wall=99.5)
    sequencer.push(seen("a", 99.6), 99.7)
    out = sequencer.push(online("a", 100.1, "offline"), 100.1)
    out += sequencer.push(online("a", 99.95, session=1), 100.5)
    out += sequencer.push(seen("a", 99.95), 100.5)
    out += sequencer.push(seen("a", 100.15), 100.6) + sequencer.due(101.0)
    changes = [(event.t, event.state) for event in out if isinstance(event, CameraChanged)]
    assert changes == [(100.1, "offline"), (100.101, "online")]
    assert names(out) == [("tick", 100.0), ("a", 100.1), ("a", 100.101), ("a", 99.95), ("a", 100.15)]


def test_what_was_told_by_another_way_stays_before_what_comes():
    sequencer = TickSequencer(["a"], wall=99.5)
    sequencer.passed(online("a", 100.0, "offline"))
    assert names(sequencer.push(online("a", 99.9), 100.0)) == []
    assert names(sequencer.due(101.0)) == [("tick", 100.0), ("a", 100.001)]


def test_a_configuration_goes_between_frames_by_its_time():
    sequencer = TickSequencer(["a"], wall=99.5)
    sequencer.push(online("a", 99.6), 99.6)
    changed = ConfigChanged(99.8, gate())
    assert sequencer.push(changed, 99.8) == []
    assert [event.t for event in sequencer.push(seen("a", 99.7), 99.8)] == [99.7]
    assert [event.t for event in sequencer.push(seen("a", 99.9), 99.9)] == [99.8, 99.9]


def test_a_status_of_a_clock_that_was_ahead_holds_nothing_up() -> None:
    sequencer = TickSequencer(["a"], wall=99.5)
    ahead, right = (LaneStatus("A", t, "closed", "ann", "") for t in (3700.0, 99.9))
    changed, again = ConfigChanged(99.8, gate()), ConfigChanged(99.7, gate())
    assert sequencer.push(ahead, 99.6) == []
    assert sequencer.push(changed, 99.8) == [changed]
    assert sequencer.push(right, 99.9) == [right]
    assert sequencer.push(again, 99.9) == [again], "and a clock that was set back changes no order of configurations"
    assert ahead not in sequencer.due(200.0)


def test_at_the_end_nothing_waits_any_longer_but_what_is_dated_ahead() -> None:
    sequencer = two_cameras()
    sequencer.push(seen("a", 99.8), 99.9)
    sequencer.push(LaneStatus("A", 102.0, "closed", "ann", ""), 99.9)
    sequencer.push(seen("a", 100.2), 100.3)
    sequencer.push(online("a", 100.3, "frozen"), 100.3)
    sequencer.push(seen("a", 101.1), 100.4)
    assert names(sequencer.rest(100.5)) == [("a", 99.8), ("tick", 100.0), ("a", 100.2), ("a", 100.3), ("a", 101.1)]
    assert sequencer.rest(100.5) == []


def test_ticks_go_on_when_no_frame_comes_and_after_a_long_sleep():
    sequencer = TickSequencer(["a"], wall=99.5)
    assert sequencer.due(103.2) == [Tick(100.0), Tick(101.0), Tick(102.0)]
    after = sequencer.due(103.2 + 86_400)
    assert len(after) <= 3
    assert after[-1].t <= 103.2 + 86_400


def test_what_waits_is_bounded():
    sequencer = two_cameras()
    out = [event for i in range(MAX_HELD + 100) for event in sequencer.push(seen("a", round(99.7 + i / 1e4, 4)), 99.8)]
    assert len([event for event in out if isinstance(event, Seen)]) >= 100


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


TRUCKS = [Truck("A", 0.0, 22.0), Truck("A", 6.0, 26.0, halt_m=20.0), Truck("B", 2.0, 17.5)]


def facing_events() -> list[Event]:
    eyes = {"cam": CAMERA, "far": FACING}
    events: list[Event] = [CameraChanged(camera, 0, T0, "online", WIDTH, HEIGHT) for camera in eyes]
    for k in range(5 * 40):
        for i, (camera, eye) in enumerate(eyes.items()):
            at = round(k / 5 + i * 0.07, 3)
            events.append(Seen(camera, 0, round(T0 + at, 3), detections(TRUCKS, at, eye)))
    return sorted(events, key=lambda event: event.t)


def arrived(events: list[Event], seed: int) -> list[tuple[float, Event]]:
    """The events with their times of arrival: each camera in its own order, its frames up to 0.6 s late."""
    chance = random.Random(seed)
    last: dict[str, float] = {}
    found = []
    for event in events:
        camera = event.camera
        late_s = chance.uniform(0.05, 0.6) if isinstance(event, Seen) else 0.0
        last[camera] = max(last.get(camera, 0.0), event.t + late_s)
        found.append((last[camera], event))
    return sorted(found, key=lambda pair: pair[0])


@pytest.mark.parametrize("seed", range(3))
def test_frames_that_arrive_swapped_give_the_messages_of_the_sorted_recording(seed):
    config, events = facing_gate(), facing_events()
    section: Section = sections(config)[0]
    assert section.cameras == ("cam", "far")
    sorted_run = Pipeline(config, section)
    wanted = [m.model_dump_json() for event in with_ticks(events, last_second=True) for m in sorted_run.step(event)]
    live, sequencer, found = Pipeline(config, section), TickSequencer(section.cameras, T0), []
    arrivals = arrived(events, seed)
    assert [event for _, event in arrivals] != events
    for wall, event in arrivals:
        found += [m.model_dump_json() for one in sequencer.push(event, wall) for m in live.step(one)]
    found += [m.model_dump_json() for one in sequencer.due(events[-1].t + 2.0) for m in live.step(one)]
    assert found[: len(wanted)] == wanted
    assert sum('"queue_vehicles":1' in text for text in wanted) > 3
