"""`python -m vision.training`: frames, train, validate; the command `lanewatch train` will call the same functions."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from vision.config import DetectorConfig
from vision.detector import open_detector
from vision.errors import LaneWatchError, ModelError
from vision.models import prepare_weights
from vision.openvino_detector import model_file
from vision.training.card import card
from vision.training.frames import FrameOrder, write_frames
from vision.training.loop import Progress, train
from vision.training.recipe import Recipe
from vision.training.samples import load_frames
from vision.training.validation import contact_sheet, judge, judged

__all__ = ["main"]

LARGEST_MB = 8.0


def main(arguments: list[str] | None = None) -> int:
    """Runs one of the steps; 0 done, 2 bad input, 3 stopped by the clock: go on with --resume."""
    given = _parser().parse_args(arguments)
    step: Callable[[argparse.Namespace], int] = given.step
    try:
        return step(given)
    except LaneWatchError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _frames(given: argparse.Namespace) -> int:
    write_frames(FrameOrder(given.out, given.train, given.val, given.seed), _show)
    return 0


def _train(given: argparse.Namespace) -> int:
    frames, recipe, began = load_frames(given.data, "train"), _recipe(given), time.monotonic()
    how = {"resume": given.resume, "threads": given.threads, "minutes": given.minutes, "start_from": given.weights}
    weights = train(frames, given.out, recipe, report=_report, **how)
    if weights is None:
        sys.stderr.write("the minutes are over; go on with --resume\n")
        return 3
    return _publish(given, weights, recipe, {"trained in": f"{(time.monotonic() - began) / 60:.0f} min (this part of the run)"})


def _publish(given: argparse.Namespace, weights: Path, recipe: Recipe, facts: dict[str, object]) -> int:
    """Exports, validates through the product's detector, writes card and contact sheet."""
    folder = given.out / "openvino"
    made = prepare_weights(str(weights), given.out / "exported", max(recipe.whole), recipe.whole, device="cpu")
    shutil.copytree(made, folder, dirs_exist_ok=True)
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    if size > LARGEST_MB and given.demo:
        raise ModelError(f"{folder} has {size:.1f} MB, more than {LARGEST_MB:g}; train a smaller network")
    frames = load_frames(given.data, "val")
    detector = open_detector(DetectorConfig(min_score=0.01), folder, given.threads)
    scores = judge(list(judged(detector, frames)))
    (given.out / "contact-sheet.jpg").write_bytes(contact_sheet(detector, frames))
    facts = {"frames": f"{len(load_frames(given.data, 'train').images)}, validated on {len(frames.images)}"} | facts
    text = card("Model card", model_file(folder).with_suffix(".bin"), recipe, scores, facts, own=given.demo)
    (given.out / "card.md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0


def _validate(given: argparse.Namespace) -> int:
    return _publish(given, given.out / "model.pt", _recipe(given), {})


def _recipe(given: argparse.Namespace) -> Recipe:
    return Recipe(steps=given.steps, batch=given.batch, seed=given.seed, model=given.model)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m vision.training", description=__doc__)
    steps = parser.add_subparsers(required=True)
    frames = steps.add_parser("frames", help="render labelled frames")
    frames.add_argument("--train", type=int, default=7000)
    frames.add_argument("--val", type=int, default=600)
    for name, step in (("train", _train), ("validate", _validate)):
        sub = steps.add_parser(name)
        sub.add_argument("--data", type=Path, required=True, help="data.yaml in YOLO's form")
        sub.add_argument("--steps", type=int, default=Recipe.steps)
        sub.add_argument("--batch", type=int, default=Recipe.batch)
        sub.add_argument("--model", default=Recipe.model, help="network, as ultralytics names it")
        sub.add_argument("--threads", type=int, default=2)
        sub.add_argument("--minutes", type=float, help="stop after so long, to go on later")
        sub.add_argument("--resume", action="store_true")
        sub.add_argument("--weights", type=Path, help="weights to fine-tune; default: begin at random")
        sub.add_argument("--demo", action="store_true", help="it is the project's demo model: say so on its card")
        sub.set_defaults(step=step)
    frames.set_defaults(step=_frames)
    for sub in steps.choices.values():
        sub.add_argument("--out", type=Path, required=True)
        sub.add_argument("--seed", type=int, default=1)
    return parser


def _show(share: float) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{share:4.0%} ")


def _report(progress: Progress) -> None:
    sys.stderr.write(
        f"step {progress.step} of {progress.steps}: loss {progress.loss:.3f}, {progress.pictures_per_s:.0f} pictures/s\n"
    )


if __name__ == "__main__":
    sys.exit(main())
