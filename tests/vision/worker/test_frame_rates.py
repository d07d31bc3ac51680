"""When a camera's state is told again: its rate is known, is another, or the load-shedding step is."""

from vision.core.events import CameraChanged
from vision.worker.frame_rates import RateWatch


def change(camera: str, t: float, state="online", load_step: int = 0) -> CameraChanged:
    return CameraChanged(camera, 0, t, state, 1, 1, load_step=load_step)


def told(rates: RateWatch, first: int, last: int, fps, load_step: int = 0) -> list[CameraChanged]:
    found = []
    for t in range(first, last + 1):
        for again in rates.due(float(t), load_step, lambda camera, at: fps(at)):
            rates.told(again)
            found.append(again)
    return found


def test_a_rate_is_told_when_it_is_known_and_when_it_changed():
    rates = RateWatch()
    rates.told(change("a", 0.4))
    again = told(rates, 1, 99, lambda t: 5.0 if t < 50 else 2.5)
    assert [event.t for event in again] == [11.0, 50.0]
    assert {event.state for event in again} == {"online"}


def test_a_rate_is_told_at_most_every_30_s_and_a_like_one_not_at_all():
    rates = RateWatch()
    rates.told(change("a", 0.0))
    assert [event.t for event in told(rates, 1, 100, lambda t: 5.0 if t % 2 else 1.0)] == [10.0, 41.0, 72.0]
    rates.told(change("a", 100.5))
    assert [event.t for event in told(rates, 101, 200, lambda t: 5.0 if t % 2 else 4.0)] == [111.0]


def test_a_camera_that_is_not_online_has_no_rate_to_tell():
    rates = RateWatch()
    rates.told(change("a", 0.0))
    rates.told(change("a", 5.5, "offline"))
    assert told(rates, 6, 100, lambda t: 5.0) == []


def test_another_load_step_is_told_at_the_next_tick_and_only_once():
    rates = RateWatch()
    rates.told(change("a", 3.0))
    rates.told(change("b", 2.5, "dark"))
    assert told(rates, 3, 3, lambda t: None, load_step=2) == [change("b", 3.0, "dark", 2)], "two states of one t have one id"
    assert told(rates, 4, 9, lambda t: None, load_step=2) == [change("a", 4.0, "online", 2)]
    assert told(rates, 10, 10, lambda t: None, load_step=2) == []
