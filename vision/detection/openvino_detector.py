"""The OpenVINO detector: a YOLO network on the CPU. A shell.

It takes RGB pictures that were already scaled to `input_shape`; one that is smaller than the network's input is padded on
both sides, as in training, and never stretched. Scaling to 0..1 and the change of layout are in the network's graph.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml
from numpy.typing import NDArray

from vision.config import DetectorConfig
from vision.core.detections import Detections
from vision.detection.openvino_runtime import core, openvino
from vision.detection.yolo_output import Placement, class_map, decode
from vision.errors import ModelError

__all__ = ["OpenVinoDetector", "fitted_shape", "model_file"]

PADDING: Final = 114  # the grey with which ultralytics pads pictures in training


def fitted_shape(width: int, height: int, network: tuple[int, int]) -> tuple[int, int]:
    """The largest (height, width) of a width x height picture's shape that fits into the network's (height, width)."""
    scale = min(network[0] / height, network[1] / width)
    return max(1, min(network[0], round(height * scale))), max(1, min(network[1], round(width * scale)))


def model_file(weights: Path) -> Path:
    """The file that OpenVINO reads: .xml or .onnx, given as such or as the folder of an export. Raises ModelError."""
    if weights.is_dir():
        found = sorted(weights.glob("*.xml"))
        if len(found) != 1:
            raise ModelError(
                f"weights {weights}: expected one .xml file in the folder, found {len(found)}; give an OpenVINO export"
            )
        return found[0]
    if not weights.is_file():
        raise ModelError(f"weights {weights} do not exist; give a .pt file or the folder of an OpenVINO export")
    if weights.suffix not in {".xml", ".onnx"}:
        raise ModelError(
            f"weights {weights}: unknown kind '{weights.suffix}'; give a .pt, .engine, .onnx or OpenVINO .xml file"
        )
    return weights


def _names(file: Path, model: openvino.Model) -> dict[int, str]:
    """The class names: from ultralytics' metadata.yaml beside the model, or from inside an .onnx file."""
    try:
        if file.suffix == ".onnx":
            names = ast.literal_eval(model.get_rt_info(["framework", "names"]).astype(str))
        else:
            names = yaml.safe_load(file.with_name("metadata.yaml").read_text(encoding="utf-8"))["names"]
        pairs = names.items() if isinstance(names, Mapping) else enumerate(names)
        return {int(index): str(name) for index, name in pairs}
    except (OSError, RuntimeError, yaml.YAMLError, KeyError, TypeError, ValueError, SyntaxError):
        raise ModelError(f"weights {file}: their class names (metadata.yaml) are missing or bad; export them again") from None


class OpenVinoDetector:
    """A YOLO network that OpenVINO runs on the CPU, one picture at a time; safe to share between threads.

    Scaling to 0..1 and the change of layout are inside the network's graph, so that a picture goes in as it is.
    """

    def __init__(self, config: DetectorConfig, weights: Path, threads: int = 1) -> None:
        file = model_file(weights)
        model, self._network = _read(file, config.image_size)
        self._classes = class_map(_names(file, model), config.classes, f"weights {file}")
        self._config = config
        self._request: Any = _compiled(file, model, threads).create_infer_request()
        self._input = np.full((1, *self._network, 3), PADDING, np.uint8)
        self._content: tuple[int, int] = self._network
        self._lock = threading.Lock()

    def input_shape(self, width: int, height: int) -> tuple[int, int]:
        """The (height, width) that a frame of this native size is scaled to before `detect`."""
        return fitted_shape(width, height, self._network)

    def detect(self, images: Sequence[NDArray[np.uint8]], sizes: Sequence[tuple[int, int]]) -> list[Detections]:
        """Detections of each RGB picture (H, W, 3), in pixels of its native (width, height)."""
        with self._lock:
            return [self._detect(image, size) for image, size in zip(images, sizes, strict=True)]

    def _detect(self, image: NDArray[np.uint8], size: tuple[int, int]) -> Detections:
        height, width = image.shape[:2]
        if (height, width) != self._content:
            self._input[:] = PADDING
            self._content = (height, width)
        top, left = ((whole - part) // 2 for whole, part in zip(self._network, self._content, strict=True))
        self._input[0, top : top + height, left : left + width] = image
        output = self._request.infer({0: self._input}, share_inputs=True, share_outputs=True)[0]
        return decode(output[0], self._classes, self._config, Placement((left, top), width / size[0], size))


def _read(file: Path, image_size: int) -> tuple[openvino.Model, tuple[int, int]]:
    """The network as it is in the file, and its input's (height, width)."""
    try:
        model = core().read_model(file)
        if model.input(0).partial_shape.is_dynamic:
            model.reshape([1, 3, image_size, image_size])
        _, _, height, width = (int(side) for side in model.input(0).shape)
        output = [int(side) for side in model.output(0).shape]
    except (RuntimeError, ValueError) as error:
        raise _useless(file, error) from None
    if len(output) != 3 or output[0] != 1 or (output[2] != 6 and not 5 <= output[1] <= 4 + 1000):
        raise ModelError(f"weights {file}: the output {output} is not that of a YOLO detector; give a detection model")
    return model, (height, width)


def _compiled(file: Path, model: openvino.Model, threads: int) -> openvino.CompiledModel:
    """The network ready to run; it takes u8 NHWC RGB."""
    properties = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": max(1, threads),
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,  # several workers on one machine would all pin to the same cores
    }
    try:
        steps = openvino.preprocess.PrePostProcessor(model)
        steps.input().tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
        steps.input().model().set_layout(openvino.Layout("NCHW"))
        steps.input().preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
        return core().compile_model(steps.build(), "CPU", properties)
    except RuntimeError as error:
        raise _useless(file, error) from None


def _useless(file: Path, error: Exception) -> ModelError:
    reason = " ".join(str(error).split())[-200:]
    return ModelError(f"weights {file} are not a model that OpenVINO can run; export them again ({reason})")
