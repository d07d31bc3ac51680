"""Vehicles as boxes on the ground, and how a camera sees them: edges in the picture, what hides what. Pure.

A vehicle is a cuboid on its lane's axis: front at s, length, height, width, offset d to the right of the axis' upstream
direction. All functions take arrays with one row per vehicle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.core.geometry.camera_model import MIN_DEPTH_M, CameraPose
from vision.core.geometry.lane_axis import LaneAxis

__all__ = ["HEIGHT", "LENGTH", "STATES", "WIDTH", "Appearance", "D", "LaneTable", "S", "V", "appearance", "edges"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

S, V, LENGTH, HEIGHT, WIDTH, D = range(6)
"""Columns of a vehicle's state: front m, speed downstream m/s, length, height, width m, offset m."""
STATES: Final = 6
SAMPLE_STEP_M: Final = 2.0
BEFORE_M: Final = 60.0
BEYOND_M: Final = 400.0
CUT_SHARE: Final = np.array([0.12, 0.04, 0.12, 0.04])
"""An edge is cut when hiding moves it by more than this share of the box's side. The bottom is the first to go: a vehicle
that drives up behind another one loses it line by line, and would seem to stand if the edge were still believed."""
CUT_PX: Final = 1.0
CLEARANCE_M: Final = 0.15
"""A body begins this high above the ground: bumpers end 0.25 to 0.4 m up, wheels touch it a metre farther back."""
BORDER_PX: Final = 3.0
"""Edges this near to the picture's border may lie beyond it."""
INSET: Final = 0.06
"""Faces are sampled across from this share of their width inwards: a sliver at the side is not enough to be seen."""
END_GRID: Final = (4, 8)
SIDE_GRID: Final = (4, 3)
ROOF_GRID: Final = (4, 2)
"""Samples of a face: across by up, along by up, along by across; the end is what counts most."""

_CORNERS: Final = np.array([[a, b, c] for a in (0.0, 1.0) for b in (-0.5, 0.5) for c in (0.0, 1.0)]).T


def _face(grid: tuple[int, int], insets: tuple[float, float] = (0.0, 0.0)) -> tuple[Array, Array]:
    spans = [np.linspace(inset, 1 - inset, count) for count, inset in zip(grid, insets, strict=True)]
    a, b = np.meshgrid(*spans, indexing="ij")
    return a.ravel(), b.ravel()


def _unit_points(end: float, side: float) -> Array:
    """Points (3, M) on one end, one side and the roof of a unit cuboid: 0..1 along, -.5..+.5 across, 0..1 up."""
    (ea, eb), (sa, sb), (ra, rb) = _face(END_GRID, (INSET, 0.0)), _face(SIDE_GRID), _face(ROOF_GRID, (0.0, INSET))
    return np.concatenate(
        [
            np.stack([np.full_like(ea, end), ea - 0.5, eb]),
            np.stack([sa, np.full_like(sa, side), sb]),
            np.stack([ra, rb - 0.5, np.ones_like(ra)]),
        ],
        axis=1,
    )


_UNITS: Final = np.array([[_unit_points(end, side) for side in (-0.5, 0.5)] for end in (0.0, 1.0)])
_COUNTS: Final = np.array([a * b for a, b in (END_GRID, SIDE_GRID, ROOF_GRID)])
_FACE_OF: Final = np.repeat([0, 1, 2], _COUNTS)


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

    def of(self, rows: Flags) -> Appearance:
        """The look of some of them."""
        return Appearance(self.full[rows], self.modal[rows], self.visible[rows], self.cut[rows], self.depth[rows])


@dataclass(frozen=True, slots=True)
class _Placed:
    """Cuboids in the world: the lower edge of the front's middle (N, 3), and the three sides as columns (N, 3, 3)."""

    base: Array
    sides: Array

    def points(self, unit: Array) -> Array:
        """World points (N, 3, M) of unit coordinates (3, M) or (N, 3, M)."""
        return np.asarray(self.sides @ unit + self.base[:, :, None])


def _place(x: Array, lane: NDArray[np.intp], table: LaneTable) -> _Placed:
    front = table.at(lane, x[:, S])
    rear = table.at(lane, x[:, S] + x[:, LENGTH])
    step = rear - front
    unit = step / np.maximum(np.sqrt(step[:, :1] ** 2 + step[:, 1:] ** 2), 1e-9)
    right = np.stack([unit[:, 1], -unit[:, 0]], axis=1)
    base = np.zeros((len(x), 3))
    base[:, 2] = CLEARANCE_M
    base[:, :2] = front + right * x[:, D : D + 1]
    sides = np.zeros((len(x), 3, 3))
    sides[:, :2, 0] = unit * x[:, LENGTH : LENGTH + 1]
    sides[:, :2, 1] = right * x[:, WIDTH : WIDTH + 1]
    sides[:, 2, 2] = x[:, HEIGHT] - CLEARANCE_M
    return _Placed(base, sides)


def _project(points: Array, pose: CameraPose) -> tuple[Array, Array, Array]:
    """Pinhole pixels u, v and depths, each (N, M), of world points (N, 3, M)."""
    seen = pose.rotation @ points + pose.translation[:, None]
    depth = seen[:, 2]
    scale = pose.focal_px / np.maximum(depth, MIN_DEPTH_M)
    return seen[:, 0] * scale + pose.width / 2, seen[:, 1] * scale + pose.height / 2, depth


def edges(x: Array, lane: NDArray[np.intp], table: LaneTable, pose: CameraPose) -> Array:
    """Edges x1 y1 x2 y2 (N, 4) of whole vehicles x (N, 6), in pinhole pixels, not clipped to the picture."""
    u, v, _ = _project(_place(x, lane, table).points(_CORNERS), pose)
    return np.stack([u.min(1), v.min(1), u.max(1), v.max(1)], axis=1)


def appearance(x: Array, lane: NDArray[np.intp], table: LaneTable, pose: CameraPose, solid: Flags | None = None) -> Appearance:
    """How the vehicles x (N, 6), all of them at once, look to a camera; only solid (N,) ones hide others, by default all."""
    placed = _place(x, lane, table)
    cu, cv, depth = _project(placed.points(_CORNERS), pose)
    full = np.stack([cu.min(1), cv.min(1), cu.max(1), cv.max(1)], axis=1)
    nearest = depth.min(1)
    away = pose.centre - placed.base
    end = (np.einsum("na,na->n", away, placed.sides[:, :, 0]) > 0.5 * x[:, LENGTH] ** 2).astype(np.intp)
    side = (np.einsum("na,na->n", away, placed.sides[:, :, 1]) > 0).astype(np.intp)
    points = placed.points(_UNITS[end, side])
    u, v, sample_depth = _project(points, pose)
    clear = (u >= 0) & (v >= 0) & (u <= pose.width) & (v <= pose.height) & (sample_depth > 0)
    before = nearest < nearest[:, None]
    before = before if solid is None else before & solid
    clear &= ~_hidden(points, placed, full, before, pose.centre)
    weight = _face_shares(np.stack([cu, cv], axis=2), end, side) / _COUNTS
    visible = np.einsum("nm,nm->n", clear.astype(float), weight[:, _FACE_OF])
    modal = np.stack(
        [
            np.where(clear, u, np.inf).min(1),
            np.where(clear, v, np.inf).min(1),
            np.where(clear, u, -np.inf).max(1),
            np.where(clear, v, -np.inf).max(1),
        ],
        axis=1,
    )
    modal = np.where(np.isfinite(modal[:, :1]), modal, full)
    # The samples keep off the rim: an edge counts as moved only where they stay well away from it.
    cut = _cut(full, modal, pose)
    return Appearance(full, np.where(cut, modal, full), visible, cut, nearest)


def _cut(full: Array, modal: Array, pose: CameraPose) -> Flags:
    sides = (full[:, 2:] - full[:, :2])[:, [0, 1, 0, 1]]
    moved = np.abs(full - modal) > np.maximum(CUT_SHARE * sides, CUT_PX)
    limits = np.array([pose.width, pose.height], float)
    border = np.concatenate([full[:, :2] < BORDER_PX, full[:, 2:] > limits - BORDER_PX], axis=1)
    return np.asarray(moved | border)


def _face_shares(corners: Array, end: NDArray[np.intp], side: NDArray[np.intp]) -> Array:
    """Shares (N, 3) of a picture that the end, side and roof faces fill; corners (N, 8, 2) ordered along, across, up."""
    c = corners.reshape(-1, 2, 2, 2, 2)
    rows = np.arange(len(c))
    end_x = c[rows, end, 1, 0] - c[rows, end, 0, 0]
    end_z = c[rows, end, 0, 1] - c[rows, end, 0, 0]
    side_y = c[rows, 1, side, 0] - c[rows, 0, side, 0]
    side_z = c[rows, 0, side, 1] - c[rows, 0, side, 0]
    roof_x = c[rows, end, 1, 1] - c[rows, end, 0, 1]
    roof_y = c[rows, 1, 0, 1] - c[rows, 0, 0, 1]
    pairs = ((end_x, end_z), (side_y, side_z), (roof_x, roof_y))
    areas = np.stack([np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) for a, b in pairs], axis=1)
    return np.asarray(areas / np.maximum(areas.sum(1, keepdims=True), 1e-9))


def _hidden(points: Array, placed: _Placed, full: Array, may: Flags, eye: Array) -> Flags:
    """Whether another cuboid stands between the eye and each surface point (N, M): slab test of the line of sight.

    may: (N, N) whether the second may hide the first.
    """
    hidden = np.zeros((points.shape[0], points.shape[2]), bool)
    x1, y1, x2, y2 = full.T
    overlap = (x1[:, None] < x2) & (x1 < x2[:, None]) & (y1[:, None] < y2) & (y1 < y2[:, None])
    behind, before = np.nonzero(overlap & may)
    if not len(behind):
        return hidden
    # Into each nearer cuboid's own coordinates, where it is the unit cube.
    turn = placed.sides.transpose(0, 2, 1) / np.maximum((placed.sides**2).sum(1), 1e-9)[:, :, None]
    start = np.einsum("nab,nb->na", turn, eye - placed.base)[before][:, :, None]
    ray = turn[before] @ (points - eye[:, None])[behind]
    slope = 1.0 / np.where(np.abs(ray) < 1e-9, 1e-9, ray)
    low = np.array([0.0, -0.5, 0.0])[:, None]
    first = (low - start) * slope
    last = (low + 1.0 - start) * slope
    near, far = np.minimum(first, last), np.maximum(first, last)
    enter = np.maximum(np.maximum(near[:, 0], near[:, 1]), near[:, 2])
    leave = np.minimum(np.minimum(far[:, 0], far[:, 1]), far[:, 2])
    blocked = (enter < leave) & (leave > 0) & (enter < 0.995)
    # Pairs come sorted by the vehicle behind: one reduction for each.
    starts = np.flatnonzero(np.diff(behind, prepend=-1))
    hidden[behind[starts]] = np.logical_or.reduceat(blocked, starts, axis=0)
    return hidden
