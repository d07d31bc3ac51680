"""`make accuracy-video`: its scores on tables made by hand, and half a minute of it whole: pictures, detector, core, truth."""

import csv
import shutil
from pathlib import Path

import pytest

from scripts.accuracy_video.__main__ import main
from scripts.accuracy_video.scenes import VideoScene, made, played
from scripts.accuracy_video.scoring import scored
from vision.detection.weights import DEMO_MODEL
from vision.simulation.layouts import LAYOUTS
from vision.simulation.scenarios import SCENARIOS
from vision.simulation.scene import Scene
from vision.simulation.truth_files import write_truth


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    scene = Scene(LAYOUTS["one-mast"], SCENARIOS["rush"], 3)
    scene.advance(602.0)
    write_truth(scene.truth, folder, scene.start_t, 600)
    return folder


@pytest.fixture
def perfect(scene: Path, tmp_path: Path) -> Path:
    """Results that say just what the truth says."""
    for name in ("lanes.csv", "visits.csv"):
        shutil.copy(scene / f"truth_{name}", tmp_path / name)
    return tmp_path


def changed(path: Path, change: object) -> None:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows = [row for row in rows if change(row) is not False]  # type: ignore[operator]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_the_truth_is_right(scene: Path, perfect: Path) -> None:
    score = scored(perfect, scene)
    assert (score.queue_vehicles, score.queue_m, score.standing_m, score.unmeasured) == (0, 0, 0, 0)
    assert (score.recall, score.precision, score.dwell_s, score.departures_pct) == (1.0, 1.0, 0.0, 0.0)
    assert score.visits > 5


def test_errors_are_counted_as_they_are(scene: Path, perfect: Path) -> None:
    changed(perfect / "lanes.csv", lambda row: row.update(queue_m=float(row["queue_m"]) + 2.5))
    changed(perfect / "lanes.csv", lambda row: row["lane_id"] != "EX1" or row.update(quality="unknown") is None)
    changed(perfect / "visits.csv", lambda row: row.update(dwell_s=float(row["dwell_s"] or 0) + 3))
    score = scored(perfect, scene)
    assert score.queue_m > 2.0
    assert score.unmeasured == pytest.approx(0.2)
    assert score.dwell_s == pytest.approx(3.0)


def test_a_visit_that_came_at_another_time_is_neither_found_nor_precise(scene: Path, perfect: Path) -> None:
    late = iter([True] + [False] * 1000)

    def change(row: dict[str, str]) -> None:
        if row["outcome"] == "departed" and row["start_censored"] == "false" and next(late):
            row["arrived_t"] = str(float(row["arrived_t"]) - 16)

    changed(perfect / "visits.csv", change)
    score = scored(perfect, scene)
    assert score.recall == score.precision == pytest.approx(1 - 1 / score.visits)


def test_a_scene_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["moon"]) == 2
    assert "day, night-rain, jam, upstream" in capsys.readouterr().err


@pytest.mark.timeout(300)
def test_half_a_minute_of_pictures_is_measured_as_its_truth_says(tmp_path: Path) -> None:
    files = made(VideoScene("short", "", "one-mast", "rush", "day", 9005), tmp_path, 0.5)
    assert made(VideoScene("short", "", "one-mast", "rush", "day", 9005), tmp_path, 0.5) == files
    score = scored(played(files, tmp_path / "results", DEMO_MODEL), files)
    assert score.unmeasured < 0.1
    assert score.queue_vehicles <= 0.4
    assert score.queue_m <= 6.0
