"""`make accuracy`: replays the oracle's recordings and scores the figures against the simulated truth.

The oracle (../shared/oracle, or LANEWATCH_SHARED/oracle) holds recordings of simulated traffic, its truth and score.py, which
shares no code with LaneWatch. Without arguments every recording is replayed, the figures go to docs/accuracy.csv and the tables
to docs/accuracy.md; recordings such as short_jam/mast8_typical or 'short_*/mast8_*' are only shown, unless --write is given.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from scripts.accuracy.figures import MORE_COLUMNS, Row, read_table, write_table
from scripts.accuracy.oracle import ORACLE, OracleRecording, recordings, thinned
from scripts.accuracy.pages import COMMITTED, PICTURE, SHOWN, write_part
from scripts.accuracy.replaying import Replayed, ScoringError, replay_and_score
from scripts.accuracy.table import interval_table, main_table, thinned_table, verdict, wait_table
from vision.errors import LaneWatchError

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Replays and scores. Returns 2 where the oracle or a recording is not there, 1 where a replay or score failed."""
    given = _parser().parse_args(arguments)
    chosen = recordings(given.recordings or ["*/*"])
    if not chosen:
        wanted = " ".join(given.recordings) or "at all"
        print(f"accuracy: no recording {wanted} in {ORACLE}; set LANEWATCH_SHARED", file=sys.stderr)
        return 2
    due = [*chosen, *thinned(chosen)]
    pictures = {SHOWN.name: PICTURE} if not given.recordings else {}
    if given.pictures is not None:
        given.pictures.mkdir(parents=True, exist_ok=True)
        pictures |= {one.name: given.pictures / f"{one.name.replace('/', '_')}.png" for one in chosen}
    found = {done.name: done.figures for done in _replayed(due, given.jobs, pictures)}
    table = {recording.name: found[recording.name] for recording in due if recording.name in found}
    print(_report(table))
    if len(found) < len(due):
        return 1
    if given.write or not given.recordings:
        _write(table)
    if not given.recordings:
        _cost()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make accuracy", description=__doc__)
    parser.add_argument("recordings", nargs="*", metavar="SCENE/CAMERA_LEVEL", help="only these; * and ? stand for others")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--write", action="store_true", help="also keep the figures of the recordings that are named")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="draw each replay beside the truth, too")
    return parser


def _replayed(due: list[OracleRecording], jobs: int, pictures: dict[str, Path]) -> Iterator[Replayed]:
    """The recordings as they are done, in processes that import the core once."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max(1, min(jobs, len(due))), mp_context=context) as pool:
        running = {pool.submit(replay_and_score, one, pictures.get(one.name)): one for one in due}
        for number, future in enumerate(as_completed(running), start=1):
            name = running[future].name
            try:
                done = future.result()
            except (LaneWatchError, ScoringError, OSError) as error:
                print(f"accuracy: {name}: {error}", file=sys.stderr, flush=True)
                continue
            print(f"[{number}/{len(due)}] {name}: {done.cpu_s:.0f} s", file=sys.stderr, flush=True)
            yield done


def _report(table: dict[str, Row]) -> str:
    whole = {name: row for name, row in table.items() if "@" not in name}
    parts = [main_table(table), verdict(whole), interval_table(whole)]
    if any("@" in name for name in table):
        parts.append(thinned_table(table))
    if any(row.get("wait_mae_s") is not None for row in table.values()):
        parts.append(wait_table(table))
    return "\n\n".join(parts)


def _write(table: dict[str, Row]) -> None:
    """Keeps the figures beside those of recordings that were not replayed now, and makes the page's tables of all."""
    kept = read_table(COMMITTED) | table
    order = [*recordings(), *thinned(recordings())]
    write_table(COMMITTED, {one.name: kept[one.name] for one in order if one.name in kept}, MORE_COLUMNS)
    kept = read_table(COMMITTED)
    whole = {name: row for name, row in kept.items() if "@" not in name}
    write_part("oracle", f"{main_table(kept)}\n\n{verdict(whole)}")
    write_part("rates", thinned_table(kept))
    write_part("wait", wait_table(kept))
    write_part("interval", interval_table(whole))


def _cost() -> None:
    """Measures the core's cost too, where the detector's weights are; says so where they are not."""
    from scripts.accuracy.cost import main as cost  # noqa: PLC0415 (OpenVINO, which the replays do not need)

    cost([])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
