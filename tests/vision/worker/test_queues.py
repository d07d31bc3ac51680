"""The two queues: what is lost when they are full, in what order, and that a camera's newest state never is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vision.core.detections import Detections
from vision.core.events import CameraChanged, Seen, Tick, Unchanged
from vision.ports import Frame
from vision.worker.queues import MAX_EVENTS, MAX_ITEMS, EventQueue, FrameSlots, Queued


def frame(camera: str, t: float, session: int = 0) -> Frame:
    return Frame(camera, session, t, np.zeros((1, 1, 3), np.uint8), 1, 1, picture=None)


def seen(camera: str, t: float, session: int = 0) -> Seen:
    return Seen(camera, session, t, Detections.empty())


def change(camera: str, t: float, session: int = 0, state="online") -> CameraChanged:
    return CameraChanged(camera, session, t, state, 1, 1)


def taken(slots: FrameSlots) -> list:
    return [item for _, item in iter(lambda: slots.take(0.0), None)]


def drained(queue: EventQueue) -> list:
    return [queued.event for queued in iter(lambda: queue.get(0.0), None)]


def test_a_waiting_frame_is_replaced_by_the_next_of_its_session():
    slots = FrameSlots(["a"])
    assert not slots.put("a", change("a", 0.0), 1.0)
    assert not slots.put("a", frame("a", 0.0), 1.0)
    assert slots.put("a", frame("a", 0.2), 2.0)
    assert not slots.put("a", change("a", 0.3, session=1), 3.0)
    assert not slots.put("a", frame("a", 0.4, session=1), 4.0)
    assert [(type(item).__name__, item.t) for item in taken(slots)] == [
        ("CameraChanged", 0.0),
        ("Frame", 0.2),
        ("CameraChanged", 0.3),
        ("Frame", 0.4),
    ]


def test_cameras_are_served_in_turn():
    slots = FrameSlots(["a", "b", "c"])
    for camera in "aabbc":
        slots.put(camera, change(camera, 0.0), 0.0)
    assert [item.camera for item in taken(slots)] == ["a", "b", "c", "a", "b"]


def test_a_camera_that_comes_and_goes_while_nobody_takes_keeps_its_changes_before_its_frames():
    slots = FrameSlots(["a"])
    puts = [item for s in range(25) for item in (change("a", s, s), frame("a", s + 0.1, s), change("a", s + 0.2, s, "offline"))]
    lost = sum(slots.put("a", item, item.t) for item in puts)
    items = taken(slots)
    assert len(items) == MAX_ITEMS
    assert [item for item in puts if isinstance(item, CameraChanged)] == [i for i in items if isinstance(i, CameraChanged)]
    assert lost == len(puts) - len(items), "the frames that went are counted"


def test_slots_that_hold_changes_only_lose_the_oldest():
    slots = FrameSlots(["a"])
    puts = [change("a", float(i), i) for i in range(3 * MAX_ITEMS)]
    assert not any(slots.put("a", item, item.t) for item in puts)
    assert taken(slots) == puts[-MAX_ITEMS:]


def test_a_full_queue_loses_its_oldest_frame_and_says_so():
    queue = EventQueue()
    queue.put(Queued(change("a", 0.0)))
    lost = [queue.put(Queued(seen("a", float(i)))) for i in range(MAX_EVENTS + 10)]
    assert [event.t for event in lost if event is not None] == [float(i) for i in range(11)]
    events = drained(queue)
    assert len(events) == MAX_EVENTS
    assert events[0] == change("a", 0.0)
    assert events[1].t == 11.0
    assert events[-1].t == MAX_EVENTS + 9


def test_a_queue_of_changes_is_bounded_and_keeps_each_cameras_newest():
    queue = EventQueue()
    queue.put(Queued(change("quiet", 0.5, state="dark")))
    for i in range(4 * MAX_EVENTS):
        assert queue.put(Queued(change("a", float(i), i))) is None
    events = drained(queue)
    assert len(events) == MAX_EVENTS
    assert events[0] == change("quiet", 0.5, state="dark")
    assert [event.session for event in events[1:]] == list(range(3 * MAX_EVENTS + 1, 4 * MAX_EVENTS))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans()), max_size=1200))
def test_whatever_comes_the_newest_state_is_kept_and_no_frame_without_its_session(puts):
    slots, queue, newest, session = FrameSlots("ab"), EventQueue(), {}, 0
    for t, (camera, is_change) in enumerate(puts):
        session += is_change
        if is_change:
            newest[camera] = change(camera, float(t), session)
            slots.put(camera, newest[camera], t)
            queue.put(Queued(newest[camera]))
        elif camera in newest:
            slots.put(camera, frame(camera, float(t), newest[camera].session), t)
            queue.put(Queued(seen(camera, float(t), newest[camera].session)))
    for items, bound in ((taken(slots), 2 * MAX_ITEMS), (drained(queue), MAX_EVENTS)):
        assert len(items) <= bound
        state: dict[str, CameraChanged] = {}
        for item in items:
            if isinstance(item, CameraChanged):
                state[item.camera] = item
            else:
                assert item.session == state[item.camera].session
        assert state == newest


def unchanged(camera: str, t: float) -> Unchanged:
    return Unchanged(camera, 0, t)


def test_a_full_event_queue_loses_frames_without_change_first():
    queue = EventQueue()
    queue.put(Queued(seen("a", 0.0)))
    queue.put(Queued(unchanged("a", 1.0)))
    lost = [queue.put(Queued(seen("a", 2.0 + i))) for i in range(MAX_EVENTS - 1)]
    assert lost == [None] * (MAX_EVENTS - 2) + [unchanged("a", 1.0)]
    assert drained(queue)[0].t == 0.0


def test_what_tells_of_no_change_since_a_lost_frame_is_lost_too():
    queue = EventQueue()
    for event in (seen("a", 0.0), seen("b", 0.1), *(Tick(float(i)) for i in range(MAX_EVENTS - 2))):
        assert queue.put(Queued(event)) is None
    lost = queue.put(Queued(seen("b", 1.0)))
    assert (lost.camera, lost.t) == ("a", 0.0)
    assert queue.put(Queued(unchanged("a", 1.1))) == unchanged("a", 1.1)
    drained(queue)
    assert queue.put(Queued(unchanged("b", 1.2))) is None
    assert queue.put(Queued(unchanged("a", 1.2))) == unchanged("a", 1.2)
    assert queue.put(Queued(seen("a", 2.0))) is None
    assert queue.put(Queued(unchanged("a", 2.2))) is None
    assert [event.t for event in drained(queue)] == [1.2, 2.0, 2.2]
