"""Simulates the scenes of our own and keeps them: sightings, recordings of each level, truth as the oracle tells it. A shell.

What lies in the folder was made by the very code that asks for it: its name holds a digest of the sources.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scripts.accuracy.held_out.cameras import CAMERAS
from scripts.accuracy.held_out.detector import LEVELS, Emulator
from scripts.accuracy.held_out.scenes import SCENES, HeldOut
from scripts.accuracy.held_out.sight import CuboidSight, Sighting
from scripts.accuracy.oracle import ROOT
from vision.core.events import CameraChanged, LaneStatus, Seen
from vision.core.ticks import TickSeries
from vision.replay.recording import RecordingWriter
from vision.simulation.scene import START_T, Scene
from vision.simulation.truth import TrueVisit

__all__ = ["FOLDER", "Files", "Sightings", "made"]

FOLDER: Final = ROOT / ".lanewatch" / "held-out"
STEP_S: Final = 0.2
LANE_MEASURES: Final = ("queue_vehicles", "queue_m", "standing_vehicles", "standing_m")
_VISITS: Final = (
    *("lane_id", "lane_in", "vehicle_class", "body", "length_m", "arrived_t", "joined_t", "service_t", "left_t"),
    *("dwell_s", "wait_s", "service_s", "complete"),
)


@dataclass(frozen=True, slots=True)
class Files:
    """Where one recording lies, and the folder with its scene's truth."""

    recording: Path
    numbers: Path
    truth: Path


@dataclass(frozen=True, slots=True)
class Sightings:
    """All that one camera has in sight, a row each: frame, vehicle's number, box and full box, share in sight.

    front_m: metres of its front upstream of the stop line.
    """

    frame: NDArray[np.int32]
    number: NDArray[np.int32]
    box: NDArray[np.float32]
    full: NDArray[np.float32]
    share: NDArray[np.float32]
    front_m: NDArray[np.float32]

    @classmethod
    def read(cls, path: Path) -> Sightings:
        """From the file that `made` wrote."""
        with np.load(path) as data:
            return cls(**{name: data[name] for name in cls.__slots__})


def made(held: HeldOut, folder: Path = FOLDER) -> Files:
    """The files of a recording, simulated now unless they lie there from an earlier time."""
    place = folder / _sources(repr(SCENES[held.scene])) / f"{held.scene}-{held.seed}_{held.camera}"
    if not place.exists():
        _whole(place, lambda part: _simulate(held, part))
    level = place / held.level
    if not level.exists():
        _whole(level, lambda part: _emulate(held, place, part))
    return Files(level / "recording.jsonl.gz", level / "numbers.npz", place)


@cache
def _sources(scene: str) -> str:
    """A digest of the scene and of all code that has a part in it."""
    own = Path(__file__).parent
    files = [own / f"{name}.py" for name in ("cameras", "detector", "sight", "simulated")]
    files += sorted((ROOT / "vision" / "simulation").glob("*.py"))
    return hashlib.sha256(b"".join([*(file.read_bytes() for file in files), scene.encode()])).hexdigest()[:12]


def _whole(place: Path, make: Callable[[Path], None]) -> None:
    """Makes a folder under another name first; of two processes that make the same, one's is kept."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        make(part)
        part.rename(place)
    except OSError:
        if not place.exists():
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _simulate(held: HeldOut, out: Path) -> None:
    """Lets the traffic run and looks at it through each camera five times a second."""
    layout, own = CAMERAS[held.camera], SCENES[held.scene]
    scene = Scene(layout, own.scenario, held.traffic_seed)
    sights = {plan.id: CuboidSight(layout, plan) for plan in layout.cameras}
    seen: dict[str, list[tuple[int, Sighting, float]]] = {camera: [] for camera in sights}
    statuses: list[LaneStatus] = []
    last: dict[str, list[Sighting]] = {}
    before: object = None
    until = int(own.minutes * 60)
    classes: dict[int, str] = {}
    for frame in range(int(until / STEP_S) + 1):
        statuses += scene.advance(frame * STEP_S)
        places = scene.places(frame * STEP_S)
        now = [(p.number, p.front_m, p.share) for p in places]
        fronts = {place.number: place.front_m for place in places}
        classes |= {place.number: place.body.vehicle_class for place in places}
        if now != before:
            last, before = {camera: sight.of(places) for camera, sight in sights.items()}, now
        for camera, found in last.items():
            seen[camera] += [(frame, one, fronts[one.number]) for one in found]
    scene.advance(until + 2.0)
    for camera, rows in seen.items():
        _keep(rows, out / f"sightings_{camera}.npz")
    _write_truth(held, scene, until, out)
    told = [[status.lane, status.t, status.status, status.by, status.reason] for status in statuses]
    (out / "scene.json").write_text(json.dumps({"statuses": told, "classes": classes}), encoding="utf-8")


def _keep(rows: list[tuple[int, Sighting, float]], path: Path) -> None:
    np.savez_compressed(
        path,
        frame=np.array([frame for frame, _, _ in rows], np.int32),
        number=np.array([one.number for _, one, _ in rows], np.int32),
        box=np.array([one.box for _, one, _ in rows], np.float32).reshape(-1, 4),
        full=np.array([one.full for _, one, _ in rows], np.float32).reshape(-1, 4),
        share=np.array([one.share for _, one, _ in rows], np.float32),
        front_m=np.array([front for _, _, front in rows], np.float32),
    )


def _emulate(held: HeldOut, scene: Path, out: Path) -> None:
    """Writes a recording of what the level's detector makes of the sightings, and whose each box is."""
    layout = CAMERAS[held.camera]
    told = json.loads((scene / "scene.json").read_text(encoding="utf-8"))
    classes = {int(number): name for number, name in told["classes"].items()}
    statuses = [LaneStatus(*status) for status in told["statuses"]]
    sizes = {plan.id: (layout.width, layout.height) for plan in layout.cameras}
    frames = int(SCENES[held.scene].minutes * 60 / STEP_S) + 1
    chance = np.random.SeedSequence(held.detector_seed).spawn(len(sizes))
    cameras = {
        plan.id: (
            Emulator(LEVELS[held.level], sizes[plan.id], np.random.default_rng(seed), STEP_S),
            _by_frame(Sightings.read(scene / f"sightings_{plan.id}.npz"), frames),
        )
        for plan, seed in zip(layout.cameras, chance, strict=True)
    }
    numbers: dict[str, list[NDArray[np.int32]]] = {camera: [] for camera in sizes}
    ticks = TickSeries(START_T)
    with RecordingWriter(out / "recording.jsonl.gz", layout.gate(), sizes) as recording:
        for camera, (width, height) in sizes.items():
            recording.write(CameraChanged(camera, 0, START_T, "online", width, height))
        for frame in range(frames):
            t = round(START_T + frame * STEP_S, 3)
            while statuses and statuses[0].t <= t:
                recording.write(statuses.pop(0))
            for camera, (emulator, seen) in cameras.items():
                found = emulator.step(seen[frame], classes)
                recording.write(Seen(camera, 0, t, found.detections))
                numbers[camera].append(found.numbers)
            for tick in ticks.upto(t):
                recording.write(tick)
    arrays: dict[str, Any] = {camera: np.concatenate(lists) for camera, lists in numbers.items()}
    np.savez_compressed(out / "numbers.npz", **arrays)


def _by_frame(seen: Sightings, frames: int) -> list[list[Sighting]]:
    found: list[list[Sighting]] = [[] for _ in range(frames)]
    for frame, number, box, full, share in zip(seen.frame, seen.number, seen.box, seen.full, seen.share, strict=True):
        found[frame].append(Sighting(int(number), tuple(box.tolist()), tuple(full.tolist()), float(share)))
    return found


def _write_truth(held: HeldOut, scene: Scene, until: int, out: Path) -> None:
    """meta.json, truth_lanes.csv.gz, truth_visits.csv and truth_throughput.csv, as the oracle has them."""
    lanes = [lane.id for lane in scene.layout.lanes]
    zone_m = scene.layout.zone_m
    meta = {"name": held.scene, "duration_s": until, "t0": START_T, "lanes": lanes, "zone_m": zone_m}
    (out / "meta.json").write_text(json.dumps(meta, indent=1), encoding="utf-8")
    columns = ("t", "lane_id", *LANE_MEASURES, "vehicles", "in_service")
    rows = [{name: getattr(row, name) for name in columns} for row in scene.truth.lanes if row.t <= until]
    text = _table(columns, rows)
    (out / "truth_lanes.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    visits = [_visit(stays, until) for stays in _stays(scene)]
    (out / "truth_visits.csv").write_text(_table(_VISITS, visits), encoding="utf-8")
    left = Counter((v.lane_id, v.left_t // 60) for v in scene.truth.visits if v.outcome == "departed" and v.left_t is not None)
    minutes: list[dict[str, object]] = [
        {"minute": minute, **{lane: left[lane, float(minute)] for lane in lanes}} for minute in range(-(-until // 60))
    ]
    (out / "truth_throughput.csv").write_text(_table(["minute", *lanes], minutes), encoding="utf-8")


def _stays(scene: Scene) -> list[list[TrueVisit]]:
    """Each vehicle's stays in lanes, in order."""
    stays: dict[int, list[TrueVisit]] = {}
    for visit in [*scene.truth.visits, *scene.truth.open_visits]:
        stays.setdefault(visit.vehicle.number, []).append(visit)
    return list(stays.values())


def _visit(stays: list[TrueVisit], until: float) -> dict[str, object]:
    last = stays[-1]
    body = last.vehicle.body
    left = last.left_t if last.left_t is not None and last.left_t < until else None
    complete = last.arrived_t is not None and left is not None

    def between(later: float | None, earlier: float | None) -> float | None:
        return None if later is None or earlier is None else round(later - earlier, 3)

    return {
        "lane_id": last.lane_id,
        "lane_in": stays[0].lane_id,
        "vehicle_class": body.vehicle_class,
        "body": body.shape,
        "length_m": body.length_m,
        "arrived_t": last.arrived_t,
        "joined_t": last.joined_t,
        "service_t": last.service_t,
        "left_t": left,
        "dwell_s": between(left, last.arrived_t),
        "wait_s": between(last.service_t, last.joined_t),
        "service_s": between(left, last.service_t),
        "complete": int(complete),
    }


def _table(columns: Iterable[str], rows: Iterable[dict[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
