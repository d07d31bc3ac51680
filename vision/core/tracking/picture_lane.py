"""A lane in the picture: its polygon and axis, and where vehicles leave it. Lengths are picture heights. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from vision.config import View
from vision.core.geometry.lane_axis import LaneAxis, picture_axis, points_in_polygon

__all__ = ["PictureLane"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PictureLane:
    """A view's polygon (K, 2) and axis; its stop end as edges: points (E, 2) and outward normals (E, 2).

    anchor: which point of its box stands for a vehicle, for each axis how much [middle, speed, span] count. It is amid the
    box's width, and the upstream side of what the vehicle stands on, which is some of the lowest sixth of the box.
    """

    lane_id: str
    polygon: Array
    axis: LaneAxis
    points: Array
    normals: Array
    anchor: Array

    @classmethod
    def of(cls, view: View, aspect: float) -> PictureLane:
        """The lane of a view in a picture of this ratio of width to height.

        The edges of the stop end are those that face downstream and lie in the axis's first half, or else a line across the
        axis's beginning.
        """
        polygon, axis = np.array(view.polygon, float) * [aspect, 1.0], picture_axis(view, aspect)
        sides = np.roll(polygon, -1, axis=0) - polygon
        normals = np.column_stack([sides[:, 1], -sides[:, 0]]) / np.maximum(np.hypot(*sides.T), 1e-9)[:, None]
        middles = polygon + sides / 2.0
        inside = points_in_polygon(middles + 1e-6 * normals, polygon)
        normals[inside] *= -1.0
        down = -axis.direction(0.0)
        anchor = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.5 - (1.0 + down[1]) / 2.0 / 6.0]])
        ends = (normals @ down > np.sqrt(0.5)) & (axis.locate(middles)[0] < axis.length / 2.0)
        if not ends.any():
            return cls(view.lane, polygon, axis, axis.at(np.zeros(1)), down[None], anchor)
        return cls(view.lane, polygon, axis, middles[ends], normals[ends], anchor)

    def holds(self, anchor: Array) -> bool:
        """Whether a point (2,) is in the lane."""
        return bool(points_in_polygon(anchor[None], self.polygon)[0])

    def extent(self, box: Array) -> tuple[float, float]:
        """Front and rear of a box (4,) along the axis, 0..1."""
        middle = (box[:2] + box[2:]) / 2.0
        s = float(self.axis.locate(middle[None])[0][0])
        half = _half_length(box, self.axis.direction(s))
        front, rear = np.clip(np.array([s - half, s + half]) / self.axis.length, 0.0, 1.0).tolist()
        return front, rear

    def far_edge(self, box: Array, rear: float) -> Array:
        """The line (2, 2) across the lane at the upstream end of a box (4,) whose rear, along the axis, is this."""
        along = self.axis.direction(rear * self.axis.length)
        across = np.array([-along[1], along[0]]) * (box[3] - box[1]) / 2.0
        far = (box[:2] + box[2:]) / 2.0 + along * _half_length(box, along)
        return np.stack([far - across, far + across])

    def passed(self, anchor: Array, variance: Array, aspect: float) -> float:
        """Chance that a vehicle whose anchor has this mean and variance (2,) is beyond the stop end or the picture."""
        away = ((anchor - self.points) * self.normals).sum(axis=1) / np.sqrt(self.normals**2 @ variance)
        if points_in_polygon(anchor[None], self.polygon)[0]:
            away = np.minimum(away, 0.0)
        out = np.maximum(-anchor, anchor - [aspect, 1.0]) / np.sqrt(variance)
        return float(ndtr(max(away.max(), out.max())))


def _half_length(box: Array, along: Array) -> float:
    """Half the length of a box seen along a direction."""
    return float(np.abs(along) @ (box[2:] - box[:2])) / 2.0
