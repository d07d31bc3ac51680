"""Batches for training: windows of labelled frames, varied by chance, as arrays. A shell that reads files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from vision.errors import ConfigError
from vision.simulation.render.painter import Image
from vision.vocabulary import VEHICLE_CLASSES

__all__ = ["Frames", "Note", "SampleBatch", "fitted", "load_frames"]

Boxes = NDArray[np.float32]
PADDING: Final = 114
_KINDS: Final = {".jpg", ".jpeg", ".png"}
_ROUNDING: Final = 0.01  # how far outside the picture labelling tools put an edge
_LEAST_LEFT: Final = 0.35
_SMALLEST_PX: Final = 4.0


@dataclass(frozen=True, slots=True)
class SampleBatch:
    """images uint8 (B, 3, H, W) RGB; for each box its picture's index, class, and centre and size in 0..1."""

    images: NDArray[np.uint8]
    picture: NDArray[np.float32]
    classes: NDArray[np.float32]
    xywh: Boxes


@dataclass(frozen=True, slots=True)
class Note:
    """What a simulation knows of a picture: weather, and of each of its N boxes the share in sight and whether it is parked."""

    weather: str
    visible: NDArray[np.float32]
    parked: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Frames:
    """Labelled frames: the pictures' files and, for each, its boxes (N, 5): class, centre x, y, width, height in 0..1.

    notes: by the picture's file name; empty for pictures that were not rendered.
    """

    images: tuple[Path, ...]
    labels: tuple[Boxes, ...]
    names: dict[int, str]
    notes: dict[str, Note] = field(default_factory=dict)

    def note(self, index: int) -> Note:
        """The picture's note; where it has none, everything is in sight and nothing parked."""
        count = len(self.labels[index])
        return self.notes.get(self.images[index].name) or Note("", np.ones(count, np.float32), np.zeros(count, bool))

    def read(self, index: int) -> Image:
        """The picture (H, W, 3) BGR. Raises ConfigError where it is no picture."""
        image: Image | None = cv2.imread(str(self.images[index]), cv2.IMREAD_COLOR)
        if image is None:
            raise ConfigError(f"{self.images[index]} is not a picture; remove it and its labels")
        return image

    def pixels(self, index: int, width: int, height: int) -> Boxes:
        """Its boxes (N, 5) as class, x1, y1, x2, y2 in pixels of a picture of that size."""
        kind, x, y, w, h = self.labels[index].T
        return np.stack([kind, (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height], axis=1)

    def batch(self, seed: int, step: int, size: int, shape: tuple[int, int], *, whole: bool) -> SampleBatch:
        """A step's pictures of (height, width): windows round a box, or whole frames. The same step gives the same batch.

        The steps go through all pictures in an order by chance, then through them in another.
        """
        rounds, places = np.divmod(np.arange(step * size, (step + 1) * size), len(self.images))
        orders = {int(n): np.random.default_rng([seed, 0, int(n)]).permutation(len(self.images)) for n in np.unique(rounds)}
        random = np.random.default_rng([seed, 1, step])
        picked = [int(orders[int(n)][place]) for n, place in zip(rounds, places, strict=True)]
        return _batch([self._sample(index, random, shape, whole=whole) for index in picked])

    def _sample(self, index: int, random: np.random.Generator, shape: tuple[int, int], *, whole: bool) -> tuple[Image, Boxes]:
        image = self.read(index)
        boxes = self.pixels(index, image.shape[1], image.shape[0])
        image, boxes = fitted(image, boxes, shape) if whole else _window(image, boxes, random, shape)
        if random.uniform() < 0.5:
            image = np.ascontiguousarray(image[:, ::-1])
            boxes[:, [1, 3]] = image.shape[1] - boxes[:, [3, 1]]
        return _recoloured(image, random), boxes


def load_frames(data: Path, part: str) -> Frames:
    """The frames that a YOLO data.yaml names under `train` or `val`. Raises ConfigError in a sentence."""
    try:
        plan = yaml.safe_load(data.read_text(encoding="utf-8"))
        root = data.parent / (plan.get("path") or ".")
        folder, names = _folder(root, plan[part]), plan["names"]
        by_id = {int(k): str(v) for k, v in (names.items() if isinstance(names, dict) else enumerate(names))}
    except OSError as error:
        raise ConfigError(f"{data} cannot be read ({error.strerror}); give the data.yaml of labelled frames") from None
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise ConfigError(f"{data} is not a YOLO data file with train, val and names ({reason})") from None
    if sorted(by_id) != list(range(len(by_id))):
        raise ConfigError(f"{data}: its names must be numbered 0, 1, 2 and so on, not {', '.join(map(str, by_id))}")
    if not set(by_id.values()) & set(VEHICLE_CLASSES):
        raise ConfigError(f"{data}: none of its names is truck, bus or car (they are {', '.join(by_id.values())}); rename them")
    images = tuple(sorted(p for p in folder.rglob("*") if p.suffix.lower() in _KINDS))
    if not images:
        raise ConfigError(f"{folder} holds no pictures (.jpg or .png); correct `{part}` in {data}")
    labels = tuple(_labels(_label_file(image), len(by_id)) for image in images)
    if not any(map(len, labels)):
        raise ConfigError(f"none of the pictures in {folder} has a label in {_label_file(images[0]).parent}; label some first")
    return Frames(images, labels, by_id, _notes(root / f"{part}.jsonl"))


def _folder(root: Path, given: object) -> Path:
    """The folder of pictures; some tools write `../train/images` for one that lies beside data.yaml."""
    if not isinstance(given, str):
        raise TypeError(f"train and val must each be one folder, not {given!r}")
    folder = root / given
    beside = root / given.removeprefix("../")
    return beside if not folder.is_dir() and beside.is_dir() else folder


def _label_file(image: Path) -> Path:
    """Where YOLO's tools keep a picture's labels: the last folder called images becomes labels."""
    parts = list(image.with_suffix(".txt").parts)
    places = [place for place, name in enumerate(parts) if name == "images"]
    if places:
        parts[places[-1]] = "labels"
    return Path(*parts)


def _notes(path: Path) -> dict[str, Note]:
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
        return {
            row["picture"]: Note(row["weather"], np.array(row["visible"], np.float32), np.array(row["parked"], bool))
            for row in rows
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"{path} does not hold the notes that rendering writes; render the frames anew") from None


def fitted(image: Image, boxes: Boxes, shape: tuple[int, int]) -> tuple[Image, Boxes]:
    """A picture scaled into (height, width) with grey round it, as the detector gives it to the network."""
    height, width = image.shape[:2]
    scale = min(shape[0] / height, shape[1] / width)
    size = round(width * scale), round(height * scale)
    small = image if size == (width, height) else cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    left, top = (shape[1] - size[0]) // 2, (shape[0] - size[1]) // 2
    canvas = np.full((*shape, 3), PADDING, np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = small
    moved = boxes.copy()
    moved[:, 1:] = boxes[:, 1:] * scale + np.array([left, top, left, top], np.float32)
    return canvas, moved


def _labels(path: Path, classes: int) -> Boxes:
    try:
        lines = path.read_text(encoding="ascii").split("\n")
        rows = [[float(value) for value in line.split()] for line in lines if line.strip()]
    except FileNotFoundError:
        return np.zeros((0, 5), np.float32)
    except (OSError, ValueError):
        rows = [[]]
    if any(len(row) != 5 for row in rows):  # such as outlines, which the same tools export too
        raise ConfigError(f"labels {path} are not lines of `class x y width height`; correct the file, or export boxes")
    boxes = np.array(rows, np.float32).reshape(-1, 5)
    if not np.isin(boxes[:, 0], np.arange(classes)).all():
        raise ConfigError(f"labels {path} have a class that data.yaml does not name; correct the file")
    if not ((boxes[:, 1:] >= -_ROUNDING) & (boxes[:, 1:] <= 1 + _ROUNDING)).all():
        raise ConfigError(f"labels {path} have a place outside 0..1; correct the file")
    boxes[:, 1:] = np.clip(boxes[:, 1:], 0, 1)
    return boxes


def _window(image: Image, boxes: Boxes, random: np.random.Generator, shape: tuple[int, int]) -> tuple[Image, Boxes]:
    """A part of the picture round one of its boxes, at a scale drawn by chance."""
    height, width = image.shape[:2]
    scale = float(np.exp(random.uniform(np.log(0.75), np.log(1.35))))
    high, wide = min(height, round(shape[0] / scale)), min(width, round(shape[1] / scale))
    if len(boxes):
        _, x1, y1, x2, y2 = boxes[int(random.integers(len(boxes)))]
        x, y = (x1 + x2) / 2 + random.uniform(-0.35, 0.35) * wide, (y1 + y2) / 2 + random.uniform(-0.35, 0.35) * high
    else:
        x, y = random.uniform(0, width), random.uniform(0, height)
    left = int(np.clip(x - wide / 2, 0, width - wide))
    top = int(np.clip(y - high / 2, 0, height - high))
    return fitted(image[top : top + high, left : left + wide], _cut(boxes, left, top, wide, high), shape)


def _cut(boxes: Boxes, left: int, top: int, wide: int, high: int) -> Boxes:
    """The boxes inside a window; one that lost most of itself is left out."""
    moved = boxes.copy()
    moved[:, [1, 3]] = np.clip(boxes[:, [1, 3]] - left, 0, wide)
    moved[:, [2, 4]] = np.clip(boxes[:, [2, 4]] - top, 0, high)
    sides = moved[:, 3:] - moved[:, 1:3]
    before = np.maximum((boxes[:, 3:] - boxes[:, 1:3]).prod(axis=1), 1e-6)
    kept: Boxes = moved[(sides.min(axis=1, initial=np.inf) >= _SMALLEST_PX) & (sides.prod(axis=1) / before >= _LEAST_LEFT)]
    return kept


def _recoloured(image: Image, random: np.random.Generator) -> Image:
    """Brightness, contrast and balance of colours, sometimes grey, sometimes soft."""
    if random.uniform() < 0.08:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    gain = np.exp(random.normal(0, 0.16)) * np.exp(random.normal(0, 0.06, 3))
    shift = random.normal(0, 10)
    table = np.clip(np.arange(256)[:, None] * gain + shift, 0, 255).astype(np.uint8)
    image = cv2.LUT(image, table[None])
    if random.uniform() < 0.15:
        image = cv2.GaussianBlur(image, (3, 3), float(random.uniform(0.4, 1.1)))
    return image


def _batch(samples: list[tuple[Image, Boxes]]) -> SampleBatch:
    images = np.stack([np.ascontiguousarray(image[:, :, ::-1].transpose(2, 0, 1)) for image, _ in samples])
    height, width = images.shape[2:]
    picture = np.concatenate([np.full(len(boxes), i, np.float32) for i, (_, boxes) in enumerate(samples)])
    boxes = np.concatenate([boxes for _, boxes in samples]).astype(np.float32)
    size = np.array([width, height], np.float32)
    xywh = np.concatenate([(boxes[:, 1:3] + boxes[:, 3:]) / 2 / size, (boxes[:, 3:] - boxes[:, 1:3]) / size], axis=1)
    return SampleBatch(images, picture, boxes[:, 0], xywh)
