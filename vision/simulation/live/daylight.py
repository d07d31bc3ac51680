"""Light and weather over the simulated day. Pure."""

from __future__ import annotations

from typing import Final

from vision.simulation.render.light import Weather

__all__ = ["DAY_START_H", "weather_at"]

DAY_START_H: Final = 9.0
"""The hour of the simulated day at which a live gate begins, whatever the hour here: in the morning's rush."""
_DAY: Final[tuple[tuple[float, Weather], ...]] = (
    *((0.0, "night"), (5.2, "dusk"), (6.3, "day"), (11.6, "overcast"), (13.0, "rain"), (14.2, "overcast")),
    *((15.2, "day"), (17.6, "dusk"), (18.7, "night"), (21.0, "night-rain"), (22.5, "night")),
)


def weather_at(hour: float) -> Weather:
    """The weather at an hour of the simulated day; hours beyond 24 are those of the days after."""
    return next(weather for since, weather in reversed(_DAY) if since <= hour % 24.0)
