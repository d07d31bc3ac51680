"""Builders of the messages that the api reads, beyond those that alert rules read: the sample messages, varied."""

from __future__ import annotations

from typing import Any
from uuid import uuid5

from vision.messages import (
    AlertChanged,
    AlertData,
    LaneVehicles,
    Vehicles,
    VisitData,
    VisitEnded,
    VisitStarted,
    message_id,
    timestamp_of,
)
from vision.sample_messages import ALERT_CHANGED, LANE_VEHICLES, VISIT_STARTED

__all__ = ["alert_changed", "vehicles", "visit_ended", "visit_id", "visit_started"]

GATE = "g"


def visit_id(name: str) -> str:
    """The id of the visit of that name."""
    return str(uuid5(message_id(GATE, "visit", "", 0), name))


def _visit(name: str, lane: str, t: float, **more: Any) -> VisitData:
    times = dict.fromkeys(("arrived_t", "joined_t", "service_t", "left_t"))
    known = {"visit_id": visit_id(name), "lane_id": lane, "first_seen_t": t, "start_censored": False, "end_censored": False}
    known["arrived_inferred"] = False
    return VisitData.model_validate(VISIT_STARTED.data.model_dump() | known | times | more)


def visit_started(name: str, lane: str, t: float, **more: Any) -> VisitStarted:
    """One visit.started."""
    data = _visit(name, lane, t, **more)
    id_ = message_id(GATE, "visit.started", data.visit_id, t)
    return VisitStarted(id=id_, timestamp=timestamp_of(t), gate=GATE, data=data)


def visit_ended(name: str, lane: str, t: float, left_t: float, **more: Any) -> VisitEnded:
    """One visit.ended of a vehicle first seen at t."""
    data = _visit(name, lane, t, **({"left_t": left_t, "outcome": "departed"} | more))
    id_ = message_id(GATE, "visit.ended", data.visit_id, left_t)
    return VisitEnded(id=id_, timestamp=timestamp_of(left_t), gate=GATE, data=data)


def vehicles(lane: str, t: float, *names: str) -> LaneVehicles:
    """One lane.vehicles."""
    head, *_ = LANE_VEHICLES.data.vehicles or ()
    line = tuple(
        head.model_copy(
            update={
                "visit_id": visit_id(name),
                "front_m": 20.0 * index,
                "rear_m": 20.0 * index + 16,
                "in_service": index == 0,
                "dwell_s": 10.0,
            }
        )
        for index, name in enumerate(names)
    )
    data = Vehicles(lane_id=lane, t=t, vehicles=line)
    return LaneVehicles(id=message_id(GATE, "lane.vehicles", lane, t), timestamp=timestamp_of(t), gate=GATE, data=data)


def alert_changed(name: str, t: float, state: str, sequence: int = 0, **more: Any) -> AlertChanged:
    """One alert.changed of the alert of that name."""
    alert_id = str(message_id(GATE, "alert", name, 0))
    fields = {"alert_id": alert_id, "rule": "long", "subject": "EX1", "state": state, "t": t, "since": t, "sequence": sequence}
    fields |= {"measure": "queue_vehicles", "value": 6.0, "threshold": 5.0}
    data = AlertData.model_validate(ALERT_CHANGED.data.model_dump() | fields | more)
    return AlertChanged(id=message_id(GATE, "alert.changed", alert_id, t), timestamp=timestamp_of(t), gate=GATE, data=data)
