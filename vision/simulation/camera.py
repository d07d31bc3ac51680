"""A camera on a mast: where it stands, how it looks, and the projection of world points into its picture. Pure.

World axes: x to the right and y upstream when one looks upstream, z up, metres. No lens distortion, square pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["CameraPlan"]

Array = NDArray[np.float64]
NEAREST_M: Final = 0.5


@dataclass(frozen=True)
class CameraPlan:
    """A camera: its place in metres, turned from +y to the right and down in degrees, focal length in picture widths."""

    id: str
    place: tuple[float, float, float]
    turned_deg: float
    down_deg: float
    focal_widths: float
    lanes: tuple[str, ...]
    covers_m: tuple[float, float] | None = None

    @cached_property
    def rotation(self) -> Array:
        """World to camera axes (right, down, ahead), shape (3, 3)."""
        yaw, pitch = np.radians(self.turned_deg), np.radians(self.down_deg)
        right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
        level = np.array([np.sin(yaw), np.cos(yaw), 0.0])
        up = np.array([0.0, 0.0, 1.0])
        ahead = np.cos(pitch) * level - np.sin(pitch) * up
        down = -np.cos(pitch) * up - np.sin(pitch) * level
        return np.stack([right, down, ahead])

    def project(self, points: Array, width: int, height: int) -> tuple[Array, Array]:
        """Pixels (N, 2) from the upper left and depths (N,) in metres of world points (N, 3)."""
        seen = (points - np.array(self.place)) @ self.rotation.T
        depth = np.maximum(seen[:, 2], NEAREST_M)
        pixels = seen[:, :2] * (self.focal_widths * width / depth)[:, None]
        pixels[:, 0] += width / 2
        pixels[:, 1] += height / 2
        return pixels, seen[:, 2]

    def ground(self, width: int, height: int) -> tuple[Array, Array, Array]:
        """Ground x, y and distance in metres under the middle of each pixel, shape (height, width); inf above the horizon."""
        columns, rows = np.meshgrid(np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height / 2)
        focal = self.focal_widths * width
        rays = np.stack([columns / focal, rows / focal, np.ones_like(rows)], axis=-1) @ self.rotation
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(rays[..., 2] < -1e-4, -self.place[2] / rays[..., 2], np.inf)
            x = self.place[0] + rays[..., 0] * scale
            y = self.place[1] + rays[..., 1] * scale
        return x, y, scale
