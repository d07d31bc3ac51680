"""`make bench`: what the video path costs beside its floors and its peers, and whether the bounds hold.

Contenders take turns in several rounds of one run, so that what else the machine does falls on all of them; of each the
quietest round counts. Exit code 0 where every bound holds, 1 where one does not, 2 where something is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmarks.bounds import Verdict, live_verdicts, path_verdicts
from tests.benchmarks.live import live_run
from tests.benchmarks.measured import ROOT, ContenderError, Cost, quietest, run_contender

SHARED = Path(os.environ.get("LANEWATCH_SHARED", ROOT.parent / "shared"))
CONTENDERS = ("decode", "detect", "worker", "track-openvino", "track-pt")


def main() -> int:
    given = _arguments()
    missing = [str(path) for path in (given.clip, given.weights) if not path.exists()]
    if missing:
        print(f"bench: {' and '.join(missing)} not there; give --clip and --weights (BENCH=...)", file=sys.stderr)
        return 2
    result: dict[str, Any] = {"machine": _machine(), "clip": given.clip.name, "weights": given.weights.name}
    verdicts: list[Verdict] = []
    with tempfile.TemporaryDirectory(prefix="lanewatch-bench-") as folder:
        model = _model(given.weights, Path(folder))
        try:
            if "paths" in given.parts:
                costs = _paths(given, model)
                result["paths"] = {name: asdict(cost) for name, cost in costs.items()}
                verdicts += path_verdicts(costs)
            if "live" in given.parts:
                figures = live_run(given.clip, model, Path(folder), seconds=given.seconds)
                result["live"] = figures
                print(_live_lines(figures), flush=True)
                verdicts += live_verdicts(figures)
        except ContenderError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
    result["verdicts"] = [{**asdict(verdict), "holds": verdict.holds} for verdict in verdicts]
    print("\n" + "\n".join(str(verdict) for verdict in verdicts))
    if given.out:
        given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0 if all(verdict.holds for verdict in verdicts) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--clip", type=Path, default=SHARED / "clips" / "composite_queue_4trucks.mp4")
    parser.add_argument("--weights", type=Path, default=SHARED / "weights" / "yolo11n.pt")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the live run")
    parser.add_argument("--parts", nargs="+", choices=("paths", "live"), default=["paths", "live"])
    parser.add_argument("--out", type=Path, help="also write everything as JSON to this file")
    return parser.parse_args()


def _machine() -> dict[str, Any]:
    names = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    return {"cpu": names[0] if names else platform.processor(), "cores": os.cpu_count(), "python": platform.python_version()}


def _model(weights: Path, folder: Path) -> Path:
    """The OpenVINO export that LaneWatch itself makes, under a name that ultralytics takes for one."""
    from vision.detection.weights import prepare_weights

    named = folder / f"{weights.stem}_openvino_model"
    named.symlink_to(prepare_weights(str(weights), device="cpu").resolve())
    return named


def _paths(given: argparse.Namespace, model: Path) -> dict[str, Cost]:
    rounds: dict[str, list[Cost]] = {name: [] for name in CONTENDERS}
    arguments = ("--clip", str(given.clip), "--model", str(model), "--weights", str(given.weights))
    for number in range(1, given.rounds + 1):
        for name, costs in rounds.items():
            costs.append(run_contender(name, *arguments))
            print(f"round {number} {name:15}{costs[-1].cpu_ms:8.1f} ms CPU{costs[-1].peak_mb:8.0f} MB", flush=True)
    best = {name: quietest(costs) for name, costs in rounds.items()}
    print(f"\n{'path':16}{'CPU ms per analysed frame':>26}{'wall ms':>9}{'peak MB':>9}{'frames':>8}{'analysed':>10}")
    for name, cost in best.items():
        print(f"{name:16}{cost.cpu_ms:26.1f}{cost.wall_ms:9.1f}{cost.peak_mb:9.0f}{cost.frames:8}{cost.analysed:10}")
    return best


def _live_lines(figures: dict[str, float]) -> str:
    return "\nfive cameras, live:\n" + "\n".join(f"  {name:28}{value:10.3f}" for name, value in figures.items())


if __name__ == "__main__":
    sys.exit(main())
