"""Arrivals that nobody saw: marked as inferred, never before the first frame, and no measured dwell time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.roads import HEIGHT, T0, WIDTH, Truck, detections, gate, section
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Event, Seen, Tick
from vision.core.pipeline import Pipeline
from vision.messages import LaneMeasured, Message, VisitData, VisitEnded, VisitStarted


def watched(truck: Truck, until_s: float, found_from_s: float) -> list[Message]:
    """A camera's messages about a truck that the detector does not find before a moment."""
    return told(lambda t: detections([truck], t) if t >= found_from_s else Detections.empty(), until_s)


def told(found: Callable[[float], Detections], until_s: float) -> list[Message]:
    """A camera's messages about what its detector finds at each time."""
    config = gate()
    pipeline = Pipeline(config, section(config))
    events: list[Event] = [CameraChanged("cam", 0, T0, "online", WIDTH, HEIGHT)]
    for frame in range(round(until_s * 5) + 1):
        events.append(Seen("cam", 0, round(T0 + frame / 5, 3), found(frame / 5)))
        if frame % 5 == 0:
            events.append(Tick(T0 + frame // 5))
    return [message for event in events for message in pipeline.step(event)]


def started(messages: list[Message]) -> VisitData:
    (visit,) = [message.data for message in messages if isinstance(message, VisitStarted)]
    return visit


def test_an_arrival_before_the_first_frame_is_not_made_up() -> None:
    """Found after 6 s near the stop line, it cannot have come in since the start: it was there, since when nobody knows."""
    messages = watched(Truck("A", enters_t=-60.0, go_t=900.0, halt_m=10.0), 40.0, 6.0)
    visit = started(messages)
    assert (visit.arrived_t, visit.arrived_inferred, visit.start_censored) == (None, False, True)
    last = [message.data for message in messages if isinstance(message, LaneMeasured) and message.data.lane_id == "A"][-1]
    assert (last.queue_vehicles, last.audit.residue, last.arrival_rate_vph) == (1, 0, None)


def test_an_arrival_that_nobody_saw_is_marked_and_its_dwell_time_is_a_lower_bound() -> None:
    messages = watched(Truck("A", enters_t=40.0, go_t=140.0), 160.0, 60.0)
    visit = started(messages)
    assert visit.arrived_inferred
    assert visit.arrived_t == pytest.approx(T0 + 45.0, abs=6.0)
    (ended,) = [message.data for message in messages if isinstance(message, VisitEnded)]
    assert (ended.outcome, ended.arrived_inferred, ended.arrived_t) == ("departed", True, visit.arrived_t)
    last = [message.data for message in messages if isinstance(message, LaneMeasured) and message.data.lane_id == "A"][-1]
    assert last.dwell_s.p50 is None, "no dwell time was measured from end to end"
    assert (last.audit.visits, last.audit.both_ends_seen) == (1, 0)


def test_an_arrival_that_was_seen_is_not() -> None:
    messages = watched(Truck("A", enters_t=10.0, go_t=40.0), 60.0, 0.0)
    (ended,) = [message.data for message in messages if isinstance(message, VisitEnded)]
    assert not ended.arrived_inferred
    assert ended.arrived_t == pytest.approx(T0 + 10.0, abs=0.5)
    last = [message.data for message in messages if isinstance(message, LaneMeasured) and message.data.lane_id == "A"][-1]
    assert last.dwell_s.p50 == pytest.approx(30.5, abs=1.0)
    assert last.audit.both_ends_seen == 1


def outcomes(messages: list[Message]) -> list[str]:
    return [message.data.outcome for message in messages if isinstance(message, VisitEnded)]


def test_what_stood_at_the_stop_line_for_seconds_and_never_drove_did_not_depart() -> None:
    """A false box where the first vehicle would stand, in 20 frames: nobody came, so nobody left."""
    ghost = Truck("A", enters_t=-60.0, go_t=900.0)
    messages = told(lambda t: detections([ghost], t) if 40.0 <= t < 44.0 else Detections.empty(), 120.0)
    assert outcomes(messages) == ["lost"]
