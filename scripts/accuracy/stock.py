"""`python -m scripts.accuracy.stock RECORDING...`: the stock tracker's figures, for references.csv.

ByteTrack with its defaults as ultralytics has it, the bottom centre of each box in the lane's polygon, a ground map: made for
the light scenes, for which the oracle tells no baseline, after the one that it tells of (short_jam typical: 3.51 standing for
3.55, recall .58 for .58, dwell 65.2 s for 65.2, departures +151 % for +151 %, precision .16 for .11). Needs the extra
lanewatch[ml] and the bench's peers (`make bench`).
"""

from __future__ import annotations

import csv
import importlib
import sys
import tempfile
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import cv2
import numpy as np
from matplotlib.path import Path as Outline
from numpy.typing import NDArray

from scripts.accuracy.figures import FIGURES, Row, figures_of
from scripts.accuracy.oracle import ROOT, OracleRecording
from scripts.accuracy.replaying import scored
from vision.config import Camera, load_gate
from vision.core.detections import Detections
from vision.core.events import Seen, Tick
from vision.detection.ultralytics_import import import_ultralytics
from vision.replay.recording import read_recording

__all__ = ["main", "stock_figures"]

DEFAULTS: Final = {"track_high_thresh": 0.25, "track_low_thresh": 0.1, "new_track_thresh": 0.25, "track_buffer": 30}
SIZE: Final = (1920, 1080)
SLOW_MPS: Final = 5.0 / 3.6
LENGTH_M: Final = 12.0
"""From the bottom of a box to the vehicle's rear."""
LEAST_FRAMES: Final = 15
"""In which a track has to be in a lane to be a visit."""


@dataclass(slots=True)
class _Track:
    places: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=12))
    slow_since: float | None = None
    arrived_t: float = 0.0
    left_t: float = 0.0
    lane: str = ""
    frames: int = 0

    def see(self, t: float, s: float, lane: str) -> None:
        """Its place at t, metres upstream of the stop line."""
        self.places.append((t, s))
        before_t, before = next((place for place in self.places if t - place[0] <= 1.05), self.places[0])
        slow = t > before_t and abs(s - before) / max(t - before_t, 0.2) < SLOW_MPS
        self.slow_since = (self.slow_since or t) if slow else None
        self.arrived_t = self.arrived_t if self.frames else t
        self.left_t, self.lane, self.frames = t, lane, self.frames + 1

    def stands(self, t: float) -> bool:
        """Whether it was seen in the last frame and has been slow for more than a second."""
        return self.left_t == t and self.slow_since is not None and t - self.slow_since > 1.0


class _Ground:
    """Where on its lane a box's bottom centre is."""

    def __init__(self, camera: Camera) -> None:
        points = camera.ground or ()
        image = np.array([point.image for point in points]) * SIZE
        self._map, _ = cv2.findHomography(image, np.array([point.metres for point in points], float))
        self.outlines = {view.lane: Outline(np.array(view.polygon) * SIZE) for view in camera.views}

    def place(self, x: float, y: float) -> tuple[str, float] | None:
        """The lane and s of a point of the picture; None outside the lane zones."""
        lane = next((name for name, outline in self.outlines.items() if outline.contains_point((x, y))), None)
        _, ahead, scale = self._map @ (x, y, 1.0)
        return (lane, ahead / scale) if lane is not None and 0 < ahead / scale <= 120 else None


def stock_figures(recording: OracleRecording) -> Row:
    """The figures that the stock tracker reaches on one recording."""
    camera = load_gate(recording.gate).cameras[0]
    ground, tracks, follow = _Ground(camera), defaultdict[int, _Track](_Track), _tracker()
    seconds: list[list[object]] = []
    last_t = 0.0
    for event in read_recording(recording.file).events:
        if isinstance(event, Seen):
            last_t = event.t
            for x1, _, x2, y2, number in follow(event.detections):
                place = ground.place((x1 + x2) / 2, y2)
                if place is not None:
                    tracks[int(number)].see(event.t, place[1], place[0])
        elif isinstance(event, Tick):
            seconds += [[event.t, lane, *_queue(tracks, lane, last_t)] for lane in ground.outlines]
    visits = [[v.lane, v.arrived_t, v.left_t, "departed"] for v in tracks.values() if v.frames >= LEAST_FRAMES]
    with tempfile.TemporaryDirectory(prefix="lanewatch-stock-") as folder:
        lanes = ["t", "lane_id", "queue_vehicles", "queue_m", "standing_vehicles", "standing_m", "quality"]
        _write(Path(folder) / "lanes.csv", lanes, seconds)
        _write(Path(folder) / "visits.csv", ["lane_id", "arrived_t", "left_t", "outcome"], visits)
        return figures_of(scored(Path(folder), recording.truth))


def _queue(tracks: dict[int, _Track], lane: str, t: float) -> Iterator[object]:
    standing = [track.places[-1][1] for track in tracks.values() if track.lane == lane and track.stands(t)]
    figures = (len(standing), min(max(standing) + LENGTH_M, 120.0) if standing else 0.0)
    yield from (*figures, *figures, "ok")


def _tracker() -> Any:  # noqa: ANN401 (ultralytics has no types)
    """Takes detections, gives rows of x1, y1, x2, y2, number."""
    sys.path.append(str(ROOT / ".make" / "peers"))
    import_ultralytics()
    tracker = importlib.import_module("ultralytics.trackers.byte_tracker").BYTETracker(
        SimpleNamespace(**DEFAULTS, match_thresh=0.8, fuse_score=True)
    )
    boxes = importlib.import_module("ultralytics.engine.results").Boxes
    picture = np.zeros((1, 1, 3), np.uint8)

    def follow(found: Detections) -> NDArray[np.float32]:
        rows = np.column_stack([found.xyxy, found.score, found.class_id]).astype(np.float32).reshape(-1, 6)
        return np.asarray(tracker.update(boxes(rows, SIZE[::-1]), picture), np.float32).reshape(-1, 8)[:, :5]

    return follow


def _write(path: Path, columns: list[str], lines: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *lines])


def main(arguments: list[str]) -> int:
    """Prints a line for references.csv for each recording."""
    for name in arguments:
        figures = stock_figures(OracleRecording.named(name))
        cells = ("" if (value := figures[figure.name]) is None else f"{value:.2f}" for figure in FIGURES)
        print(",".join(["stock", name, *cells]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
