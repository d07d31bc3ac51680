"""Replays a recording of our own scenes and scores it like the oracle's, with what only these scenes are asked. A shell."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from scripts.accuracy.figures import Figure, Row, figures_of
from scripts.accuracy.held_out.scenes import HeldOut
from scripts.accuracy.held_out.simulated import made
from scripts.accuracy.interval import interval_row
from scripts.accuracy.measured import FAR, MeasuredLane, MeasuredVisit, read_lanes, read_visits
from scripts.accuracy.replaying import scored
from scripts.accuracy.truth import Scene, read_scene
from vision.replay.recording import read_recording
from vision.replay.replay import merged, replay
from vision.tracking_parameters import TrackingParameters

__all__ = ["FLOW_FIGURES", "MORE_FIGURES", "Judged", "counts", "judged", "with_values"]

MORE_FIGURES: Final = (
    Figure("queue_bias", "bias", ("queue", "bias_veh"), 2, 0.01, signed=True),
    Figure("wrong_min", "wrong min", ("counts", "wrong_min"), 0, 0.1),
)
"""bias: of queue_vehicles; wrong min: minutes of a lane in whose every second queue_vehicles is off by one or more."""
FLOW_FIGURES: Final = (
    Figure("phantom_s", "phantom queue, lane-s", ("counts", "phantom_s"), 0, 0.1),
    Figure("passes_pct", "passes counted, %", ("counts", "passes_pct"), 1, 0.1, more_is_better=True),
    Figure("surplus", "departures too many", ("counts", "surplus"), 0, 0.1),
)
"""Of a road on which nobody stops: lane-seconds with a queue that is none; departures found within 3 s, and those beyond."""
COUNTED_WITHIN_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Judged:
    """One recording's figures, and the seconds of processor time that the replay took."""

    name: str
    figures: Row
    cpu_s: float


def judged(held: HeldOut, folder: Path, parameters: dict[str, float], *, calibrated: bool = True) -> Judged:
    """Replays with the parameters that differ from the usual and scores; without calibration if so told.

    Raises what the replay raises, and ScoringError.
    """
    files = made(held, folder)
    recording = read_recording(files.recording)
    config = recording.header.config
    assert config is not None
    config = config.model_copy(update={"tracking": with_values(config.tracking, parameters)})
    if not calibrated:
        cameras = tuple(camera.model_copy(update={"ground": None}) for camera in config.cameras)
        config = config.model_copy(update={"cameras": cameras})
    with tempfile.TemporaryDirectory(prefix="lanewatch-held-out-") as place:
        out = Path(place) / "out"
        began = time.process_time()
        replay(merged([recording.events]), config, out)
        cpu_s = time.process_time() - began
        score = scored(out, files.truth) | {"counts": counts(files.truth, out)}
        scene = read_scene(files.truth)
        row = figures_of(score) | interval_row(scene, read_lanes(out, scene.t0))
    row |= {one.name: score[one.path[0]][one.path[1]] for one in (*MORE_FIGURES, *FLOW_FIGURES)}
    return Judged(held.name, row, cpu_s)


def counts(truth: Path, out: Path) -> dict[str, float]:
    """The figures that score.py does not know, by the second part of their paths: of a replay's folder and a scene's truth."""
    scene = read_scene(truth)
    return _seconds(scene, read_lanes(out, scene.t0)) | _passes(scene, read_visits(out, scene.t0))


def with_values(usual: TrackingParameters, values: dict[str, float]) -> TrackingParameters:
    """The parameters with some of them replaced. Raises ValueError for a name that is none, or a value that cannot be."""
    try:
        return replace(usual, **values)
    except TypeError as error:
        raise ValueError(f"TrackingParameters: {error}") from None


def _seconds(scene: Scene, lanes: dict[str, MeasuredLane]) -> dict[str, float]:
    wrong = phantom = 0
    for lane_id, line in scene.lanes.items():
        lane = lanes.get(lane_id, MeasuredLane())
        told = {round(t): value for t, value in zip(lane.t, lane.queue_vehicles, strict=True)}
        true = {second.t: second.queue_vehicles for second in line if second.t < scene.duration_s}
        off = np.array([abs((told.get(t) or 0.0) - queue) >= 1 for t, queue in sorted(true.items())])
        whole = len(off) // 60 * 60
        wrong += int(off[:whole].reshape(-1, 60).all(axis=1).sum())
        phantom += sum(queue == 0 and (told.get(t) or 0.0) > 0 for t, queue in true.items())
    return {"wrong_min": wrong, "phantom_s": phantom}


def _passes(scene: Scene, visits: list[MeasuredVisit]) -> dict[str, float]:
    """Departures one to one by lane and time: the share of the true ones that are found, and how many are found beyond them."""
    true = [(visit.lane_id, visit.left_t) for visit in scene.visits if visit.left_t is not None]
    found = [(visit.lane_id, visit.left_t) for visit in visits if visit.outcome == "departed" and visit.left_t is not None]
    apart = np.array([[abs(left - t) if lane == at else FAR for at, t in true] for lane, left in found]).reshape(
        len(found), len(true)
    )
    right = sum(bool(apart[i, j] <= COUNTED_WITHIN_S) for i, j in zip(*linear_sum_assignment(apart), strict=True))
    return {"passes_pct": 100.0 * right / max(len(true), 1), "surplus": len(found) - right}
