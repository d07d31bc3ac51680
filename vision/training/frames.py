"""Labelled frames of the simulated gate in YOLO's form, for training and for validation. A shell; deterministic by seed.

    out/images/train/000123.jpg    out/labels/train/000123.txt    out/images/val/...    out/data.yaml

Every few dozen frames come from a camera of their own: a layout's camera moved and turned a little, another weather,
other scenery, other traffic. Buses and cars are made as frequent as trucks of one kind, or the network never learns them.
Training and validation take their scenes from seeds that never meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import yaml

from vision.core.types import VEHICLE_CLASSES
from vision.errors import ConfigError
from vision.simulation.bodies import Shape
from vision.simulation.camera import CameraPlan
from vision.simulation.demand import Demand
from vision.simulation.layouts import LAYOUTS, Layout
from vision.simulation.render.light import Weather
from vision.simulation.render.painter import Image
from vision.simulation.render.renderer import Renderer
from vision.simulation.render.sight import Sight
from vision.simulation.scenarios import Scenario
from vision.simulation.traffic import Traffic

__all__ = ["FrameOrder", "labelled_frames", "write_frames"]

Label = tuple[int, float, float, float, float]
FRAMES_PER_SCENE: Final = 40
SMALLEST_PX: Final = 5.0
LEAST_VISIBLE: Final = 0.04
MIX: Final[dict[Shape, float]] = {"semi": 0.27, "rigid12": 0.13, "rigid7": 0.14, "bus": 0.18, "van": 0.12, "car": 0.16}
_WEATHERS: Final[dict[Weather, float]] = {
    "day": 0.28,
    "overcast": 0.14,
    "dusk": 0.14,
    "night": 0.18,
    "rain": 0.1,
    "night-rain": 0.16,
}
_QUALITY: Final = (55, 97)


@dataclass(frozen=True, slots=True)
class FrameOrder:
    """How many frames to make and where. Raises ConfigError for numbers that make no sense."""

    out: Path
    train: int
    validate: int
    seed: int = 1

    def __post_init__(self) -> None:
        if self.train < 1 or self.validate < 1:
            raise ConfigError(f"give at least one frame for training and one for validation, not {self.train}, {self.validate}")


def write_frames(order: FrameOrder, progress: Callable[[float], None] = lambda _: None) -> Path:
    """Writes the frames and data.yaml; returns its path."""
    done, total = 0, order.train + order.validate
    for name, count, branch in (("train", order.train, 0), ("val", order.validate, 1)):
        images, labels = order.out / "images" / name, order.out / "labels" / name
        for folder in (images, labels):
            folder.mkdir(parents=True, exist_ok=True)
        for k, (jpeg, boxes) in enumerate(labelled_frames(order.seed, branch, count)):
            (images / f"{k:06d}.jpg").write_bytes(jpeg)
            lines = (f"{c} {x:.6f} {y:.6f} {w:.6f} {h:.6f}\n" for c, x, y, w, h in boxes)
            (labels / f"{k:06d}.txt").write_text("".join(lines), encoding="ascii")
            done += 1
            progress(done / total)
    data = {"path": ".", "train": "images/train", "val": "images/val", "names": dict(enumerate(VEHICLE_CLASSES))}
    (order.out / "data.yaml").write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return order.out / "data.yaml"


def labelled_frames(seed: int, branch: int, count: int) -> Iterator[tuple[bytes, list[Label]]]:
    """JPEG pictures with labels (class, centre x, centre y, width, height; 0..1); branch 0 trains, 1 validates."""
    for scene in range(-(-count // FRAMES_PER_SCENE)):
        random = np.random.default_rng([seed, branch, scene])
        yield from _scene_frames(random, min(FRAMES_PER_SCENE, count - scene * FRAMES_PER_SCENE))


def _scene_frames(random: np.random.Generator, count: int) -> Iterator[tuple[bytes, list[Label]]]:
    layout, plan = _camera(random)
    names = list(_WEATHERS)
    weather = names[int(random.choice(len(names), p=list(_WEATHERS.values())))]
    renderer = Renderer(
        layout, plan, weather, int(random.integers(2**31)), float(random.integers(1_700_000_000, 1_800_000_000))
    )
    busy = float(random.uniform(0.4, 2.2))
    demand = Demand({"export": 90.0 * busy, "import": 135.0 * busy})
    low = int(random.integers(0, 5))
    scenario = Scenario(demand, waiting_at_start=(low, low + 3), change_share=0.3, mix=MIX)
    traffic = Traffic(layout.road, scenario, int(random.integers(2**31)))
    for frame in range(count):
        for _ in range(int(random.integers(20, 160))):
            traffic.step()
        shot = renderer.shoot(traffic.places(traffic.t), traffic.t, frame)
        yield _jpeg(shot.image, random), labels_of(shot.sights, layout.width, layout.height)


def _camera(random: np.random.Generator) -> tuple[Layout, CameraPlan]:
    """A layout's camera, moved by metres and turned by degrees."""
    layouts = list(LAYOUTS.values())
    layout = layouts[int(random.integers(len(layouts)))]
    plan = layout.cameras[int(random.integers(len(layout.cameras)))]
    x, y, z = plan.place
    away = 1.0 if y > 0 else -1.0
    moved = replace(
        plan,
        place=(x + float(random.uniform(-4, 4)), y + away * float(random.uniform(-5, 8)), z * float(random.uniform(0.72, 1.2))),
        turned_deg=plan.turned_deg + float(random.uniform(-4, 4)),
        down_deg=plan.down_deg + float(random.uniform(-2.5, 2.0)),
        focal_widths=plan.focal_widths * float(random.uniform(0.78, 1.25)),
    )
    return layout, moved


def labels_of(sights: tuple[Sight, ...], width: int, height: int) -> list[Label]:
    """YOLO labels of what is large and visible enough to be found."""
    found = []
    for sight in sights:
        if sight.shorter_px < SMALLEST_PX or sight.share < LEAST_VISIBLE:
            continue
        x1, y1, x2, y2 = sight.box
        kind = VEHICLE_CLASSES.index(sight.vehicle_class)
        found.append((kind, (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height))
    return found


def _jpeg(image: Image, random: np.random.Generator) -> bytes:
    """Compressed as a camera might: JPEG at a random quality stands in for H.264."""
    ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(*_QUALITY))])
    if not ok:
        raise ConfigError("OpenCV cannot write JPEG here; install the package opencv-python-headless again")
    return bytes(data)
