"""truth_lanes.csv and truth_visits.csv: the truth with the columns of lanes.csv and visits.csv. A shell."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from vision.replay.result_files import LANE_COLUMNS, VISIT_COLUMNS
from vision.simulation.truth import LaneTruth, TrueVisit, Truth, visit_id
from vision.whole_file import whole_file

__all__ = ["lane_row", "visit_row", "write_truth"]


def lane_row(row: LaneTruth, start_t: float) -> dict[str, object]:
    """A row of truth_lanes.csv; what would be expected by somebody who measures has no truth and stays empty."""
    return {
        "t": round(start_t + row.t, 3),
        "lane_id": row.lane_id,
        "queue_vehicles": row.queue_vehicles,
        "queue_m": row.queue_m,
        "standing_vehicles": row.standing_vehicles,
        "standing_m": row.standing_m,
        "vehicles": row.vehicles,
        "in_service": row.in_service,
        "quality": "ok",
        "censored": _flag(row.censored),
    }


def visit_row(visit: TrueVisit, start_t: float) -> dict[str, object]:
    """A row of truth_visits.csv."""

    def posix(t: float | None) -> float | None:
        return None if t is None else round(start_t + t, 3)

    def between(later: float | None, earlier: float | None) -> float | None:
        return None if later is None or earlier is None else round(later - earlier, 3)

    return {
        "visit_id": visit_id(visit),
        "lane_id": visit.lane_id,
        "vehicle_class": visit.vehicle.body.vehicle_class,
        "first_seen_t": posix(visit.first_seen_t),
        "arrived_t": posix(visit.arrived_t),
        "joined_t": posix(visit.joined_t),
        "service_t": posix(visit.service_t),
        "left_t": posix(visit.left_t),
        "dwell_s": between(visit.left_t, visit.arrived_t),
        "wait_s": between(visit.service_t, visit.joined_t),
        "service_s": between(visit.left_t, visit.service_t),
        "outcome": visit.outcome,
        "start_censored": _flag(visit.start_censored),
        "end_censored": _flag(visit.outcome == "open"),
    }


def write_truth(truth: Truth, folder: Path, start_t: float, until_s: float) -> None:
    """Writes both files: every lane and whole second in 0..until_s, and every visit as it is known at the truth's last step."""
    lanes = (lane_row(row, start_t) for row in truth.lanes if row.t <= until_s)
    visits = sorted([*truth.visits, *truth.open_visits], key=lambda visit: (visit.first_seen_t, visit.vehicle.number))
    _write(folder / "truth_lanes.csv", LANE_COLUMNS, lanes)
    _write(folder / "truth_visits.csv", VISIT_COLUMNS, (visit_row(visit, start_t) for visit in visits))


def _flag(value: bool) -> str:
    return str(value).lower()


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[dict[str, object]]) -> None:
    with whole_file(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
