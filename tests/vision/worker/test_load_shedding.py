"""Load shedding and the two queues: what is dropped, in what order, and that nothing else is."""

import numpy as np

from vision.core.detections import Detections
from vision.core.events import CameraChanged, Seen
from vision.ports import Frame
from vision.worker.frame_rates import RateWatch
from vision.worker.load_shedding import DETECTION_STEP, MAX_STEP, LoadControl
from vision.worker.queues import MAX_EVENTS, EventQueue, FrameSlots, Queued


def frame(camera: str, t: float, session: int = 0) -> Frame:
    return Frame(camera, session, t, np.zeros((1, 1, 3), np.uint8), 1, 1, picture=None)


def change(camera: str, t: float, session: int = 0) -> CameraChanged:
    return CameraChanged(camera, session, t, "online", 1, 1)


def run(control: LoadControl, start: int, seconds: int, *, wait_s=0.05, replaced=0, skipped=False) -> int:
    for second in range(start, start + seconds):
        for i in range(5):
            control.detected(second + i / 5, wait_s)
        for _ in range(replaced):
            control.replaced(second + 0.9)
        if skipped:
            control.skipped(second + 0.9)
        control.look(second + 1.0)
    return control.step


def test_a_worker_that_keeps_up_sheds_nothing():
    assert run(LoadControl(), 0, 60) == 0


def test_a_slow_detector_raises_the_step_but_not_to_key_frames():
    control = LoadControl()
    assert run(control, 0, 4, replaced=3) == 1
    assert run(control, 4, 60, replaced=3) == DETECTION_STEP
    assert control.raised[: DETECTION_STEP + 2] == [0, 1, 1, 1, 0]


def test_long_waits_raise_it_too():
    assert run(LoadControl(), 0, 20, wait_s=0.6) > 0


def test_decoding_that_falls_behind_raises_it_to_the_end():
    assert run(LoadControl(), 0, 60, skipped=True) == MAX_STEP


def test_it_comes_back_step_by_step():
    control = LoadControl()
    run(control, 0, 60, replaced=3)
    assert run(control, 60, 40) == DETECTION_STEP - 1
    assert run(control, 100, 100) == 0


def test_a_waiting_frame_is_replaced_by_the_next_of_its_session():
    slots = FrameSlots(["a"])
    assert not slots.put("a", change("a", 0.0), 1.0)
    assert not slots.put("a", frame("a", 0.0), 1.0)
    assert slots.put("a", frame("a", 0.2), 2.0)
    assert not slots.put("a", change("a", 0.3, session=1), 3.0)
    assert not slots.put("a", frame("a", 0.4, session=1), 4.0)
    taken = [slots.take(0.0) for _ in range(5)]
    assert [(type(item).__name__, item.t) for _, item in taken[:4]] == [
        ("CameraChanged", 0.0),
        ("Frame", 0.2),
        ("CameraChanged", 0.3),
        ("Frame", 0.4),
    ]
    assert taken[4] is None


def test_cameras_are_served_in_turn():
    slots = FrameSlots(["a", "b", "c"])
    for camera in "aabbc":
        slots.put(camera, change(camera, 0.0), 0.0)
    taken = [slots.take(0.0)[1].camera for _ in range(5)]
    assert taken == ["a", "b", "c", "a", "b"]


def test_a_full_queue_loses_its_oldest_frame_and_no_change():
    queue = EventQueue()
    queue.put(Queued(change("a", 0.0)))
    for i in range(MAX_EVENTS + 10):
        queue.put(Queued(Seen("a", 0, float(i), Detections.empty())))
    assert queue.dropped == 11
    events = [queued.event for queued in iter(lambda: queue.get(0.0), None)]
    assert len(events) == MAX_EVENTS
    assert events[0] == change("a", 0.0)
    assert events[1].t == 11.0
    assert events[-1].t == MAX_EVENTS + 9


def test_a_rate_is_told_when_it_is_known_and_when_it_changed():
    rates, told = RateWatch(), []
    rates.told("a", 0.0, online=True)
    for i in range(5 * 100):
        now_s = i / 5
        if now_s < 50 or i % 2:
            rates.frame("a", now_s)
        if i % 5 == 0:
            told += [now_s for _ in rates.due(now_s)]
    assert told[0] == 10.0
    assert len(told) == 2
    assert 53 <= told[1] <= 62
    rates.told("a", 100.0, online=False)
    assert rates.due(200.0) == []
