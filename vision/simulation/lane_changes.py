"""Changes of lane: who wants to change, whether there is room, and the slide across. Pure; random by a given generator."""

from __future__ import annotations

from typing import Final

import numpy as np

from vision.simulation.car_following import gap_is_safe
from vision.simulation.road import Road
from vision.simulation.vehicle import SimulatedVehicle, Slide

__all__ = ["SLIDE_M", "Changes"]

SLIDE_M: Final = 26.0  # of driving that a change of lane takes
_WHERE_M: Final = (34.0, 285.0)
_SLOWEST_MPS: Final = 2.5


class Changes:
    """Moves vehicles between neighbouring lanes of one direction; a sliding vehicle stands in both rows."""

    def __init__(
        self,
        road: Road,
        rows: dict[str, list[SimulatedVehicle]],
        share: float,
        wander_share: float,
        random: np.random.Generator,
    ) -> None:
        self._rows = rows
        self._share = share
        self._wander_share = wander_share
        self._random = random
        self._beside: dict[str, tuple[str, ...]] = {}
        for _, way in road.lanes:
            lanes = road.lanes_of(way)
            self._beside |= {a: tuple(b for j, b in enumerate(lanes) if abs(i - j) == 1) for i, a in enumerate(lanes)}
        self._rank = {lane: i for i, (lane, _) in enumerate(road.lanes)}

    def step(self, t: float, closed: dict[str, bool]) -> None:
        """Ends slides that are done and begins new ones; each driver looks about once a second."""
        tenth = round(t * 10)
        for lane, row in self._rows.items():
            for vehicle in list(row):
                if vehicle.slide is not None:
                    self._finish(vehicle)
                elif (tenth + vehicle.number) % 10 == 0 and _may(vehicle):
                    self._consider(vehicle, lane, closed)

    def _finish(self, vehicle: SimulatedVehicle) -> None:
        slide = vehicle.slide
        if slide is not None and slide.share(vehicle.s) >= 1.0:
            self._rows[slide.from_lane].remove(vehicle)
            vehicle.slide = None

    def _consider(self, vehicle: SimulatedVehicle, lane: str, closed: dict[str, bool]) -> None:
        for target in self._beside[lane]:
            if closed[lane]:
                wants = not closed[target] or self._leads_out(lane, target, closed)
            else:
                gain = self._ahead(lane, vehicle.s) - self._ahead(target, vehicle.s)
                wants = not closed[target] and gain >= 2 and self._random.uniform() < self._share
                wants |= not closed[target] and self._wander_share > 0 and self._random.uniform() < self._wander_share
            if wants and self._room(vehicle, target):
                self._begin(vehicle, lane, target)
                return

    def _leads_out(self, lane: str, target: str, closed: dict[str, bool]) -> bool:
        """Whether an open lane lies beyond a closed neighbour."""
        side = self._rank[target] - self._rank[lane]
        return any(not closed[beyond] and self._rank[beyond] - self._rank[target] == side for beyond in self._beside[target])

    def _ahead(self, lane: str, s: float) -> int:
        return sum(0 < other.s < s for other in self._rows[lane])

    def _room(self, vehicle: SimulatedVehicle, target: str) -> bool:
        row = self._rows[target]
        leader = next((other for other in reversed(row) if other.s < vehicle.s), None)
        follower = next((other for other in row if other.s >= vehicle.s), None)
        if leader is not None:
            gap = vehicle.s - leader.rear_s
            if gap < SLIDE_M + 8.0 or not gap_is_safe(vehicle.body.driving, vehicle.speed_mps, gap, leader.speed_mps):
                return False
        if follower is None:
            return True
        gap = follower.s - vehicle.rear_s
        return gap_is_safe(follower.body.driving, follower.speed_mps, gap, vehicle.speed_mps)

    def _begin(self, vehicle: SimulatedVehicle, lane: str, target: str) -> None:
        row = self._rows[target]
        place = next((i for i, other in enumerate(row) if other.s >= vehicle.s), len(row))
        row.insert(place, vehicle)
        vehicle.slide = Slide(lane, target, vehicle.s, SLIDE_M)
        vehicle.lane = target


def _may(vehicle: SimulatedVehicle) -> bool:
    return _WHERE_M[0] < vehicle.s < _WHERE_M[1] and vehicle.speed_mps > _SLOWEST_MPS and not vehicle.halted
