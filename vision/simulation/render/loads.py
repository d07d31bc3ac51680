"""What trucks carry: boxes, containers, tarpaulins, refrigerated bodies, tanks, open beds. Pure."""

from __future__ import annotations

import numpy as np

from vision.simulation.render.mesh import Colour, Part, scaled
from vision.simulation.render.paint import Paint

__all__ = ["add_load"]

_FLOOR = 1.08


def add_load(half: float, r: tuple[float, float], height: float, paint: Paint) -> Part:
    """A load between r, up to that height, of a kind drawn by chance."""
    part = Part()
    kind = paint.between(0, 1)
    if kind < 0.36:
        _container(part, half * 0.97, r, height, paint)
    elif kind < 0.62:
        _van_body(part, half, r, height, paint)
    elif kind < 0.84:
        _tarpaulin(part, half, r, height, paint)
    elif kind < 0.92:
        _tank(part, half, r, min(height, 3.5), paint)
    else:
        _open_bed(part, half, r, min(height, 2.6), paint)
    return part


def _container(part: Part, half: float, r: tuple[float, float], height: float, paint: Paint) -> None:
    colour = paint.load()
    part.box((-half, half), r, (_FLOOR, height), colour)
    _ribs(part, half, r, height, colour, every=0.55)
    for k in range(5):
        u = -half + (k + 0.5) * 2 * half / 5
        part.front(r[0], (u - 0.06, u + 0.06), (_FLOOR + 0.1, height - 0.1), scaled(colour, 0.84), fine=9.0)
    part.front(r[0], (-half, half), (height - 0.14, height), scaled(colour, 0.8), fine=6.0)
    _roof_lines(part, half, r, height, colour, every=1.2)
    _doors(part, half, r[1], height, colour, paint=paint)
    middle = r[0] + (r[1] - r[0]) * 0.2
    part.sides(half, (middle, middle + 2.4), (height - 1.0, height - 0.5), (228.0, 230.0, 230.0), fine=5.0)
    part.sides(half, (r[1] - 2.2, r[1] - 0.8), (height - 0.6, height - 0.35), (225.0, 226.0, 226.0), fine=9.0)


def _van_body(part: Part, half: float, r: tuple[float, float], height: float, paint: Paint) -> None:
    """A smooth box with a firm's colours; some are refrigerated."""
    colour, accent = paint.load(), paint.accent()
    cold = paint.chance(0.45)
    if cold:
        colour = (228.0, 230.0, 230.0)
    part.box((-half, half), r, (_FLOOR, height), colour)
    if cold:
        part.front(r[0], (-half * 0.75, half * 0.75), (height - 1.3, height - 0.15), (206.0, 206.0, 204.0), fine=3.0)
        part.front(r[0], (-half * 0.6, half * 0.6), (height - 1.1, height - 0.6), (60.0, 60.0, 62.0), fine=7.0)
    length = r[1] - r[0]
    part.sides(half, (r[0] + length * 0.15, r[0] + length * 0.62), (height - 1.3, height - 0.55), accent, fine=3.0)
    part.sides(half, r, (_FLOOR, _FLOOR + 0.22), scaled(colour, 0.55), fine=5.0)
    part.sides(half, (r[0] + length * 0.2, r[0] + length * 0.5), (1.5, 1.75), scaled(accent, 0.7), fine=8.0)
    _roof_lines(part, half, r, height, colour, every=2.6)
    _doors(part, half, r[1], height, colour, paint=paint)


def _tarpaulin(part: Part, half: float, r: tuple[float, float], height: float, paint: Paint) -> None:
    """A frame under a tarpaulin: folds, a steel board below."""
    colour = paint.load()
    part.box((-half, half), r, (_FLOOR, height), colour)
    _ribs(part, half, r, height, colour, every=1.1)
    part.sides(half, r, (_FLOOR, _FLOOR + 0.6), scaled(colour, 0.62), fine=4.0)
    part.top(height, (-half * 0.96, -half * 0.1), r, scaled(colour, 0.93), fine=4.0)
    _roof_lines(part, half, r, height, colour, every=1.8)
    part.rear(r[1], (-half * 0.96, half * 0.96), (_FLOOR + 0.7, height - 0.1), scaled(colour, 0.88), fine=5.0)
    part.rear(r[1], (-half * 0.96, half * 0.96), (_FLOOR + 0.05, _FLOOR + 0.65), (104.0, 110.0, 116.0), fine=5.0)
    part.rear(r[1], (-0.28, 0.28), (_FLOOR + 0.1, _FLOOR + 0.3), paint.plate(), fine=10.0)


def _tank(part: Part, half: float, r: tuple[float, float], height: float, paint: Paint) -> None:
    """A tank as a prism with eight sides."""
    colour: Colour = paint.load() if paint.chance(0.5) else (196.0, 198.0, 200.0)
    middle, radius = (height + _FLOOR) / 2, (height - _FLOOR) / 2
    turns = np.linspace(0, 2 * np.pi, 9)[:-1] + np.pi / 8
    ring = [(half * 0.95 * float(np.cos(a)), middle + radius * 1.04 * float(np.sin(a))) for a in turns]
    part.add([(u, r[1], z) for u, z in reversed(ring)], scaled(colour, 0.9), solid=True)
    for (u0, z0), (u1, z1) in zip(ring, [*ring[1:], ring[0]], strict=True):
        shade = scaled(colour, 1.04 if (z0 + z1) / 2 > middle + radius * 0.6 else 0.96)
        part.add([(u0, r[0], z0), (u0, r[1], z0), (u1, r[1], z1), (u1, r[0], z1)], shade, solid=True)
    part.add([(u, r[0], z) for u, z in ring], colour, solid=True)
    for share in (0.25, 0.5, 0.75):
        place = r[0] + (r[1] - r[0]) * share
        part.top(height + 0.02, (-0.3, 0.3), (place - 0.3, place + 0.3), scaled(colour, 0.6), fine=5.0)
    part.sides(half * 0.9, r, (middle - 0.15, middle + 0.15), paint.accent(), fine=4.0)


def _open_bed(part: Part, half: float, r: tuple[float, float], height: float, paint: Paint) -> None:
    """Boards round a bed, goods under a cover in it or nothing."""
    boards, colour = (70.0, 92.0, 118.0), paint.load()
    part.box((-half, half), r, (_FLOOR, _FLOOR + 0.65), boards)
    _ribs(part, half, r, _FLOOR + 0.65, boards, every=0.9)
    part.top(_FLOOR + 0.66, (-half * 0.94, half * 0.94), (r[0] + 0.08, r[1] - 0.08), (58.0, 60.0, 64.0))
    part.front(r[0], (-half, half), (_FLOOR, 2.3), (84.0, 96.0, 108.0))
    if paint.chance(0.7):
        stack = (r[0] + 0.6, r[1] - paint.between(0.5, 3.0))
        part.box((-half * 0.88, half * 0.88), stack, (_FLOOR + 0.3, height), colour)
        _roof_lines(part, half * 0.88, stack, height, colour, every=1.5)


def _ribs(part: Part, half: float, r: tuple[float, float], height: float, colour: Colour, *, every: float) -> None:
    for place in np.arange(r[0] + every / 2, r[1] - 0.1, every):
        part.sides(half, (float(place), float(place) + 0.16), (_FLOOR + 0.1, height - 0.1), scaled(colour, 0.86), fine=10.0)
    part.sides(half, r, (_FLOOR, _FLOOR + 0.14), scaled(colour, 0.5), fine=4.0)
    part.sides(half, r, (height - 0.1, height), scaled(colour, 0.8), fine=7.0)


def _roof_lines(part: Part, half: float, r: tuple[float, float], height: float, colour: Colour, *, every: float) -> None:
    for place in np.arange(r[0] + every, r[1] - 0.2, every):
        span = (float(place), float(place) + 0.1)
        part.top(height, (-half * 0.97, half * 0.97), span, scaled(colour, 0.86), fine=11.0)


def _doors(part: Part, half: float, r: float, height: float, colour: Colour, *, paint: Paint) -> None:
    part.rear(r, (-0.03, 0.03), (_FLOOR, height), scaled(colour, 0.4), fine=6.0)
    for u in (-half * 0.6, -half * 0.25, half * 0.25, half * 0.6):
        part.rear(r, (u - 0.03, u + 0.03), (_FLOOR + 0.08, height - 0.08), (150.0, 152.0, 154.0), fine=8.0)
    part.rear(r, (-half, half), (_FLOOR, _FLOOR + 0.14), (40.0, 40.0, 170.0), fine=6.0)
    part.rear(r, (-half, half), (height - 0.12, height), scaled(colour, 0.7), fine=6.0)
    part.rear(r, (-half * 0.9, -half * 0.5), (_FLOOR + 0.2, _FLOOR + 0.38), paint.plate(), fine=10.0)
