"""The visits in a checkpoint whose lane queues nobody takes up: read tolerantly, whatever version wrote it. Pure.

Every version has written a vehicle as an object with its "visit", and a visit that began or ended since the last tick as
an object with its "outcome". Where they stand in the checkpoint does not matter, nor what else there is.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import asdict, fields
from typing import Any, Final, NamedTuple

from vision.core.lanes.vehicle import OpenVisit, Vehicle, Visit
from vision.messages import VisitData

__all__ = ["UnpublishedVisits", "saved_visits"]

_UNSAID_VISIT: Final = {"arrived_t": None, "start_censored": True}
_UNSAID_VEHICLE: Final = {"number": 0, "front": 0.0, "rear": 0.0}
"""What stands for fields that another version did not have."""


class UnpublishedVisits(NamedTuple):
    """Visits that began and that ended and are still to be published."""

    started: list[Visit]
    ended: list[Visit]

    def as_data(self) -> dict[str, Any]:
        """Plain data that `saved_visits` reads."""
        return {"started": [asdict(visit) for visit in self.started], "ended": [asdict(visit) for visit in self.ended]}


def saved_visits(data: object, but: Container[str] = ()) -> UnpublishedVisits:
    """The visits in a checkpoint, those that were open ended as lost when they were seen last, but those of some lanes.

    What cannot be read as a visit is passed over.
    """
    started: dict[str, Visit] = {}
    ended: dict[str, Visit] = {}
    for found in _objects(data):
        visit = _visit(found)
        if visit is not None and visit.lane_id not in but:
            (started if visit.outcome == "open" else ended).setdefault(visit.visit_id, visit)
    return UnpublishedVisits(list(started.values()), list(ended.values()))


def _objects(data: object) -> Iterator[dict[str, Any]]:
    """All JSON objects in data, outer ones first, in order; a vehicle's are not looked into."""
    waiting = [data]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield found
        if isinstance(found, list | tuple):
            waiting.extend(reversed(found))
        elif isinstance(found, dict) and "visit" not in found:
            waiting.extend(reversed(found.values()))


def _visit(found: dict[str, Any]) -> Visit | None:
    """What an object holds: the visit that a vehicle is on, ended as lost, or a visit; None if it is something else."""
    try:
        if "visit" in found:
            first_t = found["first_seen_t"]
            visit = OpenVisit(**{**_UNSAID_VISIT, "first_seen_t": first_t, **_own(OpenVisit, found["visit"])})
            vehicle = Vehicle(**{**_UNSAID_VEHICLE, "seen_t": first_t, **_own(Vehicle, found), "visit": visit})
            return _checked(vehicle.as_visit("lost", vehicle.seen_t))
        return _checked(Visit(**_own(Visit, found))) if "outcome" in found else None
    except (TypeError, ValueError, LookupError, AttributeError):
        return None


def _own(kind: type, data: dict[str, Any]) -> dict[str, Any]:
    """The items of data that a dataclass has as fields."""
    return {field.name: data[field.name] for field in fields(kind) if field.name in data}


def _checked(visit: Visit) -> Visit:
    """The visit, if it can be published. Raises ValueError if not."""
    VisitData.model_validate(asdict(visit))
    return visit
