"""What a camera sees of vehicles on the ground, worked out without the product: the reference for the core's geometry.

A vehicle is a cuboid that stands on its ground plan. Its picture is the convex hull of its corners, which are projected by a
pinhole; hulls are painted into a picture of ids from the farthest to the nearest vehicle, and the pixels that are left show
which part of each is in sight. World axes: x to the right and y ahead when one looks upstream, z up, metres.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cuboid", "ReferenceCamera", "Sighted", "sighted"]

Array = NDArray[np.float64]
NEAREST_M: Final = 0.1
"""What is nearer to the camera than this, or behind it, is cut off before it is projected."""


@dataclass(frozen=True)
class ReferenceCamera:
    """A pinhole camera at (x, y, z) m: turned from +y to the right, tilted down, degrees; its picture in pixels."""

    x: float = 3.75
    y: float = -16.0
    z: float = 8.0
    turned_deg: float = 0.0
    tilt_deg: float = 12.0
    focal_px: float = 1250.0
    width: int = 1920
    height: int = 1080

    @property
    def axes(self) -> tuple[Array, Array, Array]:
        """Unit vectors to the right of the picture, down in it and ahead."""
        turn, tilt = math.radians(self.turned_deg), math.radians(self.tilt_deg)
        level = np.array([math.sin(turn), math.cos(turn), 0.0])
        right = np.array([math.cos(turn), -math.sin(turn), 0.0])
        ahead = math.cos(tilt) * level + np.array([0.0, 0.0, -math.sin(tilt)])
        return right, np.cross(ahead, right), ahead

    def seen_from(self, points: Array) -> Array:
        """Points (N, 3) as metres right, down and ahead of the camera."""
        away = points - np.array([self.x, self.y, self.z])
        return np.stack([away @ axis for axis in self.axes], axis=1)

    def pixels(self, seen: Array) -> Array:
        """Pixels (N, 2) from the upper left of places (N, 3) as `seen_from` gives them, all before the camera."""
        return seen[:, :2] / seen[:, 2:] * self.focal_px + np.array([self.width / 2, self.height / 2])

    def picture_points(self, points: Array) -> Array:
        """Picture coordinates 0..1 (N, 2) of points (N, 3), all before the camera."""
        return self.pixels(self.seen_from(points)) / np.array([self.width, self.height])


@dataclass(frozen=True)
class Cuboid:
    """A vehicle: the middles of its front and rear on the ground, metres; its body begins `bottom_m` above the ground."""

    front: tuple[float, float]
    rear: tuple[float, float]
    width_m: float
    height_m: float
    bottom_m: float = 0.15

    @property
    def plan(self) -> Array:
        """The corners (4, 2) of its ground plan, in turn."""
        front, rear = np.array(self.front), np.array(self.rear)
        along = (rear - front) / math.dist(self.front, self.rear)
        across = np.array([along[1], -along[0]]) * self.width_m / 2
        return np.array([front - across, front + across, rear + across, rear - across])

    @property
    def corners(self) -> Array:
        """Its corners (8, 3): the lower four in turn, then the upper four."""
        return np.array([[*corner, z] for z in (self.bottom_m, self.height_m) for corner in self.plan])


@dataclass(frozen=True)
class Sighted:
    """How a camera sees one vehicle.

    full: x1 y1 x2 y2 of the whole of it, beyond the picture's border too; box: of what is in sight of it, to the pixel where
    something hides an edge, exact elsewhere, None where nothing is; share: of its picture's area that is in sight, 0..1.
    """

    full: tuple[float, float, float, float]
    box: tuple[float, float, float, float] | None
    share: float


@lru_cache(maxsize=20_000)
def sighted(camera: ReferenceCamera, vehicles: tuple[Cuboid, ...]) -> tuple[Sighted | None, ...]:
    """How the camera sees each vehicle, all of them on the road at once; None for those wholly behind it."""
    hulls = [_outline(camera, vehicle) for vehicle in vehicles]
    ids = np.zeros((camera.height, camera.width), np.uint8)
    for index in _from_far_to_near(vehicles, (camera.x, camera.y)):
        if hulls[index] is not None:
            _paint(ids, hulls[index], index + 1)
    return tuple(None if hull is None else _in_sight(ids, hull, index + 1) for index, hull in enumerate(hulls))


def _outline(camera: ReferenceCamera, vehicle: Cuboid) -> Array | None:
    """The hull (N, 2) in pixels of what of a vehicle is before the camera, or None."""
    corners = camera.seen_from(vehicle.corners)
    before = [corner for corner in corners if corner[2] >= NEAREST_M]
    edges = [(k, (k + 1) % 4) for k in range(4)] + [(k + 4, (k + 1) % 4 + 4) for k in range(4)] + [(k, k + 4) for k in range(4)]
    for i, j in edges:
        a, b = corners[i], corners[j]
        if (a[2] >= NEAREST_M) != (b[2] >= NEAREST_M):
            before.append(a + (b - a) * (NEAREST_M - a[2]) / (b[2] - a[2]))
    if not before:
        return None
    return _hull(camera.pixels(np.array(before)))


def _hull(points: Array) -> Array:
    """The convex hull of points (N, 2), in turn: Andrew's monotone chain."""
    ordered = sorted(map(tuple, points.tolist()))

    def chain(some: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
        kept: list[tuple[float, ...]] = []
        for point in some:
            while len(kept) > 1 and _turn(kept[-2], kept[-1], point) <= 0:
                kept.pop()
            kept.append(point)
        return kept[:-1]

    return np.array(chain(ordered) + chain(ordered[::-1]))


def _turn(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _paint(ids: NDArray[np.uint8], hull: Array, value: int) -> None:
    """Marks the pixels whose middles lie in a convex hull (N, 2)."""
    height, width = ids.shape
    top, bottom = max(0, math.ceil(hull[:, 1].min() - 0.5)), min(height, math.floor(hull[:, 1].max() - 0.5) + 1)
    left, right = max(0, math.floor(hull[:, 0].min())), min(width, math.ceil(hull[:, 0].max()))
    if top >= bottom or left >= right:
        return
    rows = np.arange(top, bottom) + 0.5
    low, high = np.full(len(rows), np.inf), np.full(len(rows), -np.inf)
    for (x1, y1), (x2, y2) in zip(hull, np.roll(hull, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        crossed = (rows >= min(y1, y2)) & (rows <= max(y1, y2))
        x = x1 + (rows - y1) * (x2 - x1) / (y2 - y1)
        low, high = np.where(crossed, np.minimum(low, x), low), np.where(crossed, np.maximum(high, x), high)
    columns = np.arange(left, right) + 0.5
    inside = (columns >= low[:, None]) & (columns <= high[:, None])
    ids[top:bottom, left:right][inside] = value


def _in_sight(ids: NDArray[np.uint8], hull: Array, value: int) -> Sighted:
    low, high = hull.min(axis=0), hull.max(axis=0)
    full = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    x0, y0 = np.clip(np.floor(low), 0, ids.shape[::-1]).astype(int)
    x1, y1 = np.clip(np.ceil(high), 0, ids.shape[::-1]).astype(int)
    mine = ids[y0:y1, x0:x1] == value
    count = int(np.count_nonzero(mine))
    if not count:
        return Sighted(full, None, 0.0)
    columns, rows = np.flatnonzero(mine.any(axis=0)), np.flatnonzero(mine.any(axis=1))
    painted = np.array([x0 + columns[0], y0 + rows[0], x0 + columns[-1] + 1, y0 + rows[-1] + 1], float)
    exact = np.concatenate([np.maximum(low, 0), np.minimum(high, ids.shape[::-1])])
    box = np.where(np.abs(painted - exact) <= 1.0, exact, painted)
    x, y = hull.T
    area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    return Sighted(full, (float(box[0]), float(box[1]), float(box[2]), float(box[3])), min(1.0, count / area))


def _from_far_to_near(vehicles: Sequence[Cuboid], eye: tuple[float, float]) -> Iterator[int]:
    """Vehicles in an order in which none hides one that comes later. Raises ValueError where there is none."""
    plans = [vehicle.plan for vehicle in vehicles]
    left = list(range(len(plans)))
    while left:
        farthest = next((a for a in left if not any(a != b and _may_hide(plans[a], plans[b], eye) for b in left)), None)
        if farthest is None:
            raise ValueError("these vehicles stand in each other, or hide each other in a circle")
        left.remove(farthest)
        yield farthest


def _may_hide(one: Array, other: Array, eye: tuple[float, float]) -> bool:
    """Whether one plan may hide the other from the eye: not if a line between them has the eye on the other's side."""
    for plan, beyond, sign in ((one, other, 1.0), (other, one, -1.0)):
        for a, b in zip(plan, np.roll(plan, -1, axis=0), strict=True):
            normal = np.array([b[1] - a[1], a[0] - b[0]])
            normal = normal if (plan - a) @ normal @ np.ones(4) <= 0 else -normal  # points out of this plan
            if ((beyond - a) @ normal >= -1e-9).all() and sign * float((np.array(eye) - a) @ normal) >= 0:
                return False
    return True
