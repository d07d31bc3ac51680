"""How well a camera's boxes and the vehicles on the ground agree: from it set-up and camera health are judged. Pure.

A wrong focal length, a camera that was moved or traffic that is not what the lanes expect leaves strong boxes that no
vehicle explains; errors of the measurement model show in the normalised innovations.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.core.geometry.lane_axis import points_in_polygon

__all__ = ["CameraFit", "FitRecord", "in_lanes"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CameraFit:
    """Running means of one camera; None where nothing was to be judged lately.

    innovation: normalised innovation squared of the edges used, 1 where the filter's variances are right (Bar-Shalom, Li and
    Kirubarajan 2001, 5.4); unexplained_share: of the strong boxes in the camera's lanes those that no vehicle explains, 0..1.
    """

    innovation: float | None
    unexplained_share: float | None


@dataclass(slots=True)
class FitRecord:
    """Sums over one camera's frames, forgotten exponentially within memory_s; a checkpoint has them as `as_data`."""

    memory_s: float
    innovations: float = 0.0
    edges: float = 0.0
    unexplained: float = 0.0
    strong: float = 0.0

    def observe(self, innovations: Array, strong: int, explained: int, dt: float) -> None:
        """Takes one frame, dt seconds after the one before.

        innovations: (K,) r^2 / S of the edges used, r: measured minus predicted px, S = H P H' + R px2; strong: number of
        strong boxes in the camera's lanes; explained: how many of those show a known vehicle.
        """
        kept = math.exp(-dt / self.memory_s)
        self.innovations = kept * self.innovations + float(innovations.sum())
        self.edges = kept * self.edges + len(innovations)
        self.unexplained = kept * self.unexplained + strong - explained
        self.strong = kept * self.strong + strong

    @property
    def fit(self) -> CameraFit:
        """The means; None with less than one edge or box in memory."""
        return CameraFit(_mean(self.innovations, self.edges), _mean(self.unexplained, self.strong))

    def as_data(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        return asdict(self)


def in_lanes(boxes: Array, polygons: list[Array]) -> NDArray[np.bool_]:
    """Whether (N,) boxes (N, 4) stand in one of the polygons (M, 2), all in the same unit: by the middle of the lower edge."""
    feet = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], 1)
    return np.asarray(np.logical_or.reduce([np.zeros(len(boxes), bool), *(points_in_polygon(feet, p) for p in polygons)]))


def _mean(total: float, count: float) -> float | None:
    return total / count if count >= 1 else None
