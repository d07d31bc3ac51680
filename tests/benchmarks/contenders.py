"""The measured paths, each run by itself: `python -m tests.benchmarks.contenders NAME --clip C --weights PT --model FOLDER`.

decode, detect: the floors, written as plainly as can be. worker: LaneWatch's own path. track-pt, track-openvino: what
somebody would write with ultralytics. All read the same clip, analyse every STRIDE-th frame and count only what happens
after the model is loaded and warm. Each prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["main"]

ANALYSED_FPS = 5.0
IMAGE_SIZE = 640
MIN_SCORE = 0.1
WARM_UP = 3
PICTURES, ROUNDS = 20, 10


@dataclass
class Tally:
    """What a path did: decoded frames, analysed frames, found boxes."""

    frames: int = 0
    analysed: int = 0
    found: int = 0


def decode(clip: Path, model: Path, _: Path) -> Iterator[Tally]:
    """Decode everything, convert what is due: the floor under any reader of the stream."""
    from vision.detection.openvino_detector import fitted_shape

    network, stride = _network_shape(model), _stride(clip)
    tally = Tally()
    yield tally
    for index, frame in enumerate(_frames(clip)):
        tally.frames += 1
        if index % stride == 0:
            _rgb(frame, fitted_shape(frame.width, frame.height, network))
            tally.analysed += 1
    yield tally


def detect(clip: Path, model: Path, _: Path) -> Iterator[Tally]:
    """The network alone on pictures that are ready in memory: the floor under any detector with these weights."""
    compiled, shape = _network(model)
    request = compiled.create_infer_request()
    stride = _stride(clip)
    due = (frame for index, frame in enumerate(_frames(clip)) if index % stride == 0)
    pictures = [_rgb(frame, shape) for frame in islice(due, PICTURES)]
    inputs = [np.ascontiguousarray(p.transpose(2, 0, 1)[None], dtype=np.float32) / 255 for p in pictures]
    for ready in inputs[:WARM_UP]:
        request.infer({0: ready}, share_inputs=True)
    tally = Tally(analysed=ROUNDS * len(inputs))
    yield tally
    for ready in inputs * ROUNDS:
        request.infer({0: ready}, share_inputs=True, share_outputs=True)
    yield tally


def worker(clip: Path, model: Path, _: Path) -> Iterator[Tally]:
    """LaneWatch's own path: read, detect, Pipeline, messages as JSON; one lane over the picture, not calibrated."""
    from api.commands.gates import single_gate
    from vision.camera.file_source import FileSource
    from vision.config import sections
    from vision.core.events import Seen
    from vision.core.pipeline import Pipeline
    from vision.detection.open_detector import open_detector
    from vision.replay.video_events import events_of

    config = single_gate()
    detector = open_detector(config.detector, model, threads=1)
    shape = detector.input_shape(640, 360)
    for _ in range(WARM_UP):
        detector.detect([np.zeros((*shape, 3), np.uint8)], [(640, 360)])
    pipeline = Pipeline(config, sections(config)[0])
    tally = Tally()
    yield tally
    source = FileSource("cam", str(clip), fps=ANALYSED_FPS, start=None, shape=detector.input_shape)
    for event in events_of([source], detector):
        if isinstance(event, Seen):
            tally.analysed += 1
            tally.found += len(event.detections)
        for message in pipeline.step(event):
            message.model_dump_json()
    tally.frames = tally.analysed * _stride(clip)
    yield tally


def track_pt(clip: Path, _: Path, weights: Path) -> Iterator[Tally]:
    """ultralytics' own tracking loop on the .pt file."""
    yield from _track(clip, weights, None)


def track_openvino(clip: Path, model: Path, _: Path) -> Iterator[Tally]:
    """ultralytics' own tracking loop on the OpenVINO export that LaneWatch runs, too."""
    yield from _track(clip, model, _network_shape(model))


def _track(clip: Path, weights: Path, shape: tuple[int, int] | None) -> Iterator[Tally]:
    from vision.detection.ultralytics_import import import_ultralytics

    ultralytics, _torch = import_ultralytics()
    model = ultralytics.YOLO(str(weights), task="detect")
    size = list(shape) if shape else IMAGE_SIZE
    chosen = {"imgsz": size, "conf": MIN_SCORE, "classes": [2, 5, 7], "device": "cpu", "verbose": False}
    for _ in range(WARM_UP):
        model.predict(np.zeros((360, 640, 3), np.uint8), **chosen)
    tally = Tally()
    yield tally
    stride = _stride(clip)
    for result in model.track(str(clip), stream=True, vid_stride=stride, tracker="bytetrack.yaml", persist=True, **chosen):
        tally.analysed += 1
        tally.found += len(result.boxes)
    tally.frames = tally.analysed * stride
    yield tally


def _frames(clip: Path) -> Iterator[Any]:
    import av

    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        yield from container.decode(stream)


def _rgb(frame: Any, shape: tuple[int, int]) -> NDArray[np.uint8]:
    from av.video.reformatter import Interpolation

    return frame.reformat(shape[1], shape[0], "rgb24", interpolation=Interpolation.FAST_BILINEAR).to_ndarray()


def _stride(clip: Path) -> int:
    import av

    with av.open(str(clip)) as container:
        return max(1, round(float(container.streams.video[0].average_rate or 25) / ANALYSED_FPS))


def _network(model: Path):
    from vision.detection.openvino_runtime import openvino

    core = openvino.Core()
    read = core.read_model(str(next(model.glob("*.xml"))))
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1}
    shape = tuple(read.input(0).partial_shape.get_min_shape())[2:]
    return core.compile_model(read, "CPU", options), shape


def _network_shape(model: Path) -> tuple[int, int]:
    from vision.detection.openvino_runtime import openvino

    shape = openvino.Core().read_model(str(next(model.glob("*.xml")))).input(0).partial_shape.get_min_shape()
    return int(shape[2]), int(shape[3])


CONTENDERS = {"decode": decode, "detect": detect, "worker": worker, "track-pt": track_pt, "track-openvino": track_openvino}


def main(arguments: list[str]) -> int:
    """Runs one contender and prints its cost as a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=CONTENDERS)
    for needed in ("--clip", "--model", "--weights"):
        parser.add_argument(needed, type=Path, required=True)
    given = parser.parse_args(arguments)
    steps = CONTENDERS[given.name](given.clip, given.model, given.weights)
    next(steps)
    cpu, wall = time.process_time(), time.perf_counter()
    tally = next(steps)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    per_frame = 1000 / max(1, tally.analysed)
    cost = {"cpu_ms": cpu * per_frame, "wall_ms": wall * per_frame, "peak_mb": peak_mb}
    print(json.dumps({**vars(tally), **cost}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
