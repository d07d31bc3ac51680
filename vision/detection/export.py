"""The export of ultralytics weights to OpenVINO; run as a process of its own, so that torch's memory goes with it. A shell.

    python -m vision.detection.export WEIGHTS FOLDER HEIGHT WIDTH

writes the model and its metadata into FOLDER, half precision. Prints one sentence and exits with 2 when it cannot.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from vision.detection.ultralytics_import import import_ultralytics
from vision.errors import LaneWatchError, ModelError

__all__ = ["export_openvino"]


def export_openvino(weights: Path, folder: Path, shape: tuple[int, int]) -> None:
    """Exports a .pt file for pictures of (height, width) into a folder, which is created. Raises ModelError.

    A file that is not there is left to ultralytics to download, by its name. Works on a copy, for ultralytics writes
    beside the weights.
    """
    ultralytics, _ = import_ultralytics()
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        place = Path(work) / weights.name
        if weights.is_file():
            shutil.copy(weights, place)
        model = _loaded(ultralytics, weights, place)
        if model.task != "detect":
            raise ModelError(f"weights {weights} are for the task '{model.task}'; give a model for detection")
        try:
            made = model.export(format="openvino", imgsz=list(shape), quantize=16, dynamic=False, batch=1, verbose=False)
        except Exception as error:  # noqa: BLE001 (an exporter raises anything)
            raise ModelError(f"weights {weights} cannot be exported to OpenVINO ({_plain(error)})") from None
        Path(made).replace(folder)


def _loaded(ultralytics: Any, weights: Path, place: Path) -> Any:  # noqa: ANN401 (a module without types)
    here = Path.cwd()
    os.chdir(place.parent)
    try:
        return ultralytics.YOLO(place.name)
    except Exception as error:  # noqa: BLE001 (unpickling raises anything)
        hint = "are not a model that ultralytics can load" if place.exists() else "do not exist and could not be downloaded"
        raise ModelError(f"weights {weights} {hint} ({_plain(error)})") from None
    finally:
        os.chdir(here)


def _plain(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def main() -> int:
    """Runs the export that the command line names."""
    weights, folder, height, width = sys.argv[1:]
    try:
        export_openvino(Path(weights), Path(folder), (int(height), int(width)))
    except LaneWatchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
