"""What lies over a picture: light of lamps at night, glows, rain, noise, the camera's own lettering. Needs OpenCV."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.simulation.camera import CameraPlan
from vision.simulation.layouts import Layout
from vision.simulation.render.painter import Image
from vision.simulation.render.props import LAMP_HEIGHT_M, lamp_places

__all__ = ["Glows", "Lettering", "NightLight", "Noise", "Rain"]

_COARSE: Final = 4
_BANK: Final = 6
_MARGIN: Final = 48
_AMBIENT: Final = (0.21, 0.17, 0.15)
_LAMP: Final = (0.56, 0.74, 0.86)
_FLOOD: Final = (0.80, 0.82, 0.78)


class NightLight:
    """The light on the ground at a quarter of the size: lamps that stay, headlights that move."""

    def __init__(self, layout: Layout, plan: CameraPlan) -> None:
        width, height = layout.width // _COARSE, layout.height // _COARSE
        x, y, _ = plan.ground(width, height)
        x, y = np.clip(x, -1e4, 1e4), np.clip(y, -1e4, 1e4)
        light = np.broadcast_to(np.array(_AMBIENT), (*x.shape, 3)).copy()
        for lamp_x, lamp_y, side in lamp_places(layout):
            away = (x - lamp_x - side * 3.0) ** 2 + (y - lamp_y) ** 2
            light += (LAMP_HEIGHT_M**3 / (LAMP_HEIGHT_M**2 + away) ** 1.5)[..., None] * np.array(_LAMP) * 0.9
        for lane in layout.lanes:
            away = (x - lane.x_m - 2.6) ** 2 + (y - 2.0 * lane.upstream) ** 2
            light += (4.5**3 / (4.5**2 + away) ** 1.5)[..., None] * np.array(_FLOOD) * 0.7
        light = np.where(np.isfinite(light), light, np.array(_AMBIENT))
        self._still = np.clip(light * 128.0, 0, 255).astype(np.uint8)
        self._size = (layout.width, layout.height)

    def apply(self, image: Image, pools: list[tuple[NDArray[np.int32], float]]) -> None:
        """Lights the picture in place; pools: outlines of headlights' light in sixteenths of a pixel, and their strength."""
        light = self._still.copy()
        if pools:
            moving = np.zeros_like(light)
            for outline, strength in pools:
                colour = (88.0 * strength, 98.0 * strength, 104.0 * strength)
                cv2.fillConvexPoly(moving, outline // _COARSE, colour, cv2.LINE_AA, 4)
            light = cv2.add(light, cv2.GaussianBlur(moving, (9, 7), 0))
        cv2.multiply(image, cv2.resize(light, self._size, interpolation=cv2.INTER_LINEAR), image, 1 / 128.0)


class Glows:
    """Soft spots of light in sizes from 2 to 40 px, added where a lamp is seen."""

    def __init__(self) -> None:
        self._spots: dict[tuple[int, int, tuple[float, float, float]], Image] = {}

    def add(
        self, image: Image, u: float, v: float, radius: float, *, colour: tuple[float, float, float], tall: float = 1.0
    ) -> None:
        """Adds one round (tall 1) or drawn-out spot in the middle of which the colour is added whole."""
        across, down = max(2, min(40, round(radius))), max(2, min(90, round(radius * tall)))
        spot = self._spot(across, down, colour)
        left, upper = round(u) - across, round(v) - down
        x0, y0 = max(0, left), max(0, upper)
        x1, y1 = min(image.shape[1], left + 2 * across + 1), min(image.shape[0], upper + 2 * down + 1)
        if x0 >= x1 or y0 >= y1:
            return
        region = image[y0:y1, x0:x1]
        region[:] = cv2.add(region, spot[y0 - upper : y1 - upper, x0 - left : x1 - left])

    def _spot(self, across: int, down: int, colour: tuple[float, float, float]) -> Image:
        found = self._spots.get((across, down, colour))
        if found is None:
            x = np.arange(-across, across + 1) / across
            y = np.arange(-down, down + 1) / down
            r = np.minimum(1.0, np.hypot(*np.meshgrid(x, y)))
            shape = (0.55 * (1 - r) ** 3 + 0.45 * np.exp(-((r / 0.2) ** 2))) * (r < 1)
            found = self._spots[across, down, colour] = (shape[..., None] * np.array(colour)).astype(np.uint8)
        return found


class Rain:
    """Streaks of rain: a few layers, moved about from frame to frame."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        self._layers = []
        for _ in range(_BANK):
            layer = np.zeros((height + _MARGIN, width + _MARGIN), np.uint8)
            for _ in range(260):
                x, y = (int(v) for v in random.integers(0, (width + _MARGIN, height + _MARGIN)))
                length, slant = int(random.integers(6, 24)), int(random.integers(-1, 4))
                cv2.line(layer, (x, y), (x + slant, y + length), int(random.integers(8, 34)), 1, cv2.LINE_AA)
            self._layers.append(cv2.cvtColor(cv2.blur(layer, (1, 3)), cv2.COLOR_GRAY2BGR))

    def apply(self, image: Image, frame: int) -> None:
        """Adds streaks in place."""
        _shifted(self._layers, image, frame, lambda region: cv2.add(image, region, image))


class Noise:
    """The sensor's noise: brightness more than colour, from a bank that is moved about from frame to frame."""

    def __init__(self, width: int, height: int, sigma: float, seed: int) -> None:
        random = np.random.default_rng(seed)
        shape = (height + _MARGIN, width + _MARGIN)
        self._bank = []
        for _ in range(_BANK):
            grey = random.normal(0, sigma * 0.85, (*shape, 1)).astype(np.float32)
            colour = random.normal(0, sigma * 0.5, (*shape, 3)).astype(np.float32)
            self._bank.append(np.clip(128.5 + grey + colour, 0, 255).astype(np.uint8))

    def apply(self, image: Image, frame: int) -> None:
        """Adds noise in place."""
        _shifted(self._bank, image, frame, lambda region: cv2.addWeighted(image, 1.0, region, 1.0, -128.0, image))


class Lettering:
    """The time and the camera's name as the camera itself writes them into the picture."""

    def __init__(self, name: str, start_t: float, utc_offset_h: float) -> None:
        self._name = _written(name.upper())
        self._start = datetime.fromtimestamp(start_t, UTC) + timedelta(hours=utc_offset_h)
        self._second = -1
        self._line: Image | None = None

    def apply(self, image: Image, t: float) -> None:
        """Writes both in place; t: seconds since the start."""
        if self._line is None or int(t) != self._second:
            self._second = int(t)
            text = (self._start + timedelta(seconds=self._second)).strftime("%Y-%m-%d %H:%M:%S")
            self._line = _written(text)
        for line, x, y in ((self._line, 8, 6), (self._name, 8, image.shape[0] - 20)):
            region = image[y : y + line.shape[0], x : x + line.shape[1]]
            np.copyto(region, line, where=line > 0)


def _written(text: str) -> Image:
    """Letters in white with a dark rim; black, 0, is clear."""
    letters = np.zeros((15, 10 * len(text) + 10), np.uint8)
    cv2.putText(letters, text, (3, 11), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 255, 1, cv2.LINE_8)
    rim = cv2.dilate(letters, np.ones((3, 3), np.uint8))
    line = np.where(letters > 96, 236, np.where(rim > 96, 18, 0)).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(line[..., None], 3, axis=2))


def _shifted(bank: list[Image], image: Image, frame: int, use: Callable[[Image], object]) -> None:
    """Hands a part of one of the bank's pictures, chosen by the frame's number, to `use`."""
    height, width = image.shape[:2]
    mixed = (frame * 2654435761) & 0xFFFFFFFF
    x, y = (mixed >> 8) % _MARGIN, (mixed >> 16) % _MARGIN
    use(bank[(mixed >> 24) % len(bank)][y : y + height, x : x + width])
