"""The expected wait against the truth: how far off, beside one who knows the true queue, and how often within the interval.

Each vehicle that joins a queue is asked what was published for its lane in the last whole second before it joined, and
then waited as long as the truth says (service start - joining). Vehicles that find an empty lane are left out: nobody
needs a forecast there. The reference knows the true queue of that second and the true mean service time of the scene, and
expects their product.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.accuracy.truth import number, rows

__all__ = ["COVERAGE", "MAX_RATIO", "Joining", "WaitScore", "joinings", "wait_score"]

MAX_RATIO: Final = 1.2
"""Most that the mean error may be, in those of the reference."""
COVERAGE: Final = (0.70, 0.90)
"""Share of the true waits that the 80 % interval has to hold."""


@dataclass(frozen=True, slots=True)
class Joining:
    """A vehicle that joined a queue: what was expected for it, what the reference expected, and what came true; seconds.

    expected_s, low_s and high_s are None where nothing was published yet.
    """

    t: float
    lane_id: str
    true_s: float
    reference_s: float
    expected_s: float | None
    low_s: float | None
    high_s: float | None


@dataclass(frozen=True, slots=True)
class WaitScore:
    """How good the expected wait of one replay is; the errors are over the joinings for which one was published."""

    joinings: int
    published: int
    mae_s: float
    reference_mae_s: float
    coverage: float


def wait_score(found: list[Joining]) -> WaitScore | None:
    """The score of these joinings; None where no wait was published for any of them."""
    told = [(j, j.expected_s, j.low_s, j.high_s) for j in found]
    errors = [(j, expected - j.true_s) for j, expected, _, _ in told if expected is not None]
    if not errors:
        return None
    held = [low <= j.true_s <= high for j, _, low, high in told if low is not None and high is not None]
    return WaitScore(
        joinings=len(found),
        published=len(errors),
        mae_s=statistics.fmean(abs(error) for _, error in errors),
        reference_mae_s=statistics.fmean(abs(j.reference_s - j.true_s) for j, _ in errors),
        coverage=sum(held) / len(held) if held else 0.0,
    )


def joinings(out: Path, scene: Path) -> list[Joining]:
    """The vehicles of a scene that joined a queue and were served, with what the replay in `out` said just before."""
    t0 = float(json.loads((scene / "meta.json").read_text(encoding="utf-8"))["t0"])
    visits = list(rows(scene / "truth_visits.csv"))
    queue = {(row["lane_id"], int(float(row["t"]))): int(row["queue_vehicles"]) for row in rows(scene / "truth_lanes.csv.gz")}
    told = {(row["lane_id"], round(float(row["t"]) - t0)): row for row in rows(out / "lanes.csv")}
    service_s = statistics.fmean(float(row["service_s"]) for row in visits if row["service_s"])
    found = []
    for row in visits:
        if not row["wait_s"] or row["lane_in"] != row["lane_id"]:
            continue
        joined_t = float(row["joined_t"])
        second = math.ceil(joined_t) - 1
        ahead = queue.get((row["lane_id"], second), 0)
        if ahead == 0:
            continue
        said = told.get((row["lane_id"], second), {})
        expected, low, high = (
            number(said.get(name)) for name in ("expected_wait_s", "expected_wait_low_s", "expected_wait_high_s")
        )
        found.append(Joining(joined_t, row["lane_id"], float(row["wait_s"]), ahead * service_s, expected, low, high))
    return sorted(found, key=lambda joining: joining.t)


if __name__ == "__main__":  # python -m scripts.accuracy.expected_wait OUT SCENE
    found = joinings(Path(sys.argv[1]), Path(sys.argv[2]))
    for one in found:
        print(one)
    print(wait_score(found))
