"""Draws meshes into a picture: projection in one product, back faces left out, faces sub-pixel and smooth. Needs OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.simulation.camera import CameraPlan
from vision.simulation.render.light import Light
from vision.simulation.render.mesh import Drawable

__all__ = ["Image", "Painted", "Painter", "Placed", "drawing_order", "shaded"]

Image = NDArray[np.uint8]
Array = NDArray[np.float64]
_SHIFT: Final = 4
_NEAR_M: Final = 5.0
_FAR_PX: Final = 20_000.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A drawable in the world: x, y of its origin, its heading as cosine and sine, face colours as they are drawn."""

    drawable: Drawable
    x: float
    y: float
    cos: float
    sin: float
    colours: list[tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Painted:
    """A placed drawable in the picture: vertices in sixteenths of a pixel (N, 2), and which faces look at the camera."""

    placed: Placed
    points: NDArray[np.int32]
    facing: NDArray[np.bool_]


class Painter:
    """Projects and draws for one camera and one picture size."""

    def __init__(self, plan: CameraPlan, width: int, height: int) -> None:
        self.plan = plan
        self.width = width
        self.height = height
        focal = plan.focal_widths * width
        camera = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])
        self._matrix = camera @ plan.rotation
        self._place = np.array(plan.place)
        self._ahead = plan.rotation[2, :2] / np.linalg.norm(plan.rotation[2, :2])

    def pixels_per_metre(self, x: float, y: float) -> float:
        """The scale of what stands on the ground there."""
        ahead = float((np.array([x, y]) - self._place[:2]) @ self._ahead)
        return self.plan.focal_widths * self.width / max(ahead, 1.0)

    def project(self, placed: list[Placed]) -> list[Painted]:
        """All vertices of all of them in one product."""
        if not placed:
            return []
        counts = [len(p.drawable.vertices) for p in placed]
        local = np.concatenate([p.drawable.vertices for p in placed])
        pose = np.repeat(np.array([(p.x, p.y, p.cos, p.sin) for p in placed]), counts, axis=0)
        world = np.empty_like(local)
        world[:, 0] = local[:, 0] * pose[:, 2] - local[:, 1] * pose[:, 3] + pose[:, 0]
        world[:, 1] = local[:, 0] * pose[:, 3] + local[:, 1] * pose[:, 2] + pose[:, 1]
        world[:, 2] = local[:, 2]
        pixels = self.pixels(world)
        ends = np.concatenate([[0], np.cumsum(counts)])
        fixed = np.round(pixels * (1 << _SHIFT)).astype(np.int32)
        faces = [len(p.drawable.starts) - 1 for p in placed]
        first = np.concatenate([p.drawable.starts[:-1] + end for p, end in zip(placed, ends, strict=False)])
        facing = np.split(_facing(pixels, first), np.cumsum(faces)[:-1])
        return [Painted(p, fixed[a:b], faces_) for p, (a, b), faces_ in zip(placed, pairwise(ends), facing, strict=True)]

    def pixels(self, world: Array) -> Array:
        """Pixels (N, 2) of world points (N, 3); what is nearer than 5 m or behind is moved ahead first."""
        local = world - self._place
        short = _NEAR_M - local[:, :2] @ self._ahead
        if (short > 0).any():
            local[:, :2] += np.maximum(short, 0.0)[:, None] * self._ahead
        seen = local @ self._matrix.T
        pixels: Array = np.clip(seen[:, :2] / seen[:, 2:], -_FAR_PX, _FAR_PX)
        return pixels

    @staticmethod
    def draw(image: Image, painted: Painted) -> None:
        """Fills the faces that look at the camera, in order."""
        faces, points, colours = painted.placed.drawable.faces, painted.points, painted.placed.colours
        for face in np.flatnonzero(painted.facing).tolist():
            cv2.fillConvexPoly(image, points[faces[face]], colours[face], cv2.LINE_AA, _SHIFT)

    @staticmethod
    def hulls(painted: Painted) -> list[NDArray[np.int32]]:
        """The outline of each convex part, sixteenths of a pixel."""
        return [cv2.convexHull(painted.points[body]) for body in painted.placed.drawable.bodies]

    @staticmethod
    def mark(ids: NDArray[np.uint8], hulls: list[NDArray[np.int32]], value: int) -> None:
        """Fills the outlines in a buffer of ids."""
        for hull in hulls:
            cv2.fillConvexPoly(ids, hull, value, cv2.LINE_8, _SHIFT)


def shaded(drawable: Drawable, light: Light, cos: float, sin: float, distance_m: float) -> list[tuple[float, ...]]:
    """Face colours under a light, seen through haze at a distance."""
    normals = drawable.normals.copy()
    normals[:, 0] = drawable.normals[:, 0] * cos - drawable.normals[:, 1] * sin
    normals[:, 1] = drawable.normals[:, 0] * sin + drawable.normals[:, 1] * cos
    veil = float(light.veil(np.array([distance_m]))[0])
    colours = drawable.colours * light.shade(normals) * (1 - veil) + np.array(light.sky_low) * veil
    return [tuple(colour) for colour in np.clip(colours, 0, 255).tolist()]


def drawing_order(spans: Array, camera: tuple[float, float]) -> list[int]:
    """Indices from the farthest to the nearest of rectangles (N, 4) x0 y0 x1 y1 on the ground, none hidden by a later one.

    Of two rectangles that a line parallel to an axis separates, the one on the camera's side may hide the other.
    """
    n = len(spans)
    hides = np.ones((n, n), bool)
    for low, high, eye in ((spans[:, 0], spans[:, 2], camera[0]), (spans[:, 1], spans[:, 3], camera[1])):
        beyond = low[:, None] >= high[None, :]
        hides &= ~(beyond & (eye <= low)[:, None])
        hides &= ~(beyond.T & (eye >= high)[:, None])
    before = hides.T & ~hides
    waiting = before.sum(axis=0)
    left = np.ones(n, bool)
    distance = np.hypot((spans[:, 0] + spans[:, 2]) / 2 - camera[0], (spans[:, 1] + spans[:, 3]) / 2 - camera[1])
    order: list[int] = []
    while len(order) < n:
        free = np.flatnonzero(left & (waiting <= 0))
        for index in free[np.argsort(-distance[free])] if len(free) else [int(np.argmax(np.where(left, distance, -1)))]:
            order.append(int(index))
            left[index] = False
            waiting -= before[index]
    return order


def _facing(pixels: Array, first: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which faces, given by their first vertex, show their outer side."""
    a, b, c = pixels[first], pixels[first + 1], pixels[first + 2]
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - b[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - b[:, 0])
    facing: NDArray[np.bool_] = turn < 0
    return facing
