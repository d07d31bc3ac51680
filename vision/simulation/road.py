"""The road of a simulated gate. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from vision.simulation.demand import Direction

__all__ = ["Road"]


@dataclass(frozen=True, slots=True)
class Road:
    """The lanes as drivers know them, side by side in this order, and how far the road goes on both ways."""

    lanes: tuple[tuple[str, Direction], ...]
    approach_m: float = 300.0
    exit_m: float = 120.0

    def lanes_of(self, direction: Direction) -> tuple[str, ...]:
        """The lanes of a direction, side by side."""
        return tuple(lane for lane, way in self.lanes if way == direction)
