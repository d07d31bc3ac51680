"""Which gate a command works on: the file that was named, the one of the environment, or a gate of one camera."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from api.settings import GateSettings
from vision.config import Camera, GateConfig, load_gate, parse_gate
from vision.errors import ConfigError
from vision.settings import read_settings

__all__ = ["checked_gate", "gate_path", "single_gate"]

NARROWEST: Final = 0.01
NATIVE: Final = (1920, 1080)  # the picture for which a ground map is tried where the gate file does not say


def gate_path(path: Path | None) -> Path | None:
    """The gate file of --gate, else of LANEWATCH_GATE; None where neither is given."""
    return path or read_settings(GateSettings).gate


def checked_gate(path: Path) -> GateConfig:
    """The gate of a file, its ground maps fitted and its views' intervals compared. Raises ConfigError."""
    config = load_gate(path)
    problems = [*_ground_problems(config), *_interval_problems(config)]
    if problems:
        raise ConfigError(f"gate file {path}: " + "; ".join(problems))
    return config


def single_gate() -> GateConfig:
    """The gate of one camera and one lane over its whole picture, not calibrated; traffic comes towards the viewer."""
    view = {"lane": "L1", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "axis": [[0.5, 1.0], [0.5, 0.0]]}
    queue = {"name": "queue-long", "measure": "queue_vehicles", "fire_at": 4, "clear_at": 2, "for_s": 5}
    camera = {"name": "camera-unavailable", "scope": "camera", "measure": "unavailable_s", "fire_at": 10, "clear_at": 0}
    data = {
        "id": "single",
        "name": {"vi": "Một camera", "en": "One camera", "zh": "单摄像机"},
        "lanes": [{"id": "L1", "direction": "import", "name": {"vi": "Làn 1", "en": "Lane 1", "zh": "1道"}}],
        "cameras": [{"id": "cam", "url_env": "LANEWATCH_CAMERA_CAM_URL", "views": [view]}],
        "alerts": [
            queue | {"keep_firing_for_s": 10, "action": {"vi": "Mở thêm làn.", "en": "Open another lane.", "zh": "增开车道。"}},
            camera | {"for_s": 0, "keep_firing_for_s": 5, "severity": "critical"},
        ],
    }
    return parse_gate(data, "the built-in gate of one camera")


def _ground_problems(config: GateConfig) -> Iterator[str]:
    for camera in config.cameras:
        if not camera.ground:
            continue
        from vision.core.geometry.camera_model import fit_pose

        if min(_spread([p.image for p in camera.ground]), _spread([p.metres for p in camera.ground])) < NARROWEST:
            yield f"cameras: {camera.id}: ground: the points lie on one line; give some to its left and right too"
            continue
        try:
            fit_pose(camera, *_picture(camera))
        except ConfigError as error:
            yield str(error)


def _spread(points: Sequence[tuple[float, float]]) -> float:
    """How far points are from lying on a line: the ratio of their two principal extents, 0..1."""
    middle = np.asarray(points) - np.mean(points, axis=0)
    long, short = np.linalg.svd(middle, compute_uv=False)
    return float(short / long) if long > 0 else 0.0


def _picture(camera: Camera) -> tuple[int, int]:
    width = camera.native_width or NATIVE[0]
    return width, round(width * NATIVE[1] / NATIVE[0])


def _interval_problems(config: GateConfig) -> Iterator[str]:
    for lane in config.lanes:
        views = [view for camera in config.cameras for view in camera.views if view.lane == lane.id]
        if not views:
            yield f"lanes: {lane.id}: no camera has a view of it; add one under cameras: views, or remove the lane"
        spans = sorted(view.covers_m or (0.0, lane.zone_m) for view in views)
        end = spans[0][1] if spans else 0.0
        for span in spans:
            if span[0] > end:
                yield f"lanes: {lane.id}: no view covers s from {end:g} to {span[0]:g} m; let covers_m of its views meet"
            end = max(end, span[1])
