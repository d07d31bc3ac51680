"""Shapes of a lane: its axis on the ground and its polygon in the picture. Pure."""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.config import View
from vision.core.geometry.camera_model import CameraPose

__all__ = ["LaneAxis", "ground_axis", "picture_axis", "points_in_polygon"]

Array = NDArray[np.float64]
MARGIN_M: Final = 400.0
"""How far an axis is continued straight beyond both ends: vehicles are seen before the zone and after the stop line."""


class LaneAxis:
    """A polyline from the stop line upstream; s is arc length on it, d the offset to the right of its direction."""

    def __init__(self, points: Array, margin: float = MARGIN_M) -> None:
        steps = np.diff(points, axis=0)
        lengths = np.hypot(steps[:, 0], steps[:, 1])
        keep = lengths > 1e-9
        self.starts: Array = points[:-1][keep]
        self.directions: Array = steps[keep] / lengths[keep, None]
        self.lengths: Array = lengths[keep]
        self.offsets: Array = np.concatenate([[0.0], np.cumsum(self.lengths)[:-1]])
        self.length = float(self.lengths.sum())
        self.margin = margin

    def at(self, s: Array) -> Array:
        """Points (..., 2) at arc lengths s (...,); straight on beyond the ends."""
        index = np.clip(np.searchsorted(self.offsets, s, side="right") - 1, 0, len(self.offsets) - 1)
        return np.asarray(self.starts[index] + self.directions[index] * (s - self.offsets[index])[..., None])

    def direction(self, s: float) -> Array:
        """Unit vector (2,) of the axis at s."""
        index = int(np.clip(np.searchsorted(self.offsets, s, side="right") - 1, 0, len(self.offsets) - 1))
        return np.asarray(self.directions[index])

    def locate(self, points: Array) -> tuple[Array, Array]:
        """Arc length s and offset d (both (N,)) of points (N, 2) by the nearest segment; NaN stays NaN."""
        relative = points[:, None, :] - self.starts[None]
        along = (relative * self.directions).sum(-1)
        across = relative[..., 0] * self.directions[:, 1] - relative[..., 1] * self.directions[:, 0]
        low = np.zeros(len(self.lengths))
        high = self.lengths.copy()
        low[0], high[-1] = -self.margin, high[-1] + self.margin
        clipped = np.clip(along, low, high)
        away = np.hypot(along - clipped, across)
        best = np.argmin(np.nan_to_num(away, nan=np.inf), axis=1)
        rows = np.arange(len(points))
        return clipped[rows, best] + self.offsets[best] + 0 * along[rows, best], across[rows, best]


def ground_axis(view: View, pose: CameraPose, zone_m: float) -> LaneAxis:
    """The lane axis of a calibrated view: as given, else straight along +y through the foot of the polygon.

    The foot is the part of the polygon on the ground with the smallest y, which is where the stop line is.
    """
    if view.axis is not None:
        return LaneAxis(np.array(view.axis, float))
    corners = pose.on_plane(np.array(view.polygon, float) * [pose.width, pose.height], 0.0)
    corners = corners[np.isfinite(corners).all(1)]
    if len(corners) < 2:
        return LaneAxis(np.array([[0.0, 0.0], [0.0, zone_m]]))
    foot = corners[np.argsort(corners[:, 1], kind="stable")[:2]]
    x, y = foot.mean(0)
    y = 0.0 if abs(y) < 1.0 else float(y)
    return LaneAxis(np.array([[x, y], [x, y + zone_m]]))


def picture_axis(view: View, aspect: float) -> LaneAxis:
    """The axis of an uncalibrated view in picture heights: as given, else the polygon's long axis.

    aspect is width / height: x is stretched by it so that directions and lengths are those of the picture. The stop
    end of the long axis is the one lower in the picture, nearer to the camera.
    """
    stretch = np.array([aspect, 1.0])
    if view.axis is not None:
        return LaneAxis(np.array(view.axis, float) * stretch, margin=0.0)
    corners = np.array(view.polygon, float) * stretch
    edges = np.concatenate([corners, corners[:1]])
    outline = np.concatenate([np.linspace(a, b, 32, endpoint=False) for a, b in itertools.pairwise(edges)])
    middle = outline.mean(0)
    _, _, axes = np.linalg.svd(outline - middle, full_matrices=False)
    along = (outline - middle) @ axes[0]
    ends = middle + np.array([[along.min()], [along.max()]]) * axes[0]
    ends = ends[np.argsort(-ends[:, 1], kind="stable")]
    return LaneAxis(ends, margin=0.0)


def points_in_polygon(points: Array, polygon: Array) -> NDArray[np.bool_]:
    """Whether points (N, 2) lie in a polygon (M, 2), by the crossing number."""
    x, y = points[:, :1], points[:, 1:]
    x1, y1 = polygon[:, 0], polygon[:, 1]
    x2, y2 = np.roll(x1, -1), np.roll(y1, -1)
    rise = np.where(y2 == y1, 1e-12, y2 - y1)
    crosses = ((y1 > y) != (y2 > y)) & (x < x1 + (y - y1) * (x2 - x1) / rise)
    return np.asarray(crosses.sum(1) % 2 == 1)
