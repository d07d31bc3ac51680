"""Makes of trained weights what others can use: OpenVINO at half precision, validated, with card and hashes. A shell.

OUT/model/NAME.xml  NAME.bin  metadata.yaml  card.md  SHA256SUMS        OUT/contact-sheet.jpg
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from vision.commissioning.contact_sheet import save_sheet
from vision.config import DetectorConfig
from vision.detection.open_detector import open_detector
from vision.detection.openvino_detector import model_file
from vision.detection.weights import prepare_weights
from vision.errors import ModelError
from vision.simulation.layouts import MAX_OVERLAP
from vision.training.card import card
from vision.training.loop import Trained
from vision.training.recipe import Recipe
from vision.training.samples import Frames
from vision.training.validation import Score, judge, judged, sheet

__all__ = ["DEMO", "LARGEST_DEMO_MB", "Published", "publish"]

DEMO: Final = "lanewatch-demo"
LARGEST_DEMO_MB: Final = 8.0
LEAST_JUDGED_SCORE: Final = 0.01  # of the boxes that the average precision is made of


@dataclass(frozen=True, slots=True)
class Published:
    """The folder with the model, the sheet to look at, and how well the model does."""

    folder: Path
    sheet: Path
    scores: tuple[Score, ...]


def publish(
    trained: Trained, out: Path, recipe: Recipe, validation: Frames, facts: Mapping[str, object], *, own: bool, threads: int
) -> Published:
    """Exports, validates, writes card, hashes and contact sheet. facts: what the card shall say of the frames.

    Raises ModelError where the export fails, or the demo model is too large.
    """
    folder, name = out / "model.part", DEMO if own else "model"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    exported = model_file(
        prepare_weights(str(trained.weights), out / "exported", max(recipe.whole), recipe.whole, device="cpu")
    )
    for suffix in (".xml", ".bin"):
        shutil.copy(exported.with_suffix(suffix), folder / (name + suffix))
    (folder / "metadata.yaml").write_text(_metadata(name, recipe, validation.names), encoding="utf-8")
    size_mb = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    if own and size_mb > LARGEST_DEMO_MB:
        raise ModelError(f"the demo model has {size_mb:.1f} MB, more than {LARGEST_DEMO_MB:g}; train a smaller network")
    config = DetectorConfig(min_score=LEAST_JUDGED_SCORE)
    config = config.model_copy(update={"max_overlap": MAX_OVERLAP}) if own else config  # as at its gate
    detector = open_detector(config, folder, threads)
    scores = tuple(judge(list(judged(detector, validation))))
    save_sheet(sheet(detector, validation), out / "contact-sheet.jpg")
    said = {
        "classes": ", ".join(validation.names.values()),
        "file": f"OpenVINO, half precision, {size_mb:.1f} MB",
        "SHA-256": f"`{_digest(folder / f'{name}.bin')}` (`{name}.bin`)",
        **facts,
        "run": f"{trained.steps} steps of {recipe.batch} pictures in {trained.minutes:.0f} minutes",
    }
    (folder / "card.md").write_text(card(name, recipe, scores, said, own=own), encoding="utf-8")
    _sign(folder)
    shutil.rmtree(out / "model", ignore_errors=True)
    return Published(folder.replace(out / "model"), out / "contact-sheet.jpg", scores)


def _metadata(name: str, recipe: Recipe, names: Mapping[int, str]) -> str:
    """What the detector asks of a model, in the form of ultralytics' exports."""
    data = {
        "description": f"{name}: see card.md",
        "license": "AGPL-3.0-or-later",
        "stride": 32,
        "task": "detect",
        "batch": 1,
        "imgsz": list(recipe.whole),
        "names": dict(names),
    }
    return yaml.safe_dump(data, sort_keys=False)


def _sign(folder: Path) -> None:
    files = sorted(folder.iterdir())
    lines = [f"{_digest(file)}  {file.name}\n" for file in files if file.name != "SHA256SUMS"]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="ascii")


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
