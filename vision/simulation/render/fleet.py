"""Vehicles as they are drawn: their meshes at several finenesses and their colours, kept while they are on the road. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.simulation.bodies import Body
from vision.simulation.lane_changes import SLIDE_M
from vision.simulation.layouts import Layout
from vision.simulation.render.light import Light
from vision.simulation.render.mesh import Drawable, Mesh
from vision.simulation.render.painter import Placed, shaded
from vision.simulation.render.vehicles import mesh_of
from vision.simulation.vehicle import Place

__all__ = ["Fleet", "Seat"]

Array = NDArray[np.float64]
_FINENESS: Final = (1.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 40.0)
_HAZE_STEP_M: Final = 6.0
_BRAKE_LIGHT: Final = (40.0, 40.0, 255.0)


@dataclass(frozen=True, slots=True)
class Seat:
    """A vehicle on the ground: the middle of its front, its heading as cosine and sine, what it covers (x0, y0, x1, y1)."""

    place: Place
    x: float
    y: float
    cos: float
    sin: float
    span: tuple[float, float, float, float]


@dataclass(slots=True)
class _Looks:
    mesh: Mesh
    drawables: dict[tuple[float, bool], Drawable] = field(default_factory=dict)
    colours: dict[tuple[float, bool, int, bool], list[tuple[float, ...]]] = field(default_factory=dict)


class Fleet:
    """Seats vehicles on a layout's ground and gives them shape and colour for one camera and light."""

    def __init__(self, layout: Layout, eye: tuple[float, float], looks_ahead: float, light: Light) -> None:
        self._x = {lane.id: lane.x_m for lane in layout.lanes}
        self._upstream = {lane.id: lane.upstream for lane in layout.lanes}
        self._eye = eye
        self._looks_ahead = looks_ahead
        self._light = light
        self._known: dict[int, _Looks] = {}

    def seats(self, places: list[Place]) -> list[Seat]:
        """Where they are on the ground; forgets the looks of those that are gone."""
        here = {place.number for place in places}
        self._known = {number: looks for number, looks in self._known.items() if number in here}
        return [self._seat(place) for place in places]

    def placed(self, seat: Seat, scale: Callable[[float, float], float]) -> Placed:
        """The vehicle at the fineness that its size in the picture asks for; scale: pixels per metre at x, y."""
        looks = self._known.get(seat.place.number)
        if looks is None:
            looks = self._known[seat.place.number] = _Looks(mesh_of(seat.place.body))
        ahead = 1 if self._looks_ahead > 0 else -1
        middle = (seat.span[1] + seat.span[3]) / 2
        nearest = seat.span[1] if ahead > 0 else seat.span[3]
        size = scale(seat.x, nearest)
        level = max((f for f in _FINENESS if f <= size), default=_FINENESS[0])
        from_rear = (seat.cos > 0) != (ahead > 0)
        drawable = looks.drawables.get((level, from_rear))
        if drawable is None:
            drawable = looks.drawables[level, from_rear] = Drawable.of(looks.mesh, level, from_rear=from_rear)
        step = int(np.hypot(seat.x - self._eye[0], middle - self._eye[1]) / _HAZE_STEP_M)
        key = (level, from_rear, step, seat.place.braking)
        colours = looks.colours.get(key)
        if colours is None:
            colours = looks.colours[key] = self._colours(drawable, seat, step * _HAZE_STEP_M)
        return Placed(drawable, seat.x, seat.y, seat.cos, seat.sin, colours)

    def _colours(self, drawable: Drawable, seat: Seat, distance_m: float) -> list[tuple[float, ...]]:
        colours = shaded(drawable, self._light, seat.cos, 0.0, distance_m)
        if seat.place.braking:
            colours = [_BRAKE_LIGHT if glow == "tail" else c for glow, c in zip(drawable.glows, colours, strict=True)]
        return colours

    def _seat(self, place: Place) -> Seat:
        up = self._upstream[place.lane]
        start, end = self._x[place.lane], self._x[place.to_lane]
        x = start + (end - start) * place.share
        # In a change of lane the body points across: the slope of the smooth step.
        slope = (end - start) * 6.0 * _way(place.share) / SLIDE_M if start != end else 0.0
        angle = float(np.arctan(slope * up)) if slope else 0.0
        cos, sin = up * float(np.cos(angle)), up * float(np.sin(angle))
        y = place.front_m * up
        return Seat(place, x, y, cos, sin, _span(place.body, x, y, cos, sin))


def _way(share: float) -> float:
    """The product w (1 - w) for the way w at which the smooth step 3 w^2 - 2 w^3 is at that share."""
    w = 0.5 - float(np.sin(np.arcsin(np.clip(1 - 2 * share, -1, 1)) / 3))
    return w * (1 - w)


def _span(body: Body, x: float, y: float, cos: float, sin: float) -> tuple[float, float, float, float]:
    half = body.width_m / 2
    rear_x, rear_y = x - sin * body.length_m, y + cos * body.length_m
    xs, ys = sorted((x, rear_x)), sorted((y, rear_y))
    return xs[0] - half, ys[0], xs[1] + half, ys[1]
