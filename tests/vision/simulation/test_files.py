"""A simulated scene on disk: video, recording, truth and gate file that the product reads."""

import csv
import hashlib
import json

import av
import pytest

from tests.support.cli import lanewatch
from vision.config import load_gate
from vision.core.events import Seen, Tick
from vision.errors import ConfigError, StreamError
from vision.replay.recording import read_recording
from vision.simulation.files import Order, simulate


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_scene_is_written_whole_and_the_same_every_time(tmp_path):
    first = simulate(Order(tmp_path / "a", seed=7, minutes=0.05, layout="one-mast", scenario="jam"))
    second = simulate(Order(tmp_path / "b", seed=7, minutes=0.05, layout="one-mast", scenario="jam"))
    names = ["gate.yaml", "mast.mp4", "recording.jsonl.gz", "scene.json", "truth_lanes.csv", "truth_visits.csv"]
    assert sorted(path.name for path in first.iterdir()) == names
    assert [digest(first / name) for name in names] == [digest(second / name) for name in names]
    recording = read_recording(first / "recording.jsonl.gz")
    events = list(recording.events)
    assert recording.header.config == load_gate(first / "gate.yaml")
    assert sum(isinstance(e, Seen) for e in events) == 16
    assert [e.t for e in events if isinstance(e, Tick)] == [1767229200.0 + k for k in range(4)]
    assert max(len(e.detections) for e in events if isinstance(e, Seen)) > 5
    with av.open(str(first / "mast.mp4")) as video:
        frames = list(video.decode(video=0))
    assert len(frames) == 76
    assert (frames[0].width, frames[0].height, round(frames[50].time, 3)) == (640, 360, 2.0)
    rows = list(csv.DictReader((first / "truth_lanes.csv").read_text().splitlines()))
    assert {row["lane_id"] for row in rows} == {"EX1", "EX2", "IM1", "IM2", "IM3"}
    assert len(rows) == 4 * 5
    assert json.loads((first / "scene.json").read_text())["duration_s"] == 3


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"layout": "moon"}, "layout 'moon' is not known; choose one of two-masts"),
        ({"weather": "hail"}, "weather 'hail' is not known"),
        ({"scenario": "x"}, "scenario 'x' is not known"),
        ({"minutes": 0}, "minutes must be above 0"),
        ({"seed": -1}, "seed must be 0 or more"),
    ],
)
def test_what_does_not_exist_is_refused_in_a_sentence(tmp_path, wrong, words):
    with pytest.raises(ConfigError, match=words):
        Order(tmp_path, **wrong)


def test_a_disk_that_is_full_is_said_in_a_sentence(tmp_path):
    (tmp_path / "mast.mp4.part").symlink_to("/dev/full")
    with pytest.raises(StreamError, match=r"mast.mp4 cannot be written: No space left on device; give another place"):
        simulate(Order(tmp_path, minutes=0.02, layout="one-mast"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gate.yaml"]


def test_truth_that_cannot_be_written_is_said_in_a_sentence(tmp_path):
    (tmp_path / "truth_lanes.csv.part").mkdir()
    with pytest.raises(ConfigError, match="cannot be written: Is a directory"):
        simulate(Order(tmp_path, minutes=0.02, layout="one-mast", video=False))


def test_the_command_exits_with_2_and_a_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    refused = lanewatch(capsys, "simulate", "--out", tmp_path / "file" / "deep", "--minutes", "0.1")
    assert (refused.code, "cannot be written" in refused.err) == (2, True)
    refused = lanewatch(capsys, "simulate", "--out", tmp_path / "a", "--layout", "moon")
    assert (refused.code, "layout 'moon'" in refused.err) == (2, True)
    refused = lanewatch(capsys, "simulate", "--minutes", "3")
    assert (refused.code, "--out" in refused.err) == (2, True)
    refused = lanewatch(capsys, "simulate", "--out", tmp_path / "a", "--speed", "2", "--auth", "basic")
    assert (refused.code, "only the live gate has --speed and --auth" in refused.err) == (2, True)


def test_the_command_writes_without_video(tmp_path, capsys):
    done = lanewatch(capsys, "simulate", "--out", tmp_path / "a", "--minutes", "0.02", "--no-video", "--weather", "night-rain")
    assert done.code == 0, done.err
    assert not list(tmp_path.glob("a/*.mp4"))
    assert not list(tmp_path.glob("a/*.part"))
