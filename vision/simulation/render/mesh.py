"""Meshes of flat convex faces, made from panels, and what a renderer needs of them as arrays. Pure.

Local axes of a vehicle: u to the right when one looks upstream at its front, r from its front to its rear, z up. Faces are
listed in drawing order within a part, counter-clockwise seen from outside. Colours are BGR, 0..255.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

__all__ = ["Colour", "Drawable", "Face", "Mesh", "Part", "scaled"]

Array = NDArray[np.float64]
Colour = tuple[float, float, float]
Glow = Literal["", "head", "tail"]
Points = list[tuple[float, float, float]]


class Finish(TypedDict, total=False):
    """What a face may have beside its place and colour; see `Face`."""

    fine: float
    glow: Glow
    solid: bool


@dataclass(frozen=True, slots=True)
class Face:
    """A flat convex polygon (n, 3); fine: drawn only where a metre has at least so many pixels."""

    points: Array
    colour: Colour
    fine: float = 0.0
    glow: Glow = ""
    solid: bool = False


@dataclass(slots=True)
class Part:
    """A convex body and what is painted on it; the parts of a mesh hide one another in order."""

    faces: list[Face] = field(default_factory=list)

    def front(self, r: float, u: tuple[float, float], z: tuple[float, float], colour: Colour, **how: Unpack[Finish]) -> None:
        """A panel that faces forward at r."""
        (a, b), (low, high) = u, z
        self.add([(a, r, low), (b, r, low), (b, r, high), (a, r, high)], colour, **how)

    def rear(self, r: float, u: tuple[float, float], z: tuple[float, float], colour: Colour, **how: Unpack[Finish]) -> None:
        """A panel that faces backward at r."""
        (a, b), (low, high) = u, z
        self.add([(b, r, low), (a, r, low), (a, r, high), (b, r, high)], colour, **how)

    def sides(self, u: float, r: tuple[float, float], z: tuple[float, float], colour: Colour, **how: Unpack[Finish]) -> None:
        """The same panel on both sides, at u and -u."""
        (near, far), (low, high) = r, z
        self.add([(u, near, low), (u, far, low), (u, far, high), (u, near, high)], colour, **how)
        self.add([(-u, far, low), (-u, near, low), (-u, near, high), (-u, far, high)], colour, **how)

    def top(self, z: float, u: tuple[float, float], r: tuple[float, float], colour: Colour, **how: Unpack[Finish]) -> None:
        """A panel that faces up at z."""
        (a, b), (near, far) = u, r
        self.add([(a, near, z), (b, near, z), (b, far, z), (a, far, z)], colour, **how)

    def slope(
        self, u: tuple[float, float], low: tuple[float, float], high: tuple[float, float], colour: Colour, **how: Unpack[Finish]
    ) -> None:
        """A panel that rises from (r, z) low to (r, z) high: a windscreen where r grows, a hatch where it falls."""
        (a, b), (r0, z0), (r1, z1) = u, low, high
        if r1 >= r0:
            self.add([(a, r0, z0), (b, r0, z0), (b, r1, z1), (a, r1, z1)], colour, **how)
        else:
            self.add([(b, r0, z0), (a, r0, z0), (a, r1, z1), (b, r1, z1)], colour, **how)

    def profile(self, u: float, points: list[tuple[float, float]], colour: Colour, **how: Unpack[Finish]) -> None:
        """A convex polygon in (r, z) on both sides, counter-clockwise seen from the right."""
        self.add([(u, r, z) for r, z in points], colour, **how)
        self.add([(-u, r, z) for r, z in reversed(points)], colour, **how)

    def box(self, u: tuple[float, float], r: tuple[float, float], z: tuple[float, float], colour: Colour) -> None:
        """The five visible panels of a box, solid."""
        (a, b), (near, far), (low, high) = u, r, z
        self.rear(far, u, z, colour, solid=True)
        self.add([(b, near, low), (b, far, low), (b, far, high), (b, near, high)], colour, solid=True)
        self.add([(a, far, low), (a, near, low), (a, near, high), (a, far, high)], colour, solid=True)
        self.front(near, u, z, colour, solid=True)
        self.top(high, u, r, colour, solid=True)

    def wheel(self, u: float, r: float, radius: float) -> None:
        """A wheel on both sides: tyre and rim."""
        for size, colour, fine in ((radius, (26.0, 26.0, 27.0), 0.0), (radius * 0.55, (120.0, 122.0, 125.0), 9.0)):
            turns = np.linspace(0, 2 * np.pi, 11)[:-1]
            ring = [(r + size * np.cos(a), max(0.0, radius + size * np.sin(a))) for a in turns]
            self.profile(u, ring, colour, fine=fine)

    def add(self, points: Points, colour: Colour, **how: Unpack[Finish]) -> None:
        """Any convex polygon, counter-clockwise seen from outside."""
        self.faces.append(Face(np.array(points), colour, **how))


@dataclass(frozen=True, slots=True)
class Mesh:
    """A thing's groups of parts from the rear to the front, each group from the lowest part up, and its size in metres."""

    groups: tuple[tuple[Part, ...], ...]
    length: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Drawable:
    """A mesh at one fineness as arrays: vertices (N, 3), where each face begins, colours (F, 3), normals (F, 3).

    faces: the vertices of each face; bodies: for each convex part the indices of its solid vertices, whose hull is its
    outline from any side; lamps: the faces that glow.
    """

    vertices: Array
    starts: NDArray[np.intp]
    faces: tuple[slice, ...]
    colours: Array
    normals: Array
    glows: tuple[Glow, ...]
    bodies: tuple[NDArray[np.intp], ...]
    lamps: NDArray[np.intp]

    @classmethod
    def of(cls, mesh: Mesh, px_per_m: float, *, from_rear: bool) -> Drawable:
        """What is worth drawing at that size, its groups ordered for a view of the front or of the rear."""
        groups = mesh.groups[::-1] if from_rear else mesh.groups
        parts = [part for group in groups for part in group]
        kept = [(i, f) for i, part in enumerate(parts) for f in part.faces if f.fine <= px_per_m]
        counts = [len(face.points) for _, face in kept]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
        corner = np.repeat([i if face.solid else -1 for i, face in kept], counts)
        return cls(
            vertices=np.concatenate([face.points for _, face in kept]),
            starts=starts,
            faces=tuple(slice(a, b) for a, b in pairwise(starts.tolist())),
            colours=np.array([face.colour for _, face in kept]),
            normals=np.array([_normal(face.points) for _, face in kept]),
            glows=tuple(face.glow for _, face in kept),
            bodies=tuple(np.flatnonzero(corner == part) for part in np.unique(corner) if part >= 0),
            lamps=np.flatnonzero([bool(face.glow) for _, face in kept]),
        )


def scaled(colour: Colour, factor: float) -> Colour:
    """A colour made darker or lighter."""
    b, g, r = (min(255.0, max(0.0, value * factor)) for value in colour)
    return b, g, r


def _normal(points: Array) -> Array:
    (ax, ay, az), (bx, by, bz) = (points[1] - points[0]).tolist(), (points[2] - points[1]).tolist()
    x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    return np.array([x, y, z]) / max(math.sqrt(x * x + y * y + z * z), 1e-9)
