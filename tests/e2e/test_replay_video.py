"""`lanewatch replay` of a video: detector and core from file to visits; its recording gives the same bytes again."""

import csv
import json
from pathlib import Path

import pytest

from tests.support.cli import lanewatch
from tests.support.model import tiny_model
from tests.support.video import Mover, make_video
from vision.replay.recording import read_recording

START = 1_767_225_600.0
QUEUE = (
    Mover(((0.0, 320, 30), (4.0, 320, 240), (9.0, 320, 240), (12.0, 320, 340))),
    Mover(((2.0, 320, 30), (5.0, 320, 150), (9.5, 320, 150), (12.0, 320, 240))),
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("video") / "queue.mp4", QUEUE, seconds=12.0, fps=10)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_two_trucks_queue_and_the_recording_gives_the_same_bytes(
    video: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ("--weights", model, "--start", "2026-01-01T07:00:00+07:00")
    for name in ("first", "second"):
        record = tmp_path / f"{name}.jsonl"
        ended = lanewatch(capsys, "replay", video, *common, "--out", tmp_path / name, "--record", record)
        assert ended.code == 0, ended.err
    again = lanewatch(capsys, "replay", tmp_path / "first.jsonl", "--out", tmp_path / "again")
    assert again.code == 0, again.err
    first, second, third = ((tmp_path / name / "messages.jsonl").read_bytes() for name in ("first", "second", "again"))
    assert first == second == third
    assert (tmp_path / "first.jsonl").read_bytes() == (tmp_path / "second.jsonl").read_bytes()

    lanes = rows(tmp_path / "first" / "lanes.csv")
    assert [float(row["t"]) for row in lanes] == [START + i for i in range(13)]
    assert max(int(row["queue_vehicles"] or 0) for row in lanes) == 2
    assert {row["queue_m"] for row in lanes} == {""}, "not calibrated: no metres"
    visits = rows(tmp_path / "first" / "visits.csv")
    assert [row["vehicle_class"] for row in visits] == ["truck", "truck"]
    summary = json.loads((tmp_path / "first" / "summary.json").read_text())
    assert (summary["gate"], summary["time_known"]) == ("single", True)
    header = read_recording(tmp_path / "first.jsonl")
    header.close()
    assert header.header.gate == "single"


def test_a_video_without_a_date_says_that_its_time_is_not_known(
    video: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lanewatch(capsys, "replay", video, "--weights", model, "--out", tmp_path / "out").code == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["time_known"] is False
    assert summary["first_tick_t"] == 946_684_800.0
