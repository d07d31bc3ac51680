"""What `lanewatch check --connect --picture` says and draws."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.gates import single_gate
from tests.support.rtsp import serve
from tests.support.video import make_video, still
from vision.camera.decoding import to_rgb
from vision.commissioning.camera_check import check_camera
from vision.commissioning.lane_drawing import draw_lanes, save_picture
from vision.config import load_gate
from vision.errors import StreamError

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return make_video(tmp_path_factory.mktemp("clips") / "clip.mp4", [still(200, 150)], seconds=3)


def test_a_stream_is_described(clip):
    with serve(clip) as server:
        report = check_camera(server.url("cam", user="gate", password="secret"))
    assert (report.width, report.height, report.codec) == (640, 360, "h264")
    assert report.fps == pytest.approx(25, abs=0.5)
    assert 0 < report.first_frame_s < 3
    assert "secret" not in report.where


def test_a_file_is_described(clip):
    report = check_camera(str(clip))
    assert (report.width, report.height, report.codec, report.declared_fps) == (640, 360, "h264", 25.0)
    assert report.fps == pytest.approx(25)


def test_what_gives_no_picture_says_so(clip, tmp_path):
    with serve(clip) as server:
        server.fail("cam", "fin")
        with pytest.raises(StreamError):
            check_camera(server.url("cam"))
    with pytest.raises(StreamError, match="does not exist"):
        check_camera(str(tmp_path / "absent.mp4"))


def test_the_reference_gate_is_drawn_over_the_picture(clip, tmp_path):
    gate = load_gate(ROOT / "config" / "kim-thanh.yaml")
    picture = np.full((1080, 1920, 3), 90, np.uint8)
    image = draw_lanes(picture, gate, gate.cameras[0])
    drawn = np.asarray(image)
    assert drawn.shape == picture.shape
    stop_line = drawn[int(0.786728 * 1080) - 1, int(0.42 * 1920)]
    assert stop_line.tolist() == [255, 60, 60], "the stop line is red where the gate file puts it"
    assert 0.01 < (drawn != picture).any(axis=2).mean() < 0.2
    save_picture(image, tmp_path / "lanes.jpg")
    assert (tmp_path / "lanes.jpg").stat().st_size > 10_000


def test_an_uncalibrated_camera_is_drawn_without_a_grid(clip, tmp_path):
    gate = single_gate()
    report = check_camera(str(clip))
    image = draw_lanes(to_rgb(report.frame, 360, 640), gate, gate.cameras[0])
    assert image.size == (640, 360)
    with pytest.raises(StreamError, match="cannot be written"):
        save_picture(image, tmp_path / "lanes.xyz")
