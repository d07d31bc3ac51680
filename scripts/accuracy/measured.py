"""What a replay says of a scene: its lanes second by second, its visits and where each vehicle was.

Times are seconds from the scene's start, to be laid beside the truth.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from scripts.accuracy.truth import Scene, TrueVisit, number, rows

__all__ = ["MeasuredLane", "MeasuredVisit", "matches", "read_lanes", "read_visits"]

WITHIN_S = 15.0
"""Most that arrival and departure of a visit may be off, as in score.py."""
FAR = 1e6


@dataclass(slots=True)
class MeasuredLane:
    """One lane's figures by second; None: not measured."""

    t: list[float] = field(default_factory=list)
    queue_vehicles: list[float | None] = field(default_factory=list)
    queue_m: list[float | None] = field(default_factory=list)
    standing_vehicles: list[float | None] = field(default_factory=list)
    standing_m: list[float | None] = field(default_factory=list)
    queue_low: list[float | None] = field(default_factory=list)
    queue_high: list[float | None] = field(default_factory=list)


@dataclass(slots=True)
class MeasuredVisit:
    """A visit and its vehicle's front by second: (t, metres, whether it was seen)."""

    lane_id: str
    arrived_t: float | None
    left_t: float | None
    outcome: str
    line: list[tuple[float, float, bool]] = field(default_factory=list)


def read_lanes(out: Path, t0: float) -> dict[str, MeasuredLane]:
    """The lanes of a replay's output, by id."""
    lanes: dict[str, MeasuredLane] = {}
    for row in rows(out / "lanes.csv"):
        lane = lanes.setdefault(row["lane_id"], MeasuredLane())
        lane.t.append(float(row["t"]) - t0)
        for name in ("queue_vehicles", "queue_m", "standing_vehicles", "standing_m", "queue_low", "queue_high"):
            getattr(lane, name).append(number(row.get(name)))
    return lanes


def read_visits(out: Path, t0: float) -> list[MeasuredVisit]:
    """The visits of a replay's output, with the places of `lane.vehicles`."""
    visits = {}
    for row in rows(out / "visits.csv"):
        arrived, left = number(row["arrived_t"]), number(row["left_t"])
        visits[row["visit_id"]] = MeasuredVisit(
            row["lane_id"], None if arrived is None else arrived - t0, None if left is None else left - t0, row["outcome"]
        )
    with (out / "messages.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            if '"type":"lane.vehicles"' in line:
                _place(json.loads(line)["data"], t0, visits)
    return list(visits.values())


def matches(scene: Scene, visits: list[MeasuredVisit]) -> dict[int, int]:
    """Departed visits (index) that are a true visit (index): same lane, arrival and departure within 15 s."""
    cost = np.full((len(visits), len(scene.visits)), FAR)
    for i, visit in enumerate(visits):
        for j, true in enumerate(scene.visits):
            if visit.outcome == "departed" and visit.lane_id in (true.lane_id, true.lane_in):
                cost[i, j] = _apart(visit, true, scene.duration_s)
    found = zip(*linear_sum_assignment(cost), strict=True)
    return {int(i): int(j) for i, j in found if cost[i, j] < FAR}


def _apart(visit: MeasuredVisit, true: TrueVisit, end_s: float) -> float:
    arrival = 0.0
    if true.arrived_t is not None and true.arrived_t >= 0:
        arrival = FAR if visit.arrived_t is None else abs(visit.arrived_t - true.arrived_t)
    departure = abs((visit.left_t or FAR) - (end_s if true.left_t is None else true.left_t))
    return arrival + departure if max(arrival, departure) <= WITHIN_S else FAR


def _place(data: dict[str, object], t0: float, visits: dict[str, MeasuredVisit]) -> None:
    vehicles, t = data["vehicles"], data["t"]
    assert isinstance(t, float)
    for vehicle in vehicles if isinstance(vehicles, list) else ():
        visit = visits.get(vehicle["visit_id"])
        if visit is not None and vehicle["front_m"] is not None:
            visit.line.append((t - t0, vehicle["front_m"], vehicle["seen"]))
