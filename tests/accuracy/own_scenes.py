"""Small scenes of our own that guard the core where the oracle is not: exact boxes of the simulated gate, and their truth.

The recordings lie in tests/accuracy/scenes, so that a change of the simulator changes nothing here; what a detector does to
boxes is added when they are replayed, always the same. `python -m tests.accuracy.own_scenes` simulates them anew.
"""

from __future__ import annotations

import gzip
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts.accuracy.figures import FIGURES, Row
from scripts.accuracy.measured import matches, read_lanes, read_visits
from scripts.accuracy.truth import LaneSecond, Scene, TrueVisit, number, rows
from vision.core.detections import Detections
from vision.core.events import Seen
from vision.replay.recording import Recorded, read_recording
from vision.replay.replay import merged, replay

__all__ = ["SCENES", "measured", "noisy"]

FOLDER = Path(__file__).with_name("scenes")
SEED = 7
MINUTES = 4.0
SCENES = {"calm": "one-mast", "jam": "one-mast", "closure": "one-mast", "upstream": "upstream"}
"""Names of the scenes and the layouts of their cameras."""


@dataclass(frozen=True)
class Noise:
    """What a middling detector does: bursts of misses, boxes that wobble, wrong classes, boxes where nothing is."""

    missed: float = 0.03
    burst_frames: int = 5
    jitter: float = 0.01
    wrong_class: float = 0.05
    false_boxes: float = 0.05
    smallest_px: float = 5.0


def measured(name: str, folder: Path) -> Row:
    """The figures of one scene: its recording with noise through the core, against its truth. `folder` is for the replay."""
    recording = read_recording(FOLDER / f"{name}.jsonl.gz")
    config = recording.header.config
    assert config is not None
    sizes = {camera: (size.width, size.height) for camera, size in recording.header.cameras.items()}
    replay(noisy(merged([recording.events]), sizes), config, folder)
    scene = _truth(name)
    return _figures(scene, folder)


def noisy(events: Iterable[Recorded], sizes: dict[str, tuple[int, int]], noise: Noise = Noise()) -> Iterator[Recorded]:
    """The events, their boxes as a detector would have found them."""
    rng = np.random.default_rng(SEED)
    hidden: dict[str, NDArray[np.float32]] = {camera: np.zeros((0, 3), np.float32) for camera in sizes}
    for event in events:
        if not isinstance(event, Seen):
            yield event
            continue
        found, hidden[event.camera] = _missed(event.detections, hidden[event.camera], noise, rng)
        yield replace(event, detections=_wobbled(found, sizes[event.camera], noise, rng))


def _missed(
    exact: Detections, hidden: NDArray[np.float32], noise: Noise, rng: np.random.Generator
) -> tuple[Detections, NDArray[np.float32]]:
    """What is left, and the centres (x, y, frames to go) near which boxes stay missed for a while."""
    centres = (exact.xyxy[:, :2] + exact.xyxy[:, 2:]) / 2
    hidden = hidden[hidden[:, 2] > 0] - np.array([0, 0, 1], np.float32)
    near = np.abs(centres[:, None] - hidden[None, :, :2]).max(2, initial=0.0) < 6.0
    begins = rng.random(len(exact)) < noise.missed / noise.burst_frames
    starting = np.column_stack([centres[begins], np.full(begins.sum(), noise.burst_frames)]).astype(np.float32)
    sides = (exact.xyxy[:, 2:] - exact.xyxy[:, :2]).min(1, initial=np.inf)
    kept = ~near.any(1) & ~begins & (sides >= noise.smallest_px)
    left = Detections(exact.xyxy[kept], exact.score[kept], exact.class_id[kept])
    return left, np.vstack([hidden, starting])


def _wobbled(found: Detections, size: tuple[int, int], noise: Noise, rng: np.random.Generator) -> Detections:
    boxes = found.xyxy.astype(np.float64)
    spans = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    boxes += rng.normal(0.0, 1.0, boxes.shape) * (noise.jitter * spans)
    classes = np.where(rng.random(len(boxes)) < noise.wrong_class, rng.integers(0, 3, len(boxes)), found.class_id)
    scores = np.clip(rng.normal(0.75, 0.12, len(boxes)), 0.15, 0.98)
    if rng.random() < noise.false_boxes:
        corner = rng.uniform([0, size[1] * 0.3], [size[0] * 0.9, size[1] * 0.8])
        boxes = np.vstack([boxes, [*corner, *(corner + rng.uniform(8, 50, 2))]])
        classes, scores = np.append(classes, 0), np.append(scores, 0.2)
    boxes = np.round(np.clip(boxes, 0, [*size, *size]), 1).astype(np.float32)
    whole = ((boxes[:, 2:] - boxes[:, :2]) > 1.0).all(1)
    return Detections(boxes[whole], np.round(scores, 3).astype(np.float32)[whole], classes.astype(np.int16)[whole])


def _truth(name: str) -> Scene:
    seconds = list(rows(FOLDER / f"{name}_lanes.csv.gz"))
    t0 = min(float(row["t"]) for row in seconds)
    lanes: dict[str, list[LaneSecond]] = {}
    for row in seconds:
        figures = int(row["queue_vehicles"]), float(row["queue_m"]), int(row["standing_vehicles"]), float(row["standing_m"])
        lanes.setdefault(row["lane_id"], []).append(LaneSecond(round(float(row["t"]) - t0), *figures))
    duration = max(line[-1].t for line in lanes.values())
    visits = [_visit(row, t0) for row in rows(FOLDER / f"{name}_visits.csv.gz") if row["outcome"] != "changed_lane"]
    return Scene(name, t0, duration, 0.0, lanes, visits)


def _visit(row: dict[str, str], t0: float) -> TrueVisit:
    times = [number(row[column]) for column in ("arrived_t", "joined_t", "service_t", "left_t")]
    arrived, joined, service, left = (None if t is None else t - t0 for t in times)
    departed = row["outcome"] == "departed"
    return TrueVisit(row["lane_id"], row["lane_id"], 0.0, arrived, joined, service, left if departed else None, departed)


def _figures(scene: Scene, out: Path) -> Row:
    """Recall and precision count all who left, also those who were there at the start: any arrival is right for them."""
    lanes, visits = read_lanes(out, scene.t0), read_visits(out, scene.t0)
    errors: dict[str, list[float]] = {name: [] for name in ("queue_vehicles", "queue_m", "standing_vehicles", "standing_m")}
    for lane, line in scene.lanes.items():
        found = {round(t): i for i, t in enumerate(lanes[lane].t)}
        for second in line:
            for name, values in errors.items():
                told = getattr(lanes[lane], name)[found[second.t]]
                values.append(abs((0.0 if told is None else told) - getattr(second, name)))
    right = sum(scene.visits[j].complete for j in matches(scene, visits).values())
    departed = sum(visit.outcome == "departed" for visit in visits)
    truly = sum(visit.complete for visit in scene.visits)
    row: Row = dict.fromkeys((figure.name for figure in FIGURES), None)
    row.update({name: float(np.mean(values)) for name, values in errors.items()})
    row["recall"], row["precision"] = right / truly, right / max(departed, 1)
    row["departures_pct"] = 100.0 * (departed - truly) / truly
    return row


def _simulate() -> None:
    from vision.simulation.demand import Demand
    from vision.simulation.files import Order, simulate
    from vision.simulation.scenarios import SCENARIOS, Closure, Scenario

    busy, light = Demand({"export": 130.0, "import": 180.0}), Demand({"export": 80.0, "import": 120.0})
    SCENARIOS["guard-calm"] = Scenario(light, (), (0, 1), change_share=0.2)
    SCENARIOS["guard-jam"] = Scenario(busy, (), (3, 6))
    SCENARIOS["guard-closure"] = Scenario(light, (Closure("IM2", 20.0, 150.0, drains=False),), (1, 2))
    SCENARIOS["guard-upstream"] = Scenario(light, (), (1, 2))
    for name in sys.argv[1:] or SCENES:
        with tempfile.TemporaryDirectory() as folder:
            made = simulate(Order(Path(folder), SEED, MINUTES, SCENES[name], f"guard-{name}", video=False))
            shutil.copy(made / "recording.jsonl.gz", FOLDER / f"{name}.jsonl.gz")
            for table in ("lanes", "visits"):
                packed = gzip.compress((made / f"truth_{table}.csv").read_bytes(), 9, mtime=0)
                (FOLDER / f"{name}_{table}.csv.gz").write_bytes(packed)
        sys.stdout.write(f"wrote {name}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _simulate()
