"""Labelled frames, and the batches made of them."""

import numpy as np
import pytest

from vision.errors import ConfigError
from vision.training.__main__ import main
from vision.training.frames import FrameOrder, labelled_frames
from vision.training.recipe import Recipe
from vision.training.samples import fitted, load_frames


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames")
    assert main(["frames", "--out", str(folder), "--train", "6", "--val", "2", "--seed", "4"]) == 0
    return folder / "data.yaml"


def test_frames_are_pictures_with_labels_inside_them(data):
    frames = load_frames(data, "train")
    assert len(frames.images) == 6
    assert frames.names == {0: "truck", 1: "bus", 2: "car"}
    assert frames.read(0).shape == (360, 640, 3)
    boxes = np.concatenate(frames.labels)
    assert len(boxes) > 6
    low, high = boxes[:, 1:3] - boxes[:, 3:] / 2, boxes[:, 1:3] + boxes[:, 3:] / 2
    assert (low >= -1e-4).all()
    assert (high <= 1 + 1e-4).all()


def test_validation_never_sees_a_training_scene_and_seeds_repeat(data):
    first, validation = ((data.parent / "images" / part / "000000.jpg").read_bytes() for part in ("train", "val"))
    assert first == next(iter(labelled_frames(4, 0, 1)))[0]
    assert first != validation


def test_windows_and_whole_frames_hold_their_boxes(data):
    frames = load_frames(data, "train")
    for whole, shape in ((False, (256, 448)), (True, (384, 640))):
        batch = next(frames.batches(np.random.default_rng(1), 5, shape, whole=whole))
        assert batch.images.shape == (5, 3, *shape)
        assert len(batch.picture) == len(batch.classes) == len(batch.xywh) > 0
        assert batch.picture.max() < 5
        assert ((batch.xywh >= 0) & (batch.xywh <= 1)).all()


def test_a_frame_is_fitted_as_the_detector_fits_it():
    image, boxes = fitted(np.zeros((360, 640, 3), np.uint8), np.array([[0, 0, 0, 64, 36]], np.float32), (384, 640))
    assert image.shape == (384, 640, 3)
    assert (image[:12] == 114).all()
    assert (image[372:] == 114).all()
    assert boxes.tolist() == [[0, 0, 12, 64, 48]]


def test_the_rate_rises_and_falls_and_the_end_sees_whole_frames():
    recipe = Recipe(steps=1000, warm_up=100)
    rates = [recipe.rate_at(step) for step in range(1000)]
    assert max(rates) == pytest.approx(recipe.rate)
    assert rates[0] < rates[50] < rates[99]
    assert rates[-1] == pytest.approx(recipe.rate * recipe.last_rate, rel=0.01)
    assert [recipe.sees_whole(step) for step in (0, 849, 850, 999)] == [False, False, True, True]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("names: [truck]", "is not a YOLO data file"),
        ("{path: ., train: images/train, names: [truck]}", "holds no pictures"),
        ("- 1", "is not a YOLO data file"),
    ],
)
def test_bad_data_is_refused_in_a_sentence(tmp_path, text, words):
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(ConfigError, match=words):
        load_frames(tmp_path / "data.yaml", "train")


def test_nonsense_is_refused(tmp_path, capsys):
    with pytest.raises(ConfigError, match="at least one frame"):
        FrameOrder(tmp_path, 0, 1)
    with pytest.raises(ConfigError, match="multiples of 32"):
        Recipe(window=(250, 448))
    assert main(["train", "--data", str(tmp_path / "no.yaml"), "--out", str(tmp_path)]) == 2
    assert "is not a YOLO data file" in capsys.readouterr().err


def test_bad_labels_and_pictures_name_the_file(data, tmp_path):
    images, labels = tmp_path / "images" / "train", tmp_path / "labels" / "train"
    images.mkdir(parents=True)
    labels.mkdir(parents=True)
    (tmp_path / "data.yaml").write_text("{path: ., train: images/train, names: {0: truck}}")
    (images / "a.jpg").write_bytes(b"no picture")
    frames = load_frames(tmp_path / "data.yaml", "train")
    assert frames.labels[0].shape == (0, 5)
    with pytest.raises(ConfigError, match=r"a\.jpg is not a picture"):
        frames.read(0)
    (labels / "a.txt").write_text("0 1 2\n")
    with pytest.raises(ConfigError, match=r"a\.txt are not lines of"):
        load_frames(tmp_path / "data.yaml", "train")
