"""Weights made ready: what is taken as it is, what is exported once, and what the sentences say."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from tests.support.model import tiny_model
from vision.camera.decoding import open_video, to_rgb
from vision.camera.file_source import decoded_frames
from vision.config import DetectorConfig
from vision.detection import weights as models
from vision.detection.open_detector import open_detector
from vision.detection.weights import is_exported, prepare_weights
from vision.errors import ModelError
from vision.ports import Detector
from vision.vocabulary import VEHICLE_CLASSES

SHARED = Path(os.environ.get("LANEWATCH_SHARED", "../shared"))
WEIGHTS = SHARED / "weights" / "yolo11n.pt"
HAS_ML = importlib.util.find_spec("torch") is not None and importlib.util.find_spec("ultralytics") is not None


def test_an_openvino_model_is_taken_as_it_is(tmp_path):
    folder = tiny_model(tmp_path / "tiny")
    assert prepare_weights(str(folder), tmp_path / "cache") == folder
    assert is_exported(str(folder), tmp_path / "cache")


@pytest.mark.parametrize("name", ["absent.pt", "absent.xml", "absent"])
def test_absent_weights_say_so(tmp_path, name):
    with pytest.raises(ModelError, match="do not exist"):
        prepare_weights(str(tmp_path / name), tmp_path / "cache")


def test_without_the_extra_a_pt_file_says_what_to_install(tmp_path, monkeypatch):
    weights = tmp_path / "x.pt"
    weights.write_bytes(b"1")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"torch and ultralytics must be installed: `pip install 'lanewatch\[ml\]'`"):
        prepare_weights(str(weights), tmp_path / "cache")


def test_what_is_in_the_cache_is_used_without_the_extra(tmp_path, monkeypatch):
    weights = tmp_path / "x.pt"
    weights.write_bytes(b"1")
    folder = models._folder(weights, tmp_path / "cache", (384, 640))
    tiny_model(folder)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert prepare_weights(str(weights), tmp_path / "cache") == folder
    weights.write_bytes(b"2")
    assert not is_exported(str(weights), tmp_path / "cache"), "other weights of the same name are other weights"


@pytest.mark.parametrize(
    ("image_size", "frame_shape", "shape"),
    [(640, (9, 16), (384, 640)), (640, (3, 4), (480, 640)), (960, (1080, 1920), (544, 960)), (640, (16, 9), (640, 384))],
)
def test_the_network_fits_the_picture(image_size, frame_shape, shape):
    assert models.network_shape(image_size, frame_shape) == shape


@pytest.mark.ml
@pytest.mark.skipif(not HAS_ML, reason="needs the extra lanewatch[ml]")
def test_a_pt_file_that_is_no_model_says_so_and_leaves_nothing(tmp_path):
    weights = tmp_path / "words.pt"
    weights.write_text("these are words")
    with pytest.raises(ModelError, match=r"words\.pt are not a model that ultralytics can load"):
        prepare_weights(str(weights), tmp_path / "cache", device="cpu")
    assert list((tmp_path / "cache" / "models").iterdir()) == []


def frames(clip: str, detector: Detector, every: int) -> tuple[list[np.ndarray], list[tuple[int, int]]]:
    video = open_video(str(SHARED / "clips" / clip))
    shape = detector.input_shape(*video.size)
    found = [to_rgb(frame, *shape) for i, (_, frame) in enumerate(decoded_frames(video)) if i % every == 0]
    video.close()
    return found, [video.size] * len(found)


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    if not HAS_ML or not WEIGHTS.exists():
        pytest.skip("needs the extra lanewatch[ml] and ../shared/weights")
    return prepare_weights(str(WEIGHTS), tmp_path_factory.mktemp("cache"), device="cpu")


@pytest.mark.ml
@pytest.mark.shared
def test_yolo11n_is_exported_once_and_finds_the_standing_truck(exported):
    before = (exported / "metadata.yaml").stat().st_mtime_ns
    assert prepare_weights(str(WEIGHTS), exported.parents[1], device="cpu") == exported
    assert (exported / "metadata.yaml").stat().st_mtime_ns == before
    detector = open_detector(DetectorConfig(min_score=0.25), exported)
    found = detector.detect(*frames("notdx_truck1.mp4", detector, 120))
    assert len(found) >= 5
    assert all(any(VEHICLE_CLASSES[i] in {"truck", "bus"} for i in each.class_id) for each in found)


@pytest.mark.ml
@pytest.mark.shared
def test_openvino_and_ultralytics_find_the_same(exported):
    config = DetectorConfig(min_score=0.2)
    first, second = open_detector(config, exported), open_detector(config, WEIGHTS, device="cpu")
    assert first.input_shape(640, 360) == second.input_shape(640, 360)
    images = frames("composite_queue_4trucks.mp4", first, 100)
    errors = [
        min(np.abs(ours.xyxy - box).max(axis=1), default=999.0)
        for ours, theirs in zip(first.detect(*images), second.detect(*images), strict=True)
        for box in theirs.xyxy[theirs.score > 0.4]
    ]
    assert len(errors) > 10
    assert np.percentile(errors, 90) < 2, "pixels; in large boxes half precision is a little coarse"


@pytest.mark.ml
@pytest.mark.skipif(not HAS_ML, reason="needs the extra lanewatch[ml]")
def test_a_gpu_that_is_not_there_is_said(tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    for name, device, sentence in [
        ("x.pt", "cuda", "torch finds no GPU"),
        ("x.engine", "auto", "a TensorRT engine needs an NVIDIA GPU"),
        ("absent.pt", "auto", "do not exist"),
    ]:
        if name != "absent.pt":
            (tmp_path / name).write_bytes(b"1")
        with pytest.raises(ModelError, match=sentence):
            open_detector(DetectorConfig(), tmp_path / name, device=device)


@pytest.mark.ml
@pytest.mark.skipif(not HAS_ML, reason="needs the extra lanewatch[ml]")
def test_ultralytics_neither_phones_home_nor_installs():
    from vision.detection.ultralytics_import import import_ultralytics

    import_ultralytics()
    from ultralytics import utils
    from ultralytics.utils.events import events

    assert not events.enabled
    assert utils.AUTOINSTALL is False
    assert utils.ONLINE is False
