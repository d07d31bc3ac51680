"""Draws on a camera's picture what the gate file says of it: lane polygons, axes, and the ground every 10 m. A shell."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vision.config import Camera, GateConfig, View
from vision.core.geometry.camera_model import CameraPose, fit_pose
from vision.core.geometry.lane_axis import LaneAxis, ground_axis, picture_axis
from vision.errors import StreamError
from vision.whole_file import whole_file

__all__ = ["draw_lanes", "save_picture"]

COLOURS: Final = ((255, 196, 0), (0, 200, 255), (255, 110, 180), (120, 230, 90), (190, 150, 255), (255, 140, 60))
GRID_M: Final = 10
HALF_LANE_M: Final = 1.75
Pixels = NDArray[np.float64]


def draw_lanes(picture: NDArray[np.uint8], config: GateConfig, camera: Camera) -> Image.Image:
    """The picture (H, W, 3) RGB with the camera's lanes drawn on it; the grid only where the camera is calibrated.

    Raises ConfigError when the ground points contradict each other.
    """
    image = Image.fromarray(picture)
    height, width = picture.shape[:2]
    pose = fit_pose(camera, width, height) if camera.ground else None
    pen = _Pen(image)
    for view, colour in zip(camera.views, COLOURS * (1 + len(camera.views) // len(COLOURS)), strict=False):
        corners = np.array(view.polygon) * [width, height]
        pen.line(np.concatenate([corners, corners[:1]]), colour, 2)
        pen.label(corners.mean(axis=0), view.lane, colour)
        if pose is None:
            pen.arrow(_in_picture(view, width, height), colour)
        else:
            _draw_ground(pen, pose, view, config.lane(view.lane).zone_m, colour)
    for point in camera.ground or ():
        pen.cross(np.array(point.image) * [width, height])
    pen.finish()
    return image


def save_picture(image: Image.Image, path: Path) -> None:
    """Writes a picture; the kind follows from the name. Raises StreamError when that cannot be done."""
    kind = Image.registered_extensions().get(path.suffix.lower())
    try:
        with whole_file(path) as part:
            image.save(part, kind)
    except (OSError, ValueError) as error:
        raise StreamError(f"the picture {path} cannot be written ({error}); give a name that ends in .jpg or .png") from None


def _draw_ground(pen: _Pen, pose: CameraPose, view: View, zone_m: float, colour: tuple[int, int, int]) -> None:
    axis = ground_axis(view, pose, zone_m)
    low, high = view.covers_m or (0.0, zone_m)
    pen.arrow(_on_ground(pose, axis, np.linspace(high, low, 60), 0.0), colour)
    for s in range(0, int(zone_m) + 1, GRID_M):
        if low <= s <= high:
            ends = np.concatenate([_on_ground(pose, axis, np.array([float(s)]), d) for d in (-HALF_LANE_M, HALF_LANE_M)])
            pen.line(ends, (255, 255, 255) if s else (255, 60, 60), 1 if s else 3)
            if s % (2 * GRID_M) == 0 and len(ends) == 2:
                pen.label(ends[1] + [4, -6], f"{s} m", (255, 255, 255))


def _on_ground(pose: CameraPose, axis: LaneAxis, s: Pixels, d: float) -> Pixels:
    """Pixels (N, 2) of the points at s, d metres to the right of the axis; those behind the camera are left out."""
    along = np.array([axis.direction(float(at)) for at in s])
    points = axis.at(s) + d * np.stack([along[:, 1], -along[:, 0]], axis=1)
    world = np.concatenate([points, np.zeros((len(points), 1))], axis=1)
    _, depth = pose.project(world)
    return np.asarray((pose.picture_points(world) * [pose.width, pose.height])[depth > 1.0])


def _in_picture(view: View, width: int, height: int) -> Pixels:
    axis = picture_axis(view, width / height)
    return np.asarray(axis.at(np.linspace(axis.length, 0.0, 20)) * height)


class _Pen:
    """Draws lines and labels that can be read on any ground: each with a dark edge."""

    def __init__(self, image: Image.Image) -> None:
        self._draw = ImageDraw.Draw(image)
        self._font = ImageFont.load_default(max(11, image.width // 80))
        self._labels: list[tuple[tuple[float, ...], tuple[float, float], str, tuple[int, int, int]]] = []
        self._unit = max(1, image.width // 640)

    def line(self, points: Pixels, colour: tuple[int, int, int], width: int) -> None:
        """A polyline through (N, 2) pixels."""
        if len(points) >= 2:
            path = [(float(x), float(y)) for x, y in points]
            self._draw.line(path, (0, 0, 0), (width + 1) * self._unit)
            self._draw.line(path, colour, width * self._unit)

    def arrow(self, points: Pixels, colour: tuple[int, int, int]) -> None:
        """A lane axis, with its head at the stop line, where the points end."""
        self.line(points, colour, 2)
        if len(points) < 2 or not (step := points[-1] - points[-2]).any():
            return
        forward = step / np.hypot(*step) * 8 * self._unit
        side = np.array([-forward[1], forward[0]]) * 0.6
        head = [points[-1], points[-1] - forward + side, points[-1] - forward - side]
        self._draw.polygon([(float(x), float(y)) for x, y in head], colour)

    def label(self, place: Pixels, text: str, colour: tuple[int, int, int]) -> None:
        """A short text over all lines, drawn by `finish`; left out where it would cover another one."""
        where = (float(place[0]), float(place[1]))
        x1, y1, x2, y2 = self._draw.textbbox(where, text, self._font, stroke_width=2)
        if not any(x1 < b[2] and b[0] < x2 and y1 < b[3] and b[1] < y2 for b, _, _, _ in self._labels):
            self._labels.append(((x1, y1, x2, y2), where, text, colour))

    def finish(self) -> None:
        """Draws the labels."""
        for _, where, text, colour in self._labels:
            self._draw.text(where, text, colour, self._font, stroke_width=2, stroke_fill=(0, 0, 0))

    def cross(self, place: Pixels) -> None:
        """A ground point."""
        x, y, arm = float(place[0]), float(place[1]), 4.0 * self._unit
        self._draw.line([(x - arm, y), (x + arm, y)], (255, 60, 60), self._unit)
        self._draw.line([(x, y - arm), (x, y + arm)], (255, 60, 60), self._unit)
