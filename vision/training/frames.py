"""Labelled frames of the simulated gate in YOLO's form, for training and for validation. A shell; deterministic by seed.

    out/images/train/000123.jpg    out/labels/train/000123.txt    out/images/val/...    out/data.yaml
    out/train.jsonl    out/val.jsonl        for each picture its weather, layout, and how much of each label is in sight

Every few dozen frames come from a camera of their own: a layout's camera moved and turned a little, another weather,
other scenery, other traffic. Buses and cars are made as frequent as trucks of one kind, or the network never learns them.
Training and validation take their scenes from seeds that never meet. Scenes are rendered side by side in processes of
their own; how many changes nothing of what is written.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
import yaml

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
from vision.training.compression import as_h264
from vision.vocabulary import VEHICLE_CLASSES

__all__ = ["FrameOrder", "Labelled", "labelled_frames", "write_frames"]

Label = tuple[int, float, float, float, float]
Part = Literal["train", "val"]
FRAMES_PER_SCENE: Final[dict[Part, int]] = {"train": 40, "val": 10}
SMALLEST_LABEL_PX: Final = 5.0
LEAST_LABELLED_SHARE: Final = 0.04
MIX: Final[dict[Shape, float]] = {"semi": 0.26, "rigid12": 0.12, "rigid7": 0.13, "bus": 0.17, "van": 0.14, "car": 0.18}
_WEATHERS: Final[dict[Weather, float]] = {
    "day": 0.25,
    "overcast": 0.12,
    "dusk": 0.13,
    "night": 0.18,
    "rain": 0.13,
    "night-rain": 0.19,
}
_QUALITY: Final = (60, 97)
_QUANTISER: Final = (24, 39)
_H264_SHARE: Final = 0.6


@dataclass(frozen=True, slots=True)
class FrameOrder:
    """How many frames to make and where. Raises ConfigError for numbers that make no sense."""

    out: Path
    train: int
    validate: int
    seed: int = 1

    def __post_init__(self) -> None:
        if self.train < 0 or self.validate < 0 or self.train + self.validate < 1:
            raise ConfigError(f"give at least one frame for training or validation, not {self.train} and {self.validate}")

    def scenes(self) -> list[tuple[Part, int, int, int]]:
        """(part, scene's number, its first frame, how many frames) of everything."""
        counts: dict[Part, int] = {"train": self.train, "val": self.validate}
        return [
            (part, first // FRAMES_PER_SCENE[part], first, min(FRAMES_PER_SCENE[part], count - first))
            for part, count in counts.items()
            for first in range(0, count, FRAMES_PER_SCENE[part])
        ]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One picture as JPEG, its labels, and what only a simulation knows of it.

    visible: of each label, the share of the rectangle round the vehicle's outline that is in sight; parked: beside the road.
    """

    jpeg: bytes
    labels: tuple[Label, ...]
    visible: tuple[float, ...]
    parked: tuple[bool, ...]
    weather: Weather
    layout: str


def write_frames(order: FrameOrder, progress: Callable[[float], None] = lambda _: None, processes: int = 2) -> Path:
    """Writes the frames and data.yaml; returns its path."""
    for part in ("train", "val"):
        for kind in ("images", "labels"):
            (order.out / kind / part).mkdir(parents=True, exist_ok=True)
    scenes = order.scenes()
    notes: dict[str, list[str]] = {"train": [], "val": []}
    with ProcessPoolExecutor(
        processes, multiprocessing.get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)
    ) as pool:
        written = pool.map(_write_scene, [order] * len(scenes), scenes)
        for done, ((part, *_), lines) in enumerate(zip(scenes, written, strict=True), 1):
            notes[part] += lines
            progress(done / len(scenes))
    for part in {part for part, *_ in scenes}:
        (order.out / f"{part}.jsonl").write_text("".join(notes[part]), encoding="ascii")
    data = {"path": ".", "train": "images/train", "val": "images/val", "names": dict(enumerate(VEHICLE_CLASSES))}
    (order.out / "data.yaml").write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return order.out / "data.yaml"


def labelled_frames(seed: int, part: Part, scene: int, count: int) -> Iterator[Labelled]:
    """The first pictures of one scene. Validation takes the weathers in turn, training as chance will have it."""
    random = np.random.default_rng([seed, int(part == "val"), scene])
    layout, plan = _camera(random)
    names = list(_WEATHERS)
    weather = names[int(random.choice(len(names), p=list(_WEATHERS.values())))]
    if part == "val":
        weather = names[scene % len(names)]
    renderer = Renderer(
        layout, plan, weather, int(random.integers(2**31)), float(random.integers(1_700_000_000, 1_800_000_000))
    )
    traffic = _traffic(layout, random)
    for frame in range(count):
        for _ in range(int(random.integers(15, 120))):
            traffic.step()
        shot = renderer.shoot(traffic.places(traffic.t), traffic.t, frame)
        jpeg = _compressed(shot.image, random)
        seen = [s for s in shot.sights if s.shorter_px >= SMALLEST_LABEL_PX and s.share >= LEAST_LABELLED_SHARE]
        labels = tuple(_label(s, layout.width, layout.height) for s in seen)
        visible, parked = tuple(round(s.share, 3) for s in seen), tuple(s.number == 0 for s in seen)
        yield Labelled(jpeg, labels, visible, parked, weather, layout.name)


def _write_scene(order: FrameOrder, what: tuple[Part, int, int, int]) -> list[str]:
    """Writes one scene's pictures and labels; returns their lines of notes."""
    part, scene, first, count = what
    lines = []
    for k, one in enumerate(labelled_frames(order.seed, part, scene, count), first):
        (order.out / "images" / part / f"{k:06d}.jpg").write_bytes(one.jpeg)
        labels = (f"{c} {x:.6f} {y:.6f} {w:.6f} {h:.6f}\n" for c, x, y, w, h in one.labels)
        (order.out / "labels" / part / f"{k:06d}.txt").write_text("".join(labels), encoding="ascii")
        note = {"picture": f"{k:06d}.jpg", "weather": one.weather, "layout": one.layout}
        lines.append(json.dumps(note | {"visible": one.visible, "parked": one.parked}) + "\n")
    return lines


def _traffic(layout: Layout, random: np.random.Generator) -> Traffic:
    busy = float(random.uniform(0.4, 2.2))
    demand = Demand({"export": 90.0 * busy, "import": 135.0 * busy})
    low = int(random.integers(0, 5))
    scenario = Scenario(demand, waiting_at_start=(low, low + 3), change_share=0.3, mix=MIX)
    return Traffic(layout.road, scenario, int(random.integers(2**31)))


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


def _label(sight: Sight, width: int, height: int) -> Label:
    x1, y1, x2, y2 = sight.box
    kind = VEHICLE_CLASSES.index(sight.vehicle_class)
    return kind, (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height


def _compressed(image: Image, random: np.random.Generator) -> bytes:
    """A JPEG of what a camera would send: H.264 at a quantiser drawn by chance, or JPEG at such a quality."""
    quality = int(random.integers(*_QUALITY))
    if random.uniform() < _H264_SHARE:
        image, quality = as_h264(image, int(random.integers(*_QUANTISER))), 97
    ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise ConfigError("OpenCV cannot write JPEG here; install the package opencv-python-headless again")
    return bytes(data)
