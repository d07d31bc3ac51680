"""The model's card: what a model is, from what it was made, how well it does, what it must not be used for. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from vision.training.recipe import Recipe
from vision.training.validation import Score

__all__ = ["card", "digest_of"]

_WARNING = """\
**It knows only the simulated gate.** Every picture it has seen was rendered by this project; nothing else is in it. On a
real camera it will miss vehicles and see some where there are none. Use it for the demonstration and the tests. For a
real gate take `yolo11n.pt` or `yolo11s.pt` and fine-tune them on your own frames."""


def card(title: str, model: Path, recipe: Recipe, scores: Sequence[Score], facts: dict[str, object], *, own: bool) -> str:
    """The card as Markdown. facts: further lines (frames, seeds, time it took); own: the project's demo model."""
    recipe_lines = "\n".join(f"- {name.replace('_', ' ')}: {value}" for name, value in asdict(recipe).items())
    fact_lines = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    rows = "\n".join(_row(score) for score in scores)
    warning = f"\n{_WARNING}\n" if own else ""
    return f"""# {title}
{warning}
## What it is
- network: {recipe.model.removesuffix(".yaml")}, input {recipe.whole[1]} x {recipe.whole[0]} RGB, classes truck, bus, car
- file: `{model.name}`, SHA-256 `{digest_of(model)}`, {model.stat().st_size / 1e6:.1f} MB
{fact_lines}

## How well it does
Average precision at an overlap of 0.5 on frames that training never saw, through the product's own detector; sizes are
the shorter side of the visible box in a picture 640 px wide.

| what | shorter side | AP50 | boxes |
|---|---|---|---|
{rows}

## Recipe
{recipe_lines}
"""


def digest_of(path: Path) -> str:
    """The file's SHA-256; of a folder, that of its model.xml's weights: the only .bin in it."""
    file = next(iter(sorted(path.glob("*.bin"))), path) if path.is_dir() else path
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _row(score: Score) -> str:
    size = f">= {score.shorter_px:.0f} px" if score.shorter_px else "all"
    ap = "-" if score.ap50 is None else f"{score.ap50:.3f}"
    return f"| {score.what} | {size} | {ap} | {score.boxes} |"
