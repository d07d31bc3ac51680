"""The picture before light, weather and noise: the backdrop with the vehicles on it, redrawn only where something moved.

In a queue hardly anything moves from one frame to the next, so most frames cost next to nothing: a vehicle that moved less
than a fifth of a pixel stays as it was drawn, and one that stands where something else moves is cut out once and laid on
again. The result is that of drawing everything anew, but for a few pixels on soft edges: OpenCV rounds a line otherwise
that it clips. Needs OpenCV.
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
_MOVED_PX: Final = 0.2  # a vehicle that moved less in the picture stays where it was drawn


@dataclass(frozen=True, slots=True)
class Shown:
    """A vehicle on the stage: its mark in the id buffer, its seat, its faces and shadow in the picture, what it touches.

    ends: pixels (4, 2) of the middles of its front and rear, on the ground and at its height.
    """

    mark: int
    seat: Seat
    ends: Array
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
        self._cutouts: dict[int, Patch | None] = {}
        self._ahead = float(np.cos(np.radians(plan.turned_deg)))
        self._fleet = Fleet(layout, plan.place[:2], self._ahead, light)
        self._sun = light.sun if light.shadow and light.sun else (0.0, 0.0, 1.0)

    def show(self, places: list[Place]) -> None:
        """Moves the vehicles and redraws what that touches."""
        seats = {seat.place.number: seat for seat in self._fleet.seats(places) if self._in_view(seat)}
        moved, ends = self._moved(list(seats.values()))
        changed = {seat.place.number for seat in moved}
        touched = [one.rect for number, one in self.shown.items() if number in changed or number not in seats]
        self.shown = {number: one for number, one in self.shown.items() if number in seats}
        for one in self._drawn(moved, ends):
            self.shown[one.seat.place.number] = one
            touched.append(one.rect)
        for number in changed | (self._cutouts.keys() - seats.keys()):
            self._cutouts.pop(number, None)
        for rect in _merged([r for r in (self._clipped(rect) for rect in touched) if r]):
            self._redraw(rect)

    def _in_view(self, seat: Seat) -> bool:
        near, far = sorted((y - self.painter.plan.place[1]) * self._ahead for y in (seat.span[1], seat.span[3]))
        return far > _IN_FRONT_M and near < _FARTHEST_M

    def _moved(self, seats: list[Seat]) -> tuple[list[Seat], Array]:
        """Those that are new or look otherwise than they were drawn, and their ends in the picture (N, 4, 2)."""
        other = [seat for seat in seats if (one := self.shown.get(seat.place.number)) is None or _differ(one.seat, seat)]
        if not other:
            return [], np.empty((0, 4, 2))
        ends = self.painter.pixels(np.concatenate([_ends(seat) for seat in other])).reshape(len(other), 4, 2)
        moved = [i for i, seat in enumerate(other) if self._far_from_drawn(seat, ends[i])]
        return [other[i] for i in moved], ends[moved]

    def _far_from_drawn(self, seat: Seat, ends: Array) -> bool:
        drawn = self.shown.get(seat.place.number)
        if drawn is None or drawn.seat.place.braking != seat.place.braking:
            return True
        return bool(np.abs(ends - drawn.ends).max() > _MOVED_PX)

    def _drawn(self, seats: list[Seat], ends: Array) -> list[Shown]:
        """The seats with faces and shadows projected, and marks: each keeps its own, newcomers take free ones."""
        if not seats:
            return []
        painted = self.painter.project([self._fleet.placed(seat, self.painter.pixels_per_metre) for seat in seats])
        shadows = self.painter.pixels(np.concatenate([self._shadow(seat) for seat in seats])).reshape(len(seats), 8, 2)
        used = {one.mark for one in self.shown.values()}
        free = iter(mark for mark in range(len(self.backdrop.parked) + 1, 256) if mark not in used)
        found = []
        for seat, thing, points, where in zip(seats, painted, np.round(shadows * 16).astype(np.int32), ends, strict=True):
            known = self.shown.get(seat.place.number)
            hull = cv2.convexHull(points)
            mark = next(free) if known is None else known.mark
            found.append(Shown(mark, seat, where, thing, hull, _rect(np.concatenate([thing.points, points]))))
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
                self._put(here[index], rect)
            else:
                patches[index - len(here)].cover(self.image, self.ids, rect, 0)

    def _shade(self, image: Image, window: tuple[slice, slice], here: list[Shown], corner: tuple[int, int]) -> None:
        mask = np.zeros(image.shape[:2], np.uint8)
        for one in here:
            cv2.fillConvexPoly(mask, one.shadow - np.array(corner) * 16, 255, cv2.LINE_8, 4)
        image[:] = cv2.copyTo(self.backdrop.in_shadow[window], mask, image)

    def _put(self, one: Shown, rect: Rect) -> None:
        """Draws a vehicle within the rectangle; one that was there unmoved before is cut out once and then laid on."""
        number = one.seat.place.number
        cutout = self._cutouts.get(number)
        if cutout is None and number in self._cutouts:
            cutout = self._cutouts[number] = self._cut_out(one)
        if cutout is not None:
            cutout.cover(self.image, self.ids, rect, one.mark)
            return
        self._cutouts[number] = None
        x0, y0, x1, y1 = rect
        shifted = _shifted(one.painted, x0, y0)
        self.painter.draw(self.image[y0:y1, x0:x1], shifted)
        self.painter.mark(self.ids[y0:y1, x0:x1], self.painter.hulls(shifted), one.mark)

    def _cut_out(self, one: Shown) -> Patch | None:
        """The vehicle by itself: drawn on black for its pixels, on white for what shows through its soft edges."""
        rect = self._clipped(one.rect)
        if rect is None:
            return None
        x0, y0, x1, y1 = rect
        painted = _shifted(one.painted, x0, y0)
        pixels, white = np.zeros((y1 - y0, x1 - x0, 3), np.uint8), np.full((y1 - y0, x1 - x0, 3), 255, np.uint8)
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        self.painter.draw(pixels, painted)
        self.painter.draw(white, painted)
        self.painter.mark(mask, self.painter.hulls(painted), 255)
        return Patch(one.seat.span, x0, y0, pixels, cv2.subtract(white, pixels), mask > 0)


def turned(points: Array, seat: Seat) -> Array:
    """Local points (N, 3) of a vehicle in the world."""
    world = points.copy()
    world[:, 0] = points[:, 0] * seat.cos - points[:, 1] * seat.sin + seat.x
    world[:, 1] = points[:, 0] * seat.sin + points[:, 1] * seat.cos + seat.y
    return world


def _ends(seat: Seat) -> Array:
    length, height = seat.place.body.length_m, seat.place.body.height_m
    return turned(np.array([(0.0, r, z) for r in (0.0, length) for z in (0.0, height)]), seat)


def _differ(before: Seat, now: Seat) -> bool:
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


def _shifted(painted: Painted, x: int, y: int) -> Painted:
    """The same seen from a corner of the picture at x, y."""
    return Painted(painted.placed, painted.points - np.array((x, y), np.int32) * 16, painted.facing)
