"""`python -m scripts.accuracy.sensitivity`: what each number of the filter that is set by hand does, doubled and halved.

Scenes of our own (scripts/accuracy/held_out) are replayed with each number changed; those of the uncalibrated lane (`image_*`)
with the ground points taken away. Writes a table into docs/tracking.md, half an hour of processor time.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from statistics import fmean
from typing import Final, NamedTuple

from scripts.accuracy.figures import Row
from scripts.accuracy.held_out.judged import judged
from scripts.accuracy.held_out.scenes import HeldOut, chosen
from scripts.accuracy.held_out.simulated import FOLDER
from scripts.accuracy.pages import TRACKING, write_part
from scripts.accuracy.table import markdown
from vision.errors import LaneWatchError
from vision.tracking_parameters import TrackingParameters

__all__ = ["main"]

CALIBRATED: Final = (
    "jam/mast9_typical",
    "jam/mast9_hard",
    "moderate/mast9_hard",
    "changes/mast9_hard",
    "free_flow_20/mast9_typical",
)
UNCALIBRATED: Final = ("moderate/mast9_typical", "light/mast9_hard", "changes/mast9_typical")
SEED: Final = 4
PICTURE: Final = "image_"
"""Names of numbers that only the uncalibrated lane has begin so."""
SAME: Final = 0.02
"""A figure that changes by less than this is the same: one truck more or less far away moves it by as much."""


class Trial(NamedTuple):
    """One number times a factor; the number's name is empty for the filter as it is."""

    name: str
    factor: float

    @property
    def in_picture(self) -> bool:
        """Whether it is judged on uncalibrated lanes."""
        return self.name.startswith(PICTURE)


def main(arguments: list[str]) -> int:
    """Replays, prints and writes. Returns 1 where a replay failed."""
    parser = argparse.ArgumentParser(prog="python -m scripts.accuracy.sensitivity", description=__doc__)
    parser.add_argument("-j", "--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("names", nargs="*", metavar="NUMBER", help="only print these")
    given = parser.parse_args(arguments)
    usual = asdict(TrackingParameters())
    names = given.names or list(usual)
    trials = [Trial(name, factor) for name in names for factor in (2.0, 0.5)]
    as_it_is = [Trial("", 1.0), Trial(PICTURE, 1.0)]
    try:
        rows = _rows([*as_it_is, *trials], usual, given.jobs)
    except LaneWatchError as error:
        print(f"sensitivity: {error}", file=sys.stderr)
        return 1
    table = _table(names, rows)
    print(table)
    if not given.names:
        write_part("sensitivity", table, TRACKING)
    return 0


def _rows(trials: list[Trial], usual: Mapping[str, float], jobs: int) -> dict[Trial, list[Row]]:
    """The figures of each trial's scenes."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        running = {
            trial: [
                pool.submit(
                    judged,
                    held,
                    FOLDER,
                    {} if trial.name in {"", PICTURE} else {trial.name: _changed(trial, usual)},
                    calibrated=not trial.in_picture,
                )
                for held in _scenes(trial)
            ]
            for trial in trials
        }
        return {trial: [one.result().figures for one in futures] for trial, futures in running.items()}


def _scenes(trial: Trial) -> list[HeldOut]:
    return chosen(list(UNCALIBRATED if trial.in_picture else CALIBRATED), [SEED])


def _changed(trial: Trial, usual: Mapping[str, float]) -> float:
    """The number times the factor; a probability is taken to be one of its failure, so that it stays one."""
    value = usual[trial.name]
    failure = 0.5 < value < 1.0 and trial.name in {"found_at_most", "strong_score"}
    return 1.0 - (1.0 - value) * trial.factor if failure else value * trial.factor


def _table(names: list[str], rows: Mapping[Trial, list[Row]]) -> str:
    lines = []
    for name in names:
        base = rows[Trial(PICTURE if name.startswith(PICTURE) else "", 1.0)]
        lines.append([f"`{name}`", *(_told(base, rows[Trial(name, factor)]) for factor in (2.0, 0.5))])
    return markdown(["number", "doubled", "halved"], lines)


def _told(base: list[Row], changed: list[Row]) -> str:
    """What changes: error of the standing number and recall, mean over the scenes; "same" where neither does."""
    told = []
    for name, heading in (("standing_vehicles", "standing"), ("recall", "recall"), ("passes_pct", "passes %")):
        before, after = _mean(base, name), _mean(changed, name)
        if before is None or after is None:
            continue
        scale = 100.0 if name == "passes_pct" else 1.0
        if abs(after - before) >= SAME * scale:
            told.append(f"{heading} {before:.2f} -> {after:.2f}" if scale == 1.0 else f"{heading} {before:.0f} -> {after:.0f}")
    return ", ".join(told) or "same"


def _mean(rows: list[Row], name: str) -> float | None:
    values = [value for row in rows if (value := row.get(name)) is not None]
    return fmean(values) if values else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
