"""Scenes of our own: exact boxes against an independent reference, the detector's faults, the truth, names and parameters."""

import csv

import numpy as np
import pytest

from scripts.accuracy.figures import figures_of
from scripts.accuracy.held_out.__main__ import main
from scripts.accuracy.held_out.cameras import CAMERAS
from scripts.accuracy.held_out.detector import CLUTTER, LEVELS, Emulator
from scripts.accuracy.held_out.scenes import SCENES, HeldOut, chosen
from scripts.accuracy.held_out.sight import CuboidSight, Sighting
from scripts.accuracy.held_out.simulated import Sightings, made
from scripts.accuracy.oracle import ORACLE
from scripts.accuracy.replaying import scored
from scripts.accuracy.truth import read_scene, rows
from tests.support.reference import Cuboid, ReferenceCamera, sighted
from vision.replay.recording import read_recording
from vision.simulation.scene import START_T, Scene

needs_score = pytest.mark.skipif(not (ORACLE / "score.py").exists(), reason="needs ../shared/oracle/score.py")


@pytest.mark.parametrize("name", ["mast9", "pole7", "approach9"])
def test_sightings_are_those_of_the_reference(name):
    layout = CAMERAS[name]
    plan = layout.cameras[0]
    scene = Scene(layout, SCENES["jam"].scenario, 5)
    scene.advance(20.0)
    places = [place for place in scene.places(20.0) if place.share == 0.0 and -10 < place.front_m < 200]
    focal_px = plan.focal_widths * layout.width
    camera = ReferenceCamera(*plan.place, plan.turned_deg, plan.down_deg, focal_px, layout.width, layout.height)
    x = {lane.id: lane.x_m for lane in layout.lanes}
    vehicles = tuple(
        Cuboid((x[p.lane], p.front_m), (x[p.lane], p.rear_m), p.body.width_m, p.body.height_m, bottom_m=0.2) for p in places
    )
    found = {one.number: one for one in CuboidSight(layout, plan).of(places)}
    off, shares = [], []
    for place, one in zip(places, sighted(camera, vehicles), strict=True):
        mine = found.get(place.number)
        if one is None or one.box is None or min(one.box[2] - one.box[0], one.box[3] - one.box[1]) < 6:
            assert mine is None or min(mine.box[2] - mine.box[0], mine.box[3] - mine.box[1]) < 9
            continue
        assert mine is not None
        off.append(np.abs(np.array(mine.box) - one.box))
        if one.full[0] >= 0 and one.full[2] <= layout.width and one.full[3] <= layout.height:
            shares.append(abs(mine.share - one.share))
    assert len(shares) > 20
    assert max(shares) < 0.06
    assert np.quantile(off, 0.95) < 1.3
    assert np.median(off) < 0.05
    assert np.max(off) < 8, "slivers"


def test_a_detector_misses_in_bursts_and_its_false_boxes_stay():
    level, frames = LEVELS["hard"], 4000
    emulator = Emulator(level, (1920, 1080), np.random.default_rng(1))
    places = [(200.0 * k, 300.0, 200.0 * k + 80.0, 400.0) for k in range(9)]
    sightings = [Sighting(k + 1, box, box, 1.0) for k, box in enumerate(places)]
    found = [emulator.step(sightings, dict.fromkeys(range(1, 10), "truck")) for _ in range(frames)]
    hits = np.array([[k in frame.numbers for k in range(1, 10)] for frame in found])
    seen = hits[hits.any(axis=1)]
    assert 0.7 < seen.mean() < 0.9
    begins = (~seen[1:] & seen[:-1]).sum()
    assert (~seen).sum() / begins * 0.2 == pytest.approx(level.burst_s, rel=0.5)
    assert 0.2 < np.mean([(frame.numbers == CLUTTER).sum() for frame in found]) < 0.8
    assert 0.01 < np.mean(~hits.any(axis=1)) < 0.08, "outages"
    assert {len(frame.detections) == len(frame.numbers) for frame in found} == {True}


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    return tmp_path_factory.mktemp("held-out")


@needs_score
def test_truth_given_back_scores_no_error(held, tmp_path):
    files = made(HeldOut("changes", "mast9", "clean", 3), held)
    for name, columns in (("lanes", ("t",)), ("visits", ("arrived_t", "left_t"))):
        lines = list(rows(files.truth / (f"truth_{name}.csv" + (".gz" if name == "lanes" else ""))))
        for line in lines:
            line |= {column: str(float(line[column]) + START_T) for column in columns if line[column]}
            line |= {"quality": "ok", "outcome": "departed" if line.get("left_t") else "open"}
        with (tmp_path / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
    figures = figures_of(scored(tmp_path, files.truth))
    assert [figures[name] for name in ("standing_vehicles", "standing_m", "queue_vehicles", "queue_m")] == [0, 0, 0, 0]
    assert [figures[name] for name in ("recall", "precision", "departures_pct")] == [1, 1, 0]
    assert any(visit.lane_in != visit.lane_id for visit in read_scene(files.truth).visits)


def test_every_box_of_a_recording_has_its_number(held):
    files = made(HeldOut("changes", "mast9", "typical", 3), held)
    boxes = sum(len(event.detections) for event in read_recording(files.recording).events if hasattr(event, "detections"))
    numbers = np.load(files.numbers)["mast9"]
    seen = Sightings.read(files.truth / "sightings_mast9.npz")
    assert len(numbers) == boxes > 1000
    assert set(numbers) - {CLUTTER} <= set(seen.number)


def test_nobody_stands_in_free_flow():
    scene = Scene(CAMERAS["mast9"], SCENES["free_flow_20"].scenario, 1)
    scene.advance(90.0)
    assert {(row.queue_vehicles, row.standing_vehicles) for row in scene.truth.lanes} == {(0, 0)}
    speeds = [visit.vehicle.speed_mps for visit in scene.truth.visits]
    assert len(speeds) > 15
    assert 17 < np.mean(speeds) < 22


def test_names_and_seeds():
    assert {one.scene for one in chosen([], [1])} == set(SCENES)
    assert [one.name for one in chosen(["jam/mast9_hard"], [2, 7])] == ["jam-2/mast9_hard", "jam-7/mast9_hard"]
    assert {one.camera for one in chosen(["jam"], [1])} == set(CAMERAS)
    assert len({one.traffic_seed for one in chosen(["jam/mast9_*", "light/mast9_*"], [1, 2])}) == 4
    assert chosen(["nothing"], [1]) == []


def test_a_wrong_name_or_parameter_is_a_sentence(capsys):
    for arguments in (["light", "--parameters", "nothing=1"], ["nowhere"], ["light", "--parameters", "gap_m=wide"]):
        with pytest.raises(SystemExit, match="2"):
            main(arguments)
    told = capsys.readouterr().err
    assert "nothing" in told
    assert "nowhere" in told
    assert "Traceback" not in told
