"""What stands at the gate and never moves: booths on islands, lamps, fences, buildings, parked trucks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from vision.simulation.bodies import draw_body
from vision.simulation.layouts import LANE_WIDTH_M, PITCH_M, Layout
from vision.simulation.render.ground import ISLAND_M, SHOULDER_M
from vision.simulation.render.mesh import Colour, Mesh, Part
from vision.simulation.render.paint import GLASS
from vision.simulation.render.vehicles import mesh_of

__all__ = ["LAMP_HEIGHT_M", "Prop", "lamp_places", "props_of"]

LAMP_HEIGHT_M: Final = 9.5
_GREY: Final[Colour] = (150.0, 152.0, 154.0)


@dataclass(frozen=True, slots=True)
class Prop:
    """A mesh at a place on the ground, metres; its local r axis points to +y times upstream.

    vehicle_class: if it is one, parked; hides: whether it can stand between the camera and a vehicle in a lane.
    """

    mesh: Mesh
    x: float
    y: float
    upstream: int = 1
    vehicle_class: str = ""
    hides: bool = False


def props_of(layout: Layout, seed: int) -> list[Prop]:
    """Everything that stands round a layout's lanes; the same seed gives the same."""
    random = np.random.default_rng(seed)
    xs = [lane.x_m for lane in layout.lanes]
    left, right = min(xs) - LANE_WIDTH_M / 2 - SHOULDER_M, max(xs) + LANE_WIDTH_M / 2 + SHOULDER_M
    props = [_island(lane.x_m + PITCH_M / 2, lane.upstream, lane.id) for lane in layout.lanes]
    props.append(Prop(_kerb_mesh(), min(xs) - PITCH_M / 2, ISLAND_M[0]))
    props += [Prop(_lamp_mesh(side), x, y) for x, y, side in lamp_places(layout)]
    props += [Prop(_fence_mesh(), x, y) for x in (left - 1.6, right + 2.5) for y in range(-45, 260, 15)]
    props += _parked(left, random)
    props += _buildings(left, right, random)
    return props


def lamp_places(layout: Layout) -> list[tuple[float, float, int]]:
    """Street lamps: x, y and the side to which the arm points (-1, 1)."""
    xs = [lane.x_m for lane in layout.lanes]
    left, right = min(xs) - LANE_WIDTH_M / 2 - SHOULDER_M + 0.5, max(xs) + LANE_WIDTH_M / 2 + SHOULDER_M - 0.5
    rows = np.arange(-24.0, 280.0, 32.0)
    return [(x, float(y) + 10 * (side > 0), side) for x, side in ((left, 1), (right, -1)) for y in rows]


def _island(x: float, upstream: int, name: str) -> Prop:
    """A kerb between two lanes with a booth on it; r runs upstream from its downstream end."""
    kerb, booth, roof, board = Part(), Part(), Part(), Part()
    half = (PITCH_M - LANE_WIDTH_M) / 2 - 0.06
    length = ISLAND_M[1] - ISLAND_M[0]
    kerb.box((-half, half), (0.0, length), (0.0, 0.2), (168.0, 172.0, 174.0))
    for k in range(int(length // 1.0)):
        colour: Colour = (40.0, 190.0, 220.0) if k % 2 else (40.0, 40.0, 42.0)
        kerb.sides(half, (float(k), k + 1.0), (0.0, 0.2), colour, fine=6.0)
    kerb.rear(length, (-half, half), (0.0, 0.2), (40.0, 190.0, 220.0), fine=4.0)
    near, far, top = 3.4, 6.0, 2.75
    wall: Colour = (196.0, 202.0, 206.0)
    booth.box((-half * 0.86, half * 0.86), (near, far), (0.2, top), wall)
    booth.sides(half * 0.86, (near + 0.25, far - 0.25), (1.15, 2.25), GLASS)
    booth.front(near, (-half * 0.7, half * 0.7), (1.15, 2.25), GLASS)
    booth.rear(far, (-half * 0.7, half * 0.7), (1.15, 2.25), GLASS)
    booth.sides(half * 0.86, (near, far), (0.2, 0.75), (150.0, 84.0, 30.0), fine=4.0)
    roof.box((-half * 1.12, half * 1.12), (near - 0.5, far + 0.5), (top, top + 0.22), (178.0, 96.0, 40.0))
    board.box((-half * 0.8, half * 0.8), (far + 0.3, far + 0.42), (top + 0.25, top + 0.85), (60.0, 60.0, 60.0))
    sign: Colour = (90.0, 190.0, 70.0) if name.startswith("EX") else (200.0, 130.0, 50.0)
    board.front(far + 0.3, (-half * 0.7, half * 0.7), (top + 0.3, top + 0.8), sign)
    board.rear(far + 0.42, (-half * 0.7, half * 0.7), (top + 0.3, top + 0.8), sign)
    return Prop(
        Mesh(((kerb, booth, roof, board),), length, 2 * half, top + 0.85), x, ISLAND_M[0] * upstream, upstream, hides=True
    )


def _kerb_mesh() -> Mesh:
    kerb = Part()
    kerb.box((-0.7, 0.7), (0.0, ISLAND_M[1] - ISLAND_M[0]), (0.0, 0.2), (168.0, 172.0, 174.0))
    return Mesh(((kerb,),), ISLAND_M[1] - ISLAND_M[0], 1.4, 0.2)


def _lamp_mesh(side: int) -> Mesh:
    pole, arm = Part(), Part()
    pole.box((-0.1, 0.1), (0.0, 0.2), (0.0, LAMP_HEIGHT_M), _GREY)
    near, far = sorted((0.0, side * 2.2))
    arm.box((near, far), (0.0, 0.2), (LAMP_HEIGHT_M, LAMP_HEIGHT_M + 0.15), _GREY)
    return Mesh(((pole, arm),), 0.2, 0.4, LAMP_HEIGHT_M)


def _fence_mesh() -> Mesh:
    """15 m of rails on posts, along r."""
    parts = []
    for k in range(6):
        post = Part()
        post.box((-0.05, 0.05), (3.0 * k - 0.05, 3.0 * k + 0.05), (0.0, 1.8), (176.0, 180.0, 182.0))
        parts.append(post)
    for z in (0.4, 0.95, 1.5):
        rail = Part()
        rail.sides(0.03, (0.0, 15.0), (z, z + 0.1), (186.0, 190.0, 192.0), solid=True)
        rail.top(z + 0.1, (-0.05, 0.05), (0.0, 15.0), (196.0, 200.0, 202.0))
        parts.append(rail)
    return Mesh((tuple(parts),), 15.0, 0.1, 1.8)


def _parked(left: float, random: np.random.Generator) -> list[Prop]:
    """Trucks in the lot beside the road: seen by the camera, in no lane."""
    found = []
    for y in np.arange(-18.0, 90.0, 4.6):
        if random.uniform() < 0.42:
            body = draw_body(random)
            found.append(Prop(_sideways(mesh_of(body)), left - 10.0, float(y) + 2.3, 1, body.vehicle_class))
    return found


def _sideways(mesh: Mesh) -> Mesh:
    """The mesh turned by a quarter: its front to the right, its middle at the origin."""
    groups = tuple(tuple(_turned(part, mesh.length / 2) for part in group) for group in mesh.groups)
    return Mesh(groups, mesh.width, mesh.length, mesh.height)


def _turned(part: Part, middle: float) -> Part:
    new = Part()
    for face in part.faces:
        u, r, z = face.points.T
        new.add(list(zip(middle - r, u, z, strict=True)), face.colour, fine=face.fine, solid=face.solid)
    return new


def _buildings(left: float, right: float, random: np.random.Generator) -> list[Prop]:
    plans = [
        (right + 17.0, 128.0, 26.0, 34.0, 9.0),
        (right + 22.0, -12.0, 24.0, 30.0, 7.0),
        (left - 40.0, 118.0, 44.0, 46.0, 10.0),
    ]
    plans += [(right + 30.0, 215.0, 40.0, 60.0, 12.0), (left - 34.0, 225.0, 36.0, 70.0, 11.0)]
    return [Prop(_building(width, length, height, random), x, y) for x, y, width, length, height in plans]


def _building(width: float, length: float, height: float, random: np.random.Generator) -> Mesh:
    part, half = Part(), width / 2
    tone = float(random.uniform(0.8, 1.05))
    wall: Colour = (178.0 * tone, 196.0 * tone, 206.0 * tone)
    part.box((-half, half), (0.0, length), (0.0, height), wall)
    part.top(
        height, (-half * 0.97, half * 0.97), (0.6, length - 0.6), (120.0, 118.0, 124.0) if tone > 0.9 else (150.0, 110.0, 80.0)
    )
    for z in np.arange(1.2, height - 1.5, 3.1):
        for u in np.arange(-half + 1.5, half - 2.0, 3.4):
            part.front(0.0, (float(u), float(u) + 1.7), (float(z), float(z) + 1.5), GLASS)
        for r in np.arange(1.5, length - 2.0, 3.4):
            part.sides(half, (float(r), float(r) + 1.7), (float(z), float(z) + 1.5), GLASS)
    part.front(0.0, (-half * 0.5, half * 0.5), (height - 1.2, height - 0.3), (180.0, 90.0, 30.0))
    return Mesh(((part,),), length, width, height)
