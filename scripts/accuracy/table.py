"""The figures as Markdown: beside each its target and what a stock tracker reaches. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from scripts.accuracy.expected_wait import COVERAGE, MAX_RATIO
from scripts.accuracy.figures import FIGURES, INTERVAL_FIGURES, Figure, Row
from scripts.accuracy.interval import HELD, HELD_POOLED, MAX_WIDTH, pooled_row
from scripts.accuracy.oracle import FULL_FPS, THINNED, OracleRecording

__all__ = ["interval_table", "limit_of", "main_table", "markdown", "references", "thinned_table", "verdict", "wait_table"]

REFERENCES: Final = Path(__file__).with_name("references.csv")
SLACK: Final = {"vehicles": 0.1, "m": 2.0, "recall": -0.05, "precision": -0.05, "s": 3.0}
"""How much worse than the stock tracker a recording without a target of its own may be, by what a figure's name ends in."""
THIN_LIMIT: Final = 1.25
"""Largest part of its target that an error may be, and recall and precision the inverse, with fewer frames a second."""
References = dict[str, dict[str, Row]]


def references() -> References:
    """Targets, stock tracker and other baselines, and the association bound: by method, then recording."""
    found: References = {}
    with REFERENCES.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            figures = {name: float(text) if text else None for name, text in row.items() if name not in ("method", "recording")}
            found.setdefault(row["method"], {})[row["recording"]] = figures
    return found


def limit_of(figure: Figure, recording: str, known: References) -> float | None:
    """What the figure has to reach: its target, or not much worse than the stock tracker; None where neither is known."""
    target = known["target"].get(recording, {}).get(figure.name)
    if target is not None:
        return target
    stock = known["stock"].get(recording, {}).get(figure.name)
    slack = next((value for ending, value in SLACK.items() if figure.name.endswith(ending)), None)
    return None if stock is None or slack is None else stock + slack


def main_table(table: Mapping[str, Row]) -> str:
    """A row for each recording at full rate: figure [target] (stock tracker); in bold what misses its target."""
    known = references()
    names = [name for name in table if OracleRecording.named(name).fps == FULL_FPS]
    rows = [[_called(name), *(_cell(figure, name, table[name], known) for figure in FIGURES)] for name in names]
    return markdown(["recording", *(figure.heading for figure in FIGURES)], rows)


def thinned_table(table: Mapping[str, Row]) -> str:
    """The recordings with fewer frames a second, and in brackets how much that changes the figure."""
    known = references()
    rows = []
    for name, fps in THINNED:
        thin, full = table.get(f"{name}@{fps:g}"), table.get(name)
        if thin is not None and full is not None:
            limits = known["target"][name]
            rows.append([f"{_called(name)}, {fps:g}", *(_thin_cell(f, thin, full, limits) for f in FIGURES)])
    return markdown(["recording, frames a second", *(figure.heading for figure in FIGURES)], rows)


def wait_table(table: Mapping[str, Row]) -> str:
    """The expected wait of those who join a queue, against one who knows the true queue and mean service time."""
    rows = []
    for name, row in table.items():
        mae, reference, held = row.get("wait_mae_s"), row.get("wait_reference_mae_s"), row.get("wait_coverage")
        if mae is None or reference is None or held is None or OracleRecording.named(name).fps != FULL_FPS:
            continue
        ratio = mae / reference
        rows.append(
            [
                _called(name),
                f"{row.get('wait_joinings') or 0:.0f}",
                f"{mae:.1f}",
                f"{reference:.1f}",
                _bold(f"{ratio:.2f}", missed=ratio > MAX_RATIO) + f" [{MAX_RATIO:g}]",
                _bold(f"{held:.0%}", missed=not COVERAGE[0] <= held <= COVERAGE[1])
                + f" [{COVERAGE[0]:.0%}..{COVERAGE[1]:.0%}]",
            ]
        )
    return markdown(["recording", "joinings", "MAE, s", "MAE of the reference, s", "ratio", "within the interval"], rows)


def interval_table(table: Mapping[str, Row]) -> str:
    """The interval of each recording's queue [target], and that of all of them; - where the core tells none."""
    held, busy, width = INTERVAL_FIGURES
    rows = [[_called(name), *_interval(row, name)] for name, row in table.items()]
    pooled = pooled_row(table.values())
    share = pooled["interval_held_busy"]
    missed = share is not None and not HELD_POOLED[0] <= round(share, 2) <= HELD_POOLED[1]
    cell = _bold(busy.text(share), missed=missed) + f" [{HELD_POOLED[0]:.2f}..{HELD_POOLED[1]:.2f}]"
    rows.append(["all", held.text(pooled["interval_held"]), cell, width.text(pooled["interval_width"])])
    return markdown(["recording", *(figure.heading for figure in INTERVAL_FIGURES)], rows)


def _interval(row: Row, name: str) -> Iterator[str]:
    held, busy, width = INTERVAL_FIGURES
    share, vehicles = row.get(held.name), row.get(width.name)
    limit = MAX_WIDTH[OracleRecording.named(name).level]
    yield _bold(held.text(share), missed=share is not None and round(share, 2) < HELD) + f" [{HELD:.2f}]"
    yield busy.text(row.get(busy.name))
    yield _bold(width.text(vehicles), missed=vehicles is not None and round(vehicles, 1) > limit) + f" [{limit:.0f}]"


def verdict(table: Mapping[str, Row]) -> str:
    """A sentence: how many of the targets are met, and which recordings miss some."""
    known = references()
    met, missed = 0, {}
    for name, row in table.items():
        wrong = [f.heading.replace(",", "") for f in FIGURES if _misses(f, row.get(f.name), limit_of(f, name, known))]
        met += sum(limit_of(f, name, known) is not None for f in FIGURES) - len(wrong)
        if wrong:
            missed[name] = wrong
    total = met + sum(len(wrong) for wrong in missed.values())
    lines = [f"{_called(name)} ({', '.join(wrong)})" for name, wrong in missed.items()]
    return f"{met} of {total} targets are met." + (f" Missed: {'; '.join(lines)}." if lines else "")


def _cell(figure: Figure, name: str, row: Row, known: References) -> str:
    value, limit = row.get(figure.name), limit_of(figure, name, known)
    target = known["target"].get(name, {}).get(figure.name)
    stock = known["stock"].get(name, {}).get(figure.name)
    text = _bold(figure.text(value), missed=_misses(figure, value, limit))
    text += "" if target is None else f" [{target:.{figure.digits}f}]"
    return text + ("" if stock is None else f" ({figure.text(stock)})")


def _thin_cell(figure: Figure, thin: Row, full: Row, limits: Row) -> str:
    value, before, target = thin.get(figure.name), full.get(figure.name), limits.get(figure.name)
    limit = None if target is None else target / THIN_LIMIT if figure.more_is_better else target * THIN_LIMIT
    text = _bold(figure.text(value), missed=_misses(figure, value, limit))
    text += "" if limit is None else f" [{limit:.{figure.digits}f}]"
    change = None if value is None or not before or figure.signed else (value - before) / before
    return text + ("" if change is None else f" ({change:+.0%})")


def _misses(figure: Figure, value: float | None, limit: float | None) -> bool:
    """Whether a figure is beyond its limit, as shown: rounded to the table's digits."""
    if limit is None:
        return False
    if value is None:
        return True
    return figure.badness(round(value, max(figure.digits, 1))) > figure.badness(limit) + 1e-9


def _called(name: str) -> str:
    recording = OracleRecording.named(name)
    return f"{recording.scene} {recording.camera} {recording.level}"


def _bold(text: str, *, missed: bool) -> str:
    return f"**{text}**" if missed else text


def markdown(headings: list[str], rows: Iterable[list[str]]) -> str:
    """A table in Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
