"""The ultralytics detector: .pt files and TensorRT engines, on the GPU when there is one. A shell; needs `lanewatch[ml]`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.config import DetectorConfig
from vision.core.detections import Detections
from vision.detection.openvino_detector import fitted_shape
from vision.detection.ultralytics_import import import_ultralytics
from vision.detection.yolo_output import MAX_BOXES, ClassMap, class_map, rounded
from vision.errors import ModelError

__all__ = ["UltralyticsDetector"]

STRIDE: Final = 32


class UltralyticsDetector:
    """A YOLO network that ultralytics runs with torch or TensorRT; safe to share between threads.

    device: auto takes `cuda` when torch sees one, else the CPU; an .engine file needs a GPU.
    """

    def __init__(self, config: DetectorConfig, weights: Path, threads: int = 1, device: str = "auto") -> None:
        if not weights.is_file():
            raise ModelError(f"weights {weights} do not exist; give a .pt or .engine file")
        ultralytics, torch = import_ultralytics()
        self._device = _device(torch, weights, device)
        if self._device == "cpu":
            torch.set_num_threads(max(1, threads))
        self._config = config
        try:
            self._model: Any = ultralytics.YOLO(str(weights), task="detect")
            names: dict[int, str] = dict(self._model.names)
        except Exception as error:  # noqa: BLE001 (unpickling raises anything)
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise ModelError(f"weights {weights} are not a model that ultralytics can load ({reason})") from None
        self._classes: ClassMap = class_map(names, config.classes, f"weights {weights}")
        self._lock = threading.Lock()

    def input_shape(self, width: int, height: int) -> tuple[int, int]:
        """The (height, width) that a frame of this native size is scaled to before `detect`."""
        return fitted_shape(width, height, (self._config.image_size, self._config.image_size))

    def detect(self, images: Sequence[NDArray[np.uint8]], sizes: Sequence[tuple[int, int]]) -> list[Detections]:
        """Detections of each RGB picture (H, W, 3), in pixels of its native (width, height)."""
        with self._lock:
            return [self._detect(image, size) for image, size in zip(images, sizes, strict=True)]

    def _detect(self, image: NDArray[np.uint8], size: tuple[int, int]) -> Detections:
        height, width = image.shape[:2]
        (result,) = self._model.predict(
            np.ascontiguousarray(image[:, :, ::-1]),  # ultralytics takes BGR arrays
            imgsz=[-(-height // STRIDE) * STRIDE, -(-width // STRIDE) * STRIDE],
            conf=max(self._config.min_score, 0.001),
            iou=self._config.max_overlap,
            agnostic_nms=True,
            classes=self._classes.model_ids.tolist(),
            max_det=MAX_BOXES,
            device=self._device,
            verbose=False,
        )
        rows = result.boxes.data.cpu().numpy().astype(np.float32).reshape(-1, 6)
        class_id = self._classes.class_ids[np.searchsorted(self._classes.model_ids, rows[:, 5].astype(np.int64))]
        return rounded(rows[:, :4] * (size[0] / width), rows[:, 4], class_id, size)


def _device(torch: Any, weights: Path, wanted: str) -> str:  # noqa: ANN401 (a module)
    has_gpu = bool(torch.cuda.is_available())
    if wanted == "cuda" and not has_gpu:
        raise ModelError("the device cuda was asked for, but torch finds no GPU; choose the device cpu or auto")
    if weights.suffix == ".engine" and (wanted == "cpu" or not has_gpu):
        raise ModelError(f"weights {weights}: a TensorRT engine needs an NVIDIA GPU, which torch does not find; use a .pt file")
    return "cuda:0" if has_gpu and wanted != "cpu" else "cpu"
