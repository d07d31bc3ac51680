"""The OpenVINO detector on a real network: where rectangles are, what they are called, and what bad weights say."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.model import tiny_model
from tests.support.video import BLUE, RED, draw, still
from vision.config import DetectorConfig
from vision.detection.open_detector import open_detector
from vision.detection.yolo_output import Placement, class_map, decode
from vision.errors import ModelError
from vision.vocabulary import VEHICLE_CLASSES

GROUND = np.full((360, 640, 3), 110, np.uint8)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("weights") / "tiny")


def test_rectangles_are_found_named_and_placed(model):
    detector = open_detector(DetectorConfig(min_score=0.5), model, threads=1)
    assert detector.input_shape(640, 360) == (360, 640)
    image = draw([still(200, 150), still(400, 250, colour=BLUE)], 0.0, GROUND)
    (found,) = detector.detect([image], [(640, 360)])
    names = [VEHICLE_CLASSES[i] for i in found.class_id]
    assert sorted(names) == ["bus", "truck"]
    truck = found.xyxy[names.index("truck")]
    assert np.abs(truck - [152, 122, 248, 178]).max() <= 2


def test_boxes_are_in_native_pixels_and_rounded(model):
    detector = open_detector(DetectorConfig(min_score=0.5), model)
    image = draw([still(201, 151)], 0.0, GROUND)
    (found,) = detector.detect([image], [(1920, 1080)])
    assert np.abs(found.xyxy[0] - np.array([152, 122, 248, 178]) * 3).max() <= 9
    assert np.array_equal(found.xyxy, np.round(found.xyxy.astype(float), 1).astype(np.float32))
    assert np.array_equal(found.score, np.round(found.score.astype(float), 3).astype(np.float32))


def test_pictures_of_other_shapes_are_padded_not_stretched(model):
    detector = open_detector(DetectorConfig(min_score=0.5), model)
    assert detector.input_shape(1024, 768) == (384, 512)
    tall = draw([still(100, 100)], 0.0, np.full((384, 512, 3), 110, np.uint8))
    wide = draw([still(600, 100, colour=RED)], 0.0, GROUND)[:, :, :]
    first, _, again = detector.detect([tall, wide, tall], [(512, 384), (640, 360), (512, 384)])
    assert len(first) == 1, "what was left from the wider picture must not be seen in the narrower one"
    assert np.array_equal(first.xyxy, again.xyxy)


def test_only_wanted_classes_are_given(model):
    detector = open_detector(DetectorConfig(min_score=0.5, classes=("bus",)), model)
    image = draw([still(200, 150), still(400, 250, colour=BLUE)], 0.0, GROUND)
    (found,) = detector.detect([image], [(640, 360)])
    assert [VEHICLE_CLASSES[i] for i in found.class_id] == ["bus"]


def test_detection_is_deterministic(model):
    detector = open_detector(DetectorConfig(), model)
    image = draw([still(200, 150)], 0.0, GROUND)
    first, second = detector.detect([image, image], [(640, 360)] * 2)
    assert np.array_equal(first.score, second.score)
    assert np.array_equal(first.xyxy, second.xyxy)


@pytest.mark.parametrize(("apart_px", "max_overlap"), [(1, 0.65), (6, 0.5)])
def test_overlapping_boxes_of_one_vehicle_become_one(apart_px, max_overlap):
    classes = class_map({0: "truck", 1: "bus"}, ("truck", "bus"), "here")
    double = [50 + apart_px, 50, 20, 20, 0.2, 0.8]
    output = np.array([[50, 50, 20, 20, 0.9, 0.3], double, [90, 50, 20, 20, 0.6, 0.1]], np.float32).T
    found = decode(output, classes, DetectorConfig(min_score=0.25, max_overlap=max_overlap), Placement((0, 0), 1.0, (100, 100)))
    assert found.score.tolist() == pytest.approx([0.9, 0.6])
    assert found.class_id.tolist() == [0, 0]


def test_end_to_end_output_is_understood():
    classes = class_map({2: "car", 7: "truck"}, ("truck", "car"), "here")
    output = np.array(
        [[10, 10, 30, 30, 0.5, 2], [10, 10, 60, 60, 0.9, 7], [0, 0, 9, 9, 0.9, 0], [0, 0, 9, 9, 0.01, 7]], np.float32
    )
    found = decode(np.concatenate([output] * 2), classes, DetectorConfig(min_score=0.25), Placement((0, 0), 0.5, (640, 360)))
    assert found.xyxy[0].tolist() == [20, 20, 120, 120]
    assert [VEHICLE_CLASSES[i] for i in found.class_id] == ["truck", "truck", "car", "car"]


def test_boxes_outside_the_picture_are_clipped_or_dropped():
    classes = class_map({0: "truck"}, ("truck",), "here")
    output = np.array([[-20, 50, 60, 20, 0.9], [-200, 50, 60, 20, 0.9]] * 2, np.float32).T
    found = decode(output[:, :2], classes, DetectorConfig(min_score=0.25), Placement((0, 0), 1.0, (100, 100)))
    assert found.xyxy.tolist() == [[0, 40, 10, 60]]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("absent.xml", None, "do not exist"),
        ("words.xml", b"not a model", "not a model that OpenVINO can run"),
        ("picture.jpg", b"\xff\xd8", "unknown kind '.jpg'"),
    ],
)
def test_useless_weights_say_so(tmp_path, name, content, sentence):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=sentence):
        open_detector(DetectorConfig(), path)


def test_an_empty_folder_says_so(tmp_path):
    with pytest.raises(ModelError, match=r"expected one \.xml file"):
        open_detector(DetectorConfig(), tmp_path)


def test_a_model_without_vehicles_says_so(model, tmp_path):
    for file in model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "metadata.yaml").write_text("names: {0: cat, 1: dog, 2: cow, 3: hen}\n")
    with pytest.raises(ModelError, match="knows none of the classes truck, bus, car"):
        open_detector(DetectorConfig(), tmp_path)


def test_a_model_without_names_says_so(model, tmp_path):
    for file in model.glob("model.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ModelError, match="class names"):
        open_detector(DetectorConfig(), tmp_path)


def test_telemetry_of_openvino_is_off():
    import sys

    import vision.detection.openvino_runtime  # noqa: F401

    assert sys.modules["openvino_telemetry"] is None


SIGNALS = """
import os, signal, sys, threading
from pathlib import Path
from vision.config import DetectorConfig
from vision.detection.open_detector import open_detector

signal.signal(signal.SIGTERM, lambda *_: print("caught"))
held = [open_detector(DetectorConfig(), Path(sys.argv[1]), 1)]
thread = threading.Thread(target=held.clear)
thread.start()
thread.join()
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_signal_after_a_detector_ended_in_another_thread_does_no_harm(tmp_path):
    command = [sys.executable, "-c", SIGNALS, str(tiny_model(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "caught\n"), done.stderr
