"""Lanes that are not calibrated: what ends a visit, and what neither ends one nor makes a vehicle stand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from tests.support.roads import HEIGHT, T0, WIDTH
from vision.config import parse_gate, sections
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Seen, Tick
from vision.core.pipeline import Pipeline
from vision.messages import LaneMeasured, Message, VisitEnded, VisitStarted

FRAME_S = 0.2
UPRIGHT = [[0.4, 0.7], [0.6, 0.7], [0.6, 0.0], [0.4, 0.0]]
WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]]
TRUCK, CAR = 0, 2
Box = tuple[float, float, float, float]


class Watched:
    """A pipeline of one lane with this polygon, which is shown boxes by frame."""

    def __init__(self, polygon: list[list[float]] = UPRIGHT) -> None:
        lane = {"id": "A", "direction": "export", "name": {"en": "A"}}
        camera = {"id": "cam", "views": [{"lane": "A", "polygon": polygon}]}
        self.gate = parse_gate({"id": "g", "name": {"en": "G"}, "lanes": [lane], "cameras": [camera]}, "test")
        self.pipeline = Pipeline(self.gate, sections(self.gate)[0])
        self.said: list[Message] = self.pipeline.step(CameraChanged("cam", 0, T0, "online", WIDTH, HEIGHT))

    def show(self, boxes: Callable[[int], Sequence[Box]], frames: range, *, kind: int = TRUCK, scale: float = 1.0) -> None:
        for frame in frames:
            found = np.array(boxes(frame), np.float32).reshape(-1, 4) * np.float32(scale)
            score, kinds = np.full(len(found), 0.7, np.float32), np.full(len(found), kind, np.int16)
            self.said += self.pipeline.step(Seen("cam", 0, round(T0 + frame * FRAME_S, 3), Detections(found, score, kinds)))
            if frame % 5 == 0:
                self.said += self.pipeline.step(Tick(T0 + frame // 5))

    @property
    def ended(self) -> list[tuple[str, float]]:
        """Outcome and end, seconds from T0, of the visits that ended."""
        visits = [message.data for message in self.said if isinstance(message, VisitEnded)]
        return [(visit.outcome, (visit.left_t or visit.first_seen_t) - T0) for visit in visits]

    @property
    def visits(self) -> int:
        return sum(isinstance(message, VisitStarted) for message in self.said)

    def standing(self) -> list[int | None]:
        """Standing vehicles second by second."""
        return [message.data.standing_vehicles for message in self.said if isinstance(message, LaneMeasured)]


def at(y: float, x: float = WIDTH / 2, size: float = 150.0) -> Box:
    return (x - size / 2, y - size / 2, x + size / 2, y + size / 2)


def down(frame: int, *, start: int, y0: float, y1: float, step: float = 12.0) -> float:
    """Where a vehicle is that drives from y0 to y1 from the frame `start` on."""
    return float(np.clip(y0 + step * (frame - start), y0, y1))


def test_a_truck_that_stands_in_sight_beyond_the_stop_end_has_departed() -> None:
    lane = Watched()
    lane.show(lambda frame: [at(down(frame, start=50, y0=500, y1=860))], range(180))
    end_px = 0.7 * HEIGHT - 150 / 6
    passed_s = (50 + (end_px - 500) / 12) * FRAME_S
    [(outcome, left_s)] = lane.ended
    assert (outcome, left_s) == ("departed", pytest.approx(passed_s, abs=0.5))
    assert lane.visits == 1
    assert lane.standing()[-20:] == [0] * 20


def test_a_vehicle_that_vanishes_in_mid_lane_has_not_departed() -> None:
    lane = Watched()
    lane.show(lambda frame: [at(down(frame, start=30, y0=200, y1=400))] if frame < 60 else [], range(300))
    assert [outcome for outcome, _ in lane.ended] == ["lost"]


def test_a_truck_that_nobody_saw_for_seconds_while_it_stood_keeps_its_visit() -> None:
    lane = Watched()
    lane.show(lambda frame: [] if 50 <= frame < 75 else [at(500)], range(150))
    assert (lane.visits, lane.ended) == (1, [])


@pytest.mark.parametrize("hidden_s", [60, 240])
def test_a_truck_hidden_by_a_nearer_one_stays(hidden_s: int) -> None:
    hides = range(45, 45 + 5 * hidden_s)

    def boxes(frame: int) -> list[Box]:
        """The nearer one comes along from the left and goes off downwards."""
        left, down = 20.0 * max(50 - frame, 0), 20.0 * max(frame - hides.stop + 8, 0)
        nearer = [(820.0 - left, 330.0 + down, 1100.0 - left, 700.0 + down)] if frame > 20 and down < 300 else []
        return nearer if frame in hides else [*nearer, at(450)]

    lane = Watched()
    lane.show(boxes, range(hides.stop + 20))
    assert any(visit.first_seen_t == T0 for visit in lane.pipeline.open_visits())
    assert lane.visits == 2


def test_nobody_departs_unseen_in_a_gap() -> None:
    lane = Watched()
    lane.show(lambda frame: [at(down(frame, start=50, y0=500, y1=860))], range(60))
    lane.show(lambda _: [], range(150, 400))
    assert [outcome for outcome, _ in lane.ended] == ["lost"]


def driven_in(frame: int) -> list[Box]:
    """A vehicle that comes in across the right border, where its box is cut at first, and halts in mid-picture."""
    front = max(WIDTH - 12.0 * frame, 900.0)
    return [(front, 400.0, min(front + 600.0, WIDTH), 600.0)] if front < WIDTH - 20 else []


def test_driving_in_across_the_border_is_no_joining() -> None:
    lane = Watched(WHOLE)
    lane.show(driven_in, range(200))
    halted = int((WIDTH - 900.0) / 12.0)
    [visit] = lane.pipeline.open_visits()
    assert visit.joined_t == pytest.approx(T0 + halted * FRAME_S, abs=0.6)
    assert not any(lane.standing()[: halted // 5])


def test_another_size_of_the_picture_keeps_the_visits() -> None:
    def boxes(_: int) -> list[Box]:
        return [at(500), at(200, size=100.0)]

    lane = Watched()
    lane.show(boxes, range(50))
    lane.said += lane.pipeline.step(CameraChanged("cam", 0, T0 + 10.0, "online", WIDTH // 2, HEIGHT // 2))
    lane.show(boxes, range(51, 120), scale=0.5)
    assert (lane.visits, lane.ended) == (2, [])


def test_two_motorcycles_side_by_side_are_two_and_no_truck() -> None:
    lane = Watched()
    lane.show(lambda _: [at(500, x=930.0, size=60.0), at(502, x=985.0, size=60.0)], range(60), kind=CAR)
    assert [visit.vehicle_class for visit in lane.pipeline.open_visits()] == ["car", "car"]


def test_visits_in_a_checkpoint_of_the_filter_before_end_as_lost() -> None:
    lane = Watched()
    lane.show(lambda _: [at(500)], range(50))
    saved = json.loads(json.dumps(lane.pipeline.checkpoint()))
    del saved["scenes"]["picture:cam"]["states"]
    lane.pipeline = Pipeline.restore(lane.gate, sections(lane.gate)[0], saved)
    lane.show(lambda _: [at(500)], range(55, 80))
    assert [outcome for outcome, _ in lane.ended] == ["lost"]
    assert lane.visits == 2
