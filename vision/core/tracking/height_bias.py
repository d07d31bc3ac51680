"""How much higher a section's roofs are than the usual sizes say, learned from vehicles that came near. Pure.

Far away the upper edge of a box is all there is, and 10 cm of roof are metres of place. A pose that is off by some
centimetres, a detector that draws its boxes wide and a local fleet show alike: all roofs are raised by about the same.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from vision.core.geometry.vehicle_projection import HEIGHT
from vision.core.tracking.vehicle_states import VehicleStates

__all__ = ["HeightBias"]

DOUBT: Final = 4.0
"""The usual sizes count as much as this many vehicles that were seen well."""
MEMORY: Final = 100.0
"""So many vehicles are remembered; older ones fade."""


@dataclass(slots=True)
class HeightBias:
    """raised_m: metres that a new vehicle's roof is expected above the usual height of its body."""

    raised_m: float = 0.0
    known: float = 0.0

    def learn(self, states: VehicleStates, row: int) -> None:
        """Learns from a vehicle that leaves; those that are on the road gain by it as far as their height is still open."""
        expected, variance = states.roof[row]
        share = max(0.0, 1.0 - float(states.p[row, HEIGHT, HEIGHT]) / variance)
        self.known = min(self.known + share, MEMORY)
        change = float(states.x[row, HEIGHT] - expected) / (self.known + DOUBT)
        self.raised_m += change
        states.raise_roofs(change)

    def as_data(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        return asdict(self)
