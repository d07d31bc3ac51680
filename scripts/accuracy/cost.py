"""`python -m scripts.accuracy.cost`: what the core costs per analysed five-lane frame, in inferences of a detector.

The core's steps (track, lanes, measures) and inferences of YOLO11n at 384x640 on one thread take turns in one process, so
that both see the same machine: only their ratio is told.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from scripts.accuracy.oracle import ORACLE, OracleRecording
from scripts.accuracy.pages import write_part
from vision.config import load_gate, sections
from vision.core.events import Event, Seen
from vision.core.pipeline import Pipeline
from vision.detection.open_detector import open_detector
from vision.detection.weights import prepare_weights
from vision.errors import LaneWatchError
from vision.replay.recording import Checkpoint, read_recording

__all__ = ["MAX_SHARE", "Cost", "core_cost", "main"]

MAX_SHARE: Final = 0.15
RECORDINGS: Final = ("short_jam/mast8_typical", "main_a/mast8_typical", "short_calm/mast8_typical")
WEIGHTS: Final = ORACLE.parent / "weights" / "yolo11n.pt"
FRAME_SIZE: Final = (1920, 1080)
FRAMES: Final = 5400
"""Most frames of a recording: of main_a the first 18 minutes, into the rush."""
BLOCK: Final = 50
INFERENCES: Final = 4


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time per analysed frame and per inference, in milliseconds."""

    recording: str
    frames: int
    core_ms: float
    inference_ms: float

    @property
    def share(self) -> float:
        """The core's part of one inference."""
        return self.core_ms / self.inference_ms


def core_cost(recording: OracleRecording, weights: Path) -> Cost:
    """Feeds the recording to a pipeline in blocks of frames, each followed by some inferences."""
    config = load_gate(recording.gate)
    detector = open_detector(config.detector, weights, threads=1)
    picture = np.random.default_rng(1).integers(0, 255, (*detector.input_shape(*FRAME_SIZE), 3), np.uint8)
    for _ in range(INFERENCES):
        detector.detect([picture], [FRAME_SIZE])
    pipeline = Pipeline(config, sections(config)[0])
    core_s, frames, inferences = 0.0, 0, []
    events = (event for event in read_recording(recording.file).events if not isinstance(event, Checkpoint))
    for block in _blocks(events):
        began = time.process_time()
        for event in block:
            pipeline.step(event)
        core_s += time.process_time() - began
        frames += sum(isinstance(event, Seen) for event in block)
        for _ in range(INFERENCES):
            began = time.process_time()
            detector.detect([picture], [FRAME_SIZE])
            inferences.append(time.process_time() - began)
        if frames >= FRAMES:
            break
    return Cost(recording.name, frames, 1000 * core_s / frames, 1000 * statistics.fmean(inferences))


def _blocks(events: Iterator[Event]) -> Iterator[list[Event]]:
    while block := list(islice(events, BLOCK)):
        yield block


def main(arguments: list[str]) -> int:
    """Measures, prints and writes the page's part. Returns 2 where weights or recordings are not there."""
    try:
        weights = prepare_weights(str(WEIGHTS), frame_shape=FRAME_SIZE[::-1], device="cpu")
        costs = [core_cost(OracleRecording.named(name), weights) for name in arguments or RECORDINGS]
    except LaneWatchError as error:
        print(f"cost: not measured: {error}", file=sys.stderr)
        return 2
    lines = [f"| {c.recording} | {c.frames} | {c.share:.1%} | {MAX_SHARE:.0%} |" for c in costs]
    text = "\n".join(["| recording | frames | core / inference | at most |", "| --- | --- | --- | --- |", *lines])
    print(text)
    for cost in costs:
        print(f"{cost.recording}: core {cost.core_ms:.2f} ms, inference {cost.inference_ms:.2f} ms", file=sys.stderr)
    if not arguments:
        write_part("cost", text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
