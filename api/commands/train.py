"""`lanewatch train`: trains or fine-tunes a detector on one's own labelled frames or on rendered ones. Needs lanewatch[ml]."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from vision.errors import ConfigError, LaneWatchError
from vision.whole_file import whole_file

if TYPE_CHECKING:
    from vision.training.loop import Progress
    from vision.training.publication import Published
    from vision.training.recipe import Recipe
    from vision.training.samples import Frames

__all__ = ["train_command"]

PLAN: Final = "run.json"
FINE_TUNING_RATE: Final = 4e-4
VALIDATION_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a run was begun with; kept in its folder, so that --resume needs nothing else."""

    data: str
    recipe: dict[str, Any]
    demo: bool
    facts: dict[str, str]


def train_command(
    *,
    out: Annotated[Path, typer.Option(help="Folder of the run.")],
    data: Annotated[Path | None, typer.Option(help="data.yaml of labelled frames in YOLO's form.")] = None,
    render: Annotated[int | None, typer.Option(min=1, help="Train on so many rendered frames instead.")] = None,
    weights: Annotated[str | None, typer.Option(help="Weights (.pt) to fine-tune. Default: begin at random.")] = None,
    network: Annotated[str, typer.Option(help="Network that begins at random, as ultralytics names it.")] = "yolo11n.yaml",
    minutes: Annotated[float | None, typer.Option(help="Be ready after so long, however fast this machine is.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Be ready after so many steps.")] = None,
    batch: Annotated[int, typer.Option(min=1, help="Pictures in a step.")] = 8,
    threads: Annotated[int | None, typer.Option(min=1, help="Of the CPU. Default: all.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of rendered frames and of training.")] = 1,
    resume: Annotated[bool, typer.Option(help="Go on with the run in --out where it was interrupted.")] = False,
    demo: Annotated[bool, typer.Option(help="It is the project's demo model: say so on its card.")] = False,
) -> None:
    """Train or fine-tune a detector; the model with its card is then in OUT/model. Ctrl-C interrupts it."""
    from vision.detection.ultralytics_import import require_ultralytics
    from vision.training.recipe import Recipe

    require_ultralytics()
    cores = threads or os.cpu_count() or 1
    if resume:
        if any(given is not None for given in (data, render, weights, steps)):
            raise ConfigError(
                "--resume goes on with what the run was begun with: leave --data, --render, --weights, --steps out"
            )
        plan = _read_plan(out, minutes)
    else:
        _check(out, data, render)
        rate = FINE_TUNING_RATE if weights else Recipe.rate
        length = Recipe.steps if steps is None else steps
        model = _model(weights, network)
        recipe = Recipe(steps=length, minutes=minutes, batch=batch, rate=rate, seed=seed, model=model)
        plan = _begin(out, data, render, recipe, cores, demo=demo)
    _run(out, plan, cores, resume=resume)


def _check(out: Path, data: Path | None, render: int | None) -> None:
    if (data is None) == (render is None):
        raise ConfigError("give the labelled frames with --data, or the number of frames to render with --render")
    if (out / PLAN).exists():
        raise ConfigError(f"{out} holds a run already: go on with it with --resume, or give another folder with --out")


def _model(weights: str | None, network: str) -> str:
    """What the run begins with, under a name that is found from any folder. Raises ModelError where it is not there."""
    from vision.training.initial_weights import check_beginning

    if weights is not None and not weights.endswith(".pt"):
        raise ConfigError(f"--weights {weights}: only a .pt file can be fine-tuned; what was exported from it cannot")
    model = weights or network
    check_beginning(model)
    return str(Path(model).absolute()) if Path(model).is_file() else model


def _begin(out: Path, data: Path | None, render: int | None, recipe: Recipe, cores: int, *, demo: bool) -> _Plan:
    """Renders the frames if need be and writes the plan."""
    facts = {"frames": f"those of {data}"}
    if render is not None:
        count = max(1, round(render * VALIDATION_SHARE))
        facts = {"frames": f"{render} rendered (seed {recipe.seed}), validated on {count} of scenes and cameras of their own"}
        data = _render(out / "frames", render, count, recipe.seed, cores)
    plan = _Plan(str(Path(data or "").absolute()), _shaped(recipe, Path(data or "")), demo, facts)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with whole_file(out / PLAN) as part:
            part.write_text(json.dumps(asdict(plan), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"folder {out} cannot be written ({error.strerror}); give another with --out") from None
    return plan


def _render(folder: Path, train: int, validate: int, seed: int, cores: int) -> Path:
    from api.commands.progress import progress_bar
    from vision.training.frames import FrameOrder, write_frames

    done = 0.0
    with progress_bar("rendering frames", lambda: done) as advance:

        def show(share: float) -> None:
            nonlocal done
            done = share
            advance(share)

        return write_frames(FrameOrder(folder, train, validate, seed), show, cores)


def _shaped(recipe: Recipe, data: Path) -> dict[str, Any]:
    """The recipe with the network's picture of the shape that the frames have."""
    from vision.detection.weights import network_shape
    from vision.training.samples import load_frames

    load_frames(data, "val")  # a mistake there shall be said now, not after hours
    height, width = load_frames(data, "train").read(0).shape[:2]
    return asdict(recipe) | {"whole": network_shape(max(recipe.whole), (height, width))}


def _read_plan(out: Path, minutes: float | None) -> _Plan:
    try:
        plan = _Plan(**json.loads((out / PLAN).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ConfigError(f"{out} holds no run to resume; begin one without --resume") from None
    except (OSError, ValueError, TypeError):
        raise ConfigError(f"{out / PLAN} cannot be read; begin the run anew in another folder") from None
    if minutes is not None:
        plan.recipe["minutes"] = minutes
    return plan


def _run(out: Path, plan: _Plan, cores: int, *, resume: bool) -> None:
    from vision.training.loop import STATE, train
    from vision.training.publication import publish
    from vision.training.recipe import Recipe
    from vision.training.samples import load_frames

    shapes = {name: tuple(plan.recipe[name]) for name in ("window", "whole")}
    recipe = Recipe(**(plan.recipe | shapes))
    data = Path(plan.data)
    frames, validation = load_frames(data, "train"), load_frames(data, "val")
    _say_frames(frames, validation)
    try:
        trained = train(frames, out, recipe, resume=resume and (out / STATE).exists(), threads=cores, report=_report)
    except KeyboardInterrupt:
        sys.stderr.write(f"interrupted; go on with: lanewatch train --resume --out {out}\n")
        raise
    except LaneWatchError:
        if not (out / STATE).exists():  # nothing was begun that could be gone on with
            (out / PLAN).unlink(missing_ok=True)
        raise
    _tell(publish(trained, out, recipe, validation, plan.facts, own=plan.demo, threads=cores))


def _say_frames(frames: Frames, validation: Frames) -> None:
    import numpy as np

    for what, part in (("training", frames), ("validation", validation)):
        counts = np.bincount(np.concatenate([labels[:, 0] for labels in part.labels]).astype(int), minlength=len(part.names))
        each = ", ".join(f"{counts[index]} {name}" for index, name in sorted(part.names.items()))
        sys.stdout.write(f"{what}: {len(part.images)} frames with {each}\n")
    sys.stdout.flush()


def _report(progress: Progress) -> None:
    sys.stdout.write(
        f"step {progress.step} ({progress.share:.0%}): loss {progress.loss:.2f}, {progress.pictures_per_s:.1f} pictures/s\n"
    )
    sys.stdout.flush()


def _tell(published: Published) -> None:
    for score in published.scores:
        if score.ap50 is not None and score.shorter_px:
            light = f" in {score.light}" if score.light else ""
            sys.stdout.write(
                f"{score.what}{light} >= {score.shorter_px:.0f} px: AP50 {score.ap50:.3f} of {score.boxes} boxes\n"
            )
    sys.stdout.write(f"model and card: {published.folder}; to look at: {published.sheet}\n")
