"""Load shedding: when the step goes up and when it comes back."""

from vision.worker.load_shedding import DETECTION_STEP, MAX_STEP, LoadControl


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
