"""Where ticks lie: one each whole second, after the events of its own t, the same for video, recordings and live."""

import math

from hypothesis import given
from hypothesis import strategies as st

from vision.core.detections import Detections
from vision.core.events import Seen, Tick
from vision.core.ticks import TickSeries, tick_at, with_ticks
from vision.worker.tick_sequencer import TickSequencer


def seen(t: float) -> Seen:
    return Seen("cam", 0, t, Detections.empty())


def times(events) -> list[tuple[str, float]]:
    return [(type(event).__name__, event.t) for event in events]


def test_an_event_with_the_ticks_own_t_goes_first():
    assert times(with_ticks([seen(0.4), seen(1.0), seen(1.001), seen(3.0)], last_second=False)) == [
        ("Seen", 0.4),
        ("Seen", 1.0),
        ("Tick", 1.0),
        ("Seen", 1.001),
        ("Tick", 2.0),
        ("Seen", 3.0),
        ("Tick", 3.0),
    ]


def test_the_last_second_gets_its_tick_where_that_is_wanted():
    assert times(with_ticks([seen(0.0), seen(0.2)], last_second=False))[-1] == ("Seen", 0.2)
    assert times(with_ticks([seen(0.0), seen(0.2)], last_second=True))[-1] == ("Tick", 1.0)
    assert times(with_ticks([seen(1.0)], last_second=True)) == [("Seen", 1.0), ("Tick", 1.0)]
    assert list(with_ticks([], last_second=True)) == []


def test_a_series_gives_each_tick_once():
    ticks = TickSeries(4.2)
    assert [tick.t for tick in ticks.before(7.0)] == [5.0, 6.0]
    assert [tick.t for tick in ticks.upto(7.0)] == [7.0]
    assert ticks.take() == Tick(8.0)
    assert (tick_at(8.0), tick_at(8.001)) == (8, 9)


@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=60))
def test_live_and_replay_put_the_ticks_at_the_same_places(milliseconds):
    frames = [seen(1000.0 + ms / 1000) for ms in sorted(set(milliseconds))]
    wanted = times(with_ticks(frames, last_second=True))
    sequencer = TickSequencer(["cam"], frames[0].t)
    live = [event for frame in frames for event in sequencer.push(frame, frame.t)]
    live += sequencer.due(math.ceil(frames[-1].t) + 1.0)
    assert times(live) == wanted
