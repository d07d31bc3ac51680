"""The last hour of a simulated gate's truth, in memory only: the true line beside the measured one. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

from vision.messages import Simulation

__all__ = ["TRUTH_STEP_S", "TruthHistory"]

TRUTH_STEP_S: Final = 30
TRUTH_STEPS: Final = 3600 // TRUTH_STEP_S


class TruthHistory:
    """For each lane the longest true queue of each step of the last hour; empty at a real gate."""

    def __init__(self) -> None:
        self._lanes: dict[str, deque[tuple[int, int]]] = {}

    def add(self, simulation: Simulation) -> None:
        """Takes one second in; one of a step before the last changes nothing."""
        step = int(simulation.t // TRUTH_STEP_S * TRUTH_STEP_S)
        for lane_id, lane in simulation.lanes.items():
            held = self._lanes.setdefault(lane_id, deque(maxlen=TRUTH_STEPS))
            if not held or held[-1][0] < step:
                held.append((step, lane.queue_vehicles))
            elif held[-1][0] == step:
                held[-1] = (step, max(held[-1][1], lane.queue_vehicles))

    def of(self, lane_id: str) -> list[tuple[int, int]]:
        """(where the step begins, vehicles) of one lane, oldest first."""
        return list(self._lanes.get(lane_id, ()))
