"""Light and weather: sun, sky, lamps, haze, wet roads and the sensor's noise, by name. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from vision.simulation.render.mesh import Colour

__all__ = ["WEATHERS", "Light", "Weather"]

Weather = Literal["day", "overcast", "dusk", "night", "rain", "night-rain"]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Light:
    """How a scene is lit. sun: unit vector towards it; gains are BGR; haze: share lost per 100 m; lamps: 0..1."""

    sun: tuple[float, float, float] | None
    sun_gain: Colour
    sky_gain: Colour
    sky_top: Colour
    sky_low: Colour
    haze: float
    lamps: float = 0.0
    wet: bool = False
    noise: float = 2.2
    shadow: float = 0.0

    def shade(self, normals: Array) -> Array:
        """Gain (N, 3) of faces with these normals (N, 3)."""
        up = 0.72 + 0.28 * normals[:, 2:3]
        gain: Array = np.array(self.sky_gain) * up * (1.0 + 0.06 * normals[:, :1])
        if self.sun is not None:
            gain = gain + np.array(self.sun_gain) * np.maximum(0.0, normals @ np.array(self.sun))[:, None]
        return gain

    def ground_gain(self) -> Array:
        """Gain (3,) of the level ground."""
        gain: Array = self.shade(np.array([[0.0, 0.0, 1.0]]))[0]
        return gain

    def veil(self, distance_m: Array) -> Array:
        """Share of the haze in what is seen at these distances, 0..1."""
        veil: Array = 1.0 - np.exp(-self.haze * np.minimum(distance_m, 2000.0) / 100.0)
        return veil


def _towards(east: float, north: float, up: float) -> tuple[float, float, float]:
    x, y, z = np.array([east, north, up]) / np.linalg.norm([east, north, up])
    return float(x), float(y), float(z)


WEATHERS: Final[dict[Weather, Light]] = {
    "day": Light(
        *(_towards(-0.55, -0.45, 0.9), (0.50, 0.56, 0.60), (0.60, 0.56, 0.53), (206, 168, 128), (226, 216, 204)),
        haze=0.10,
        noise=1.8,
        shadow=0.5,
    ),
    "overcast": Light(None, (0, 0, 0), (0.92, 0.90, 0.88), (206, 202, 198), (214, 212, 210), haze=0.2, shadow=0.0),
    "dusk": Light(
        *(_towards(-0.9, -0.35, 0.28), (0.18, 0.30, 0.46), (0.46, 0.38, 0.35), (148, 104, 86), (130, 160, 214)),
        haze=0.16,
        lamps=0.45,
        noise=3.2,
        shadow=0.28,
    ),
    "night": Light(None, (0, 0, 0), (0.92, 0.90, 0.88), (34, 24, 20), (52, 44, 40), haze=0.06, lamps=1.0, noise=5.0),
    "rain": Light(
        *(None, (0, 0, 0), (0.66, 0.64, 0.62), (168, 166, 164), (182, 180, 178)), haze=0.55, wet=True, lamps=0.25, noise=3.2
    ),
    "night-rain": Light(
        *(None, (0, 0, 0), (0.84, 0.82, 0.80), (36, 28, 24), (60, 52, 48)), haze=0.28, lamps=1.0, wet=True, noise=6.0
    ),
}
