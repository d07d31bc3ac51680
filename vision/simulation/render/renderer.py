"""Renders what one camera sees of the traffic, and which pixels of which vehicle are really in sight. Needs OpenCV.

Order of work: the stage (backdrop, shadows, vehicles and what can hide them), light at night, lamps, rain, the lens's
softness, noise, lettering. The stage's id buffer gives exact boxes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.simulation.camera import CameraPlan
from vision.simulation.layouts import UTC_OFFSET_H, Layout
from vision.simulation.render.effects import Glows, Lettering, NightLight, Noise, Rain
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


@dataclass(frozen=True, slots=True)
class _Glow:
    """A lamp in the picture, and the pixels per metre there."""

    u: float
    v: float
    scale: float
    head: bool

    @property
    def row(self) -> int:
        return int(self.v)

    @property
    def column(self) -> int:
        return int(self.u)


@dataclass(frozen=True, slots=True)
class _Lit:
    """A vehicle's light: where its headlights fall on the road (4, 2) in sixteenths of a pixel, and its lamps."""

    shown: Shown
    pool: NDArray[np.int32]
    strength: float
    glows: tuple[_Glow, ...]


class Renderer:
    """Pictures of one camera in one weather; the same seed, places and frame numbers give the same pictures."""

    def __init__(self, layout: Layout, plan: CameraPlan, weather: Weather, seed: int, start_t: float) -> None:
        self._light = WEATHERS[weather]
        self._stage = Stage(layout, plan, self._light, seed)
        self._night = NightLight(layout, plan) if self._light.lamps >= 1.0 else None
        self._glows = Glows()
        self._lit: dict[int, _Lit] = {}
        self._rain = Rain(layout.width, layout.height, seed) if self._light.wet else None
        self._noise = Noise(layout.width, layout.height, self._light.noise, seed + 1)
        self._lettering = Lettering(f"{layout.name} {plan.id}", start_t, UTC_OFFSET_H)

    def shoot(self, places: list[Place], t: float, frame: int, *, boxes: bool = True) -> Shot:
        """The frame at t, seconds since the start; without `boxes` there are no sights, which is a little quicker."""
        self._stage.show(places)
        image, shown = self._stage.image.copy(), list(self._stage.shown.values())
        if self._light.lamps:
            self._illuminate(image, shown)
        self._finish(image, t, frame)
        return Shot(image, sights(self._stage.ids, self._stage.backdrop.parked, shown) if boxes else ())

    def _illuminate(self, image: Image, shown: list[Shown]) -> None:
        """The night's light with the headlights' pools in it, and glows round the lamps that nothing hides."""
        known = {number: lit for number, lit in self._lit.items() if self._stage.shown.get(number) is lit.shown}
        self._lit = {one.seat.place.number: known.get(one.seat.place.number) or self._lamps_of(one) for one in shown}
        if self._night is not None:
            self._night.apply(image, [(lit.pool, lit.strength) for lit in self._lit.values()])
        for lit in self._lit.values():
            for glow in lit.glows:
                if self._stage.ids[glow.row, glow.column] == lit.shown.mark:
                    self._glow(image, glow)

    def _lamps_of(self, one: Shown) -> _Lit:
        ground = np.array([(-1.2, -0.6, 0.0), (1.2, -0.6, 0.0), (2.6, -11.0, 0.0), (-2.6, -11.0, 0.0)])
        points = np.round(self._stage.painter.pixels(turned(ground, one.seat)) * 16).astype(np.int32)
        strength = 0.55 if one.seat.place.speed_mps < 0.3 else 1.0
        return _Lit(one, points, strength, tuple(self._glows_of(one)))

    def _glows_of(self, one: Shown) -> Iterator[_Glow]:
        height, width = self._stage.ids.shape
        drawable = one.painted.placed.drawable
        scale = self._stage.painter.pixels_per_metre(one.seat.x, one.seat.y)
        for face in drawable.lamps[one.painted.facing[drawable.lamps]].tolist():
            corners = one.painted.points[drawable.faces[face]]
            u, v = ((corners[0] + corners[2]) / 32.0).tolist()
            if 0 <= u < width and 0 <= v < height:
                yield _Glow(u, v, scale, head=drawable.glows[face] == "head")

    def _glow(self, image: Image, glow: _Glow) -> None:
        strength = 0.55 + 0.45 * self._light.lamps
        b, g, r = _HEAD if glow.head else _TAIL
        colour = (b * strength, g * strength, r * strength)
        self._glows.add(image, glow.u, glow.v, max(2.5, glow.scale * (0.62 if glow.head else 0.34)), colour=colour)
        if self._light.wet and glow.head:
            faint = (colour[0] * 0.3, colour[1] * 0.3, colour[2] * 0.3)
            self._glows.add(image, glow.u, glow.v + glow.scale * 1.7, max(2, glow.scale * 0.3), colour=faint, tall=5.0)

    def _finish(self, image: Image, t: float, frame: int) -> None:
        if self._rain is not None:
            self._rain.apply(image, frame)
        cv2.GaussianBlur(image, (3, 3), 0.55, image)
        self._noise.apply(image, frame)
        self._lettering.apply(image, t)
