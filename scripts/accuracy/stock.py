"""`python -m scripts.accuracy.stock [RECORDING...]`: what today's stock parts reach, as lines for references.csv.

Trackers of the package trackers, ByteTrack and OC-SORT, each fed with the frames' real times; lane zones of supervision, a
box counts where its bottom centre is; a ground map for metres and speeds; a track of 3 s in a lane is a visit, a slow one
stands. Needs an environment of its own, in which nothing of LaneWatch need be installed:

    python3 -m venv FOLDER
    FOLDER/bin/pip install trackers==2.6.1 supervision==0.31.2 numpy==2.4.6 scipy==1.17.1 opencv-python==5.0.0.93 PyYAML==6.0.4
    FOLDER/bin/python -m scripts.accuracy.stock

(supervision 0.31.2 was the newest that the registry had.) Each tracker runs twice, with its defaults and with options that suit
these detectors better (TRACKERS), and the better of the two stands in its line; `stock` is the better tracker of the two.
Better: in more of the figures. The lines of the method `naive` were made earlier, with ultralytics'
ByteTrack: by the makers of the scenes, on the light scenes by ourselves.
"""

from __future__ import annotations

import csv
import gzip
import importlib
import json
import subprocess
import sys
import tempfile
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import yaml

from scripts.accuracy.figures import FIGURES, Row, figures_of
from scripts.accuracy.oracle import FULL_FPS, ORACLE, OracleRecording, recordings

__all__ = ["main", "stock_figures"]

TRACKERS: Final[dict[str, tuple[str, dict[str, float]]]] = {
    "bytetrack": (
        "ByteTrackTracker",
        {"track_activation_threshold": 0.25, "high_conf_det_threshold": 0.25, "lost_track_buffer": 180},
    ),
    "ocsort": ("OCSORTTracker", {"high_conf_det_threshold": 0.25, "lost_track_buffer": 180}),
}
"""By method: the class, and options beside its defaults: scores, and 6 s until a lost track ends, as ultralytics has them."""
SIZE: Final = (1920, 1080)
ZONE_M: Final = 120.0
SLOW_MPS: Final = 5.0 / 3.6
LENGTH_M: Final = 12.0
"""From one end of a vehicle, which its box shows, to the other."""
LEAST_S: Final = 3.0
"""For which a track has to be in a lane to be a visit."""


@dataclass(slots=True)
class _Track:
    places: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=12))
    slow_since: float | None = None
    arrived_t: float = 0.0
    left_t: float = 0.0
    lane: str = ""

    def see(self, t: float, s: float, lane: str) -> None:
        """Its place at t, metres upstream of the stop line."""
        self.arrived_t = self.arrived_t if self.places else t
        self.places.append((t, s))
        before_t, before = next((place for place in self.places if t - place[0] <= 1.05), self.places[0])
        slow = t > before_t and abs(s - before) / max(t - before_t, 0.2) < SLOW_MPS
        self.slow_since = (self.slow_since or t) if slow else None
        self.left_t, self.lane = t, lane

    def stands(self, t: float) -> bool:
        """Whether it was seen in the last frame and has been slow for more than a second."""
        return self.left_t == t and self.slow_since is not None and t - self.slow_since > 1.0


class _Camera:
    """One camera's tracker and lane zones."""

    def __init__(self, camera: dict[str, Any], class_name: str, options: dict[str, float]) -> None:
        self._supervision = importlib.import_module("supervision")
        self._tracker = getattr(importlib.import_module("trackers"), class_name)(frame_rate=FULL_FPS, **options)
        image = np.array([point["image"] for point in camera["ground"]]) * SIZE
        metres = np.array([point["metres"] for point in camera["ground"]], float)
        self._map, _ = cv2.findHomography(image, metres)
        self._from_rear = bool(np.polyfit(image[:, 1], metres[:, 1], 1)[0] > 0)
        self._zones = {
            view["lane"]: self._supervision.PolygonZone((np.array(view["polygon"]) * SIZE).astype(int))
            for view in camera["views"]
        }
        self._covers = {view["lane"]: view.get("covers_m", (0.0, ZONE_M)) for view in camera["views"]}
        self.tracks = defaultdict[int, _Track](_Track)
        self.last_t = 0.0

    def see(self, t: float, boxes: list[list[float]]) -> None:
        """A frame's boxes: x1, y1, x2, y2, score, class."""
        rows = np.array(boxes, np.float32).reshape(-1, 6)
        found = self._supervision.Detections(xyxy=rows[:, :4], confidence=rows[:, 4], class_id=rows[:, 5].astype(int))
        followed = self._tracker.update(found, timestamp=t)
        self.last_t = t
        for lane, zone in self._zones.items():
            inside = zone.trigger(followed)
            for (x1, _, x2, y2), number in zip(followed.xyxy[inside], followed.tracker_id[inside], strict=True):
                s = self._front_m((x1 + x2) / 2, y2)
                low, high = self._covers[lane]
                if number >= 0 and low < s <= high:
                    self.tracks[int(number)].see(t, s, lane)

    def standing_m(self, lane: str) -> list[float]:
        """Where on the lane the fronts stand."""
        return [track.places[-1][1] for track in self.tracks.values() if track.lane == lane and track.stands(self.last_t)]

    def _front_m(self, x: float, y: float) -> float:
        _, ahead, scale = self._map @ (x, y, 1.0)
        return float(ahead / scale) - (LENGTH_M if self._from_rear else 0.0)


def stock_figures(recording: OracleRecording, class_name: str, options: dict[str, float]) -> Row:
    """The figures that one tracker reaches on one recording."""
    gate = yaml.safe_load(recording.gate.read_text(encoding="utf-8"))
    cameras = {camera["id"]: _Camera(camera, class_name, options) for camera in gate["cameras"]}
    lanes = [lane["id"] for lane in gate["lanes"]]
    seconds: list[list[object]] = []
    due = 0.0
    for camera, t, boxes in _frames(recording.file):
        due = due or float(np.ceil(t))
        while due < t:
            seconds += [[due, lane, *_queue([s for one in cameras.values() for s in one.standing_m(lane)])] for lane in lanes]
            due += 1.0
        cameras[camera].see(t, boxes)
    tracks = [track for one in cameras.values() for track in one.tracks.values()]
    visits = [[v.lane, v.arrived_t, v.left_t, "departed"] for v in tracks if v.left_t - v.arrived_t >= LEAST_S]
    with tempfile.TemporaryDirectory(prefix="lanewatch-stock-") as folder:
        columns = ["t", "lane_id", "queue_vehicles", "queue_m", "standing_vehicles", "standing_m", "quality"]
        _write(Path(folder) / "lanes.csv", columns, seconds)
        _write(Path(folder) / "visits.csv", ["lane_id", "arrived_t", "left_t", "outcome"], visits)
        command = [sys.executable, str(ORACLE / "score.py"), folder, str(recording.truth), "--json"]
        return figures_of(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))


def _frames(path: Path) -> Iterator[tuple[str, float, list[list[float]]]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            if record["kind"] == "seen":
                yield record["camera"], record["t"], record["boxes"]


def _queue(fronts: list[float]) -> Iterator[object]:
    figures: tuple[object, ...] = (len(fronts), min(max(fronts) + LENGTH_M, ZONE_M) if fronts else 0.0)
    yield from (*figures, *figures, "ok")


def _write(path: Path, columns: list[str], lines: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *lines])


def _line(method: str, name: str, figures: Row) -> str:
    cells = ("" if (value := figures[figure.name]) is None else f"{value:.2f}" for figure in FIGURES)
    return ",".join([method, name, *cells])


def _best(runs: dict[str, Row]) -> str:
    """The run that is better than each before it in more figures than it is worse."""
    best, *others = runs
    for other in others:
        pairs = [(figure, runs[best][figure.name], runs[other][figure.name]) for figure in FIGURES]
        signs = [np.sign(figure.badness(a) - figure.badness(b)) for figure, a, b in pairs if a is not None and b is not None]
        best = other if sum(signs) > 0 else best
    return best


def main(arguments: list[str]) -> int:
    """Prints lines for references.csv: each tracker's and the better one's, of the recordings named or of all."""
    for recording in recordings(arguments or ["*/*"]):
        rows: dict[str, Row] = {}
        for method, (class_name, suited) in TRACKERS.items():
            runs = {
                "defaults": stock_figures(recording, class_name, {}),
                "suited": stock_figures(recording, class_name, suited),
            }
            rows[method] = runs[_best(runs)]
            print(_line(method, recording.name, rows[method]), flush=True)
            print(f"{recording.name}: {method} with {_best(runs)} options", file=sys.stderr, flush=True)
        print(_line("stock", recording.name, rows[_best(rows)]), flush=True)
        print(f"{recording.name}: {_best(rows)}", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
