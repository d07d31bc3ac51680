"""A scene: a layout's traffic and its truth, let go to any moment. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from vision.core.events import LaneStatus
from vision.simulation.layouts import UTC_OFFSET_H, Layout
from vision.simulation.scenarios import Scenario
from vision.simulation.traffic import Traffic
from vision.simulation.truth import Truth
from vision.simulation.vehicle import Place

__all__ = ["BY", "REASON", "START_T", "Scene"]

START_T: Final = 1767229200.0
"""2026-01-01 08:00 at the gate."""
BY: Final = "simulation"
REASON: Final = "the scenario's plan"
"""Who closes and opens lanes here, and why."""


class Scene:
    """Traffic and truth, advanced together.

    start_t: POSIX seconds of its beginning, a whole second; hour: the time of day then, else that of start_t at the gate.
    """

    def __init__(
        self, layout: Layout, scenario: Scenario, seed: int, start_t: float = START_T, hour: float | None = None
    ) -> None:
        self.layout = layout
        self.start_t = start_t
        local = datetime.fromtimestamp(start_t, UTC) + timedelta(hours=UTC_OFFSET_H)
        self.traffic = Traffic(layout.road, scenario, seed, local.hour + local.minute / 60 if hour is None else hour)
        self.truth = Truth(self.traffic, {lane.id: layout.zone_m for lane in layout.lanes})
        self._closed = dict.fromkeys(self.traffic.rows, False)

    @property
    def closed_lanes(self) -> frozenset[str]:
        """The lanes whose status is closed now."""
        return frozenset(lane for lane, closed in self._closed.items() if closed)

    def advance(self, t: float) -> list[LaneStatus]:
        """Lets the traffic go on until t, seconds since the start; the lanes that were closed or opened on the way."""
        changes = []
        while self.traffic.t < t - 1e-9:
            self.traffic.step()
            self.truth.observe()
            changes += self._statuses()
        return changes

    def places(self, t: float) -> list[Place]:
        """Where everything is at t, to which the scene was advanced."""
        return self.traffic.places(t)

    def _statuses(self) -> list[LaneStatus]:
        found = []
        for lane, was in self._closed.items():
            now = self.traffic.closed(lane, drains_only=True)
            if now != was:
                self._closed[lane] = now
                t = round(self.start_t + self.traffic.t, 3)
                found.append(LaneStatus(lane, t, "closed" if now else "open", BY, REASON))
        return found
