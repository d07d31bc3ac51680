"""Bad input: one sentence on stderr that says what to do, exit code 2, no traceback, no credential, nothing left behind."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cli import lanewatch, lanewatch_process
from tests.support.gate_scene import scene_gate
from tests.support.model import tiny_model
from tests.support.video import make_video, still

Data = dict[str, Any]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("video") / "good.mp4", [still(320, 180)], seconds=1.0)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def replay(*arguments: object) -> str:
        before = sorted(tmp_path.rglob("*"))
        ended = lanewatch(capsys, "replay", *arguments, "--out", tmp_path / "out", "--record", tmp_path / "r.jsonl")
        assert ended.code == 2, ended
        assert ended.out == ""
        assert ended.err.startswith("lanewatch: ")
        assert ended.err.count("\n") == 1
        assert "Traceback" not in ended.err
        assert sorted(tmp_path.rglob("*")) == before
        return ended.err

    return replay


def test_a_file_that_is_not_there(model: Path, refused: Callable[..., str], tmp_path: Path) -> None:
    assert "none.mp4 does not exist; give" in refused(tmp_path / "none.mp4", "--weights", model)


def test_a_folder(model: Path, refused: Callable[..., str], tmp_path: Path) -> None:
    assert "cannot be read: Is a directory" in refused(tmp_path, "--weights", model)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(model: Path, refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "secret.mp4").write_bytes(b"x")
    (tmp_path / "secret.mp4").chmod(0)
    assert "cannot be read: Permission denied" in refused(tmp_path / "secret.mp4", "--weights", model)


@pytest.mark.parametrize("content", [b"", b"not a video\n" * 200, bytes(range(256)) * 50])
def test_not_a_video(model: Path, refused: Callable[..., str], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.mp4").write_bytes(content)
    assert "x.mp4 is" in refused(tmp_path / "x.mp4", "--weights", model)


def test_an_unknown_codec(model: Path, refused: Callable[..., str], tmp_path: Path) -> None:
    made = make_video(tmp_path / "made.mkv", seconds=0.4, codec="mpeg4")
    assert b"V_MPEG4/ISO/ASP" in made.read_bytes()
    made.write_bytes(made.read_bytes().replace(b"V_MPEG4/ISO/ASP", b"V_STRANGE/CODEC"))
    assert "codec" in refused(made, "--weights", model)


def test_a_live_stream_is_not_replayed_and_its_password_not_shown(refused: Callable[..., str], model: Path) -> None:
    said = refused("rtsp://admin:hunter2@127.0.0.1/1", "--weights", model)
    assert "live stream" in said
    assert "hunter2" not in said


def test_which_camera_shows_the_video(video: Path, model: Path, refused: Callable[..., str], tmp_path: Path) -> None:
    gate = tmp_path / "gate.yaml"
    gate.write_text(yaml.safe_dump(scene_gate().model_dump(mode="json")))
    assert f"CAMERA={video}" in refused(video, "--gate", gate, "--weights", model)
    assert "two sources" in refused(f"north={video}", f"north={video}", "--gate", gate, "--weights", model)


def test_weights_that_are_not_there(video: Path, refused: Callable[..., str], tmp_path: Path) -> None:
    for name in ("none.pt", "none.xml", "none.engine", "none"):
        assert f"{name} do not exist; give" in refused(video, "--weights", tmp_path / name)


@pytest.mark.parametrize("name", ["x.xml", "x.onnx", "folder"])
def test_weights_that_are_no_model(video: Path, refused: Callable[..., str], tmp_path: Path, name: str) -> None:
    if name == "folder":
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).write_bytes(b"nonsense" * 100)
    assert name in refused(video, "--weights", tmp_path / name)


@pytest.mark.ml
def test_a_pt_file_that_is_no_model(
    video: Path, refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.pt").write_bytes(b"nonsense" * 100)
    monkeypatch.setenv("LANEWATCH_CACHE", str(tmp_path.parent / "cache"))
    monkeypatch.setenv("LANEWATCH_LOG_LEVEL", "error")
    assert "x.pt" in refused(video, "--weights", tmp_path / "x.pt")


def _lane(data: Data) -> Data:
    first: Data = data["lanes"][0]
    return first


def _camera(data: Data) -> Data:
    first: Data = data["cameras"][0]
    return first


def _view(data: Data) -> Data:
    first: Data = _camera(data)["views"][0]
    return first


def _flat(data: Data) -> None:
    for point in _camera(data)["ground"]:
        point["metres"] = [0.0, point["metres"][1]]


def _swapped(data: Data) -> None:
    points = _camera(data)["ground"]
    points[0]["metres"], points[5]["metres"] = points[5]["metres"], points[0]["metres"]


MISTAKES: dict[str, tuple[Callable[[Data], Any], str]] = {
    "no lanes": (lambda d: d.pop("lanes"), "lanes: Field required"),
    "unknown field": (lambda d: d.update(lane_count=5), "lane_count: Extra inputs are not permitted"),
    "text for a number": (lambda d: _lane(d).update(zone_m="long"), "lanes.0.zone_m"),
    "out of range": (lambda d: _lane(d).update(zone_m=-1), "lanes.0.zone_m: Input should be greater than 0 (found -1)"),
    "not a number": (lambda d: _lane(d).update(zone_m=float("nan")), "lanes.0.zone_m"),
    "direction": (lambda d: _lane(d).update(direction="north"), "lanes.0.direction"),
    "lane twice": (lambda d: d["lanes"].append(_lane(d)), "'EX1' is used twice"),
    "camera twice": (lambda d: d["cameras"].append(_camera(d)), "'north' is used twice"),
    "rule twice": (lambda d: d["alerts"].append(d["alerts"][0]), "'queue' is used twice"),
    "view of no lane": (lambda d: _view(d).update(lane="XX"), "no lane 'XX'"),
    "lane of no view": (lambda d: d["lanes"].append(_lane(d) | {"id": "EX2"}), "EX2: no camera has a view of it"),
    "no views": (lambda d: _camera(d).update(views=[]), "cameras.0.views"),
    "no area": (lambda d: _view(d).update(polygon=[[0, 0], [1, 1], [0.5, 0.5]]), "polygon has no area"),
    "crossing": (lambda d: _view(d).update(polygon=[[0, 0], [1, 1], [1, 0.2], [0, 0.9]]), "polygon crosses itself"),
    "interval": (lambda d: _view(d).update(covers_m=[60, 20]), "covers_m must be [from, to]"),
    "beyond the zone": (lambda d: _view(d).update(covers_m=[0, 500]), "beyond the lane's zone_m"),
    "points that contradict": (_swapped, "do not fit one flat ground"),
    "three points": (lambda d: _camera(d).update(ground=_camera(d)["ground"][:3]), "cameras.0.ground"),
    "points on a line": (_flat, "the points lie on one line"),
    "thresholds": (lambda d: d["alerts"][0].update(clear_at=9), "clear_at (9) must be below fire_at (2)"),
    "rule of no lane": (lambda d: d["alerts"][0].update(lanes=["XX"]), "no lane 'XX'"),
    "scope": (lambda d: d["alerts"][0].update(scope="camera"), "goes with scope camera"),
    "time zone": (lambda d: d.update(timezone="Mars/Base"), "IANA"),
    "password": (lambda d: _camera(d).update(url="rtsp://u:hunter2@cam/1"), "url must not hold credentials"),
    "two urls": (lambda d: _camera(d).update(url="rtsp://cam/1", url_env="X"), "url or url_env"),
    "level of service": (lambda d: d.update(statistics={"level_of_service_s": [9, 8, 7, 6, 5]}), "must rise"),
    "not a mapping": (lambda d: d.clear(), "Field required"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_gate_file_with_a_mistake(
    mistake: str, video: Path, model: Path, refused: Callable[..., str], tmp_path: Path
) -> None:
    change, said = MISTAKES[mistake]
    data = scene_gate().model_dump(mode="json")
    change(data)
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump(data))
    sentence = refused(f"north={video}", "--weights", model, "--gate", tmp_path / "bad.yaml")
    assert "bad.yaml" in sentence
    assert said in sentence
    assert "hunter2" not in sentence


def test_a_gap_between_the_views_of_a_lane(tmp_path: Path, refused: Callable[..., str], video: Path, model: Path) -> None:
    data = scene_gate().model_dump(mode="json")
    near, far = data["cameras"][0], data["cameras"][1] | {"id": "far"}
    near["views"][0]["covers_m"] = [0, 50]
    far["views"] = [far["views"][0] | {"lane": "EX1", "covers_m": [60, 120]}]
    data["cameras"].append(far)
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump(data))
    assert "no view covers s from 50 to 60 m" in refused(f"north={video}", "--weights", model, "--gate", tmp_path / "bad.yaml")


@pytest.mark.parametrize("text", ["id: [", "[1, 2]", "", "\x00"])
def test_a_gate_file_that_is_none(text: str, tmp_path: Path, refused: Callable[..., str], video: Path, model: Path) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    assert "bad.yaml" in refused(video, "--weights", model, "--gate", tmp_path / "bad.yaml")
    assert "none.yaml does not exist" in refused(video, "--weights", model, "--gate", tmp_path / "none.yaml")


USAGE = (
    ["replay"],
    ["replay", "x"],
    ["replay", "x", "--out"],
    ["replay", "x", "--out", "y", "--threads", "0"],
    ["nonsense"],
    ["--nonsense"],
    ["version", "more"],
    [],
    ["config"],
)


@pytest.mark.parametrize("arguments", USAGE)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    ended = lanewatch(capsys, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("lanewatch: ")
    assert ended.err.rstrip().endswith("--help")


def test_as_a_process_too(tmp_path: Path) -> None:
    ended = lanewatch_process("replay", tmp_path / "none.mp4", "--out", tmp_path / "out")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"lanewatch: {tmp_path / 'none.mp4'} does not exist; give the path of a video file or a recording\n"
    assert lanewatch_process("version").out.startswith("lanewatch ")
    assert lanewatch_process("replay", "--help").code == 0
