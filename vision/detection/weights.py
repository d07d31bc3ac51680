"""Makes weights ready for the detector: a .pt file becomes an OpenVINO model in a cache, exported once. A shell."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import structlog

from vision.errors import ModelError
from vision.settings import CacheSettings, read_settings

__all__ = ["DEMO_MODEL", "DOWNLOADED", "default_cache", "is_exported", "network_shape", "prepare_weights"]

EXPORT_TIMEOUT_S: Final = 900.0
STRIDE: Final = 32
WIDE: Final = (9, 16)  # height and width of most cameras' pictures
DOWNLOADED: Final = re.compile(r"(yolov8|yolov9|yolov10|yolo11|yolo12|yolo26)[a-z]{1,2}\.pt")  # by ultralytics, by name

DEMO_MODEL: Final = "weights/lanewatch-demo.xml"  # knows only the simulated gate

_log = structlog.get_logger(__name__)


def prepare_weights(
    weights: str,
    cache: Path | None = None,
    image_size: int = 640,
    frame_shape: tuple[int, int] = WIDE,
    device: str = "auto",
) -> Path:
    """What `open_detector` takes for these weights. Raises ModelError with a sentence.

    OpenVINO models, ONNX files and TensorRT engines are taken as they are; the project's own, DEMO_MODEL, from wherever
    LaneWatch is installed. A .pt file stays as it is where torch has a GPU;
    otherwise it is exported once, by the extra lanewatch[ml] in another process, into the cache: keyed by the file's
    hash and the shape. image_size: the longer side in pixels; frame_shape: (height, width) of the cameras' pictures,
    only their ratio counts.
    """
    path = Path(weights).expanduser()
    if path.suffix != ".pt":
        path = _own(path) or path
        if not path.exists():
            raise ModelError(f"weights {path} do not exist; give a .pt file, an OpenVINO export or a TensorRT engine")
        return path
    if not path.is_file() and not DOWNLOADED.fullmatch(weights):
        raise ModelError(f"weights {path} do not exist; give the path of a .pt file, or a name that ultralytics can download")
    if device != "cpu" and path.is_file() and _has_gpu():
        return path
    folder = _folder(path, cache or default_cache(), network_shape(image_size, frame_shape))
    if not (folder / "metadata.yaml").is_file():
        _export(path, folder, network_shape(image_size, frame_shape))
    return folder


def is_exported(weights: str, cache: Path | None = None, image_size: int = 640, frame_shape: tuple[int, int] = WIDE) -> bool:
    """Whether `prepare_weights` would have nothing to export."""
    path = Path(weights).expanduser()
    folder = _folder(path, cache or default_cache(), network_shape(image_size, frame_shape))
    return path.suffix != ".pt" or (folder / "metadata.yaml").is_file()


def default_cache() -> Path:
    """The folder of exported models: LANEWATCH_CACHE, else lanewatch in the user's cache folder."""
    named = read_settings(CacheSettings).cache
    return named or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lanewatch"


def _own(path: Path) -> Path | None:
    """Where the project's own model lies, if that is meant: in the working tree, or beside the installed package."""
    places = (Path(__file__).resolve().parents[2] / "weights", Path(sys.prefix) / "share" / "lanewatch" / "weights")
    if path != Path(DEMO_MODEL) or path.exists():
        return None
    return next((place / path.name for place in places if (place / path.name).is_file()), None)


def network_shape(image_size: int, frame_shape: tuple[int, int]) -> tuple[int, int]:
    """The network's (height, width): the longer side image_size, the picture's shape, multiples of 32."""
    scale = image_size / max(frame_shape)
    height, width = (max(STRIDE, -(-round(side * scale) // STRIDE) * STRIDE) for side in frame_shape)
    return height, width


def _folder(path: Path, cache: Path, shape: tuple[int, int]) -> Path:
    key = path.name
    if path.is_file():
        with path.open("rb") as file:
            key = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return cache / "models" / f"{path.stem}-{key}-{shape[0]}x{shape[1]}-openvino"


def _has_gpu() -> bool:
    return Path("/proc/driver/nvidia/version").exists() and importlib.util.find_spec("torch") is not None


def _export(path: Path, folder: Path, shape: tuple[int, int]) -> None:
    missing = [name for name in ("torch", "ultralytics") if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(
            f"weights {path} must be exported to OpenVINO once, for which {' and '.join(missing)} must be installed:"
            " `pip install 'lanewatch[ml]'` (about 6 GB); or give an OpenVINO export of the weights"
        )
    _log.info("exporting weights to OpenVINO, once", weights=str(path), folder=str(folder))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".export-") as work:
            made = Path(work) / "model"
            _run_export(path, made, shape)
            _keep(made, folder)
    except OSError as error:
        raise ModelError(f"the cache {folder.parent} cannot be written ({error.strerror}); set LANEWATCH_CACHE") from None


def _keep(made: Path, folder: Path) -> None:
    """Gives a finished export its name; another process may have been quicker."""
    if folder.exists() and not (folder / "metadata.yaml").is_file():
        shutil.rmtree(folder)
    try:
        made.rename(folder)
    except OSError:
        if not (folder / "metadata.yaml").is_file():
            raise


def _run_export(path: Path, made: Path, shape: tuple[int, int]) -> None:
    source = path.resolve() if path.is_file() else path
    command = [sys.executable, "-m", "vision.detection.export", str(source), str(made), str(shape[0]), str(shape[1])]
    environment = os.environ | ({} if path.is_file() else {"YOLO_OFFLINE": "false"})
    try:
        done = subprocess.run(  # noqa: S603 (our own module)
            command, env=environment, capture_output=True, text=True, timeout=EXPORT_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"weights {path}: the export to OpenVINO took more than {EXPORT_TIMEOUT_S:.0f} s") from None
    if done.returncode != 0 or not (made / "metadata.yaml").is_file():
        said = done.stderr.strip().splitlines()[-1:] or ["the export ended without a word"]
        raise ModelError(
            said[0] if done.returncode == 2 else f"weights {path} cannot be exported to OpenVINO ({said[0][:200]})"
        )
