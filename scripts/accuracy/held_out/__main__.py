"""`python -m scripts.accuracy.held_out`: judges the filter on scenes of our own, with any seed, beside the oracle.

A scene is simulated once (seconds) and kept in .lanewatch/held-out; a replay of ten minutes takes seconds. It is scored by
../shared/oracle/score.py with the columns of `make accuracy`. Names: jam, 'free_flow_*', jam/mast9_hard, 'moderate/*_typical'.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from statistics import fmean

from scripts.accuracy.figures import FIGURES, INTERVAL_FIGURES, Figure, Row
from scripts.accuracy.held_out.judged import FLOW_FIGURES, MORE_FIGURES, Judged, judged, with_values
from scripts.accuracy.held_out.scenes import HeldOut, chosen
from scripts.accuracy.held_out.simulated import FOLDER
from scripts.accuracy.interval import pooled_row
from scripts.accuracy.oracle import ORACLE
from scripts.accuracy.replaying import ScoringError
from scripts.accuracy.table import markdown
from vision.errors import LaneWatchError
from vision.tracking_parameters import TrackingParameters

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Simulates, replays, prints. Returns 2 where a name or parameter is none or score.py is not there, 1 where one failed."""
    parser = _parser()
    given = parser.parse_args(arguments)
    due = chosen(given.names, given.seed)
    if not due:
        parser.error(f"no scene {' '.join(given.names)}")
    if not (ORACLE / "score.py").exists():
        parser.error(f"no score.py in {ORACLE}; set LANEWATCH_SHARED")
    try:
        with_values(TrackingParameters(), dict(given.parameters))
    except ValueError as error:
        parser.error(str(error))
    found = {done.name: done for done in _judged(due, given.jobs, given.folder, dict(given.parameters))}
    print(_report({one: found[one.name].figures for one in due if one.name in found}))
    return 1 if len(found) < len(due) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.accuracy.held_out", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="SCENE[/CAMERA_LEVEL]", help="only these; * and ? stand for others")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--seed", type=int, nargs="+", default=[1], metavar="K", help="seeds of the traffic (default 1)")
    parser.add_argument("--parameters", type=_value, nargs="+", default=[], metavar="NAME=VALUE", action="extend")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where what is simulated lies")
    return parser


def _value(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    return name, float(value)


def _judged(due: list[HeldOut], jobs: int, folder: Path, parameters: dict[str, float]) -> Iterator[Judged]:
    """The recordings as they are done."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max(1, min(jobs, len(due))), mp_context=context) as pool:
        running = {pool.submit(judged, one, folder, parameters): one.name for one in due}
        for number, future in enumerate(as_completed(running), start=1):
            try:
                done = future.result()
            except (LaneWatchError, ScoringError, OSError) as error:
                print(f"held_out: {running[future]}: {error}", file=sys.stderr, flush=True)
                continue
            print(f"[{number}/{len(due)}] {done.name}: {done.cpu_s:.0f} s", file=sys.stderr, flush=True)
            yield done


def _report(rows: Mapping[HeldOut, Row]) -> str:
    """Tables of queues and of free flow, each with the means of a level where it has several recordings."""
    parts = []
    for flows, figures in ((False, (*FIGURES, *MORE_FIGURES, *INTERVAL_FIGURES)), (True, FLOW_FIGURES)):
        here = {one: row for one, row in rows.items() if one.scene.startswith("free_flow") == flows}
        if here:
            parts.append(_table(here, figures))
    return "\n\n".join(parts)


def _table(rows: Mapping[HeldOut, Row], figures: tuple[Figure, ...]) -> str:
    lines = [[one.name, *(figure.text(row.get(figure.name)) for figure in figures)] for one, row in rows.items()]
    for level in sorted({one.level for one in rows}):
        same = [row for one, row in rows.items() if one.level == level]
        if len(same) > 1:
            pooled = pooled_row(same)
            means = {figure.name: _mean(figure, same) for figure in figures} | pooled
            lines.append([f"mean, {level}", *(figure.text(means[figure.name]) for figure in figures)])
    return markdown(["recording", *(figure.heading for figure in figures)], lines)


def _mean(figure: Figure, rows: list[Row]) -> float | None:
    values = [value for row in rows if (value := row.get(figure.name)) is not None]
    return fmean(abs(value) if figure.name == "departures_pct" else value for value in values) if values else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
