"""`lanewatch export`: ultralytics weights as OpenVINO, ONNX or TensorRT, through the extra lanewatch[ml]."""

from __future__ import annotations

import importlib.util
import io
import logging
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from vision.errors import ModelError

__all__ = ["export_command"]


class Form(StrEnum):
    """What the weights become."""

    openvino = "openvino"
    onnx = "onnx"
    engine = "engine"


NEEDED: Final = {Form.openvino: (), Form.onnx: ("onnx",), Form.engine: ("onnx", "tensorrt")}


def export_command(
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS", help="A .pt file.")],
    *,
    to: Annotated[Form, typer.Option(help="openvino: a folder; onnx or engine (TensorRT, needs a GPU): a file.")],
    out: Annotated[Path | None, typer.Option(help="Where to. Default: beside the weights.")] = None,
    height: Annotated[int, typer.Option(min=32, max=4096, help="Of the network's picture, a multiple of 32.")] = 384,
    width: Annotated[int, typer.Option(min=32, max=4096, help="Of the network's picture, a multiple of 32.")] = 640,
) -> None:
    """Export weights for faster inference."""
    _check(weights, to, height, width)
    target = out or weights.with_name(weights.stem + ("_openvino" if to is Form.openvino else f".{to}"))
    if target.exists():
        raise ModelError(f"{target} exists already; remove it, or give another place with --out")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as work:
        made = Path(work) / "made"
        with _quiet():
            if to is Form.openvino:
                from vision.detection.export import export_openvino

                export_openvino(weights, made, (height, width))
            else:
                _export(weights, Path(work), made, to, (height, width))
        made.replace(target)
    sys.stdout.write(f"{weights} was exported to {target}\n")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps torch's warnings and ultralytics' lines from the terminal."""
    logging.getLogger("ultralytics").setLevel(logging.CRITICAL)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _check(weights: Path, form: Form, height: int, width: int) -> None:
    from vision.detection.ultralytics_import import require_ultralytics

    if not weights.is_file():
        raise ModelError(f"weights {weights} do not exist; give the path of a .pt file")
    if height % 32 or width % 32:
        raise ModelError(f"--height {height} and --width {width} must be multiples of 32, for example 384 and 640")
    require_ultralytics()
    missing = [name for name in NEEDED[form] if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(f"exporting to {form} needs {' and '.join(missing)}; install with: pip install {' '.join(missing)}")


def _export(weights: Path, work: Path, made: Path, form: Form, shape: tuple[int, int]) -> None:
    from vision.detection.ultralytics_import import import_ultralytics

    ultralytics, _ = import_ultralytics()
    copy = Path(shutil.copy(weights, work / weights.name))  # ultralytics writes beside the weights
    half = form is Form.engine
    try:
        written = ultralytics.YOLO(str(copy)).export(format=str(form), imgsz=list(shape), half=half, batch=1, verbose=False)
    except Exception as error:  # noqa: BLE001 - an exporter raises anything
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelError(f"weights {weights} cannot be exported to {form} ({why})") from None
    Path(written).replace(made)
