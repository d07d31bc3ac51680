"""Which visits history holds open, and their end when no worker has them any more. Blocking where it reads and writes.

A worker ends each of its visits itself. But one whose checkpoint was lost, or whose section has other cameras now, knows
nothing of those before; a lane that went from the configuration is nobody's. A lane's list of vehicles tells which of its
visits are open: one that it has lacked for a while ended as lost when it was listed last. Time is that of the messages, and
what is known is saved with the position in the stream, so that a restart of the api changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy import Connection, select, update

from api.history.store import Store, insert
from api.history.tables import open_visits, visits
from vision.config import GateConfig, sections
from vision.messages import LaneVehicles, Message, VisitEnded, VisitStarted, t_of

__all__ = ["OpenVisits", "VisitEndings", "load_open_visits", "save_visit_endings"]

ABSENT_S: Final = 10.0
"""A visit that is not in the lists of its lane for so long is over."""
_log: Final = structlog.stdlib.get_logger(__name__)


@dataclass(slots=True)
class _Known:
    """When a visit was last known to be open, and since when lists of its lane lack it."""

    open_t: float
    absent_t: float | None = None


@dataclass(frozen=True, slots=True)
class VisitEndings:
    """Visits that ended as lost, with the time, and what is known of those that are open: for one transaction."""

    lost: dict[str, float]
    state: str


@dataclass(slots=True)
class OpenVisits:
    """Follows the stream: visits begin, end and are listed. measured: the lanes that a worker measures now."""

    measured: frozenset[str]
    _lanes: dict[str, dict[str, _Known]] = field(default_factory=dict)
    _lost: dict[str, float] = field(default_factory=dict)

    def add(self, lane_id: str, visit_id: str, open_t: float, absent_t: float | None = None) -> None:
        """Notes that a visit is open, if that is not known."""
        self._lanes.setdefault(lane_id, {}).setdefault(visit_id, _Known(open_t, absent_t))

    def step(self, message: Message) -> None:
        """Takes the next message of the stream."""
        match message:
            case VisitStarted(data=data):
                self.add(data.lane_id, data.visit_id, t_of(message))
            case VisitEnded(data=data):
                self._lanes.get(data.lane_id, {}).pop(data.visit_id, None)
            case LaneVehicles(data=data):
                if data.vehicles is not None:
                    self._listed(data.lane_id, {vehicle.visit_id for vehicle in data.vehicles}, data.t)
                for lane_id in self._lanes.keys() - self.measured - {data.lane_id}:
                    self._listed(lane_id, (), data.t)

    def endings(self) -> VisitEndings:
        """What is to be saved since the last call."""
        lost, self._lost = self._lost, {}
        self._lanes = {lane_id: lane for lane_id, lane in self._lanes.items() if lane}
        known = {
            lane_id: {visit_id: [visit.open_t, visit.absent_t] for visit_id, visit in lane.items()}
            for lane_id, lane in self._lanes.items()
        }
        return VisitEndings(lost, json.dumps(known, separators=(",", ":")))

    def _listed(self, lane_id: str, listed: Collection[str], t: float) -> None:
        lane = self._lanes.get(lane_id, {})
        for visit_id, visit in list(lane.items()):
            if t <= visit.open_t:
                continue
            if visit_id in listed:
                visit.open_t, visit.absent_t = t, None
            elif visit.absent_t is None:
                visit.absent_t = t
            elif t - visit.absent_t >= ABSENT_S:
                self._lost[visit_id] = lane.pop(visit_id).open_t


def load_open_visits(store: Store, config: GateConfig) -> OpenVisits:
    """What history holds open and what was known of it at the saved position in the stream."""
    found = OpenVisits(frozenset(lane for section in sections(config) for lane in section.lanes))
    v = visits.c
    times = (v.first_seen_t, v.arrived_t, v.joined_t, v.service_t)
    with store.read() as connection:
        rows = connection.execute(select(v.lane_id, v.visit_id, *times).where(v.gate == store.gate, v.outcome == "open")).all()
        state = connection.execute(select(open_visits.c.state).where(open_visits.c.gate == store.gate)).scalar()
    known = {visit_id: times for lane in json.loads(state or "{}").values() for visit_id, times in lane.items()}
    for lane_id, visit_id, *seen_t in rows:
        found.add(lane_id, visit_id, *known.get(visit_id, [max(t for t in seen_t if t is not None)]))
    return found


def save_visit_endings(connection: Connection, gate: str, endings: VisitEndings | None) -> None:
    """Ends visits that history still holds open, and saves what is known of the others, in the batch's transaction."""
    if endings is None:
        return
    for visit_id, left_t in endings.lost.items():
        is_open = (visits.c.gate == gate, visits.c.visit_id == visit_id, visits.c.outcome == "open")
        connection.execute(update(visits).where(*is_open).values(outcome="lost", left_t=left_t, end_censored=True))
        _log.info("a visit that no worker has any more ends as lost", visit=visit_id)
    statement = insert(connection, open_visits).values(gate=gate, state=endings.state)
    changed = {"state": statement.excluded.state}
    connection.execute(statement.on_conflict_do_update(index_elements=["gate"], set_=changed))
