"""The picture before light, weather and noise: the backdrop with the vehicles on it, redrawn only where something moved.

In a queue hardly anything moves from one frame to the next, so most frames cost next to nothing. The result is that of
drawing everything anew, but for a few pixels on soft edges: OpenCV rounds a line otherwise that it clips. Needs OpenCV.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.simulation.camera import CameraPlan
from vision.simulation.layouts import Layout
from vision.simulation.render.backdrop import Backdrop, Patch, shadow_outline
from vision.simulation.render.fleet import Fleet, Seat
from vision.simulation.render.light import Light
from vision.simulation.render.painter import Image, Painted, Painter, drawing_order
from vision.simulation.vehicle import Place

__all__ = ["Shown", "Stage", "turned"]

Array = NDArray[np.float64]
Rect = tuple[int, int, int, int]
_IN_FRONT_M: Final = 8.0
_FARTHEST_M: Final = 420.0
_MARGIN_PX: Final = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """A vehicle on the stage: its mark in the id buffer, its seat, its faces and shadow in the picture, what it touches."""

    mark: int
    seat: Seat
    painted: Painted
    shadow: NDArray[np.int32]
    rect: Rect


class Stage:
    """`image` (H, W, 3) and `ids` (H, W) hold what was shown last; ids: 0 nothing, then the parked, then the vehicles."""

    def __init__(self, layout: Layout, plan: CameraPlan, light: Light, seed: int) -> None:
        self.backdrop = Backdrop.paint(layout, plan, light, seed)
        self.painter = Painter(plan, layout.width, layout.height)
        self.image, self.ids = self.backdrop.image.copy(), self.backdrop.ids.copy()
        self.shown: dict[int, Shown] = {}
        self._ahead = float(np.cos(np.radians(plan.turned_deg)))
        self._fleet = Fleet(layout, plan.place[:2], self._ahead, light)
        self._sun = light.sun if light.shadow and light.sun else (0.0, 0.0, 1.0)

    def show(self, places: list[Place]) -> None:
        """Moves the vehicles and redraws what that touches."""
        seats = {seat.place.number: seat for seat in self._fleet.seats(places) if self._in_view(seat)}
        moved = [seat for number, seat in seats.items() if number not in self.shown or _moved(self.shown[number].seat, seat)]
        changed = {seat.place.number for seat in moved}
        touched = [one.rect for number, one in self.shown.items() if number in changed or number not in seats]
        self.shown = {number: one for number, one in self.shown.items() if number in seats}
        for one in self._drawn(moved):
            self.shown[one.seat.place.number] = one
            touched.append(one.rect)
        for rect in _merged([r for r in (self._clipped(rect) for rect in touched) if r]):
            self._redraw(rect)

    def _in_view(self, seat: Seat) -> bool:
        near, far = sorted((y - self.painter.plan.place[1]) * self._ahead for y in (seat.span[1], seat.span[3]))
        return far > _IN_FRONT_M and near < _FARTHEST_M

    def _drawn(self, seats: list[Seat]) -> list[Shown]:
        """The seats with faces and shadows projected, and marks: each keeps its own, newcomers take free ones."""
        if not seats:
            return []
        painted = self.painter.project([self._fleet.placed(seat, self.painter.pixels_per_metre) for seat in seats])
        shadows = self.painter.pixels(np.concatenate([self._shadow(seat) for seat in seats])).reshape(len(seats), 8, 2)
        used = {one.mark for one in self.shown.values()}
        free = iter(mark for mark in range(len(self.backdrop.parked) + 1, 256) if mark not in used)
        found = []
        for seat, thing, points in zip(seats, painted, np.round(shadows * 16).astype(np.int32), strict=True):
            known = self.shown.get(seat.place.number)
            hull = cv2.convexHull(points)
            mark = next(free) if known is None else known.mark
            found.append(Shown(mark, seat, thing, hull, _rect(np.concatenate([thing.points, points]))))
        return found

    def _shadow(self, seat: Seat) -> Array:
        body = seat.place.body
        outline = shadow_outline(body.width_m * 1.04, body.length_m, body.height_m, self._sun)
        feet = turned(outline[:4], seat)
        return np.concatenate([feet, feet + (outline[4:] - outline[:4])])

    def _clipped(self, rect: Rect) -> Rect | None:
        x0, y0, x1, y1 = rect
        x0, y0, x1, y1 = max(0, x0), max(0, y0), min(self.painter.width, x1), min(self.painter.height, y1)
        return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None

    def _redraw(self, rect: Rect) -> None:
        x0, y0, x1, y1 = rect
        window = slice(y0, y1), slice(x0, x1)
        image, ids = self.image[window], self.ids[window]
        image[:], ids[:] = self.backdrop.image[window], self.backdrop.ids[window]
        here = [one for one in self.shown.values() if _meet(one.rect, rect)]
        patches = [patch for patch in self.backdrop.patches if _meet(patch.rect, rect)]
        self._shade(image, window, here, (x0, y0))
        spans = np.array([one.seat.span for one in here] + [patch.span for patch in patches]).reshape(-1, 4)
        for index in drawing_order(spans, self.painter.plan.place[:2]):
            if index < len(here):
                self._put(image, ids, here[index], (x0, y0))
            else:
                _cover(self.image, self.ids, patches[index - len(here)], rect)

    def _shade(self, image: Image, window: tuple[slice, slice], here: list[Shown], corner: tuple[int, int]) -> None:
        mask = np.zeros(image.shape[:2], np.uint8)
        for one in here:
            cv2.fillConvexPoly(mask, one.shadow - np.array(corner) * 16, 255, cv2.LINE_8, 4)
        image[:] = cv2.copyTo(self.backdrop.in_shadow[window], mask, image)

    def _put(self, image: Image, ids: NDArray[np.uint8], one: Shown, corner: tuple[int, int]) -> None:
        shifted = Painted(one.painted.placed, one.painted.points - np.array(corner, np.int32) * 16, one.painted.facing)
        self.painter.draw(image, shifted)
        self.painter.mark(ids, self.painter.hulls(shifted), one.mark)


def turned(points: Array, seat: Seat) -> Array:
    """Local points (N, 3) of a vehicle in the world."""
    world = points.copy()
    world[:, 0] = points[:, 0] * seat.cos - points[:, 1] * seat.sin + seat.x
    world[:, 1] = points[:, 0] * seat.sin + points[:, 1] * seat.cos + seat.y
    return world


def _moved(before: Seat, now: Seat) -> bool:
    return (before.x, before.y, before.cos, before.place.braking) != (now.x, now.y, now.cos, now.place.braking)


def _rect(points: NDArray[np.int32]) -> Rect:
    low, high = points.min(axis=0) // 16 - _MARGIN_PX, points.max(axis=0) // 16 + _MARGIN_PX
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _meet(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _merged(rects: list[Rect]) -> list[Rect]:
    """Rectangles that do not meet, covering the given ones."""
    apart: list[Rect] = []
    for new in rects:
        while meeting := [old for old in apart if _meet(old, new)]:
            apart = [old for old in apart if old not in meeting]
            every = [*meeting, new]
            new = (  # noqa: PLW2901 (it grows)
                *(min(r[0] for r in every), min(r[1] for r in every)),
                *(max(r[2] for r in every), max(r[3] for r in every)),
            )
        apart.append(new)
    return apart


def _cover(image: Image, ids: NDArray[np.uint8], patch: Patch, rect: Rect) -> None:
    """Puts the part of a patch that lies in the rectangle over the picture."""
    x0, y0 = max(rect[0], patch.rect[0]), max(rect[1], patch.rect[1])
    x1, y1 = min(rect[2], patch.rect[2]), min(rect[3], patch.rect[3])
    inside = slice(y0 - patch.upper, y1 - patch.upper), slice(x0 - patch.left, x1 - patch.left)
    region = image[y0:y1, x0:x1]
    region[:] = cv2.add(cv2.multiply(region, patch.rest[inside], None, 1 / 255.0), patch.pixels[inside])
    ids[y0:y1, x0:x1][patch.mask[inside]] = 0
