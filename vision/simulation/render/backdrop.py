"""The still part of a camera's picture, painted once at double size: ground, sky, props, shadows, islands. Needs OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.simulation.camera import CameraPlan
from vision.simulation.layouts import Layout
from vision.simulation.render.ground import Ground
from vision.simulation.render.light import Light
from vision.simulation.render.mesh import Drawable
from vision.simulation.render.painter import Image, Painter, Placed, drawing_order, shaded
from vision.simulation.render.plants import Tree, draw_hills, draw_tree, trees_of
from vision.simulation.render.props import Prop, props_of

__all__ = ["Backdrop", "Patch", "shadow_outline"]

Array = NDArray[np.float64]
_FINER: Final = 2


@dataclass(frozen=True, slots=True)
class Patch:
    """A thing that stands still: where it is on the ground and in the picture, its pixels times their alpha.

    rest: how much of what is behind it shows through, 0..255; mask: its outline.
    """

    span: tuple[float, float, float, float]
    left: int
    upper: int
    pixels: Image
    rest: Image
    mask: NDArray[np.bool_]

    @property
    def rect(self) -> tuple[int, int, int, int]:
        """Where it is in the picture: x0, y0, x1, y1."""
        return self.left, self.upper, self.left + self.mask.shape[1], self.upper + self.mask.shape[0]

    def cover(self, image: Image, ids: NDArray[np.uint8], within: tuple[int, int, int, int], mark: int) -> None:
        """Lays the part of it that lies within a rectangle over the picture, and its mark over the ids."""
        x0, y0 = max(within[0], self.left), max(within[1], self.upper)
        x1 = min(within[2], self.left + self.mask.shape[1])
        y1 = min(within[3], self.upper + self.mask.shape[0])
        inside = slice(y0 - self.upper, y1 - self.upper), slice(x0 - self.left, x1 - self.left)
        region = image[y0:y1, x0:x1]
        region[:] = cv2.add(cv2.multiply(region, self.rest[inside], None, 1 / 255.0), self.pixels[inside])
        ids[y0:y1, x0:x1][self.mask[inside]] = mark


@dataclass(frozen=True, slots=True)
class Backdrop:
    """The empty scene (H, W, 3) BGR, the same in shadow, ids of parked vehicles, and what can hide moving ones."""

    image: Image
    in_shadow: Image
    ids: NDArray[np.uint8]
    parked: tuple[str, ...]
    patches: tuple[Patch, ...]

    @classmethod
    def paint(cls, layout: Layout, plan: CameraPlan, light: Light, seed: int) -> Backdrop:
        """Paints it; the seed decides stains, trees, buildings and parked trucks."""
        return _Painting(layout, plan, light, seed).backdrop()


class _Painting:
    def __init__(self, layout: Layout, plan: CameraPlan, light: Light, seed: int) -> None:
        self.layout, self.plan, self.light, self.seed = layout, plan, light, seed
        self.width, self.height = layout.width, layout.height
        self.painter = Painter(plan, self.width * _FINER, self.height * _FINER)
        things: list[Prop | Tree] = [*props_of(layout, seed), *trees_of(layout, seed + 1)]
        spans = np.array([_span(thing) for thing in things])
        self.things = [things[i] for i in drawing_order(spans, plan.place[:2])]

    def backdrop(self) -> Backdrop:
        ground = self._ground()
        ids = np.zeros((self.height, self.width), np.uint8)
        parked: list[str] = []
        patches = []
        plain = Painter(self.plan, self.width, self.height)
        for thing in self.things:
            if not self._in_view(thing):
                continue
            if isinstance(thing, Tree):
                draw_tree(ground, self.painter, thing, self.light, self._distance(thing))
                continue
            placed = self._placed(thing)
            for painted in self.painter.project([placed]):
                self.painter.draw(ground, painted)
            if thing.vehicle_class:
                parked.append(thing.vehicle_class)
            for painted in plain.project([placed]):
                plain.mark(ids, plain.hulls(painted), len(parked) if thing.vehicle_class else 0)
            if thing.hides:
                patch = self._patch(thing, placed)
                patches += [patch] if patch is not None else []
        image = _smaller(ground)
        dark = 1.0 - max(self.light.shadow, 0.2) * np.array([0.88, 1.0, 1.06])
        in_shadow = np.clip(image * dark, 0, 255).astype(np.uint8)
        return Backdrop(image, in_shadow, ids, tuple(parked), tuple(patches))

    def _ground(self) -> Image:
        width, height = self.width * _FINER, self.height * _FINER
        x, y, distance = self.plan.ground(width, height)
        flat = np.isfinite(distance)
        x, y = np.where(flat, np.clip(x, -9e3, 9e3), 0), np.where(flat, np.clip(y, -9e3, 9e3), 0)
        far = np.where(flat, np.minimum(distance, 9e3), 9e3)
        pixel_m = far**1.5 / (self.plan.focal_widths * width * self.plan.place[2] ** 0.5)
        colour = Ground(self.layout, self.seed).colour(x, y, pixel_m) * self.light.ground_gain()
        if self.light.wet:
            colour *= 0.74
        veil = self.light.veil(far)[..., None]
        colour = colour * (1 - veil) + np.array(self.light.sky_low) * veil
        rise = np.linspace(1, 0, height)[:, None, None]
        sky = np.array(self.light.sky_top) * (1 - rise) + np.array(self.light.sky_low) * rise
        backing = np.ascontiguousarray(np.broadcast_to(np.clip(sky, 0, 255), colour.shape).astype(np.uint8))
        draw_hills(backing, self.painter, self.light, self.seed)
        image = np.where(flat[..., None], np.clip(colour, 0, 255).astype(np.uint8), backing)
        self._prop_shadows(image)
        return image

    def _prop_shadows(self, image: Image) -> None:
        if self.light.sun is None or not self.light.shadow:
            return
        mask = np.zeros(image.shape[:2], np.uint8)
        for thing in self.things:
            if self._in_view(thing):
                pixels = self.painter.pixels(_shadow(thing, self.light.sun))
                cv2.fillConvexPoly(mask, cv2.convexHull(np.round(pixels * 16).astype(np.int32)), 255, cv2.LINE_AA, 4)
        mask = cv2.GaussianBlur(mask, (5, 5), 0)
        dark = mask[..., None] * (self.light.shadow / 255.0)
        image[:] = (image * (1 - dark * np.array([0.86, 0.98, 1.04]))).astype(np.uint8)

    def _placed(self, prop: Prop) -> Placed:
        scale = self.painter.pixels_per_metre(prop.x, prop.y)
        drawable = Drawable.of(prop.mesh, scale, from_rear=False)
        return Placed(
            *(drawable, prop.x, prop.y, float(prop.upstream), 0.0),
            shaded(drawable, self.light, float(prop.upstream), 0.0, self._distance(prop)),
        )

    def _patch(self, prop: Prop, placed: Placed) -> Patch | None:
        canvas = np.zeros((self.height * _FINER, self.width * _FINER, 3), np.uint8)
        alpha = np.zeros(canvas.shape[:2], np.uint8)
        for painted in self.painter.project([placed]):
            self.painter.draw(canvas, painted)
            for hull in self.painter.hulls(painted):
                cv2.fillConvexPoly(alpha, hull, 255, cv2.LINE_AA, 4)
        small, share = _smaller(canvas), _smaller(alpha)
        rows, columns = np.flatnonzero(share.any(1)), np.flatnonzero(share.any(0))
        if not len(rows):
            return None
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        rest = np.ascontiguousarray(np.repeat(255 - share[box][..., None], 3, axis=2))
        pixels = np.minimum(small[box], 255 - rest)
        return Patch(_span(prop), int(columns[0]), int(rows[0]), np.ascontiguousarray(pixels), rest, share[box] > 127)

    def _distance(self, thing: Prop | Tree) -> float:
        return float(np.hypot(thing.x - self.plan.place[0], thing.y - self.plan.place[1]))

    def _in_view(self, thing: Prop | Tree) -> bool:
        """Whether it is ahead of the camera, and not so near that it would stand before the lens."""
        x0, y0, x1, y1 = _span(thing)
        ahead = [(y - self.plan.place[1]) * np.cos(np.radians(self.plan.turned_deg)) for y in (y0, y1)]
        return max(ahead) > 12.0 and (x1 - x0 > 60 or min(ahead) > -60.0)


def shadow_outline(width: float, length: float, height: float, sun: tuple[float, float, float]) -> Array:
    """Ground points (8, 3) whose hull is the shadow of a box with its front's middle at the origin."""
    reach = -np.array(sun[:2]) / sun[2] * height
    reach *= min(1.0, 14.0 / max(float(np.hypot(*reach)), 1e-6))
    feet = np.array([(-width / 2, 0.0), (width / 2, 0.0), (width / 2, length), (-width / 2, length)])
    points: Array = np.concatenate([feet, feet + reach])
    return np.concatenate([points, np.zeros((8, 1))], axis=1)


def _shadow(thing: Prop | Tree, sun: tuple[float, float, float]) -> Array:
    """Ground points whose hull is the thing's shadow; of an island only the booth's."""
    if isinstance(thing, Tree):
        outline = shadow_outline(thing.crown * 1.4, thing.crown * 1.4, thing.height, sun) + np.array([thing.x, thing.y, 0.0])
        return np.asarray(outline)
    mesh, near = thing.mesh, 3.0 if thing.hides else 0.0
    length = 3.6 if thing.hides else mesh.length
    y = thing.y + (near + (length if thing.upstream < 0 else 0.0)) * thing.upstream
    outline = shadow_outline(mesh.width, length, mesh.height - near * 0.25, sun) + np.array([thing.x, y, 0.0])
    return np.asarray(outline)


def _span(thing: Prop | Tree) -> tuple[float, float, float, float]:
    if isinstance(thing, Tree):
        half = 0.5
        return thing.x - half, thing.y - half, thing.x + half, thing.y + half
    half, end = thing.mesh.width / 2, thing.y + thing.upstream * thing.mesh.length
    return thing.x - half, min(thing.y, end), thing.x + half, max(thing.y, end)


def _smaller(image: Image) -> Image:
    height, width = image.shape[:2]
    small: Image = cv2.resize(image, (width // _FINER, height // _FINER), interpolation=cv2.INTER_AREA)
    return small
