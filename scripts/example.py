"""The recording docs/examples/recording.jsonl.gz: two minutes of simulated traffic as the Kim Thành gate's cameras see it.

`python scripts/example.py` writes it, the same bytes every time; a replay of it gives the bodies shown in docs/messages.md.
Boxes are modal: what nearer vehicles hide is not in them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull

from vision.config import Camera, GateConfig, load_gate
from vision.core.detections import Detections
from vision.core.events import CameraChanged, LaneStatus, Seen
from vision.core.geometry.camera_model import CameraPose, fit_pose
from vision.core.ticks import TickSeries
from vision.replay.recording import RecordingWriter
from vision.simulation.demand import Demand
from vision.simulation.road import Road
from vision.simulation.scenarios import Scenario
from vision.simulation.traffic import Traffic
from vision.simulation.vehicle import Place
from vision.vocabulary import VEHICLE_CLASSES

__all__ = ["main"]

ROOT: Final = Path(__file__).resolve().parent.parent
START_T: Final = 1767225600.0
SECONDS, FPS, SEED = 120, 5, 52
WIDTH, HEIGHT, SCALE = 1920, 1080, 2
SCENARIO: Final = Scenario(Demand({"export": 60.0, "import": 150.0}), waiting_at_start=(0, 6))


def main(arguments: Sequence[str]) -> int:
    """Writes the recording to the path given, else to docs/examples."""
    path = Path(arguments[0]) if arguments else ROOT / "docs" / "examples" / "recording.jsonl.gz"
    config = load_gate(ROOT / "config" / "kim-thanh.yaml")
    poses = {camera.id: fit_pose(camera, WIDTH, HEIGHT) for camera in config.cameras}
    left = {lane.id: _left_m(lane.id, config) for lane in config.lanes}
    traffic = Traffic(Road(tuple((lane.id, lane.direction) for lane in config.lanes)), SCENARIO, SEED)
    ticks = TickSeries(START_T)
    with RecordingWriter(path, config, dict.fromkeys(poses, (WIDTH, HEIGHT))) as recorder:
        for camera in poses:
            recorder.write(CameraChanged(camera, 0, START_T, "online", WIDTH, HEIGHT))
        recorder.write(LaneStatus("EX2", START_T, "closed", "shift-leader", "no officer at the booth"))
        for frame in range(SECONDS * FPS):
            t = round(frame / FPS, 3)
            while traffic.t < t - 1e-6:
                traffic.step()
            places = traffic.places(t)
            for camera, pose in poses.items():
                recorder.write(Seen(camera, 0, round(START_T + t, 3), _seen(pose, places, left)))
            for tick in ticks.upto(START_T + t):
                recorder.write(tick)
    return 0


def _left_m(lane: str, config: GateConfig) -> float:
    camera: Camera = next(c for c in config.cameras if any(view.lane == lane for view in c.views))
    order = [view.lane for view in camera.views]
    edges = sorted({point.metres[0] for point in camera.ground or ()})
    return edges[order.index(lane)]


def _seen(pose: CameraPose, places: Sequence[Place], left: dict[str, float]) -> Detections:
    """What the camera sees of the vehicles: the bounding boxes of their visible pixels."""
    owner = Image.new("L", (WIDTH // SCALE, HEIGHT // SCALE))
    draw = ImageDraw.Draw(owner)
    for number, place in sorted(enumerate(places, start=1), key=lambda each: -each[1].front_m):
        outline = _outline(pose, place, left)
        if outline is not None:
            draw.polygon(outline, fill=number)
    pixels = np.asarray(owner)
    boxes, classes = [], []
    for number, place in enumerate(places, start=1):
        box = _bounds(pixels, number)
        if box is not None:
            boxes.append(box)
            classes.append(VEHICLE_CLASSES.index(place.body.vehicle_class))
    xyxy = np.round(np.array(boxes, np.float32).reshape(-1, 4), 1)
    return Detections(xyxy, np.full(len(boxes), 0.9, np.float32), np.array(classes, np.int16))


def _outline(pose: CameraPose, place: Place, left: dict[str, float]) -> list[tuple[float, float]] | None:
    middle = left[place.lane] + (left[place.to_lane] - left[place.lane]) * place.share + 1.875
    half = place.body.width_m / 2
    corners = np.array(
        [
            (x, y, z)
            for x in (middle - half, middle + half)
            for y in (place.front_m, place.rear_m)
            for z in (0.3, place.body.height_m)
        ]
    )
    pixels, depth = pose.project(corners)
    if depth.min() < 4:
        return None
    return [(float(x) / SCALE, float(y) / SCALE) for x, y in pixels[ConvexHull(pixels).vertices]]


def _bounds(pixels: NDArray[np.uint8], number: int) -> tuple[float, float, float, float] | None:
    mask = pixels == number
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    if len(columns) < 3 or len(rows) < 3:
        return None
    return columns[0] * SCALE, rows[0] * SCALE, (columns[-1] + 1) * SCALE, (rows[-1] + 1) * SCALE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
