"""`make accuracy-video`: how right the whole path is on pictures, and how right it would be with perfect boxes.

Each scene is simulated (10 minutes), coded as H.264, replayed with the demo model, and replayed again from the recording of
exact boxes: what the second gets wrong is the core's or the layout's doing, the rest the detector's. Without arguments all
scenes are played and the table in docs/accuracy.md is written; scenes that are named are only shown.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.accuracy.pages import write_part
from scripts.accuracy_video.scenes import SCENES, PlayError, Targets, VideoScene, made, played
from scripts.accuracy_video.scoring import Score, scored
from vision.detection.weights import DEMO_MODEL
from vision.errors import LaneWatchError

__all__ = ["main"]

HEAD = "| scene | boxes | queue | queue, m | standing | standing, m | recall | precision | dwell, s | departures, % | visits |"


def main(arguments: list[str]) -> int:
    """Plays and scores. Returns 2 for a scene that does not exist or cannot be made, 1 where a replay failed."""
    given = _parser().parse_args(arguments)
    chosen = [scene for scene in SCENES if not given.scenes or scene.name in given.scenes]
    if len(chosen) < len(set(given.scenes)):
        print(f"accuracy-video: the scenes are {', '.join(scene.name for scene in SCENES)}", file=sys.stderr)
        return 2
    try:
        with ThreadPoolExecutor(given.jobs) as pool:
            parts = list(pool.map(lambda scene: list(_lines(scene, given)), chosen))
    except PlayError as error:
        print(f"accuracy-video: {error}", file=sys.stderr)
        return 1
    except LaneWatchError as error:
        print(f"accuracy-video: {error}", file=sys.stderr)
        return 2
    table = "\n".join([HEAD, "|" + " --- |" * (HEAD.count("|") - 1), *(line for part in parts for line in part)])
    print(table)
    if not given.scenes:
        write_part("video", table)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make accuracy-video", description=__doc__)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help="only these: " + ", ".join(s.name for s in SCENES))
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the scenes (default 10)")
    parser.add_argument("--weights", default=DEMO_MODEL, help="another detector")
    parser.add_argument("--folder", type=Path, default=Path(".lanewatch/accuracy-video"), help="where scenes and results lie")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="scenes at a time (default 2)")
    return parser


def _lines(scene: VideoScene, given: argparse.Namespace) -> Iterator[str]:
    files = made(scene, given.folder, given.minutes)
    for boxes, weights in (("demo model", given.weights), ("exact", None)):
        score = scored(played(files, files / f"results-{boxes.split()[0]}", weights), files)
        yield _line(scene, boxes, score)
        print(f"{scene.name}, {boxes}: {score}", file=sys.stderr)


def _line(scene: VideoScene, boxes: str, score: Score) -> str:
    targets: Targets = scene.targets
    cells = [
        _cell(score.queue_vehicles, targets.queue_vehicles, ".2f"),
        _cell(score.queue_m, targets.queue_m, ".1f"),
        f"{score.standing_vehicles:.2f}",
        f"{score.standing_m:.1f}",
        _cell(score.recall, targets.visits, ".2f", least=True),
        _cell(score.precision, targets.visits, ".2f", least=True),
        _cell(score.dwell_s, targets.dwell_s, ".1f"),
        "-" if score.departures_pct is None else f"{score.departures_pct:+.0f}",
        str(score.visits),
    ]
    return f"| {scene.what} | {boxes} | " + " | ".join(cells) + " |"


def _cell(value: float | None, target: float | None, form: str, *, least: bool = False) -> str:
    """A figure with its target in brackets, bold where it is missed."""
    if value is None:
        return "-"
    if target is None:
        return f"{value:{form}}"
    missed = value < target if least else value > target
    figure = f"**{value:{form}}**" if missed else f"{value:{form}}"
    return f"{figure} [{target:g}]"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
