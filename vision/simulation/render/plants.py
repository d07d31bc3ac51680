"""Trees and hills round the gate, painted into the still background. Needs OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.simulation.layouts import LANE_WIDTH_M, Layout
from vision.simulation.render.ground import SHOULDER_M
from vision.simulation.render.light import Light
from vision.simulation.render.painter import Image, Painter

__all__ = ["Tree", "draw_hills", "draw_tree", "trees_of"]

_LEAVES: Final = 110


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree: its foot on the ground, height and crown in metres, the seed of its leaves."""

    x: float
    y: float
    height: float
    crown: float
    seed: int


def trees_of(layout: Layout, seed: int) -> list[Tree]:
    """Rows and groups of trees on both sides, none on the road, the lot or the yard."""
    random = np.random.default_rng(seed)
    xs = [lane.x_m for lane in layout.lanes]
    left, right = min(xs) - LANE_WIDTH_M / 2 - SHOULDER_M, max(xs) + LANE_WIDTH_M / 2 + SHOULDER_M
    spots = [(right + random.uniform(6, 9), y + random.uniform(-2, 2)) for y in np.arange(14.0, 320.0, 8.5)]
    spots += [(left - random.uniform(4, 7), y + random.uniform(-2, 2)) for y in np.arange(100.0, 320.0, 8.5)]
    spots += [(left - random.uniform(36, 60), random.uniform(-40, 110)) for _ in range(16)]
    spots += [(random.uniform(left - 160, right + 160), random.uniform(300, 520)) for _ in range(130)]
    spots += [(right + random.uniform(30, 120), random.uniform(20, 300)) for _ in range(45)]
    spots += [(left - random.uniform(50, 150), random.uniform(60, 300)) for _ in range(45)]
    spots += [(x, -y - 20) for x, y in spots[:60]]
    trees = []
    for x, y in spots:
        if left < x < right and abs(y) < 330:
            continue
        height = float(random.uniform(4.5, 9.5))
        trees.append(Tree(float(x), float(y), height, height * float(random.uniform(0.26, 0.4)), int(random.integers(2**31))))
    return trees


def draw_tree(image: Image, painter: Painter, tree: Tree, light: Light, distance_m: float) -> None:
    """A trunk and a crown of many leaves' patches, lighter towards the sky."""
    random = np.random.default_rng(tree.seed)
    scale = painter.pixels_per_metre(tree.x, tree.y)
    leaves = int(min(_LEAVES, 12 + scale * 10))
    spread = random.normal(0, 0.45, (leaves, 3)) * (tree.crown, tree.crown, tree.height * 0.26)
    spread = np.clip(spread, -tree.height * 0.36, tree.height * 0.36)
    centre = np.array([tree.x, tree.y, tree.height * 0.64])
    foot = painter.pixels(np.array([[tree.x, tree.y, 0.0], [tree.x, tree.y, tree.height * 0.5]]))
    veil = float(light.veil(np.array([distance_m]))[0])
    sky = np.array(light.sky_low) * veil
    gain = light.ground_gain() * (1 - veil)
    trunk = np.array([48.0, 62.0, 78.0]) * gain + sky
    a, b = (tuple(int(v) for v in np.clip(p * 16, -300_000, 300_000)) for p in foot)
    cv2.line(image, a, b, trunk.tolist(), max(1, round(scale * 0.28)), cv2.LINE_AA, 4)
    tint = np.array([random.uniform(34, 52), random.uniform(74, 104), random.uniform(52, 84)])
    order = np.argsort(spread[:, 2] + random.normal(0, 0.4, leaves))
    middles = painter.pixels(centre + spread[order])
    tones = 0.5 + 0.75 * np.arange(leaves) / leaves + random.normal(0, 0.09, leaves)
    colours = np.clip(tint * tones[:, None] * gain + sky, 0, 255).tolist()
    sizes = np.maximum(0.6, tree.crown * scale * random.uniform(0.16, 0.36, leaves))
    places = np.round(middles * 16).astype(int).tolist()
    for place, size, colour in zip(places, (sizes * 16).astype(int).tolist(), colours, strict=True):
        cv2.circle(image, place, size, colour, -1, cv2.LINE_AA, 4)


def draw_hills(image: Image, painter: Painter, light: Light, seed: int) -> None:
    """Two ranges of hills on the horizon, the same from every camera."""
    height, width = image.shape[:2]
    plan = painter.plan
    columns = np.arange(0, width + 8, 8)
    bearing = np.radians(plan.turned_deg) + np.arctan((columns - width / 2) / (plan.focal_widths * width))
    for layer, (tall, veil) in enumerate(((7.0, 0.78), (3.6, 0.55))):
        random = np.random.default_rng(seed + layer)
        lift = np.full(columns.shape, tall * 0.55)
        for wave in (2, 3, 5, 9, 17, 31):
            lift += tall * 0.9 / wave * np.sin(wave * bearing + random.uniform(0, 2 * np.pi))
        rows = _row_of(np.radians(np.maximum(lift, 0.3)), plan.down_deg, plan.focal_widths * width, height)
        colour = np.array([70.0, 92.0, 66.0]) * light.ground_gain() * (1 - veil) + np.array(light.sky_low) * veil
        outline = np.concatenate([np.stack([columns, rows], 1), [[width + 8, height * 2], [-8, height * 2]]])
        cv2.fillPoly(image, [np.round(outline).astype(np.int32)], colour.tolist(), cv2.LINE_AA)


def _row_of(lift: NDArray[np.float64], down_deg: float, focal_px: float, height: int) -> NDArray[np.float64]:
    row: NDArray[np.float64] = height / 2 - np.tan(lift + np.radians(down_deg)) * focal_px
    return row
