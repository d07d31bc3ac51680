"""What truly happened in a scene of the oracle: its lanes second by second, its vehicles and where they stood.

Times are seconds from the scene's start. The oracle tells when a vehicle arrived, joined, was served and left, but not
where it was in between: that is put together here from the lengths of the vehicles ahead, good to a metre or two.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["LaneSecond", "Scene", "TrueVisit", "number", "read_scene", "rows", "true_line"]

HALT_M: Final = 1.0  # where the first vehicle halts
GAP_M: Final = 2.6  # between standing vehicles; the median in the oracle's scenes
START_S: Final = 1.2  # how much later than the one ahead a vehicle sets off
MOVE_S: Final = 5.0  # and how long it then moves up


@dataclass(frozen=True, slots=True)
class TrueVisit:
    """A vehicle in its last lane; None: not inside the scene."""

    lane_id: str
    lane_in: str
    length_m: float
    arrived_t: float | None
    joined_t: float | None
    service_t: float | None
    left_t: float | None
    complete: bool

    def waits_at(self, t: float) -> bool:
        """Whether it has joined and not left."""
        return self.joined_t is not None and self.joined_t <= t and (self.left_t is None or self.left_t > t)


@dataclass(frozen=True, slots=True)
class LaneSecond:
    """The truth of one lane at one whole second."""

    t: int
    queue_vehicles: int
    queue_m: float
    standing_vehicles: int
    standing_m: float


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene's truth."""

    name: str
    t0: float
    duration_s: int
    zone_m: float
    lanes: dict[str, list[LaneSecond]]
    visits: list[TrueVisit]


def read_scene(folder: Path) -> Scene:
    """The truth in a folder of the oracle's scenes."""
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    lanes: dict[str, list[LaneSecond]] = {lane: [] for lane in meta["lanes"]}
    for row in rows(folder / "truth_lanes.csv.gz"):
        queue, standing = (int(row["queue_vehicles"]), float(row["queue_m"])), int(row["standing_vehicles"])
        lanes[row["lane_id"]].append(LaneSecond(int(float(row["t"])), *queue, standing, float(row["standing_m"])))
    visits = [_visit(row) for row in rows(folder / "truth_visits.csv")]
    return Scene(meta["name"], float(meta["t0"]), int(meta["duration_s"]), float(meta["zone_m"]), lanes, visits)


def true_line(visit: TrueVisit, scene: Scene) -> list[tuple[float, float]]:
    """Points (t, metres of the front upstream of the stop line) of a vehicle, straight between them."""
    points: list[tuple[float, float]] = []
    if visit.arrived_t is not None:
        points.append((visit.arrived_t, scene.zone_m))
    if visit.joined_t is not None:
        points += _waiting(visit, visit.joined_t, scene)
    elif visit.arrived_t is None:
        return []
    if visit.service_t is not None:
        points = [point for point in points if point[0] < visit.service_t] + [(visit.service_t, HALT_M)]
    if visit.left_t is not None:
        points += [(max(visit.left_t - 2.0, points[-1][0]), points[-1][1]), (visit.left_t, 0.0)]
    return points


def _waiting(visit: TrueVisit, joined_t: float, scene: Scene) -> list[tuple[float, float]]:
    """From joining on: a step nearer whenever one ahead leaves."""
    ahead = [
        other
        for other in scene.visits
        if other.lane_id == visit.lane_id and other.joined_t is not None and other.joined_t < joined_t
    ]
    place = HALT_M + sum(other.length_m + GAP_M for other in ahead if other.waits_at(joined_t))
    points = [(joined_t, min(place, scene.zone_m))]
    leaving = sorted((other.left_t, other.length_m) for other in ahead if other.left_t and other.left_t > joined_t)
    for order, (left_t, length_m) in enumerate(leaving):
        waits = START_S * sum(later > left_t for later, _ in leaving[order:])
        nearer = max(place - length_m - GAP_M, HALT_M)
        points += [(left_t + waits, min(place, scene.zone_m)), (left_t + waits + MOVE_S, min(nearer, scene.zone_m))]
        place = nearer
    end = visit.left_t if visit.left_t is not None else float(scene.duration_s)
    kept = [point for point in points if point[0] <= end]
    return [*kept, (end, kept[-1][1])] if visit.left_t is None else kept


def _visit(row: dict[str, str]) -> TrueVisit:
    return TrueVisit(
        row["lane_id"],
        row["lane_in"],
        float(row["length_m"]),
        number(row["arrived_t"]),
        number(row["joined_t"]),
        number(row["service_t"]),
        number(row["left_t"]),
        row["complete"] == "1",
    )


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a table, gzipped where the name ends in .gz."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    yield from csv.DictReader(text.splitlines())


def number(text: str | None) -> float | None:
    """The number in a field; None where it is empty."""
    value = float(text) if text else math.nan
    return value if math.isfinite(value) else None
