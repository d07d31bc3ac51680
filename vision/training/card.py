"""The model's card: what a model is, from what it was made, how well it does, what it must not be used for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import PurePath

from vision.training.recipe import Recipe
from vision.training.validation import NEARLY_HIDDEN, Score

__all__ = ["card"]

_WARNING = """\
**It knows only the simulated gate.** Every picture it has seen was rendered by this project; nothing else is in it. On a
real camera it will miss vehicles and see some where there are none. Use it for the demonstration and the tests. For a
real gate take `yolo11n.pt` or `yolo11s.pt`, or fine-tune one of them on your own frames (`lanewatch train`).

Licence: AGPL-3.0-or-later, as the rest of this project; network and loss are those of ultralytics (AGPL-3.0).
"""


def card(name: str, recipe: Recipe, scores: Sequence[Score], facts: Mapping[str, object], *, own: bool) -> str:
    """The card as Markdown. facts: what is to be said of frames, run and file; own: it is the project's demo model."""
    model = PurePath(recipe.model).name
    recipe_lines = "\n".join(
        f"- {key.replace('_', ' ')}: {value}" for key, value in (asdict(recipe) | {"model": model}).items()
    )
    fact_lines = "\n".join(f"- {key}: {value}" for key, value in facts.items())
    rows = "\n".join(_row(score) for score in scores)
    warning = f"\n{_WARNING}" if own else ""
    begun = f"fine-tuned from {model}" if recipe.fine_tunes else f"{model.removesuffix('.yaml')} from random weights"
    return f"""# {name}
{warning}
## What it is

- network: {begun}; input {recipe.whole[1]} x {recipe.whole[0]} RGB
{fact_lines}

## How well it does

Average precision at an overlap of 0.5 on frames that training never saw, through the product's own detector. Sizes are the
shorter side of the visible box in a picture 640 px wide; smaller vehicles, those of which less than {NEARLY_HIDDEN:.0%} of the
rectangle round the outline is in sight, and those parked beside the road need not be found and are no mistake where they are.
"vehicle" counts any class for any; a class's row only what is called so.

| what | light | shorter side | AP50 | boxes |
|---|---|---|---|---|
{rows}

## Recipe

{recipe_lines}
"""


def _row(score: Score) -> str:
    size = f">= {score.shorter_px:.0f} px" if score.shorter_px else "all"
    ap = "-" if score.ap50 is None else f"{score.ap50:.3f}"
    return f"| {score.what} | {score.light or 'all'} | {size} | {ap} | {score.boxes} |"
