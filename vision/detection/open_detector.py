"""Picks the detector for the weights at hand: OpenVINO, or ultralytics for .pt and TensorRT .engine files. A shell.

Neither is imported before it is needed: a worker that runs OpenVINO never loads torch.
"""

from __future__ import annotations

from pathlib import Path

from vision.config import DetectorConfig
from vision.ports import Detector

__all__ = ["open_detector"]


def open_detector(config: DetectorConfig, weights: Path, threads: int = 1, device: str = "auto") -> Detector:
    """The detector for these weights, as `prepare_weights` returned them. Raises ModelError when they are of no use.

    threads: of inference on the CPU; device: auto, cpu or cuda, which only ultralytics heeds.
    """
    if weights.suffix in {".pt", ".engine"}:
        from vision.detection.ultralytics_detector import UltralyticsDetector  # noqa: PLC0415 (torch)

        return UltralyticsDetector(config, weights, threads, device)
    from vision.detection.openvino_detector import OpenVinoDetector  # noqa: PLC0415 (keeps importing this light)

    return OpenVinoDetector(config, weights, threads)
