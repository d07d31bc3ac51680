"""A real OpenVINO detector built by the tests: fixed convolutions that find coloured rectangles of one size.

Its output is YOLO-shaped. A rectangle's colour picks its class (red truck, blue bus, green car, yellow person); the
kernel is a box of the rectangle's size with a negative rim, so that only a rectangle of that size, seen whole, scores.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vision.detection.openvino_runtime import openvino

__all__ = ["NAMES", "tiny_model"]

NAMES = {0: "person", 1: "car", 2: "bus", 3: "truck"}
_COLOURS = np.array([[0.5, 0.5, -1.0], [-0.5, 1.0, -0.5], [-0.5, -0.5, 1.0], [1.0, -0.5, -0.5]], np.float32)
_STRIDE = 4  # pixels of the input for each place of the output
_SLOPE, _OFFSET = 4.2, 2.0  # a full match scores 1, one shifted by a fifth of the rectangle about 0.3


def tiny_model(folder: Path, *, height: int = 384, width: int = 640, box: tuple[int, int] = (96, 56)) -> Path:
    """Writes model.xml, model.bin and metadata.yaml into a folder, as an export of ultralytics does; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    openvino.save_model(_graph(height, width, box), folder / "model.xml", compress_to_fp16=False)
    lines = [f"  {index}: {name}" for index, name in NAMES.items()]
    (folder / "metadata.yaml").write_text("\n".join(["task: detect", "stride: 32", "names:", *lines]) + "\n")
    return folder


def _kernel(box: tuple[int, int]) -> NDArray[np.float32]:
    width, height = (side // _STRIDE for side in box)
    rim = np.ones((height + 2, width + 2), np.float32)
    rim[1:-1, 1:-1] = 0
    inside = 1 - rim
    return (inside / inside.sum() - rim / rim.sum())[None, None]


def _graph(height: int, width: int, box: tuple[int, int]) -> openvino.Model:
    ops = openvino.opset8
    rows, columns, classes = height // _STRIDE, width // _STRIDE, len(NAMES)
    image = ops.parameter([1, 3, height, width], np.float32, name="images")
    small = ops.avg_pool(image, [_STRIDE] * 2, [0, 0], [0, 0], [_STRIDE] * 2, exclude_pad=True)
    colour = ops.relu(ops.convolution(small, _COLOURS[:, :, None, None], [1, 1], [0, 0], [0, 0], [1, 1]))
    flat = ops.reshape(colour, np.array([classes, 1, rows, columns]), special_zero=False)
    match = ops.convolution(flat, _kernel(box), [1, 1], *_padding(box), [1, 1])
    score = ops.clamp(ops.subtract(ops.multiply(match, np.float32(_SLOPE)), np.float32(_OFFSET)), 0.0, 1.0)
    scores = ops.reshape(score, np.array([1, classes, rows * columns]), special_zero=False)
    output = ops.concat([ops.constant(_places(rows, columns, box)), scores], axis=1)
    return openvino.Model([output], [image], "tiny")


def _padding(box: tuple[int, int]) -> tuple[list[int], list[int]]:
    width, height = (side // _STRIDE + 2 for side in box)
    return [(height - 1) // 2, (width - 1) // 2], [height // 2, width // 2]


def _places(rows: int, columns: int, box: tuple[int, int]) -> NDArray[np.float32]:
    """The boxes' centres and sizes, (1, 4, N): an even kernel's centre lies half a place beyond its middle."""
    even = [(side // _STRIDE) % 2 == 0 for side in box]
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    x = (x + (1.0 if even[0] else 0.5)) * _STRIDE
    y = (y + (1.0 if even[1] else 0.5)) * _STRIDE
    sides = np.ones((2, rows, columns), np.float32) * np.array(box, np.float32)[:, None, None]
    return np.concatenate([x[None], y[None], sides]).reshape(1, 4, rows * columns)
