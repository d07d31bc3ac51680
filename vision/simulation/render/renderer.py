"""Renders what one camera sees of the traffic, and which pixels of which vehicle are really in sight. Needs OpenCV.

Order of work: the stage (backdrop, shadows, vehicles and what can hide them), light at night, lamps, rain, the lens's
softness, noise, lettering. The stage's id buffer gives exact boxes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.simulation.camera import CameraPlan
from vision.simulation.layouts import Layout
from vision.simulation.render.effects import Glows, Lettering, NightLight, Noise, Rain
from vision.simulation.render.fleet import Seat
from vision.simulation.render.light import WEATHERS, Weather
from vision.simulation.render.painter import Image
from vision.simulation.render.sight import Sight, sights
from vision.simulation.render.stage import Shown, Stage, turned
from vision.simulation.vehicle import Place

__all__ = ["Renderer", "Shot"]

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
        self._light = WEATHERS[weather]
        self._stage = Stage(layout, plan, self._light, seed)
        self._night = NightLight(layout, plan) if self._light.lamps >= 1.0 else None
        self._glows = Glows()
        self._rain = Rain(layout.width, layout.height, seed) if self._light.wet else None
        self._noise = Noise(layout.width, layout.height, self._light.noise, seed + 1)
        self._lettering = Lettering(f"{layout.name} {plan.id}", start_t, 7.0)

    def shoot(self, places: list[Place], t: float, frame: int, *, boxes: bool = True) -> Shot:
        """The frame at t, seconds since the start; without `boxes` there are no sights, which is a little quicker."""
        self._stage.show(places)
        image, shown = self._stage.image.copy(), list(self._stage.shown.values())
        if self._night is not None:
            self._night.apply(image, [self._pool(one.seat) for one in shown])
        if self._light.lamps:
            for one in shown:
                self._lamps(image, one)
        self._finish(image, t, frame)
        return Shot(image, sights(self._stage.ids, self._stage.backdrop.parked, shown) if boxes else ())

    def _pool(self, seat: Seat) -> tuple[NDArray[np.int32], float]:
        """The light that a vehicle's headlights throw on the road."""
        ground = np.array([(-1.2, -0.6, 0.0), (1.2, -0.6, 0.0), (2.6, -11.0, 0.0), (-2.6, -11.0, 0.0)])
        points = np.round(self._stage.painter.pixels(turned(ground, seat)) * 16).astype(np.int32)
        return points, 0.55 if seat.place.speed_mps < 0.3 else 1.0

    def _lamps(self, image: Image, one: Shown) -> None:
        """Glows round the vehicle's lamps that nothing hides."""
        height, width = self._stage.ids.shape
        drawable, strength = one.painted.placed.drawable, 0.55 + 0.45 * self._light.lamps
        scale = self._stage.painter.pixels_per_metre(one.seat.x, one.seat.y)
        for face in drawable.lamps[one.painted.facing[drawable.lamps]].tolist():
            corners = one.painted.points[drawable.starts[face] : drawable.starts[face + 1]]
            u, v = (corners[0] + corners[2]) / 32.0
            if not (0 <= u < width and 0 <= v < height) or self._stage.ids[int(v), int(u)] != one.mark:
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
