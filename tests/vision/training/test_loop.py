"""The training loop and `lanewatch train`: some steps, an interruption, the rest, a model that the product's detector runs."""

import importlib.util
import json
import subprocess

import pytest

from tests.support.cli import lanewatch
from vision.config import DetectorConfig
from vision.detection.open_detector import open_detector
from vision.errors import ConfigError, ModelError
from vision.training.card import card
from vision.training.loop import train
from vision.training.recipe import Recipe
from vision.training.samples import load_frames

HAS_ML = importlib.util.find_spec("torch") is not None and importlib.util.find_spec("ultralytics") is not None
needs_ml = [pytest.mark.ml, pytest.mark.timeout(600), pytest.mark.skipif(not HAS_ML, reason="needs the extra lanewatch[ml]")]
SMALL = {"batch": 2, "window": (64, 96), "whole": (96, 160), "warm_up": 2, "save_every": 2, "seed": 3}


class Stop:
    """Interrupts a run at a step, as Ctrl-C does."""

    def __init__(self, step):
        self.step, self.seen = step, []

    def __call__(self, progress):
        self.seen.append(progress)
        if progress.step == self.step:
            raise KeyboardInterrupt


class TestTheLoop:
    pytestmark = needs_ml

    def test_a_run_that_is_interrupted_goes_on_and_ends_where_it_would_have(self, data, tmp_path):
        frames, recipe = load_frames(data, "train"), Recipe(steps=4, **SMALL)
        whole, stop = Stop(0), Stop(2)
        train(frames, tmp_path / "whole", recipe, threads=1, report=whole)
        with pytest.raises(KeyboardInterrupt):
            train(frames, tmp_path / "parts", recipe, threads=1, report=stop)
        rest = Stop(0)
        trained = train(frames, tmp_path / "parts", recipe, resume=True, threads=1, report=rest)
        assert (trained.steps, trained.weights) == (4, tmp_path / "parts" / "model.pt")
        assert [p.loss for p in stop.seen + rest.seen] == pytest.approx([p.loss for p in whole.seen], rel=0.02)
        with pytest.raises(ConfigError, match="begun with another recipe"):
            train(frames, tmp_path / "parts", Recipe(steps=5, **SMALL), resume=True)

    def test_the_clock_ends_a_run(self, data, tmp_path):
        trained = train(load_frames(data, "train"), tmp_path, Recipe(steps=1000, minutes=1e-6, **SMALL), threads=1)
        assert trained.steps == 1

    def test_fine_tuning_begins_with_the_weights_that_are_given(self, data, tmp_path):
        import torch

        frames = load_frames(data, "train")
        begun = train(frames, tmp_path / "a", Recipe(steps=1, **SMALL), threads=1).weights
        still = SMALL | {"seed": 9, "model": str(begun)}
        tuned = train(frames, tmp_path / "b", Recipe(steps=1, rate=1e-9, **still), threads=1).weights
        first, second = (dict(torch.load(path, weights_only=False)["model"].named_parameters()) for path in (begun, tuned))
        assert all(torch.allclose(first[name], second[name], atol=1e-3) for name in first)
        assert "fine-tuned from" in card("model", Recipe(model=str(begun)), [], {}, own=False)

    def test_weights_that_are_none_are_refused(self, data, tmp_path):
        (tmp_path / "bad.pt").write_bytes(b"no weights")
        (tmp_path / "bad.yaml").write_text("backbone: 1")
        for model, words in (
            (tmp_path / "bad.pt", "cannot be fine-tuned"),
            (tmp_path / "no.pt", "do not exist"),
            (tmp_path / "bad.yaml", "is no network that can be made"),
            (tmp_path / "bad.onnx", "can neither be fine-tuned"),
        ):
            with pytest.raises(ModelError, match=words):
                train(load_frames(data, "train"), tmp_path / "run", Recipe(steps=1, **SMALL | {"model": str(model)}))


class TestTheCommand:
    pytestmark = needs_ml

    def test_it_renders_trains_validates_and_publishes(self, tmp_path, capsys):
        begun = ("train", "--demo", "--render", "6", "--steps", "1", "--batch", "1", "--out", tmp_path / "a")
        ended = lanewatch(capsys, *begun)
        assert ended.code == 0, ended.err
        assert "training: 6 frames with" in ended.out
        model = tmp_path / "a" / "model"
        assert sorted(file.name for file in model.iterdir()) == [
            *("SHA256SUMS", "card.md", "lanewatch-demo.bin", "lanewatch-demo.xml", "metadata.yaml"),
        ]
        assert sum(file.stat().st_size for file in model.iterdir()) < 8e6
        assert "knows only the simulated gate" in (model / "card.md").read_text()
        assert subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=model, capture_output=True, check=False).returncode == 0
        assert (tmp_path / "a" / "contact-sheet.jpg").stat().st_size > 10_000
        open_detector(DetectorConfig(), model / "lanewatch-demo.xml", 1)
        refused = lanewatch(capsys, *begun)
        assert refused.code == 2
        assert "holds a run already" in refused.err
        plan = json.loads((tmp_path / "a" / "run.json").read_text())
        assert plan["recipe"]["whole"] == [384, 640], "the shape of the frames"

    def test_a_run_that_could_not_begin_is_none(self, data, tmp_path, capsys):
        (tmp_path / "bad.pt").write_bytes(b"no weights")
        begun = ("train", "--data", data, "--steps", "1", "--out", tmp_path / "a")
        for _ in range(2):
            assert "bad.pt cannot be fine-tuned" in lanewatch(capsys, *begun, "--weights", tmp_path / "bad.pt").err
        assert not (tmp_path / "a" / "run.json").exists()

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ([], "--data, or the number of frames"),
            (["--data", "no.yaml"], "no.yaml cannot be read"),
            (["--resume"], "holds no run to resume"),
            (["--data", "no.yaml", "--minutes", "0"], "minutes must be above 0"),
            (["--resume", "--steps", "5"], "--resume goes on with what the run was begun with"),
            (["--render", "4", "--weights", "no.pt"], "weights no.pt do not exist"),
            (["--render", "4", "--weights", "model.xml"], "only a .pt file can be fine-tuned"),
        ],
    )
    def test_bad_input_is_refused_in_a_sentence(self, tmp_path, capsys, options, words):
        ended = lanewatch(capsys, "train", "--out", tmp_path / "run", *options)
        assert (ended.code, ended.out) == (2, "")
        assert words in ended.err
        assert not (tmp_path / "run").exists()


def test_without_the_extra_it_says_what_to_install(tmp_path, capsys, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "torch" else found(name, *more))
    ended = lanewatch(capsys, "train", "--render", "4", "--out", tmp_path / "run")
    assert ended.code == 2
    assert "pip install 'lanewatch[ml]'" in ended.err
    assert not (tmp_path / "run").exists()
