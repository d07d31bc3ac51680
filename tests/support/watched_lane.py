"""A pipeline of one uncalibrated lane that is shown boxes frame by frame, and what it said of them: for core tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import numpy as np

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
    """One lane with this polygon, and with this axis, if any, both 0..1 of the picture."""

    def __init__(self, polygon: list[list[float]] = UPRIGHT, axis: list[list[float]] | None = None) -> None:
        lane = {"id": "A", "direction": "export", "name": {"en": "A"}}
        view = {"lane": "A", "polygon": polygon} | ({} if axis is None else {"axis": axis})
        self.gate = parse_gate(
            {"id": "g", "name": {"en": "G"}, "lanes": [lane], "cameras": [{"id": "cam", "views": [view]}]}, "test"
        )
        self.pipeline = Pipeline(self.gate, sections(self.gate)[0])
        self.said: list[Message] = self.pipeline.step(CameraChanged("cam", 0, T0, "online", WIDTH, HEIGHT))

    def show(self, boxes: Callable[[int], Sequence[Box]], frames: range, *, kind: int = TRUCK, scale: float = 1.0) -> None:
        for frame in frames:
            found = np.array(boxes(frame), np.float32).reshape(-1, 4) * np.float32(scale)
            score, kinds = np.full(len(found), 0.7, np.float32), np.full(len(found), kind, np.int16)
            self.said += self.pipeline.step(Seen("cam", 0, round(T0 + frame * FRAME_S, 3), Detections(found, score, kinds)))
            if frame % 5 == 0:
                self.said += self.pipeline.step(Tick(T0 + frame // 5))

    def restart(self) -> None:
        """Goes on from the checkpoint, as a worker does that was killed."""
        saved = json.loads(json.dumps(self.pipeline.checkpoint()))
        self.pipeline = Pipeline.restore(self.gate, sections(self.gate)[0], saved)

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
