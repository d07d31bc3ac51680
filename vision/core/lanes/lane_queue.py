"""A lane's vehicles, ordered from the stop line: who is on a visit, who joined the queue, who is in service. Pure.

This is the only place where visits begin and end, so the flow ledger always balances: present at start + arrivals + changes in
- departures - changes out - lost = vehicles.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from vision.config import Lane
from vision.core.lanes.lane_history import LaneHistory
from vision.core.lanes.vehicle import OpenVisit, Vehicle, Visit

__all__ = ["FlowLedger", "LaneQueue"]

_VISIT_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:lanewatch:visit")


@dataclass(slots=True)
class FlowLedger:
    """Everything that entered and left a lane since its state began."""

    present_at_start: int = 0
    arrivals: int = 0
    changes_in: int = 0
    departures: int = 0
    changes_out: int = 0
    lost: int = 0
    both_ends_seen: int = 0

    def expected(self) -> int:
        """The number of vehicles that are there by what entered and left."""
        return self.present_at_start + self.arrivals + self.changes_in - self.departures - self.changes_out - self.lost


class Left(NamedTuple):
    """The last vehicle that departed: when it left and arrived, and when it had left room in the zone for the next one."""

    left_t: float
    arrived_t: float
    cleared_t: float | None


def _arrival(visit: OpenVisit) -> float:
    return -math.inf if visit.arrived_t is None else visit.arrived_t


class LaneQueue:
    """The visits of one lane. Scenes tell it what they saw; it never looks at a picture.

    undetected: mean number of vehicles in the queue that no camera has detected yet.
    """

    def __init__(self, gate_id: str, lane: Lane, window_s: float, *, calibrated: bool) -> None:
        self.gate_id = gate_id
        self.lane = lane
        self.calibrated = calibrated
        self.vehicles: list[Vehicle] = []
        self.ledger = FlowLedger()
        self.history = LaneHistory(window_s)
        self.closed = False
        self.status_t = 0.0  # of the newest status, which `closed` is of
        self.started: list[Visit] = []
        self.ended: list[Visit] = []
        self.left: Left | None = None
        self.undetected = 0.0
        self._visits = 0

    @property
    def conservation_residual(self) -> int:
        """The ledger's number of vehicles minus what is there; 0, or the lane's audit shows it."""
        return self.ledger.expected() - len(self.vehicles)

    def enter(self, vehicle: Vehicle, arrived_t: float | None, *, start_censored: bool, inferred: bool = False) -> None:
        """Begins a visit: by arrival, or because it was there already (present at start or hidden when it came)."""
        if vehicle.present_at_start:
            self.ledger.present_at_start += 1
        else:
            self.ledger.arrivals += 1
            self.history.arrived(vehicle.first_seen_t if arrived_t is None else arrived_t)
        visit = OpenVisit(self._next_id(vehicle), arrived_t, start_censored, inferred=inferred)
        self._open(vehicle, visit)

    def change_from(self, other: LaneQueue, vehicle: Vehicle, t: float) -> None:
        """Takes over a vehicle that changed lanes: its visit there ends, one here goes on with its arrival and joining."""
        old = vehicle.visit
        assert old is not None
        other.ledger.changes_out += 1
        other.close(vehicle, vehicle.as_visit("changed_lane", t))
        self.ledger.changes_in += 1
        vehicle.lane_id = self.lane.id
        self._open(
            vehicle,
            OpenVisit(
                self._next_id(vehicle),
                old.arrived_t,
                old.start_censored,
                old.visit_id,
                joined_t=old.joined_t,
                inferred=old.inferred,
            ),
        )

    def depart(self, vehicle: Vehicle, left_t: float) -> None:
        """Ends a visit at the stop line."""
        self.ledger.departures += 1
        visit = vehicle.as_visit("departed", left_t)
        self.ledger.both_ends_seen += not (visit.start_censored or visit.arrived_inferred)
        self.history.departed(visit)
        self.left = None if visit.arrived_t is None else Left(left_t, visit.arrived_t, vehicle.cleared_t)
        self.close(vehicle, visit)

    def lose(self, vehicle: Vehicle, t: float) -> None:
        """Ends a visit whose vehicle is gone without having been seen to leave; t is when it was seen last."""
        self._spare(vehicle)
        self.ledger.lost += 1
        visit = vehicle.as_visit("lost", t)
        self.history.lost(visit, t)
        self.close(vehicle, visit)

    def close(self, vehicle: Vehicle, visit: Visit) -> None:
        """Takes a vehicle out of the queue and notes its ended visit for publication."""
        self.vehicles.remove(vehicle)
        self.ended.append(visit)
        vehicle.visit = None

    def update(self, t: float) -> None:
        """Brings order, joining and service up to date with where the vehicles are at t."""
        self.vehicles.sort(key=lambda vehicle: (vehicle.front, vehicle.number))
        if self.calibrated:
            self._keep_order()
        for vehicle in self.vehicles:
            visit = vehicle.visit
            assert visit is not None
            if not vehicle.standing(t):
                visit.in_service = visit.in_service and vehicle.slow_since is not None
                continue
            since = max(vehicle.slow_since or t, visit.arrived_t or vehicle.slow_since or t)
            if visit.joined_t is None:
                visit.joined_t = since
            if visit.service_t is None and self._at_stop_line(vehicle):
                visit.service_t = max(since, visit.joined_t)
                visit.in_service = True

    def open_visits(self) -> list[Visit]:
        """The visits that are going on, in order from the stop line."""
        return [vehicle.as_visit("open", None) for vehicle in self.vehicles]

    def drain(self) -> tuple[list[Visit], list[Visit]]:
        """Visits that started and that ended since the last call."""
        started, ended = self.started, self.ended
        self.started, self.ended = [], []
        return started, ended

    def as_data(self) -> dict[str, Any]:
        """Plain data of everything but the vehicles, which belong to a scene."""
        return {
            "books": asdict(self.ledger),
            "history": self.history.as_data(),
            "started": [asdict(visit) for visit in self.started],
            "ended": [asdict(visit) for visit in self.ended],
            "visits": self._visits,
            "closed": self.closed,
            "status_t": self.status_t,
            "left": self.left,
            "undetected": self.undetected,
            "order": [vehicle.number for vehicle in self.vehicles],
        }

    def load(self, data: dict[str, Any], vehicles: Mapping[int, Vehicle], forgotten: Mapping[int, Vehicle]) -> None:
        """Goes on from what `as_data` described. Vehicles, by number, that no scene took up are lost.

        Raises KeyError for one that is in neither.
        """
        self.ledger = FlowLedger(**data["books"])
        self.history.load(data["history"])
        self.started = [Visit(**visit) for visit in data["started"]]
        self.ended = [Visit(**visit) for visit in data["ended"]]
        self._visits = data["visits"]
        self.closed, self.status_t = data.get("closed", False), data.get("status_t", 0.0)
        self.undetected = data.get("undetected", 0.0)
        left = data.get("left")
        self.left = None if left is None else Left(*left)
        self.vehicles = [vehicles[n] if n in vehicles else forgotten[n] for n in data["order"]]
        for vehicle in [vehicle for vehicle in self.vehicles if vehicle.number not in vehicles]:
            self.lose(vehicle, vehicle.seen_t)

    def _keep_order(self) -> None:
        """Gives the visits to the vehicles in order of arrival: nobody overtakes in a lane, but bodies can be confused.

        Those that changed lanes came in between and keep theirs.
        """
        arrivals = [v for v in self.vehicles if v.visit is not None and v.visit.previous_visit_id is None]
        visits = sorted((v.visit for v in arrivals if v.visit is not None), key=_arrival)
        for vehicle, visit in zip(arrivals, visits, strict=True):
            if vehicle.visit is not visit:
                self._hand_over(arrivals, visits)
                return

    @staticmethod
    def _hand_over(vehicles: list[Vehicle], visits: list[OpenVisit]) -> None:
        """Gives vehicles these visits; service is where a vehicle is, not who it is."""
        services = [(v.visit.service_t, v.visit.in_service) for v in vehicles if v.visit is not None]
        for vehicle, visit, (service_t, in_service) in zip(vehicles, visits, services, strict=True):
            vehicle.visit = visit
            visit.service_t, visit.in_service = service_t, in_service
            if service_t is not None:
                visit.joined_t = min(service_t, visit.joined_t or service_t)

    def _spare(self, vehicle: Vehicle) -> None:
        """Before a vehicle is lost: one that was seen to arrive gets the place of the nearest whose arrival was inferred.

        Most likely they are one: it was lost out of sight and found again as another. One that was hardly seen at all
        was no vehicle.
        """
        others = [v for v in self.vehicles if v.visit is not None and v.visit.previous_visit_id is None]
        if vehicle not in others or vehicle.visit is None or vehicle.visit.inferred or not vehicle.well_known:
            return
        place = others.index(vehicle)
        doubtful = [i for i, v in enumerate(others) if v.visit is not None and v.visit.inferred]
        if doubtful:
            other = others[min(doubtful, key=lambda i: abs(i - place))]
            assert other.visit is not None
            self._hand_over([vehicle, other], [other.visit, vehicle.visit])

    def _at_stop_line(self, vehicle: Vehicle) -> bool:
        is_head = vehicle is self.vehicles[0]
        return self.calibrated and is_head and vehicle.front <= self.lane.service_m

    def _open(self, vehicle: Vehicle, visit: OpenVisit) -> None:
        visit.first_seen_t = vehicle.first_seen_t
        vehicle.visit = visit
        self.vehicles.append(vehicle)
        self.started.append(vehicle.as_visit("open", None))

    def _next_id(self, vehicle: Vehicle) -> str:
        self._visits += 1
        subject = f"{self.gate_id}|{self.lane.id}|{round(vehicle.first_seen_t * 1000)}|{self._visits}"
        return str(uuid5(_VISIT_NAMESPACE, subject))
