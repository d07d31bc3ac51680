"""Lanes that are not calibrated: when a vehicle that drives up fast has joined the queue."""

from __future__ import annotations

from collections.abc import Container

import numpy as np
import pytest

from tests.support.roads import HEIGHT, T0, WIDTH
from vision.config import parse_gate, sections
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Event, Seen, Tick
from vision.core.pipeline import Pipeline
from vision.messages import VisitEnded

FRAME_S = 0.2
HALT_FRAME, GONE_FRAME, LAST_FRAME = 20, 70, 120
WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]]
GATE = parse_gate(
    {
        "id": "g",
        "name": {"en": "G"},
        "lanes": [{"id": "A", "direction": "export", "name": {"en": "A"}}],
        "cameras": [{"id": "cam", "views": [{"lane": "A", "polygon": WHOLE}]}],
    },
    "test",
)


def box(frame: int, step_px: float) -> np.ndarray:
    """A box, 100 px high, that halts; while it moves, two of three frames have the trailer in it."""
    back = max(HALT_FRAME - frame, 0) * step_px * np.array([0.55, -0.83])
    trailer = 35.0 if len(np.trim_zeros(back)) and frame % 3 else 0.0
    return np.array([[700 + back[0], 500 + back[1], 815 + back[0] + trailer, 600 + back[1]]], np.float32)


def joined_s(step_px: float, lost: Container[int] = ()) -> float:
    """When the only vehicle joined, seconds from T0, where the `lost` frames are never analysed."""
    score, class_id = np.array([0.7], np.float32), np.array([0], np.int16)
    events: list[Event] = [CameraChanged("cam", 0, T0, "online", WIDTH, HEIGHT)]
    for frame in range(LAST_FRAME):
        found = Detections(box(frame, step_px), score, class_id) if frame < GONE_FRAME else Detections.empty()
        if frame not in lost:
            events.append(Seen("cam", 0, round(T0 + frame * FRAME_S, 3), found))
    events.append(Tick(T0 + LAST_FRAME * FRAME_S))
    pipeline = Pipeline(GATE, sections(GATE)[0])
    messages = [message for event in events for message in pipeline.step(event)]
    [visit] = [message.data for message in messages if isinstance(message, VisitEnded)]
    assert visit.joined_t is not None
    return visit.joined_t - T0


@pytest.mark.parametrize("step_px", [5.0, 12.0, 18.0, 22.0])
def test_a_vehicle_joins_when_it_halts_however_fast_it_came(step_px: float) -> None:
    assert joined_s(step_px) == pytest.approx(HALT_FRAME * FRAME_S, abs=FRAME_S + 0.01)


@pytest.mark.parametrize("first", range(HALT_FRAME - 6, HALT_FRAME + 4))
def test_lost_frames_shift_it_by_two_frame_periods_at_most(first: int) -> None:
    for count in (1, 2):
        assert joined_s(18.0, range(first, first + count)) == pytest.approx(HALT_FRAME * FRAME_S, abs=2 * FRAME_S + 0.01)


def outcomes_after_gap(gap_s: float) -> list[str]:
    """What visits there are, "open" or how they ended, where a truck that stands is missed in the first frame after a gap."""
    score, class_id, again_s = np.array([0.7], np.float32), np.array([0], np.int16), round(12.0 + gap_s, 3)
    events: list[Event] = [CameraChanged("cam", 0, T0, "online", WIDTH, HEIGHT)]
    for frame in range(300):
        t = round(frame * FRAME_S, 3)
        if 12.0 <= t < again_s:
            continue
        found = Detections.empty() if t == again_s else Detections(box(frame, 18.0), score, class_id)
        events.append(Seen("cam", 0, T0 + t, found))
    pipeline = Pipeline(GATE, sections(GATE)[0])
    messages = [message for event in [*events, Tick(T0 + 60.0)] for message in pipeline.step(event)]
    ended = [message.data.outcome for message in messages if isinstance(message, VisitEnded)]
    return [*ended, *(visit.outcome for visit in pipeline.open_visits())]


def test_a_truck_that_stands_through_a_short_gap_has_one_visit() -> None:
    assert outcomes_after_gap(5.0) == ["open"]


@pytest.mark.parametrize("gap_s", [9.0, 30.0])
def test_a_truck_that_stands_through_a_long_gap_has_one_visit(gap_s: float) -> None:
    assert outcomes_after_gap(gap_s) == ["open"]
