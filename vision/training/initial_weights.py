"""What a run begins with: a network at random, or weights that are given or downloaded. A shell; needs the extra ml."""

from __future__ import annotations

import copy
import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vision.detection.ultralytics_import import import_ultralytics
from vision.detection.weights import DOWNLOADED
from vision.errors import ModelError

__all__ = ["beginning_in", "check_beginning", "network_of"]


def check_beginning(model: str) -> None:
    """Raises ModelError for weights that are not there and cannot be downloaded, and for what is neither."""
    if not model.endswith((".pt", ".yaml")):
        raise ModelError(f"{model} can neither be fine-tuned (a .pt file) nor begun at random (a network such as yolo11n.yaml)")
    if model.endswith(".pt") and not Path(model).is_file() and not DOWNLOADED.fullmatch(model):
        raise ModelError(f"weights {model} do not exist; give the path of a .pt file, or a name that ultralytics can download")


def beginning_in(model: str, folder: Path) -> str:
    """What `network_of` takes for this model: itself, or where in `folder` it lies once it was downloaded. Raises ModelError.

    Call it before ultralytics is imported, which then heeds whether it may go online.
    """
    check_beginning(model)
    if model.endswith(".yaml") or Path(model).is_file():
        return model
    place = folder / model
    if not place.is_file():
        os.environ["YOLO_OFFLINE"] = "false"
    return str(place)


def network_of(model: str, names: Mapping[int, str]) -> Any:  # noqa: ANN401 (torch has no types here)
    """A network for these classes, ready to be trained; torch's seed decides on what is random. Raises ModelError."""
    ultralytics, _ = import_ultralytics()
    network = _fine_tuned(ultralytics, model, len(names)) if model.endswith(".pt") else _at_random(model, len(names))
    network.names = dict(names)
    network.args = importlib.import_module("ultralytics.cfg").get_cfg()
    for parameter in network.parameters():
        parameter.requires_grad = True
    return network


def _at_random(model: str, classes: int) -> Any:  # noqa: ANN401
    tasks = importlib.import_module("ultralytics.nn.tasks")
    try:
        return tasks.DetectionModel(model, ch=3, nc=classes, verbose=False)
    except Exception as error:  # noqa: BLE001 (a description may hold anything)
        raise ModelError(f"{model} is no network that can be made ({_plain(error)}); take for example yolo11n.yaml") from None


def _fine_tuned(ultralytics: Any, model: str, classes: int) -> Any:  # noqa: ANN401
    tasks = importlib.import_module("ultralytics.nn.tasks")
    try:
        begun = ultralytics.YOLO(model, task="detect").model
        network = tasks.DetectionModel(copy.deepcopy(begun.yaml), ch=3, nc=classes, verbose=False)
        network.load(begun, verbose=False)
    except Exception as error:  # noqa: BLE001 (unpickling raises anything)
        if Path(model).is_file():
            raise ModelError(f"weights {model} cannot be fine-tuned ({_plain(error)})") from None
        said = f"weights {Path(model).name} could not be downloaded ({_plain(error)})"
        raise ModelError(f"{said}; try again, or give the path of a .pt file") from None
    return network


def _plain(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
