"""How much boxes in a picture overlap. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["iou", "overlap_of_first"]

Array = NDArray[np.float64]


def _intersections(a: Array, b: Array) -> Array:
    wide = np.minimum(a[:, None, 2], b[None, :, 2]) - np.maximum(a[:, None, 0], b[None, :, 0])
    high = np.minimum(a[:, None, 3], b[None, :, 3]) - np.maximum(a[:, None, 1], b[None, :, 1])
    return np.asarray(np.maximum(wide, 0) * np.maximum(high, 0))


def _areas(boxes: Array) -> Array:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


def iou(a: Array, b: Array) -> Array:
    """Intersection over union (N, M) of boxes (N, 4) and (M, 4)."""
    both = _intersections(a, b)
    return np.asarray(both / np.maximum(_areas(a)[:, None] + _areas(b)[None] - both, 1e-9))


def overlap_of_first(a: Array, b: Array) -> Array:
    """Share (N, M) of each first box (N, 4) that lies in each second box (M, 4)."""
    return np.asarray(_intersections(a, b) / np.maximum(_areas(a)[:, None], 1e-9))
