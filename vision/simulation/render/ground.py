"""The ground as the camera sees it: road, lanes, paint, wear, verge, worked out per pixel. Needs OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.simulation.layouts import LANE_WIDTH_M, Layout

__all__ = ["Ground"]

Array = NDArray[np.floating[Any]]
_ASPHALT: Final = (96.0, 97.0, 98.0)
_CONCRETE: Final = (142.0, 147.0, 150.0)
_GRASS: Final = (58.0, 96.0, 84.0)
_EARTH: Final = (92.0, 118.0, 138.0)
_PAINT: Final = (206.0, 212.0, 214.0)
_YELLOW: Final = (60.0, 176.0, 208.0)
SHOULDER_M: Final = 3.0
ISLAND_M: Final = (-5.0, 9.0)
_TILE: Final = 512


@dataclass(frozen=True, slots=True)
class Ground:
    """Colours of the ground round a layout's lanes; the same seed gives the same stains."""

    layout: Layout
    seed: int

    def colour(self, x: Array, y: Array, pixel_m: Array) -> Array:
        """BGR (H, W, 3) at ground x, y (H, W), metres; pixel_m: what a pixel covers, finer things are left out."""
        x, y, pixel_m = (values.astype(np.float32) for values in (x, y, pixel_m))
        random = np.random.default_rng(self.seed)
        grain, clouds, patches = (_tile(random, cells) for cells in (256, 24, 7))
        rough = self._sample(clouds, x, y, 60.0) * 11 + self._sample(patches, x, y, 170.0) * 13
        fine = self._sample(grain, x, y, 14.0) * 15 * np.clip(0.5 / pixel_m, 0, 1)
        colour = np.array(_GRASS, np.float32) * (1.0 + 0.016 * (rough + fine))[..., None]
        earth = np.clip(self._sample(patches, x, y, 44.0) * 0.9, 0, 1)[..., None]
        colour = colour * (1 - earth) + np.array(_EARTH, np.float32) * earth
        paved, road = self._paved(x, y)
        asphalt = np.array(_ASPHALT, np.float32) * (1.0 + 0.008 * rough + 0.006 * fine)[..., None]
        booths = np.clip((14.0 - np.abs(y - 2.0)) / 0.5, 0, 1) * road
        concrete = (
            np.array(_CONCRETE, np.float32) * (1.0 + 0.006 * rough + 0.004 * fine)[..., None] * self._joints(x, y, pixel_m)
        )
        asphalt = asphalt * (1 - booths[..., None]) + concrete * booths[..., None]
        colour = colour * (1 - paved[..., None]) + asphalt * paved[..., None]
        colour = colour * (1.0 - 0.30 * self._wear(x, y, clouds))[..., None]
        return self._painted(colour, x, y, 0.75 + 0.3 * self._sample(grain, x, y, 9.0))

    @property
    def _edges(self) -> tuple[float, float]:
        xs = [lane.x_m for lane in self.layout.lanes]
        return min(xs) - LANE_WIDTH_M / 2 - SHOULDER_M, max(xs) + LANE_WIDTH_M / 2 + SHOULDER_M

    def _paved(self, x: Array, y: Array) -> tuple[Array, Array]:
        left, right = self._edges
        road = ((x > left) & (x < right)).astype(np.float32)
        lot = ((x < left - 3.0) & (x > left - 34.0) & (np.abs(y - 32.0) < 62.0)).astype(np.float32)
        yard = ((x > right + 5.0) & (x < right + 30.0) & (y > 46.0) & (y < 120.0)).astype(np.float32)
        paved: Array = np.maximum.reduce([road, lot, yard])
        return paved, road

    def _joints(self, x: Array, y: Array, pixel_m: Array) -> Array:
        near = (np.abs((y % 4.5) - 2.25) > 2.22) | (np.abs(((x + 2.65) % 5.3) - 2.65) > 2.62)
        joints = 1.0 - 0.14 * near * np.clip(0.12 / pixel_m, 0, 1)
        return np.asarray(joints[..., None], np.float32)

    def _wear(self, x: Array, y: Array, clouds: Array) -> Array:
        """Tyre tracks, drops of oil between them, and where everybody brakes."""
        wear: Array = np.zeros(x.shape, np.float32)
        for lane in self.layout.lanes:
            off = np.abs(x - lane.x_m)
            inside = off < LANE_WIDTH_M / 2
            tracks = np.exp(-(((off - 0.95) / 0.34) ** 2)) * 0.55
            oil = np.exp(-((off / 0.38) ** 2)) * (0.35 + 0.5 * np.exp(-np.abs(y * lane.upstream - 6.0) / 16.0))
            wear = np.asarray(wear + inside * (tracks + oil))
        return np.clip(wear * (0.8 + 0.5 * self._sample(clouds, x, y, 31.0)), 0, 1)

    def _painted(self, colour: Array, x: Array, y: Array, worn: Array) -> Array:
        white = np.zeros(x.shape, bool)
        yellow = np.zeros(x.shape, bool)
        left, right = self._edges
        for lane in self.layout.lanes:
            off, s = np.abs(x - lane.x_m), y * lane.upstream
            side = np.abs(off - LANE_WIDTH_M / 2 + 0.08) < 0.08
            white |= side & ((np.abs(s - 14.0) < 36.0) | ((y % 9.0) < 4.0)) & (s > -60)
            white |= (off < LANE_WIDTH_M / 2 - 0.25) & (np.abs(s - 0.2) < 0.22)
            white |= _arrow(x - lane.x_m, s - 26.0)
        for a, b in zip(self.layout.lanes, self.layout.lanes[1:], strict=False):
            between = (x > a.x_m + LANE_WIDTH_M / 2 + 0.1) & (x < b.x_m - LANE_WIDTH_M / 2 - 0.1)
            yellow |= between & (np.abs(y - 15.0) < 17.0) & (((x + y) % 1.6) < 0.5)
        yellow |= (np.abs(x - left - 0.4) < 0.1) | (np.abs(x - right + 0.4) < 0.1)
        lot = (x < left - 4.0) & (x > left - 32.0) & (np.abs(y - 32.0) < 60.0)
        white |= lot & ((y % 4.6) < 0.14) & (((x - left) % 22.0) > 3.0)
        for mask, paint in ((white, _PAINT), (yellow, _YELLOW)):
            share = (np.clip(worn, 0.35, 0.95) * mask)[..., None]
            colour = colour * (1 - share) + np.array(paint, np.float32) * share
        return colour

    @staticmethod
    def _sample(tile: Array, x: Array, y: Array, metres: float) -> Array:
        """The tile, repeated every `metres`, straight between its values."""
        u, v = (np.mod(place / metres, 1.0).astype(np.float32) * _TILE for place in (x, y))
        value: Array = cv2.remap(tile, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        return value


def _arrow(x: Array, s: Array) -> NDArray[np.bool_]:
    """An arrow on the lane, pointing to the stop line, 5 m long."""
    shaft = (np.abs(x) < 0.12) & (s > -1.0) & (s < 2.5)
    head = (s <= -1.0) & (s > -2.5) & (np.abs(x) < (s + 2.5) / 1.5 * 0.5)
    arrow: NDArray[np.bool_] = shaft | head
    return arrow


def _tile(random: np.random.Generator, cells: int) -> Array:
    """Smooth noise (512, 512) that repeats without a seam, mean 0, about -1..1."""
    spectrum = np.fft.rfft2(random.normal(size=(_TILE, _TILE)))
    fy, fx = np.fft.fftfreq(_TILE)[:, None] * _TILE, np.fft.rfftfreq(_TILE)[None, :] * _TILE
    tile: Array = np.fft.irfft2(spectrum * np.exp(-((np.hypot(fx, fy) / cells) ** 2)), s=(_TILE, _TILE))
    even: Array = (tile / (2.0 * tile.std())).astype(np.float32)
    return even
