"""Renders what one camera sees of the traffic, and which pixels of which vehicle are really in sight. Needs OpenCV.

Order of work: the still backdrop, shadows on it, vehicles and what can hide them from the farthest to the nearest, lamps,
rain, the lens's softness, noise, lettering. Beside the picture an id buffer is filled, from which exact boxes come.
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
from vision.simulation.render.effects import Glows, Lettering, NightLight, Noise, Rain
from vision.simulation.render.fleet import Fleet, Seat
from vision.simulation.render.light import WEATHERS, Weather
from vision.simulation.render.painter import Image, Painted, Painter, drawing_order
from vision.simulation.render.sight import Sight, sights
from vision.simulation.vehicle import Place

__all__ = ["Renderer", "Shot"]

_IN_FRONT_M: Final = 8.0
_FARTHEST_M: Final = 420.0
_HEAD: Final = (196.0, 226.0, 240.0)
_TAIL: Final = (28.0, 24.0, 190.0)


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame: the picture (H, W, 3) BGR uint8 and what is in sight in it."""

    image: Image
    sights: tuple[Sight, ...]


class Renderer:
    """Pictures of one camera in one weather; the same seed, places and frame numbers give the same pictures."""

    def __init__(self, layout: Layout, plan: CameraPlan, weather: Weather, seed: int, start_t: float) -> None:
        self.layout, self.plan = layout, plan
        self._light = WEATHERS[weather]
        self._dark = self._light.lamps >= 1.0
        self._painter = Painter(plan, layout.width, layout.height)
        self._backdrop = Backdrop.paint(layout, plan, self._light, seed)
        self._ahead = float(np.cos(np.radians(plan.turned_deg)))
        self._fleet = Fleet(layout, plan.place[:2], self._ahead, self._light)
        self._night = NightLight(layout, plan) if self._dark else None
        self._glows = Glows()
        self._rain = Rain(layout.width, layout.height, seed) if self._light.wet else None
        self._noise = Noise(layout.width, layout.height, self._light.noise, seed + 1)
        self._lettering = Lettering(f"{layout.name} {plan.id}", start_t, 7.0)

    def shoot(self, places: list[Place], t: float, frame: int, *, boxes: bool = True) -> Shot:
        """The frame at t, seconds since the start; without `boxes` there are no sights, which is a little quicker."""
        seats = [seat for seat in self._fleet.seats(places) if self._in_view(seat)]
        painted = self._painter.project([self._fleet.placed(seat, self._painter.pixels_per_metre) for seat in seats])
        image, ids = self._backdrop.image.copy(), self._backdrop.ids.copy()
        self._shadows(image, seats)
        first = len(self._backdrop.parked) + 1
        for thing in self._in_order(seats):
            if isinstance(thing, Patch):
                _put(image, ids, thing)
                continue
            self._painter.draw(image, painted[thing])
            self._painter.mark(ids, self._painter.hulls(painted[thing]), first + thing)
        if self._night is not None:
            self._night.apply(image, [pool for seat in seats for pool in self._pool(seat)])
        if self._light.lamps:
            self._lamps(image, ids, painted, first)
        self._finish(image, t, frame)
        return Shot(image, sights(ids, self._backdrop.parked, seats, painted) if boxes else ())

    def _in_view(self, seat: Seat) -> bool:
        y0, y1 = ((y - self.plan.place[1]) * self._ahead for y in (seat.span[1], seat.span[3]))
        return max(y0, y1) > _IN_FRONT_M and min(y0, y1) < _FARTHEST_M

    def _in_order(self, seats: list[Seat]) -> list[int | Patch]:
        patches = self._backdrop.patches
        spans = np.array([seat.span for seat in seats] + [patch.span for patch in patches]).reshape(-1, 4)
        order = drawing_order(spans, self.plan.place[:2])
        return [i if i < len(seats) else patches[i - len(seats)] for i in order]

    def _shadows(self, image: Image, seats: list[Seat]) -> None:
        """Sun's shadows where there is sun, and the dark under every vehicle."""
        if not seats:
            return
        sun = self._light.sun if self._light.shadow else None
        outlines = []
        for seat in seats:
            body = seat.place.body
            outline = shadow_outline(body.width_m * 1.04, body.length_m, body.height_m, sun or (0.0, 0.0, 1.0))
            turned = outline.copy()
            turned[:4] = _turn(outline[:4], seat)
            turned[4:] = turned[:4] + (outline[4:] - outline[:4])
            outlines.append(turned)
        pixels = self._painter.pixels(np.concatenate(outlines)).reshape(len(seats), 8, 2)
        mask = np.zeros(image.shape[:2], np.uint8)
        for points in np.round(pixels * 16).astype(np.int32):
            cv2.fillConvexPoly(mask, cv2.convexHull(points), 255, cv2.LINE_8, 4)
        cv2.copyTo(self._backdrop.in_shadow, mask, image)

    def _pool(self, seat: Seat) -> list[tuple[NDArray[np.int32], float]]:
        """The light that a vehicle's headlights throw on the road."""
        ground = np.array([(-1.2, -0.6, 0.0), (1.2, -0.6, 0.0), (2.6, -11.0, 0.0), (-2.6, -11.0, 0.0)])
        points = np.round(self._painter.pixels(_turn(ground, seat)) * 16).astype(np.int32)
        return [(points, 0.55 if seat.place.speed_mps < 0.3 else 1.0)]

    def _lamps(self, image: Image, ids: NDArray[np.uint8], painted: list[Painted], first: int) -> None:
        height, width = ids.shape
        strength = 0.55 + 0.45 * self._light.lamps
        for number, thing in enumerate(painted):
            drawable = thing.placed.drawable
            scale = self._painter.pixels_per_metre(thing.placed.x, thing.placed.y)
            for face in np.flatnonzero(thing.facing & np.array([bool(glow) for glow in drawable.glows])):
                u, v = thing.points[drawable.starts[face] : drawable.starts[face + 1]].mean(axis=0) / 16.0
                if not (0 <= u < width and 0 <= v < height) or ids[int(v), int(u)] != first + number:
                    continue
                head = drawable.glows[face] == "head"
                b, g, r = _HEAD if head else _TAIL
                colour = (b * strength, g * strength, r * strength)
                self._glows.add(image, u, v, max(2.5, scale * (0.62 if head else 0.34)), colour=colour)
                if self._light.wet and head:
                    faint = (colour[0] * 0.3, colour[1] * 0.3, colour[2] * 0.3)
                    self._glows.add(image, u, v + scale * 1.7, max(2, scale * 0.3), colour=faint, tall=5.0)

    def _finish(self, image: Image, t: float, frame: int) -> None:
        if self._rain is not None:
            self._rain.apply(image, frame)
        cv2.GaussianBlur(image, (3, 3), 0.55, image)
        self._noise.apply(image, frame)
        self._lettering.apply(image, t)


def _turn(points: NDArray[np.float64], seat: Seat) -> NDArray[np.float64]:
    turned = points.copy()
    turned[:, 0] = points[:, 0] * seat.cos - points[:, 1] * seat.sin + seat.x
    turned[:, 1] = points[:, 0] * seat.sin + points[:, 1] * seat.cos + seat.y
    return turned


def _put(image: Image, ids: NDArray[np.uint8], patch: Patch) -> None:
    height, width = patch.mask.shape
    rows, columns = slice(patch.upper, patch.upper + height), slice(patch.left, patch.left + width)
    region = image[rows, columns]
    region[:] = cv2.add(cv2.multiply(region, patch.rest, None, 1 / 255.0), patch.pixels)
    ids[rows, columns][patch.mask] = 0
