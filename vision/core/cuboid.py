"""Vehicles as boxes on the ground, and how a camera sees them: edges in the picture, what hides what. Pure.

A vehicle is a cuboid on its lane's axis: front at s, length, height, width, offset d to the right of the axis' upstream
direction. All functions take arrays with one row per vehicle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.core.camera_pose import CameraPose
from vision.core.geometry import LaneAxis

__all__ = ["HEIGHT", "LENGTH", "STATES", "WIDTH", "Appearance", "D", "LaneTable", "S", "V", "appearance", "edges"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

S, V, LENGTH, HEIGHT, WIDTH, D = range(6)
"""Columns of a vehicle's state: front m, speed downstream m/s, length, height, width m, offset m."""
STATES: Final = 6
SAMPLE_STEP_M: Final = 2.0
BEFORE_M: Final = 60.0
BEYOND_M: Final = 400.0
CUT_SHARE: Final = 0.12
"""An edge is cut when hiding moves it by more than this share of the box's side."""
CUT_PX: Final = 2.0
BORDER_PX: Final = 3.0
INSET: Final = 0.06
"""Faces are sampled from this share of their side inwards: a sliver at the rim is not enough to be seen."""
"""Edges this near to the picture's border may lie beyond it."""

_CORNERS: Final = np.array([[a, b, c] for a in (0.0, 1.0) for b in (-0.5, 0.5) for c in (0.0, 1.0)])


def _grid(first: int, second: int) -> Array:
    a, b = np.meshgrid(np.linspace(INSET, 1 - INSET, first), np.linspace(INSET, 1 - INSET, second), indexing="ij")
    return np.stack([a.ravel(), b.ravel()], 1)


_END, _SIDE, _ROOF = _grid(4, 8), _grid(6, 4), _grid(5, 3)
_FACE_OF: Final = np.repeat([0, 1, 2], [len(_END), len(_SIDE), len(_ROOF)])
_PER_FACE: Final = np.array([len(_END), len(_SIDE), len(_ROOF)], float)


class LaneTable:
    """The axes of several lanes sampled at equal steps, so that places on any of them are one array operation."""

    def __init__(self, axes: list[LaneAxis]) -> None:
        s = np.arange(-BEFORE_M, BEYOND_M + SAMPLE_STEP_M, SAMPLE_STEP_M)
        self.points: Array = np.stack([axis.at(s) for axis in axes])
        self.last = len(s) - 2

    def at(self, lane: NDArray[np.intp], s: Array) -> Array:
        """Ground points (..., 2) at s on lanes, both (...,)."""
        place = np.clip((s + BEFORE_M) / SAMPLE_STEP_M, 0.0, self.last + 0.999)
        index = place.astype(np.intp)
        share = (place - index)[..., None]
        return np.asarray(self.points[lane, index] * (1 - share) + self.points[lane, index + 1] * share)


@dataclass(frozen=True, slots=True)
class Appearance:
    """How N vehicles look to one camera, in pinhole pixels.

    full: (N, 4) edges of the whole vehicle; modal: (N, 4) edges of what is not hidden; visible: (N,) share of its picture
    that is not hidden; cut: (N, 4) whether hiding or the picture's border moved an edge; depth: (N,) metres.
    """

    full: Array
    modal: Array
    visible: Array
    cut: Flags
    depth: Array


@dataclass(frozen=True, slots=True)
class _Placed:
    """Cuboids in the world: corner of the front's middle on the ground, and the vectors of length, width and height."""

    base: Array
    along: Array
    right: Array
    up: Array

    def points(self, unit: Array) -> Array:
        """World points of unit coordinates (..., 3): 0..1 along, -.5..+.5 across, 0..1 up."""
        return np.asarray(
            self.base[..., None, :]
            + unit[..., 0:1] * self.along[..., None, :]
            + unit[..., 1:2] * self.right[..., None, :]
            + unit[..., 2:3] * self.up[..., None, :]
        )


def _place(x: Array, lane: NDArray[np.intp], table: LaneTable) -> _Placed:
    front = table.at(lane, x[..., S])
    rear = table.at(lane, x[..., S] + x[..., LENGTH])
    step = rear - front
    unit = step / np.maximum(np.linalg.norm(step, axis=-1, keepdims=True), 1e-9)
    right = np.stack([unit[..., 1], -unit[..., 0]], axis=-1)
    flat = np.zeros((*x.shape[:-1], 1))
    base = np.concatenate([front + right * x[..., D : D + 1], flat], axis=-1)
    along = np.concatenate([unit * x[..., LENGTH : LENGTH + 1], flat], axis=-1)
    across = np.concatenate([right * x[..., WIDTH : WIDTH + 1], flat], axis=-1)
    up = np.zeros_like(along)
    up[..., 2] = x[..., HEIGHT]
    return _Placed(base, along, across, up)


def edges(x: Array, lane: NDArray[np.intp], table: LaneTable, pose: CameraPose) -> Array:
    """Edges x1 y1 x2 y2 (..., 4) of whole vehicles x (..., 6), in pinhole pixels, not clipped to the picture."""
    pixels, _ = pose.project(_place(x, lane, table).points(_CORNERS))
    return np.concatenate([pixels.min(-2), pixels.max(-2)], axis=-1)


def appearance(x: Array, lane: NDArray[np.intp], table: LaneTable, pose: CameraPose) -> Appearance:
    """How the vehicles x (N, 6), all of them at once, look to a camera."""
    placed = _place(x, lane, table)
    pixels, depth = pose.project(placed.points(_CORNERS))
    full = np.concatenate([pixels.min(-2), pixels.max(-2)], axis=-1)
    nearest = depth.min(-1)
    points, weight = _surface(placed, pose, pixels)
    pixels, sample_depth = pose.project(points)
    inside = (pixels >= 0).all(-1) & (pixels[..., 0] <= pose.width) & (pixels[..., 1] <= pose.height) & (sample_depth > 0)
    clear = inside & ~_hidden(points, placed, full, nearest, pose.centre)
    visible = (clear * weight).sum(-1)
    low = np.where(clear[..., None], pixels, np.inf).min(-2)
    high = np.where(clear[..., None], pixels, -np.inf).max(-2)
    modal = np.where(np.asarray(clear.any(-1))[:, None], np.concatenate([low, high], axis=-1), full)
    # The samples keep off the rim: what they miss of it is visible where they come near.
    modal = np.where(_cut(full, modal, pose), modal, full)
    return Appearance(full, modal, visible, _cut(full, modal, pose), nearest)


def _cut(full: Array, modal: Array, pose: CameraPose) -> Flags:
    sides = (full[:, 2:] - full[:, :2])[:, [0, 1, 0, 1]]
    moved = np.abs(full - modal) > np.maximum(CUT_SHARE * sides, CUT_PX)
    limits = np.array([pose.width, pose.height], float)
    border = np.concatenate([full[:, :2] < BORDER_PX, full[:, 2:] > limits - BORDER_PX], axis=1)
    return np.asarray(moved | border)


def _surface(placed: _Placed, pose: CameraPose, corners: Array) -> tuple[Array, Array]:
    """Points (N, M, 3) on the end, side and roof that face the camera, and each point's share (N, M) of the picture."""
    away = pose.centre - placed.base
    length2 = np.maximum((placed.along**2).sum(-1), 1e-9)
    width2 = np.maximum((placed.right**2).sum(-1), 1e-9)
    end = np.where((away * placed.along).sum(-1) / length2 > 0.5, 1.0, 0.0)
    side = np.where((away * placed.right).sum(-1) / width2 > 0, 0.5, -0.5)
    count = len(placed.base)
    unit = np.empty((count, len(_FACE_OF), 3))
    a, b = len(_END), len(_END) + len(_SIDE)
    unit[:, :a, 0] = end[:, None]
    unit[:, :a, 1:] = _END - [0.5, 0.0]
    unit[:, a:b, 0], unit[:, a:b, 1], unit[:, a:b, 2] = _SIDE[:, 0], side[:, None], _SIDE[:, 1]
    unit[:, b:, :2] = _ROOF - [0.0, 0.5]
    unit[:, b:, 2] = 1.0
    areas = _face_areas(corners, (end > 0.5).astype(np.intp), (side > 0).astype(np.intp))
    weight = areas / np.maximum(areas.sum(-1, keepdims=True), 1e-9) / _PER_FACE
    return placed.points(unit), weight[:, _FACE_OF]


def _face_areas(corners: Array, end: NDArray[np.intp], side: NDArray[np.intp]) -> Array:
    """Picture areas (N, 3) of the end, side and roof faces; corners (N, 8, 2) ordered along, across, up."""
    c = corners.reshape(-1, 2, 2, 2, 2)
    rows = np.arange(len(c))
    quads = np.stack(
        [
            np.stack([c[rows, end, 0, 0], c[rows, end, 1, 0], c[rows, end, 1, 1], c[rows, end, 0, 1]], 1),
            np.stack([c[rows, 0, side, 0], c[rows, 1, side, 0], c[rows, 1, side, 1], c[rows, 0, side, 1]], 1),
            np.stack([c[rows, 0, 0, 1], c[rows, 1, 0, 1], c[rows, 1, 1, 1], c[rows, 0, 1, 1]], 1),
        ],
        axis=1,
    )
    after = np.roll(quads, -1, axis=2)
    return np.asarray(np.abs((quads[..., 0] * after[..., 1] - after[..., 0] * quads[..., 1]).sum(-1)) / 2)


def _hidden(points: Array, placed: _Placed, full: Array, nearest: Array, eye: Array) -> Flags:
    """Whether another cuboid stands between the eye and each surface point (N, M): slab test of the line of sight."""
    count, samples = points.shape[:2]
    hidden = np.zeros((count, samples), bool)
    overlap = (full[:, None, :2] < full[None, :, 2:]).all(-1) & (full[None, :, :2] < full[:, None, 2:]).all(-1)
    behind, before = np.nonzero(overlap & (nearest[None, :] < nearest[:, None]))
    if not len(behind):
        return hidden
    sides = np.stack([placed.along, placed.right, placed.up], axis=1)[before]
    scale = np.maximum((sides**2).sum(-1), 1e-9)
    start = np.einsum("pad,pd->pa", sides, eye - placed.base[before]) / scale
    reach = np.einsum("pad,pmd->pma", sides, points[behind] - eye) / scale[:, None, :]
    reach = np.where(np.abs(reach) < 1e-9, 1e-9, reach)
    low = np.array([0.0, -0.5, 0.0])
    first = (low - start[:, None, :]) / reach
    last = (low + 1.0 - start[:, None, :]) / reach
    enter = np.minimum(first, last).max(-1)
    leave = np.maximum(first, last).min(-1)
    blocked = (enter < leave) & (leave > 0) & (enter < 0.995)
    np.logical_or.at(hidden, behind, blocked)
    return hidden
