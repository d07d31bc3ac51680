"""What truly happens in each lane: the visits and, every second, the queue, in the words of docs/glossary.md. Pure.

A fold over the traffic's steps. It looks a little more than a second back, since whether a vehicle stands or has joined
the queue is known only then. Times are seconds since the start of the traffic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from vision.simulation.traffic import SERVICE_M, TRAFFIC_STEP_S, Traffic
from vision.simulation.vehicle import SimulatedVehicle

__all__ = ["LaneTruth", "TrueVisit", "Truth", "visit_id"]

STANDING_MPS: Final = 5 / 3.6
STANDING_S: Final = 1.0
_DELAY: Final = round((STANDING_S + 0.2) / TRAFFIC_STEP_S)


@dataclass(frozen=True, slots=True)
class LaneTruth:
    """One lane at one whole second, seconds since the start; censored: the queue's tail is at the zone's end or beyond."""

    t: int
    lane_id: str
    queue_vehicles: int
    queue_m: float
    standing_vehicles: int
    standing_m: float
    vehicles: int
    in_service: int
    censored: bool


@dataclass(slots=True)
class TrueVisit:
    """One vehicle's stay in one lane; times in seconds since the start, None where not (yet) reached."""

    vehicle: SimulatedVehicle
    lane_id: str
    first_seen_t: float
    start_censored: bool
    arrived_t: float | None = None
    joined_t: float | None = None
    service_t: float | None = None
    moved_off_t: float | None = None
    left_t: float | None = None
    outcome: str = "open"
    slow_since: float | None = None

    def standing(self, t: float) -> bool:
        """Whether it has been slow for more than a second at t, as of the last step."""
        return self.slow_since is not None and t - self.slow_since > STANDING_S - 1e-6


@dataclass(frozen=True, slots=True)
class _Spot:
    visit: TrueVisit
    front: float
    rear: float
    standing: bool


class Truth:
    """Follows the traffic; `lanes` holds the rows that have become known, `visits` those that are over."""

    def __init__(self, traffic: Traffic, zones_m: Mapping[str, float]) -> None:
        self._traffic = traffic
        self._zones_m = dict(zones_m)
        self._open: dict[int, TrueVisit] = {}
        self._seconds: dict[int, dict[str, list[_Spot]]] = {}
        self.lanes: list[LaneTruth] = []
        self.visits: list[TrueVisit] = []
        self.observe()

    @property
    def open_visits(self) -> list[TrueVisit]:
        """Visits that have begun (the front is in the zone) and are not over."""
        return [visit for visit in self._open.values() if visit.arrived_t is not None or visit.start_censored]

    def taken(self) -> list[LaneTruth]:
        """The rows that have become known since the last call; they and the visits that are over are forgotten."""
        rows, self.lanes = self.lanes, []
        self.visits.clear()
        return rows

    def observe(self) -> None:
        """Takes in the state after the traffic's last step."""
        t = self._traffic.t
        here = self._traffic.vehicles
        for vehicle in here:
            self._follow(vehicle, t)
        for number in set(self._open) - {vehicle.number for vehicle in here}:
            del self._open[number]
        if self._traffic.steps % 10 == 0:
            self._seconds[round(t)] = self._spots(t)
        if self._traffic.steps >= _DELAY and (self._traffic.steps - _DELAY) % 10 == 0:
            second = (self._traffic.steps - _DELAY) // 10
            spots = self._seconds.pop(second)
            self.lanes += [self._row(second, lane, found) for lane, found in spots.items()]

    def _follow(self, vehicle: SimulatedVehicle, t: float) -> None:
        visit = self._open.get(vehicle.number)
        zone = self._zones_m[vehicle.lane_now]
        if visit is None:
            if vehicle.s <= 0:
                return
            visit = TrueVisit(vehicle, vehicle.lane_now, t, start_censored=vehicle.s <= zone)
            visit.slow_since = t - STANDING_S if vehicle.halted else None
            self._open[vehicle.number] = visit
        elif visit.lane_id != vehicle.lane_now:
            visit = self._change(visit, vehicle.lane_now, t)
        slow = vehicle.speed_mps < STANDING_MPS
        visit.slow_since = (t if visit.slow_since is None else visit.slow_since) if slow else None
        if visit.arrived_t is None and not visit.start_censored and vehicle.s <= zone:
            visit.arrived_t = _crossing(vehicle, zone, t)
        self._progress(visit, t, slow=slow)
        if vehicle.s <= 0:
            visit.left_t, visit.outcome = _crossing(vehicle, 0.0, t), "departed"
            visit.moved_off_t = min(visit.left_t, visit.moved_off_t or visit.left_t)
            self.visits.append(self._open.pop(vehicle.number))

    def _progress(self, visit: TrueVisit, t: float, *, slow: bool) -> None:
        vehicle, since = visit.vehicle, visit.slow_since
        inside = visit.arrived_t is not None or visit.start_censored
        if inside and since is not None and visit.standing(t):
            if visit.joined_t is None:
                visit.joined_t = max(since, visit.arrived_t or since)
            if visit.service_t is None and vehicle.s <= SERVICE_M:
                visit.service_t = max(since, visit.joined_t)
        if visit.service_t is not None and visit.moved_off_t is None and not slow:
            visit.moved_off_t = t

    def _change(self, visit: TrueVisit, lane: str, t: float) -> TrueVisit:
        new = TrueVisit(visit.vehicle, lane, t, visit.start_censored, visit.arrived_t, visit.joined_t)
        new.slow_since = visit.slow_since
        if visit.arrived_t is not None or visit.start_censored:
            visit.outcome = "changed_lane"
            self.visits.append(visit)
        else:
            new.first_seen_t = visit.first_seen_t
        self._open[visit.vehicle.number] = new
        return new

    def _spots(self, t: float) -> dict[str, list[_Spot]]:
        spots: dict[str, list[_Spot]] = {lane: [] for lane in self._zones_m}
        for visit in self._open.values():
            vehicle = visit.vehicle
            if 0 < vehicle.s <= self._zones_m[visit.lane_id]:
                spots[visit.lane_id].append(_Spot(visit, vehicle.s, vehicle.rear_s, visit.standing(t)))
        return {lane: sorted(found, key=lambda spot: spot.front) for lane, found in spots.items()}

    def _row(self, t: int, lane: str, spots: list[_Spot]) -> LaneTruth:
        zone = self._zones_m[lane]
        queue = [spot for spot in spots if spot.visit.joined_t is not None and spot.visit.joined_t <= t]
        tail = max((spot.rear for spot in queue), default=0.0)
        standing, metres = _jam(spots, zone)
        in_service = any(
            s.visit.service_t is not None
            and s.visit.service_t <= t
            and (s.visit.moved_off_t is None or t < s.visit.moved_off_t)
            for s in spots
        )
        return LaneTruth(
            *(t, lane, len(queue), round(min(tail, zone), 2), standing, round(metres, 2)),
            *(len(spots), int(in_service), tail >= zone),
        )


def visit_id(visit: TrueVisit) -> str:
    """The same id every time for the same scene: of the vehicle's number and the lane."""
    return str(uuid5(NAMESPACE_URL, f"lanewatch-simulation|{visit.vehicle.number}|{visit.lane_id}|{visit.first_seen_t}"))


def _jam(spots: list[_Spot], zone: float) -> tuple[int, float]:
    """Standing vehicles and the metres of their runs: front of the first to rear of the last of each run, gaps included."""
    metres, first = 0.0, None
    for spot, after in zip_longest(spots, spots[1:]):
        if not spot.standing:
            continue
        first = spot.front if first is None else first
        if after is None or not after.standing:
            metres += min(spot.rear, zone) - first
            first = None
    return sum(spot.standing for spot in spots), metres


def _crossing(vehicle: SimulatedVehicle, s: float, t: float) -> float:
    """When the front passed s within the last step."""
    moved = vehicle.previous_s - vehicle.s
    back = (s - vehicle.s) / moved if moved > 0 else 0.0
    return round(t - min(1.0, max(0.0, back)) * TRAFFIC_STEP_S, 3)
