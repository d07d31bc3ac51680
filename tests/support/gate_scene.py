"""A small gate with two calibrated cameras and trucks that arrive, queue, are served and leave: boxes by projection.

Plain pinhole geometry, no part of the product: each camera stands on an 8 m mast 16 m past its stop line and looks upstream.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.config import GateConfig, parse_gate
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Event, Seen, Tick
from vision.replay.recording import RecordingWriter

__all__ = ["T0", "Truck", "scene_events", "scene_gate", "write_scene"]

T0: Final = 1_767_225_600.0
SIZE: Final = (1920, 1080)
FOCAL_PX: Final = 1250.0
MAST: Final = np.array([1.875, -16.0, 8.0])  # x to the right, y upstream, z up, in metres from the stop line
TILT: Final = math.radians(12.0)
LANES: Final = {"EX1": ("north", "export"), "IM1": ("south", "import")}


@dataclass(frozen=True)
class Truck:
    """A truck by the distance of its front from the stop line: (t, s) points, straight between them."""

    lane: str
    path: tuple[tuple[float, float], ...]
    length_m: float = 16.0

    def front_m(self, t: float) -> float | None:
        """s of the front at t seconds of the scene, None outside its path."""
        times = [time for time, _ in self.path]
        if not times[0] <= t <= times[-1]:
            return None
        return float(np.interp(t, times, [s for _, s in self.path]))


TRUCKS: Final = (
    Truck("EX1", ((0, 1), (20, 1), (24, -20))),
    Truck("EX1", ((2, 135), (16, 19), (22, 19), (27, 1), (50, 1), (54, -20))),
    Truck("EX1", ((8, 135), (22, 37), (26, 37), (31, 19), (52, 19), (57, 1), (75, 1), (79, -20))),
    Truck("EX1", ((60, 135), (76, 19), (77, 19), (82, 1), (90, 1))),
    Truck("IM1", ((10, 135), (27, 1), (45, 1), (49, -20))),
    Truck("IM1", ((30, 135), (44, 19), (47, 19), (52, 1), (90, 1)), length_m=11.0),
)


def scene_gate() -> GateConfig:
    """The gate `small`: lanes EX1 and IM1, each with a camera of its own, so two sections; three alert rules."""
    corners = [_image(x, y) for x, y in ((0.0, 0.0), (0.0, 130.0), (3.75, 130.0), (3.75, 0.0))]
    places = [(x, y) for y in (0.0, 15.0, 45.0, 120.0) for x in (-5.0, 8.0)]
    ground = [{"image": list(_image(x, y)), "metres": [x, y]} for x, y in places]
    cameras = [
        {
            "id": camera,
            "ground": ground,
            "focal_px": FOCAL_PX,
            "native_width": SIZE[0],
            "views": [{"lane": lane, "polygon": corners, "axis": [[1.875, 0.0], [1.875, 120.0]]}],
        }
        for lane, (camera, _) in LANES.items()
    ]
    rules: list[dict[str, Any]] = [
        {"name": "queue", "measure": "queue_vehicles", "fire_at": 2, "clear_at": 1, "for_s": 5, "keep_firing_for_s": 3},
        {"name": "busy", "scope": "gate", "measure": "vehicles", "fire_at": 3, "clear_at": 2, "for_s": 3},
        {"name": "camera", "scope": "camera", "measure": "unavailable_s", "fire_at": 5, "clear_at": 0, "for_s": 0},
    ]
    lanes = [{"id": lane, "direction": direction, "name": {"en": lane}} for lane, (_, direction) in LANES.items()]
    data = {"id": "small", "name": {"en": "Small"}, "lanes": lanes, "cameras": cameras, "alerts": rules}
    return parse_gate(data, "the small gate")


def scene_events(camera: str | None = None, *, seconds: int = 90, fps: int = 5) -> Iterator[Event]:
    """The scene's events with ticks, of one camera or of both; `south` is offline from second 60 to 70."""
    cameras = [name for name, _ in LANES.values() if camera in (None, name)]
    yield from (CameraChanged(name, 0, T0, "online", *SIZE) for name in cameras)
    for i in range(seconds * fps + 1):
        t = i / fps
        for name in cameras:
            if name == "south" and t in (60.0, 70.0):
                yield CameraChanged(name, int(t == 70.0), T0 + t, "offline" if t == 60.0 else "online", *SIZE)
            if name != "south" or not 60.0 <= t < 70.0:
                yield Seen(name, int(name == "south" and t >= 70.0), round(T0 + t, 3), _detections(name, t))
        if i % fps == 0:
            yield Tick(T0 + i // fps)


def write_scene(path: Path, camera: str | None = None, *, seconds: int = 90) -> Path:
    """Writes the scene, or one camera's part of it, as a recording; returns its path."""
    with RecordingWriter(path, scene_gate(), {name: SIZE for name, _ in LANES.values()}) as writer:
        for event in scene_events(camera, seconds=seconds):
            writer.write(event)
    return path


def _detections(camera: str, t: float) -> Detections:
    boxes = [
        _box(front, truck.length_m)
        for truck in TRUCKS
        if LANES[truck.lane][0] == camera and (front := truck.front_m(t)) is not None and front > -10.0
    ]
    if not boxes:
        return Detections.empty()
    xyxy = np.round(np.array(boxes), 1).astype(np.float32)
    return Detections(xyxy, np.full(len(xyxy), 0.9, np.float32), np.zeros(len(xyxy), np.int16))


def _box(front_m: float, length_m: float) -> tuple[float, float, float, float]:
    sides = [(x, y, z) for x in (0.625, 3.125) for y in (front_m, front_m + length_m) for z in (0.0, 4.0)]
    points = np.array([_pixel(np.array(point)) for point in sides])
    (x1, y1), (x2, y2) = points.min(axis=0), points.max(axis=0)
    return max(0.0, x1), max(0.0, y1), min(SIZE[0], x2), min(SIZE[1], y2)


def _pixel(point: NDArray[np.float64]) -> tuple[float, float]:
    x, y, z = point - MAST
    depth = y * math.cos(TILT) - z * math.sin(TILT)
    down = -z * math.cos(TILT) - y * math.sin(TILT)
    return SIZE[0] / 2 + FOCAL_PX * x / depth, SIZE[1] / 2 + FOCAL_PX * down / depth


def _image(x: float, y: float) -> tuple[float, float]:
    column, row = _pixel(np.array([x, y, 0.0]))
    return round(column / SIZE[0], 6), round(row / SIZE[1], 6)
