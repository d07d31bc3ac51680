"""Labelled frames, and the batches made of them."""

import numpy as np
import pytest
from PIL import Image

from vision.errors import ConfigError
from vision.training.compression import as_h264
from vision.training.frames import FrameOrder, labelled_frames
from vision.training.recipe import Recipe
from vision.training.samples import fitted, load_frames


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


def test_validation_never_sees_a_training_scene_and_seeds_repeat(data, seed):
    first, validation = ((data.parent / "images" / part / "000000.jpg").read_bytes() for part in ("train", "val"))
    assert first == next(labelled_frames(seed, "train", 0, 1)).jpeg
    assert first != validation


def test_notes_tell_weather_and_what_is_in_sight(data):
    frames = load_frames(data, "val")
    for index in range(len(frames.images)):
        note = frames.note(index)
        assert note.weather == "day", "validation takes the weathers in turn"
        assert len(note.visible) == len(note.parked) == len(frames.labels[index])
        assert ((note.visible >= 0.04) & (note.visible <= 1)).all()


def test_h264_takes_away_noise_and_keeps_the_picture(data):
    image = load_frames(data, "train").read(0)
    noisy = np.clip(image + np.random.default_rng(1).normal(0, 12, image.shape), 0, 255).astype(np.uint8)
    decoded = as_h264(noisy, 34)
    assert decoded.shape == image.shape
    assert np.abs(decoded - image.astype(float)).mean() < np.abs(noisy - image.astype(float)).mean()


def test_windows_and_whole_frames_hold_their_boxes(data):
    frames = load_frames(data, "train")
    for whole, shape in ((False, (256, 448)), (True, (384, 640))):
        batch = frames.batch(1, 0, 5, shape, whole=whole)
        assert batch.images.shape == (5, 3, *shape)
        assert len(batch.picture) == len(batch.classes) == len(batch.xywh) > 0
        assert batch.picture.max() < 5
        assert ((batch.xywh >= 0) & (batch.xywh <= 1)).all()


def test_a_step_has_its_batch_whatever_came_before(data):
    frames = load_frames(data, "train")
    again = [frames.batch(1, 3, 4, (64, 96), whole=False) for _ in range(2)]
    assert (again[0].images == again[1].images).all()
    assert (again[0].images != frames.batch(1, 4, 4, (64, 96), whole=False).images).any()


def test_a_frame_is_fitted_as_the_detector_fits_it():
    image, boxes = fitted(np.zeros((360, 640, 3), np.uint8), np.array([[0, 0, 0, 64, 36]], np.float32), (384, 640))
    assert image.shape == (384, 640, 3)
    assert (image[:12] == 114).all()
    assert (image[372:] == 114).all()
    assert boxes.tolist() == [[0, 0, 12, 64, 48]]


def test_the_rate_rises_and_falls_and_the_end_sees_whole_frames():
    recipe = Recipe(steps=1000, warm_up=100)
    rates = [recipe.rate_at(step, recipe.share_at(step, 0.0)) for step in range(1000)]
    assert max(rates) == pytest.approx(recipe.rate, rel=0.03)
    assert rates[0] < rates[50] < rates[99]
    assert rates[-1] == pytest.approx(recipe.rate * recipe.last_rate, rel=0.01)
    shares = [recipe.share_at(step, 0.0) for step in (0, 849, 850, 1000)]
    assert [recipe.sees_whole(share) for share in shares] == [False, False, True, True]


def test_a_run_with_minutes_ends_by_the_clock_too():
    recipe = Recipe(steps=1000, minutes=10.0)
    assert recipe.share_at(100, 5.0) == pytest.approx(0.5)
    assert recipe.share_at(800, 5.0) == pytest.approx(0.8)
    assert recipe.share_at(100, 11.0) == 1.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("names: [truck]", "is not a YOLO data file"),
        ("{path: ., train: images/train, names: [truck]}", "holds no pictures"),
        ("{path: ., train: images/train, names: [Truck, person]}", "none of its names is truck, bus or car"),
        ("{train: [a, b], names: [truck]}", "must each be one folder"),
        ("{train: a, names: {1: truck, 2: bus}}", "names must be numbered 0, 1, 2 and so on, not 1, 2"),
        ("{path: , train: images/train, names: [truck]}", "holds no pictures"),
        ("- 1", "is not a YOLO data file"),
    ],
)
def test_bad_data_is_refused_in_a_sentence(tmp_path, text, words):
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(ConfigError, match=words):
        load_frames(tmp_path / "data.yaml", "train")


def test_nonsense_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="at least one frame"):
        FrameOrder(tmp_path, 0, 0)
    with pytest.raises(ConfigError, match="multiples of 32"):
        Recipe(window=(250, 448))
    with pytest.raises(ConfigError, match="minutes must be above 0"):
        Recipe(minutes=0)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_frames(tmp_path / "no.yaml", "train")


def own_frames(folder, images="train/images", labels="train/labels", text="0 0.5 0.5 0.2 0.2\n"):
    """A labelled picture as labelling tools export it."""
    for part in (images, labels):
        (folder / part).mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 48)).save(folder / images / "a.png")
    (folder / labels / "a.txt").write_text(text)
    (folder / "data.yaml").write_text(f"{{train: ../{images}, val: {images}, names: {{0: truck}}}}")
    return folder / "data.yaml"


@pytest.mark.parametrize("places", [("train/images", "train/labels"), ("images/train", "labels/train"), ("here", "here")])
def test_labels_are_found_where_tools_put_them(tmp_path, places):
    frames = load_frames(own_frames(tmp_path, *places), "train")
    assert [len(labels) for labels in frames.labels] == [1]
    assert frames.note(0).visible.tolist() == [1.0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 1 2\n", r"a\.txt are not lines of"),
        ("0 0.1 0.1 0.2 0.1 0.2 0.2 0.1 0.2\n" * 5, "are not lines of .* or export boxes"),
        ("7 0.5 0.5 0.1 0.1\n", "a class that data.yaml does not name"),
        ("0 0.5 1.5 0.1 0.1\n", "outside 0..1"),
        ("", "has a label in"),
    ],
)
def test_bad_labels_name_the_file(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        load_frames(own_frames(tmp_path, text=text), "train")


def test_labels_may_stick_out_by_rounding(tmp_path):
    frames = load_frames(own_frames(tmp_path, text="0 0.95 0.5 0.1000001 1.0000004\n"), "train")
    assert frames.labels[0][0, 4] == 1.0


def test_a_bad_picture_is_named(tmp_path):
    data = own_frames(tmp_path)
    (tmp_path / "train/images/a.png").write_bytes(b"no picture")
    with pytest.raises(ConfigError, match=r"a\.png is not a picture"):
        load_frames(data, "train").read(0)
