"""Meshes of trucks: tractors with and without a nose, trailers of several kinds, rigid trucks. Pure."""

from __future__ import annotations

from vision.simulation.bodies import Body
from vision.simulation.render.loads import add_load
from vision.simulation.render.mesh import Colour, Mesh, Part, scaled
from vision.simulation.render.paint import GLASS, RUBBER, STEEL, Paint

__all__ = ["semi_mesh", "truck_mesh"]


def semi_mesh(body: Body) -> Mesh:
    """A tractor with a semi-trailer."""
    paint = Paint(body.looks)
    half, colour = body.width_m / 2, paint.cab()
    nose = paint.chance(0.3)
    cab_m = 4.3 if nose else 2.35
    roof = min(body.height_m - 0.1, paint.between(3.2, 3.9))
    chassis = _chassis(
        half, (0.6, cab_m + 2.2), (1.4, cab_m + 1.0, cab_m + 2.1 if nose or paint.chance(0.6) else cab_m + 1.0), lights=False
    )
    cab = _nose_cab(half, cab_m, roof, colour, paint) if nose else _flat_cab(half, cab_m, roof, colour, paint)
    start = cab_m + 0.65
    axles = tuple(body.length_m - 1.6 - 1.3 * i for i in range(3))
    trailer = _chassis(half, (start + 0.4, body.length_m), axles, landing=start + 2.7)
    load = add_load(half, (start, body.length_m), body.height_m, paint)
    return Mesh(((trailer, load), (chassis, cab)), body.length_m, body.width_m, body.height_m)


def truck_mesh(body: Body) -> Mesh:
    """A rigid truck: the cab and its load on one frame."""
    paint = Paint(body.looks)
    half, large = body.width_m / 2, body.length_m > 9.5
    cab_m, colour = (2.2 if large else 1.75), paint.cab()
    roof = min(body.height_m - 0.1, paint.between(2.7, 3.1) if large else paint.between(2.2, 2.5))
    axles = (1.35, body.length_m - 1.6, body.length_m - 2.9, 2.7) if large else (0.9, body.length_m - 1.5)
    chassis = _chassis(half, (0.4, body.length_m), axles, radius=0.5 if large else 0.42)
    cab = _flat_cab(half, cab_m, roof, colour, paint)
    load = add_load(half, (cab_m + 0.25, body.length_m), body.height_m, paint)
    return Mesh(((chassis, load), (cab,)), body.length_m, body.width_m, body.height_m)


def _chassis(
    half: float,
    r: tuple[float, float],
    axles: tuple[float, ...],
    landing: float | None = None,
    radius: float = 0.5,
    *,
    lights: bool = True,
) -> Part:
    part = Part()
    part.box((-half * 0.75, half * 0.75), r, (0.42, 1.05), (44.0, 43.0, 42.0))
    part.rear(r[1], (-half * 0.96, half * 0.96), (0.4, 0.58), (70.0, 72.0, 74.0), fine=6.0)
    for r_axle in axles:
        for tyre in ((-half, -half * 0.58), (half * 0.58, half)):
            part.rear(r_axle + radius, tyre, (0.0, 2 * radius), RUBBER, solid=True)
            part.front(r_axle - radius, tyre, (0.0, 2 * radius), RUBBER, solid=True)
        part.wheel(half, r_axle, radius)
    tank = axles[0] + 1.0 if landing is None else landing
    part.sides(half * 0.98, (tank, tank + (1.2 if landing is None else 0.25)), (0.4, 1.0), STEEL, fine=5.0)
    for corner in ((-half, -half * 0.7), (half * 0.7, half)) if lights else ():
        part.rear(r[1], corner, (0.75, 1.0), (36.0, 30.0, 190.0), fine=3.0, glow="tail")
    return part


def _flat_cab(half: float, length: float, roof: float, colour: Colour, paint: Paint) -> Part:
    """A cab over the engine: upright face, large windscreen, grille, lights in the bumper."""
    part, floor = Part(), 0.3
    sill = floor + (roof - floor) * 0.48
    brow = floor + (roof - floor) * paint.between(0.78, 0.86)
    part.box((-half, half), (0.0, length), (floor, roof), colour)
    part.front(0.0, (-half * 0.93, half * 0.93), (sill, brow), GLASS)
    part.front(0.0, (-half * 0.88, half * 0.1), ((sill + brow) / 2, brow - 0.05), scaled(GLASS, 1.7), fine=9.0)
    part.front(0.0, (-half * 0.93, half * 0.93), (brow, brow + 0.14), scaled(colour, 0.45), fine=7.0)
    part.front(0.0, (-half * 0.7, half * 0.7), (floor + 0.42, sill - 0.12), scaled(colour, paint.between(0.3, 0.75)))
    for k in range(3):
        z = floor + 0.52 + k * 0.22
        part.front(0.0, (-half * 0.66, half * 0.66), (z, z + 0.07), (34.0, 34.0, 35.0), fine=12.0)
    part.front(0.0, (-half, half), (floor, floor + 0.4), scaled(colour, 0.5) if paint.chance(0.6) else (60.0, 60.0, 61.0))
    _front_lights(part, half, 0.0, floor + 0.12, paint)
    part.front(0.0, (-0.5, 0.5), (roof - 0.34, roof - 0.16), paint.accent(), fine=9.0)
    _cab_sides(part, half, (0.12, min(1.35, length * 0.6)), (sill + 0.05, brow), colour, length=length)
    part.top(roof, (-half * 0.8, half * 0.8), (0.25, length * 0.8), scaled(colour, 0.9), fine=5.0)
    _mirrors(part, half, -0.05, sill + 0.1)
    return part


def _nose_cab(half: float, length: float, roof: float, colour: Colour, paint: Paint) -> Part:
    """A cab behind its engine, as trucks from America have it."""
    part, hood, back = Part(), 1.75, 1.75
    part.box((-half * 0.96, half * 0.96), (hood, length), (0.45, roof), colour)
    part.front(hood, (-half * 0.86, half * 0.86), (1.85, 2.6), GLASS)
    part.front(hood, (-half * 0.5, half * 0.5), (2.75, roof - 0.15), scaled(colour, 0.75), fine=6.0)
    _cab_sides(part, half * 0.96, (hood + 0.15, hood + 1.1), (1.75, 2.5), colour, length=length)
    _mirrors(part, half, hood, 1.9)
    part.box((-half * 0.7, half * 0.7), (0.0, back), (0.45, 1.75), scaled(colour, 0.97))
    part.front(0.0, (-half * 0.5, half * 0.5), (0.75, 1.62), (150.0, 152.0, 154.0))
    for k in range(4):
        part.front(0.0, (-half * 0.46, half * 0.46), (0.8 + 0.2 * k, 0.87 + 0.2 * k), (50.0, 50.0, 52.0), fine=12.0)
    part.box((-half * 0.98, half * 0.98), (0.1, 1.5), (0.6, 1.15), scaled(colour, 0.9))
    part.front(0.0, (-half * 0.95, half * 0.95), (0.42, 0.72), STEEL)
    _front_lights(part, half * 0.95, 0.0, 0.8, paint)
    part.wheel(half * 0.98, 0.95, 0.52)
    return part


def _front_lights(part: Part, half: float, r: float, z: float, paint: Paint) -> None:
    for sign in (-1, 1):
        near, far = sorted((sign * half * 0.6, sign * half * 0.92))
        part.front(r, (near, far), (z, z + 0.22), (225.0, 235.0, 240.0), fine=5.0, glow="head")
    part.front(r, (-0.26, 0.26), (z - 0.02, z + 0.13), paint.plate(), fine=10.0)


def _cab_sides(
    part: Part, half: float, r: tuple[float, float], z: tuple[float, float], colour: Colour, *, length: float
) -> None:
    part.sides(half, r, z, GLASS, fine=4.0)
    part.sides(half, (r[0], r[0] + 0.04), (0.5, z[0]), scaled(colour, 0.6), fine=12.0)
    part.sides(half, (r[1], r[1] + 0.04), (0.5, z[1]), scaled(colour, 0.6), fine=12.0)
    part.sides(half, (0.3, length), (0.38, 0.75), scaled(colour, 0.5), fine=6.0)


def _mirrors(part: Part, half: float, r: float, z: float) -> None:
    for sign in (-1, 1):
        near, far = sorted((sign * (half + 0.02), sign * (half + 0.24)))
        part.front(r, (near, far), (z, z + 0.62), (40.0, 40.0, 41.0), fine=8.0)
        part.rear(r, (near, far), (z, z + 0.62), (40.0, 40.0, 41.0), fine=10.0)
