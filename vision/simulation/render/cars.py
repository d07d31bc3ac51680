"""Meshes of buses, vans and cars. Pure."""

from __future__ import annotations

from vision.simulation.bodies import Body
from vision.simulation.render.mesh import Colour, Mesh, Part, scaled
from vision.simulation.render.paint import GLASS, RUBBER, Paint

__all__ = ["bus_mesh", "car_mesh", "van_mesh"]


def bus_mesh(body: Body) -> Mesh:
    """A coach: glass all round, a stripe, air conditioning on the roof."""
    paint, part = Paint(body.looks), Part()
    half, length, height = body.width_m / 2, body.length_m, body.height_m
    colour, accent = paint.car() if paint.chance(0.5) else paint.load(), paint.accent()
    _wheels(part, half, (2.4, length - 3.0), 0.48)
    part.box((-half, half), (0.0, length), (0.32, height), colour)
    part.front(0.0, (-half * 0.95, half * 0.95), (1.25, height - 0.45), GLASS)
    part.front(0.0, (-half * 0.8, half * 0.8), (height - 0.4, height - 0.15), (30.0, 30.0, 30.0), fine=6.0)
    part.front(0.0, (-half, half), (0.32, 0.62), scaled(colour, 0.6), fine=4.0)
    part.sides(half, (0.4, length - 0.3), (1.55, height - 0.4), GLASS)
    for k in range(1, 7):
        place = 0.4 + k * (length - 0.7) / 7
        part.sides(half, (place, place + 0.1), (1.55, height - 0.4), scaled(colour, 0.8), fine=9.0)
    part.sides(half, (0.2, length - 0.2), (0.85, 1.25), accent, fine=3.0)
    part.rear(length, (-half * 0.85, half * 0.85), (1.9, height - 0.4), GLASS)
    part.rear(length, (-half * 0.8, half * 0.8), (0.6, 1.2), scaled(colour, 0.6), fine=5.0)
    _lights(part, half, length, 0.75, paint)
    _wheels(part, half, (2.4, length - 3.0), 0.48, sides_only=True)
    unit = Part()
    unit.box((-half * 0.6, half * 0.6), (length * 0.35, length * 0.6), (height, height + 0.22), (214.0, 214.0, 212.0))
    return Mesh(((part, unit),), length, body.width_m, height)


def van_mesh(body: Body) -> Mesh:
    """A delivery van with a short sloping front."""
    paint = Paint(body.looks)
    half, length, height = body.width_m / 2, body.length_m, body.height_m
    colour = paint.car()
    hull, snout = Part(), Part()
    _wheels(hull, half, (0.95, length - 1.1), 0.35)
    hull.box((-half, half), (1.25, length), (0.3, height), colour)
    hull.rear(length, (-half * 0.85, half * 0.85), (height - 1.0, height - 0.25), GLASS)
    hull.rear(length, (-0.02, 0.02), (0.4, height), scaled(colour, 0.5), fine=9.0)
    hull.sides(half, (1.35, 2.3), (height - 1.05, height - 0.3), GLASS, fine=3.0)
    _prism(snout, half * 0.97, [(0.0, 0.3), (1.25, 0.3), (1.25, height - 0.05), (0.75, 1.25), (0.0, 0.95)], colour)
    snout.slope((-half * 0.85, half * 0.85), (0.77, 1.32), (1.22, height - 0.2), GLASS)
    _lights(snout, half * 0.97, length, 0.62, paint)
    _wheels(snout, half, (0.95, length - 1.1), 0.35, sides_only=True)
    return Mesh(((hull,), (snout,)), length, body.width_m, height)


def car_mesh(body: Body) -> Mesh:
    """A car: a low hull and a cabin of glass under a roof."""
    paint = Paint(body.looks)
    half, length, height = body.width_m / 2, body.length_m, body.height_m
    colour, belt = paint.car(), height * 0.6
    hull, cabin = Part(), Part()
    _wheels(hull, half, (0.85, length - 0.85), 0.32)
    hull.box((-half, half), (0.0, length), (0.25, belt), colour)
    hull.front(0.0, (-half * 0.7, half * 0.7), (0.35, belt - 0.18), (50.0, 50.0, 52.0), fine=5.0)
    _lights(hull, half, length, belt - 0.24, paint)
    _wheels(hull, half, (0.85, length - 0.85), 0.32, sides_only=True)
    inner, back = half * 0.86, length - (0.35 if paint.chance(0.5) else 0.9)
    outline = [(1.05, belt), (back, belt), (back - 0.45, height), (1.75, height)]
    _prism(cabin, inner, outline, scaled(GLASS, 0.9))
    cabin.top(height, (-inner * 0.95, inner * 0.95), (1.72, back - 0.42), colour, solid=True)
    return Mesh(((hull, cabin),), length, body.width_m, height)


def _prism(part: Part, half: float, outline: list[tuple[float, float]], colour: Colour) -> None:
    """A body with the same outline in (r, z) from left to right, counter-clockwise seen from the right."""
    for (r0, z0), (r1, z1) in zip(outline, [*outline[1:], outline[0]], strict=True):
        if z1 < z0 or (z1 == z0 and r1 < r0):
            part.add([(-half, r1, z1), (half, r1, z1), (half, r0, z0), (-half, r0, z0)], colour, solid=True)
        elif z1 > z0:
            part.add([(half, r0, z0), (-half, r0, z0), (-half, r1, z1), (half, r1, z1)], colour, solid=True)
    part.profile(half, outline, colour, solid=True)


def _lights(part: Part, half: float, length: float, z: float, paint: Paint) -> None:
    for sign in (-1, 1):
        u0, u1 = sorted((sign * half * 0.62, sign * half * 0.95))
        part.front(0.0, (u0, u1), (z, z + 0.16), (225.0, 235.0, 240.0), fine=6.0, glow="head")
        part.rear(length, (u0, u1), (z, z + 0.2), (36.0, 30.0, 180.0), fine=4.0, glow="tail")
    part.front(0.0, (-0.25, 0.25), (z - 0.2, z - 0.06), paint.plate(), fine=10.0)
    part.rear(length, (-0.25, 0.25), (z - 0.2, z - 0.06), paint.plate(), fine=10.0)


def _wheels(part: Part, half: float, places: tuple[float, ...], radius: float, *, sides_only: bool = False) -> None:
    for r in places:
        if sides_only:
            part.wheel(half, r, radius)
        else:
            for tyre in ((-half * 0.97, -half * 0.6), (half * 0.6, half * 0.97)):
                part.front(r - radius, tyre, (0.0, radius), RUBBER, solid=True)
                part.rear(r + radius, tyre, (0.0, radius), RUBBER, solid=True)
