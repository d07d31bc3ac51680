"""The training loop: a few steps, an interruption, the rest, an export that the product's detector runs."""

import importlib.util

import pytest

from vision.config import DetectorConfig
from vision.detector import open_detector
from vision.errors import ConfigError
from vision.training.__main__ import main
from vision.training.frames import FrameOrder, write_frames
from vision.training.loop import train
from vision.training.recipe import Recipe
from vision.training.samples import load_frames
from vision.training.validation import judge, judged

HAS_ML = importlib.util.find_spec("torch") is not None and importlib.util.find_spec("ultralytics") is not None
pytestmark = [pytest.mark.ml, pytest.mark.skipif(not HAS_ML, reason="needs the extra lanewatch[ml]")]
SMALL = {"batch": 2, "window": (64, 96), "whole": (96, 160), "warm_up": 2, "save_every": 2, "seed": 3}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_frames(FrameOrder(tmp_path_factory.mktemp("frames"), 6, 3, seed=5))


def test_a_run_learns_stops_goes_on_and_is_exported(data, tmp_path, capsys):
    frames = load_frames(data, "train")
    losses = []
    stopped = train(frames, tmp_path, Recipe(steps=4, **SMALL), minutes=0.0, threads=1)
    assert stopped is None
    assert (tmp_path / "state.pt").is_file()
    weights = train(frames, tmp_path, Recipe(steps=4, **SMALL), resume=True, threads=1, report=lambda p: losses.append(p.loss))
    assert weights == tmp_path / "model.pt"
    assert all(loss > 0 for loss in losses)
    with pytest.raises(ConfigError, match="begun with another recipe"):
        train(frames, tmp_path, Recipe(steps=5, **SMALL), resume=True)


def test_the_command_trains_exports_validates_and_writes_a_card(data, tmp_path, capsys):
    arguments = ["train", "--data", str(data), "--out", str(tmp_path), "--steps", "1", "--batch", "1", "--demo"]
    assert main([*arguments, "--threads", "1"]) == 0
    card = (tmp_path / "card.md").read_text()
    assert "knows only the simulated gate" in card
    assert "| truck | >= 16 px |" in card
    assert sum(file.stat().st_size for file in (tmp_path / "openvino").iterdir()) < 8e6
    assert (tmp_path / "contact-sheet.jpg").stat().st_size > 10_000
    detector = open_detector(DetectorConfig(min_score=0.01), tmp_path / "openvino", 1)
    scores = judge(list(judged(detector, load_frames(data, "val"))))
    assert len(scores) == 12
    assert all(score.ap50 is None or 0 <= score.ap50 <= 1 for score in scores)


def test_nothing_to_resume_is_said(data, tmp_path):
    with pytest.raises(ConfigError, match="begin without --resume"):
        train(load_frames(data, "train"), tmp_path, Recipe(steps=4, **SMALL), resume=True)
