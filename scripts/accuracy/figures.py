"""The figures by which a replay is judged: what they are, where score.py has them, and the table they are kept in. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["FIGURES", "INTERVAL_FIGURES", "MORE_COLUMNS", "Figure", "Row", "figures_of", "read_table", "worse", "write_table"]

Row = dict[str, float | None]
"""One recording's figures by name; None: not defined for it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name, its heading, its place in score.py's result, and when one is worse than another.

    noise: how much worse is still the same. The core is deterministic, but another processor rounds otherwise: a ten-thousandth
    of a pixel of noise on every box changes no visit of the guarded recordings and their metres by 0.015 at most.
    """

    name: str
    heading: str
    path: tuple[str, str]
    digits: int
    noise: float
    more_is_better: bool = False
    signed: bool = False

    def badness(self, value: float) -> float:
        """A number that is larger for a worse value."""
        return -value if self.more_is_better else abs(value)

    def text(self, value: float | None) -> str:
        """The value as tables show it."""
        return "-" if value is None else f"{value:{'+' if self.signed else ''}.{self.digits}f}"


FIGURES: Final = (
    Figure("standing_vehicles", "standing", ("standing", "mae_veh"), 2, 0.01),
    Figure("standing_m", "standing, m", ("standing", "mae_m"), 1, 0.1),
    Figure("queue_vehicles", "queue", ("queue", "mae_veh"), 2, 0.01),
    Figure("queue_m", "queue, m", ("queue", "mae_m"), 1, 0.1),
    Figure("f1_3", "F1 >= 3", ("congested_ge3", "f1"), 2, 0.01, more_is_better=True),
    Figure("f1_5", "F1 >= 5", ("congested_ge5", "f1"), 2, 0.01, more_is_better=True),
    Figure("recall", "recall", ("visits", "recall"), 2, 0.005, more_is_better=True),
    Figure("precision", "precision", ("visits", "precision"), 2, 0.005, more_is_better=True),
    Figure("dwell_s", "dwell, s", ("visits", "exit_matched_dwell_mae_s"), 1, 0.5),
    Figure("departures_pct", "departures, %", ("count", "error_pct"), 0, 0.1, signed=True),
)
INTERVAL_FIGURES: Final = (
    Figure("interval_held", "interval holds", ("interval", "held"), 2, 0.01, more_is_better=True),
    Figure("interval_held_busy", "holds, >= 3", ("interval", "held_busy"), 2, 0.01, more_is_better=True),
    Figure("interval_width", "width", ("interval", "width"), 1, 0.1),
)
"""Of queue_low..queue_high, which score.py does not know: see `interval`."""
MORE_COLUMNS: Final = (
    *("wait_mae_s", "wait_reference_mae_s", "wait_coverage", "wait_joinings"),
    *(figure.name for figure in INTERVAL_FIGURES),
    "interval_busy_s",
)
"""In the table as well: of the expected wait (see `expected_wait`) and of the interval."""


def figures_of(score: Mapping[str, Any]) -> Row:
    """The figures in score.py's result."""
    return {figure.name: score[figure.path[0]].get(figure.path[1]) for figure in FIGURES}


def worse(committed: Mapping[str, float | None], now: Mapping[str, float | None]) -> list[str]:
    """A sentence for each figure that is worse than the committed one by more than noise."""
    found = []
    for figure in FIGURES:
        before, after = committed.get(figure.name), now.get(figure.name)
        if before is None:
            continue
        if after is None or figure.badness(after) > figure.badness(before) + figure.noise:
            found.append(f"{figure.heading}: {before:.4g} -> {'none' if after is None else f'{after:.4g}'}")
    return found


def read_table(path: Path) -> dict[str, Row]:
    """The committed figures by recording; empty where there is no file."""
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {
            row.pop("recording"): {name: float(text) if text else None for name, text in row.items()}
            for row in csv.DictReader(file)
        }


def write_table(path: Path, table: Mapping[str, Row], names: Iterable[str] = ()) -> None:
    """Writes figures by recording, rounded to what another processor would repeat; names: of further columns."""
    columns = ["recording", *(figure.name for figure in FIGURES), *names]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for name, row in table.items():
            cells = {key: "" if value is None else f"{value:.4f}" for key, value in row.items()}
            writer.writerow({"recording": name, **cells})
