"""Compares a replay's lanes.csv and visits.csv with a simulated scene's truth. Pure but for reading the files.

A visit counts when its lane is right and arrival and departure are within 15 s; one that was there before the scene may
have any arrival. Only vehicles that came and left within the scene are required. A lane that was not measured keeps its
last figure, 0 before the first.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

__all__ = ["Score", "scored"]

Array = NDArray[np.float64]
Row = dict[str, str]
WITHIN_S: Final = 15.0
FAR: Final = 1e6
MEASURES: Final = ("queue_vehicles", "queue_m", "standing_vehicles", "standing_m")


@dataclass(frozen=True, slots=True)
class Score:
    """Mean absolute errors over all lanes and seconds; shares of visits; dwell times matched by exit; departures."""

    queue_vehicles: float
    queue_m: float
    standing_vehicles: float
    standing_m: float
    recall: float | None
    precision: float | None
    dwell_s: float | None
    departures_pct: float | None
    unmeasured: float
    visits: int


def scored(out: Path, scene: Path) -> Score:
    """The score of a replay's folder against a scene's folder."""
    off, unmeasured = _lane_errors(_rows(scene / "truth_lanes.csv"), _rows(out / "lanes.csv"))
    truth = [row for row in _rows(scene / "truth_visits.csv") if row["outcome"] != "changed_lane"]
    found = [row for row in _rows(out / "visits.csv") if row["outcome"] == "departed"]
    end_t = max(float(row["t"]) for row in _rows(scene / "truth_lanes.csv"))
    required = np.array([_required(row) for row in truth])
    arrived, left = _apart(found, truth, end_t)
    same = np.array([[row["lane_id"] == true["lane_id"] for true in truth] for row in found]).reshape(len(found), len(truth))
    right = _matched(np.where(same & (arrived <= WITHIN_S) & (left <= WITHIN_S), arrived + left, FAR))
    hits = sum(required[j] for _, j in right)
    others = len(right) - hits
    exits = [(i, j) for i, j in _matched(np.where(same & (left <= WITHIN_S), left + arrived * 1e-6, FAR)) if required[j]]
    dwell = [abs(_dwell(found[i]) - _dwell(truth[j])) for i, j in exits]
    departures = sum(row["outcome"] == "departed" for row in truth)
    return Score(
        **{name: float(np.mean(np.abs(errors))) for name, errors in off.items()},
        recall=float(hits / required.sum()) if required.any() else None,
        precision=float(hits / (len(found) - others)) if len(found) > others else None,
        dwell_s=float(np.mean(dwell)) if dwell else None,
        departures_pct=100.0 * (len(found) - departures) / departures if departures else None,
        unmeasured=unmeasured,
        visits=int(required.sum()),
    )


def _lane_errors(truth: list[Row], found: list[Row]) -> tuple[dict[str, list[float]], float]:
    """By measure the errors of each lane and second, and the share of them for which nothing was measured."""
    measured = {(row["lane_id"], round(float(row["t"]))): row for row in found}
    off: dict[str, list[float]] = {name: [] for name in MEASURES}
    last: dict[tuple[str, str], float] = {}
    missing = 0
    for true in truth:
        lane, second = true["lane_id"], round(float(true["t"]))
        row = measured.get((lane, second), {})
        known = row.get("quality", "unknown") != "unknown"
        missing += not (known and row["queue_vehicles"])
        for name in MEASURES:
            if known and row[name]:
                last[lane, name] = float(row[name])
            off[name].append(last.get((lane, name), 0.0) - float(true[name]))
    return off, missing / max(1, len(truth))


def _required(true: Row) -> bool:
    return true["outcome"] == "departed" and true["start_censored"] == "false" and bool(true["arrived_t"])


def _apart(found: list[Row], truth: list[Row], end_t: float) -> tuple[Array, Array]:
    """Seconds between arrivals, and between departures, of every pair (found, true)."""
    before = np.array([row["start_censored"] == "true" or not row["arrived_t"] for row in truth], bool)
    arrived = np.abs(_times(found, "arrived_t")[:, None] - _times(truth, "arrived_t")[None])
    left = np.abs(_times(found, "left_t")[:, None] - np.nan_to_num(_times(truth, "left_t"), nan=end_t)[None])
    return np.where(before[None], 0.0, np.nan_to_num(arrived, nan=FAR)), np.nan_to_num(left, nan=FAR)


def _times(rows: Iterable[Row], name: str) -> Array:
    return np.array([float(row[name]) if row[name] else np.nan for row in rows], np.float64)


def _matched(cost: Array) -> list[tuple[int, int]]:
    if 0 in cost.shape:
        return []
    pairs = zip(*linear_sum_assignment(cost), strict=True)
    return [(int(i), int(j)) for i, j in pairs if cost[i, j] < FAR]


def _dwell(row: Row) -> float:
    return float(row["dwell_s"] or 0.0)


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
