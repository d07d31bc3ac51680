"""Traffic through the gate, in steps of a tenth of a second: arrivals, car following, booths, lane changes. Pure.

Deterministic: the same road, scenario and seed give the same traffic. Every kind of chance has a generator of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from vision.simulation.bodies import draw_body
from vision.simulation.car_following import acceleration
from vision.simulation.demand import Direction, arrivals, draw_service_s
from vision.simulation.lane_changes import Changes
from vision.simulation.road import Road
from vision.simulation.scenarios import Scenario
from vision.simulation.vehicle import Place, SimulatedVehicle

__all__ = ["SERVICE_M", "TRAFFIC_STEP_S", "Traffic"]

TRAFFIC_STEP_S: Final = 0.1
HALT_AT_M: Final = 1.0
SERVICE_M: Final = 4.0
SMALLEST_GAP_M: Final = 0.4


class Traffic:
    """The vehicles on the road. `t` is seconds since the start; hour: local time of day at the start."""

    def __init__(self, road: Road, scenario: Scenario, seed: int, hour: float = 8.0) -> None:
        self.road = road
        self.scenario = scenario
        self.steps = 0
        self.rows: dict[str, list[SimulatedVehicle]] = {lane: [] for lane, _ in road.lanes}
        self._closures = {lane: [c for c in scenario.closures if c.lane == lane] for lane in self.rows}
        self._gate: dict[str, deque[SimulatedVehicle]] = {lane: deque() for lane in self.rows}
        chance = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(6)]
        self._bodies, self._services, self._choices = chance[:3]
        self._arrivals = {
            way: _Ahead(arrivals(scenario.demand, way, hour, chance[3 + i])) for i, way in enumerate(_directions(road))
        }
        self._changes = Changes(road, self.rows, scenario.change_share, scenario.wander_share, chance[5])
        self._count = 0
        self._fill(chance[2])

    @property
    def t(self) -> float:
        """Seconds since the start, a multiple of the step."""
        return round(self.steps * TRAFFIC_STEP_S, 3)

    @property
    def vehicles(self) -> list[SimulatedVehicle]:
        """Every vehicle on the road once, in order of its number."""
        found = {vehicle.number: vehicle for row in self.rows.values() for vehicle in row}
        return [found[number] for number in sorted(found)]

    @property
    def waiting_outside(self) -> int:
        """Vehicles that have come but found no room on the road yet."""
        return sum(map(len, self._gate.values()))

    def closed(self, lane: str, *, drains_only: bool = False) -> bool:
        """Whether newcomers avoid the lane now; drains_only: whether its status is closed."""
        t = self.t
        return any(c.holds(t) and (c.drains or not drains_only) for c in self._closures[lane])

    def step(self) -> None:
        """Lets a tenth of a second pass."""
        self.steps += 1
        for vehicle in self.vehicles:
            vehicle.previous_s = vehicle.s
        self._arrive()
        self._serve()
        self._changes.step(self.t, {lane: self.closed(lane) for lane in self.rows})
        self._move()
        for row in self.rows.values():
            row[:] = [vehicle for vehicle in row if vehicle.rear_s > -self.road.exit_m]

    def places(self, t: float) -> list[Place]:
        """Where everything is at a t within the last step."""
        share = min(1.0, max(0.0, 1.0 - (self.t - t) / TRAFFIC_STEP_S))
        return [vehicle.place(share) for vehicle in self.vehicles]

    def _arrive(self) -> None:
        for direction, ahead in self._arrivals.items():
            while ahead.first <= self.t:
                ahead.pop()
                lane = self._choose(direction)
                self._gate[lane].append(self._make(lane, self.road.approach_m))
        for lane, gate in self._gate.items():
            row = self.rows[lane]
            while gate and (not row or self._room(row[-1], gate[0])):
                row.append(gate.popleft())

    def _room(self, last: SimulatedVehicle, newcomer: SimulatedVehicle) -> bool:
        gap = newcomer.s - last.rear_s
        newcomer.speed_mps = min(newcomer.body.driving.free_mps, last.speed_mps + max(0.0, gap - 4.0) * 0.4)
        return gap > newcomer.body.driving.gap_m + 1.0 * newcomer.speed_mps

    def _make(self, lane: str, s: float) -> SimulatedVehicle:
        body = draw_body(self._bodies, self.scenario.mix)
        through = self.scenario.through_mps
        if through is not None:
            spread = float(self._choices.normal(1.0, 0.06))
            body = replace(body, driving=replace(body.driving, free_mps=through * min(1.15, max(0.85, spread))))
        self._count += 1
        service = draw_service_s(body, self._services)
        vehicle = SimulatedVehicle(self._count, body, lane, s, body.driving.free_mps, service)
        vehicle.served = through is not None
        return vehicle

    def _choose(self, direction: Direction) -> str:
        lanes = self.road.lanes_of(direction)
        lanes = tuple(lane for lane in lanes if not self.closed(lane)) or lanes
        if self._choices.uniform() >= 0.75:
            return lanes[int(self._choices.integers(len(lanes)))]
        ahead = [sum(v.s > 0 for v in self.rows[lane]) + len(self._gate[lane]) for lane in lanes]
        shortest = [lane for lane, count in zip(lanes, ahead, strict=True) if count == min(ahead)]
        return shortest[int(self._choices.integers(len(shortest)))]

    def _serve(self) -> None:
        for lane, row in self.rows.items():
            away = any(not c.drains and c.holds(self.t) for c in self._closures[lane])
            first = next((vehicle for vehicle in row if not vehicle.served), None)
            if first is None or away or not (first.halted and first.s <= SERVICE_M):
                continue
            first.service_s -= TRAFFIC_STEP_S
            if first.service_s <= 0:
                first.served, first.halted, first.restart_t = True, False, None

    def _move(self) -> None:
        ahead = _leaders(self.rows)
        vehicles = sorted(self.vehicles, key=lambda vehicle: vehicle.s)
        wanted = {v.number: self._drive(v, ahead[v.number]) for v in vehicles}
        for vehicle in vehicles:
            speed = max(0.0, vehicle.speed_mps + wanted[vehicle.number] * TRAFFIC_STEP_S)
            s = vehicle.s - (vehicle.speed_mps + speed) / 2 * TRAFFIC_STEP_S
            limit = max((leader.rear_s + SMALLEST_GAP_M for leader in ahead[vehicle.number]), default=s)
            if not vehicle.served:
                limit = max(limit, HALT_AT_M - 0.5)
            if s < limit <= vehicle.s:
                s, speed = limit, 0.0
            elif s < limit:
                s, speed = vehicle.s, 0.0
            vehicle.s, vehicle.speed_mps = s, speed
            vehicle.braking = wanted[vehicle.number] < -0.4 or speed < 0.3

    def _drive(self, vehicle: SimulatedVehicle, leaders: Sequence[SimulatedVehicle]) -> float:
        """The acceleration; a driver who has halted starts again a moment after the room ahead has grown."""
        driving = vehicle.body.driving
        gaps = [(vehicle.s - leader.rear_s, leader.speed_mps) for leader in leaders]
        if not vehicle.served:
            gaps.append((vehicle.s - HALT_AT_M + driving.gap_m, 0.0))
        nearest = min((gap for gap, _ in gaps), default=float("inf"))
        if vehicle.halted and not self._restarts(vehicle, nearest):
            return 0.0
        if vehicle.speed_mps < 0.25 and nearest < driving.gap_m + 0.9 and not vehicle.halted:
            vehicle.halted, vehicle.speed_mps, vehicle.restart_t = True, 0.0, None
            return 0.0
        return min(
            (acceleration(driving, vehicle.speed_mps, gap, speed) for gap, speed in gaps),
            default=acceleration(driving, vehicle.speed_mps, float("inf"), 0.0),
        )

    def _restarts(self, vehicle: SimulatedVehicle, gap_m: float) -> bool:
        if gap_m < vehicle.body.driving.gap_m + 1.3:
            return False
        if vehicle.restart_t is None:
            vehicle.restart_t = self.t + vehicle.body.driving.reaction_s
        if self.t >= vehicle.restart_t:
            vehicle.halted = False
        return not vehicle.halted

    def _fill(self, random: np.random.Generator) -> None:
        low, high = self.scenario.waiting_at_start
        for lane, row in self.rows.items():
            s = HALT_AT_M
            for _ in range(int(random.integers(low, high + 1))):
                vehicle = self._make(lane, s)
                if vehicle.rear_s > self.road.approach_m - 40:
                    break
                vehicle.speed_mps, vehicle.halted = 0.0, True
                vehicle.service_s *= float(random.uniform(0.2, 1.0)) if not row else 1.0
                row.append(vehicle)
                s = vehicle.rear_s + vehicle.body.driving.gap_m + float(random.uniform(0.2, 0.8))


class _Ahead:
    """Arrival times with the next one in sight."""

    def __init__(self, times: Iterator[float]) -> None:
        self._times = times
        self.first = next(times, float("inf"))

    def pop(self) -> None:
        self.first = next(self._times, float("inf"))


def _directions(road: Road) -> list[Direction]:
    return list(dict.fromkeys(way for _, way in road.lanes))


def _leaders(rows: dict[str, list[SimulatedVehicle]]) -> dict[int, list[SimulatedVehicle]]:
    """The vehicle ahead in each lane that a vehicle touches, by number."""
    ahead: dict[int, list[SimulatedVehicle]] = {vehicle.number: [] for row in rows.values() for vehicle in row}
    for row in rows.values():
        for leader, follower in pairwise(row):
            ahead[follower.number].append(leader)
    return ahead
