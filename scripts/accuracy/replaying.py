"""Replays one of the oracle's recordings in this process and has it scored by the oracle's own program."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.accuracy.expected_wait import joinings, wait_score
from scripts.accuracy.figures import Row, figures_of
from scripts.accuracy.interval import interval_row
from scripts.accuracy.measured import read_lanes
from scripts.accuracy.oracle import FULL_FPS, ORACLE, OracleRecording
from scripts.accuracy.truth import read_scene
from vision.config import GateConfig, load_gate
from vision.core.events import Seen
from vision.replay.recording import Recorded, read_recording
from vision.replay.replay import merged, replay

__all__ = ["Replayed", "ScoringError", "every", "replay_and_score", "replay_into", "scored"]


class ScoringError(RuntimeError):
    """The oracle's program did not take what the replay wrote; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One recording's figures, and the seconds of processor time that the replay took."""

    name: str
    figures: Row
    cpu_s: float


def replay_and_score(recording: OracleRecording, picture: Path | None = None) -> Replayed:
    """Replays and scores; with a picture's path, also draws the replay beside the truth.

    Raises what the replay raises, ScoringError where the result cannot be scored.
    """
    with tempfile.TemporaryDirectory(prefix="lanewatch-accuracy-") as folder:
        out = Path(folder) / "out"
        cpu_s = replay_into(recording, out)
        figures = figures_of(scored(out, recording.truth)) | _wait(out, recording)
        scene = read_scene(recording.truth)
        figures |= interval_row(scene, read_lanes(out, scene.t0))
        if picture is not None:
            from scripts.accuracy.plots import plot  # noqa: PLC0415 (slow to import, and seldom wanted)

            plot(out, recording.truth, picture, f"{recording.scene}, {recording.camera}, {recording.level}")
    return Replayed(recording.name, figures, cpu_s)


def replay_into(recording: OracleRecording, out: Path) -> float:
    """Writes the replay's files into `out`; the seconds of processor time that it took."""
    config = load_gate(recording.gate)
    events: Iterable[Recorded] = merged([read_recording(recording.file).events])
    if recording.fps != FULL_FPS:
        config = _at(config, recording.fps)
        events = every(round(FULL_FPS / recording.fps), events)
    began = time.process_time()
    replay(events, config, out)
    return time.process_time() - began


def _at(config: GateConfig, fps: float) -> GateConfig:
    cameras = tuple(camera.model_copy(update={"analysis_fps": fps}) for camera in config.cameras)
    return config.model_copy(update={"cameras": cameras})


def every(step: int, events: Iterable[Recorded]) -> Iterator[Recorded]:
    """Of each camera's frames every step-th, all other events."""
    frames: Counter[str] = Counter()
    for event in events:
        if isinstance(event, Seen):
            frames[event.camera] += 1
            if (frames[event.camera] - 1) % step:
                continue
        yield event


def scored(out: Path, truth: Path) -> dict[str, Any]:
    """What score.py says of a replay's output. Raises ScoringError."""
    command = [sys.executable, str(ORACLE / "score.py"), str(out), str(truth), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ScoringError(done.stderr.strip() or f"score.py ended with {done.returncode}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _wait(out: Path, recording: OracleRecording) -> Row:
    """How good the expected wait is; only in the long scenes are there enough who join a queue."""
    found = wait_score(joinings(out, recording.truth)) if recording.scene.startswith("main") else None
    if found is None:
        return {}
    return {
        "wait_mae_s": found.mae_s,
        "wait_reference_mae_s": found.reference_mae_s,
        "wait_coverage": found.coverage,
        "wait_joinings": float(found.published),
    }
