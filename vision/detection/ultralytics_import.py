"""Ultralytics, imported so that it neither phones home nor installs packages nor downloads anything. A shell."""

from __future__ import annotations

import importlib.util
import os
from types import ModuleType

from vision.detection.openvino_runtime import silence_telemetry
from vision.errors import ModelError

__all__ = ["import_ultralytics", "quiet_environment", "require_ultralytics"]


def quiet_environment() -> None:
    """Sets what ultralytics heeds at its import: no installs at run time, no network, no analytics."""
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("YOLO_OFFLINE", "true")
    os.environ.setdefault("YOLO_VERBOSE", "false")
    silence_telemetry()


def require_ultralytics() -> None:
    """Raises ModelError, saying what to install, when torch or ultralytics is absent; imports neither."""
    for name in ("torch", "ultralytics"):
        if importlib.util.find_spec(name) is None:
            raise _missing(name)


def import_ultralytics() -> tuple[ModuleType, ModuleType]:
    """The modules (ultralytics, torch). Raises ModelError, saying what to install, when they are absent."""
    quiet_environment()
    try:
        import torch  # noqa: PLC0415 (only where it is needed: 650 MB)
        import ultralytics  # noqa: PLC0415
        from ultralytics.utils.events import events  # noqa: PLC0415
    except ImportError as error:
        raise _missing(error.name or str(error)) from None
    events.enabled = False
    return ultralytics, torch


def _missing(name: str) -> ModelError:
    return ModelError(
        f"this needs torch and ultralytics ({name} is missing): install the extra with `pip install 'lanewatch[ml]'`"
        " (about 6 GB), or give an OpenVINO export of the weights"
    )
