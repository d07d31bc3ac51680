"""Exact boxes of cuboids before a camera: what of each vehicle is in sight, without pictures. Needs OpenCV.

Hulls are painted into a buffer of ids from the farthest to the nearest. An edge that nothing hides is the hull's own, exact;
one that something hides is good to a pixel. Shares no code with the core's geometry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.simulation.camera import NEAREST_M, CameraPlan
from vision.simulation.layouts import Layout
from vision.simulation.render.fleet import Fleet, Seat
from vision.simulation.render.light import WEATHERS
from vision.simulation.render.painter import drawing_order
from vision.simulation.render.stage import turned
from vision.simulation.vehicle import Place

__all__ = ["CuboidSight", "Sighting"]

Array = NDArray[np.float64]
BOTTOM_M: Final = 0.2
FARTHEST_M: Final = 330.0
SMALLEST_PX: Final = 3.0
PAINTED_PX: Final = 0.4
"""What OpenCV paints beyond a polygon: every pixel that its outline touches."""
_EDGES: Final = tuple(pair for k in range(4) for pair in ((k, (k + 1) % 4), (k + 4, (k + 1) % 4 + 4), (k, k + 4)))


@dataclass(frozen=True, slots=True)
class Sighting:
    """A vehicle of which something is in sight.

    box: x1 y1 x2 y2 of that; full: of the whole vehicle inside the picture; share: of its area in the picture, 0..1.
    """

    number: int
    box: tuple[float, float, float, float]
    full: tuple[float, float, float, float]
    share: float


class CuboidSight:
    """One camera over a layout."""

    def __init__(self, layout: Layout, plan: CameraPlan) -> None:
        self._size = (layout.width, layout.height)
        self._plan = plan
        self._fleet = Fleet(layout, plan.place[:2], float(np.cos(np.radians(plan.turned_deg))), WEATHERS["day"])
        self._ids = np.zeros((layout.height, layout.width), np.uint8)
        w, h = self._size
        self._border = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)

    def of(self, places: list[Place]) -> list[Sighting]:
        """What is in sight of the vehicles, at most 255 of them before the camera."""
        seats = [seat for seat in self._fleet.seats(places) if abs(seat.y - self._plan.place[1]) < FARTHEST_M]
        shown = [(hull, seat) for seat in seats if (hull := self._hull(seat)) is not None]
        spans = np.array([seat.span for _, seat in shown]).reshape(-1, 4)
        order = [shown[k] for k in drawing_order(spans, self._plan.place[:2])]
        self._ids[:] = 0
        for mark, (hull, _) in enumerate(order, start=1):
            inner = hull - 0.5 + PAINTED_PX * np.sign(hull.mean(axis=0) - hull)
            cv2.fillConvexPoly(self._ids, np.round(inner * 16.0).astype(np.int32), mark, cv2.LINE_8, 4)
        found = [self._look(hull, mark, seat.place.number) for mark, (hull, seat) in enumerate(order, start=1)]
        return sorted((one for one in found if one is not None), key=lambda one: one.number)

    def _hull(self, seat: Seat) -> NDArray[np.float32] | None:
        """The outline (N, 2) in pixels of what of a vehicle is inside the picture, or None."""
        body = seat.place.body
        half = body.width_m / 2
        plan = ((-half, 0.0), (half, 0.0), (half, body.length_m), (-half, body.length_m))
        corners = turned(np.array([(u, r, z) for z in (BOTTOM_M, body.height_m) for u, r in plan]), seat)
        seen = (corners - np.array(self._plan.place)) @ self._plan.rotation.T
        points = _before(seen)
        if not len(points):
            return None
        pixels = points[:, :2] * (self._plan.focal_widths * self._size[0] / points[:, 2])[:, None]
        hull = cv2.convexHull((pixels + np.array(self._size) / 2).astype(np.float32)).reshape(-1, 2)
        if (hull >= 0).all() and (hull <= self._size).all():
            return np.asarray(hull, np.float32)
        area, inside = cv2.intersectConvexConvex(hull, self._border)
        return np.asarray(inside, np.float32).reshape(-1, 2) if area > 0 else None

    def _look(self, hull: NDArray[np.float32], mark: int, number: int) -> Sighting | None:
        low, high = hull.min(axis=0), hull.max(axis=0)
        x0, y0 = np.maximum(np.floor(low), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(high) + 1, self._size).astype(int)
        mine = self._ids[y0:y1, x0:x1] == mark
        count = int(np.count_nonzero(mine))
        if not count:
            return None
        columns, rows = np.flatnonzero(mine.any(axis=0)), np.flatnonzero(mine.any(axis=1))
        painted = np.array([x0 + columns[0], y0 + rows[0], x0 + columns[-1] + 1, y0 + rows[-1] + 1], float)
        full = np.array([*low, *high], float)
        box = np.where(np.abs(painted - full) <= 1.5, full, painted)
        if min(box[2] - box[0], box[3] - box[1]) < SMALLEST_PX:
            return None
        area = max(1.0, float(cv2.contourArea(hull)))
        return Sighting(number, tuple(box.tolist()), tuple(full.tolist()), min(1.0, count / area))


def _before(seen: Array) -> Array:
    """Of a cuboid's corners (8, 3), metres right, down and ahead of the camera, the hull that is before it."""
    ahead = seen[:, 2] >= NEAREST_M
    if ahead.all():
        return seen
    cut = [
        seen[i] + (seen[j] - seen[i]) * (NEAREST_M - seen[i, 2]) / (seen[j, 2] - seen[i, 2])
        for i, j in _EDGES
        if ahead[i] != ahead[j]
    ]
    return np.array([*seen[ahead], *cut]).reshape(-1, 3)
