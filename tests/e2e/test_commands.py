"""The small commands: check, config export, schema, version, export, worker and api without what they need."""

import json
from pathlib import Path

import pytest
import yaml
from PIL import Image

from api.commands.config import config_in_use
from api.commands.gates import single_gate
from api.commands.work import _recorders, recording_path
from tests.support.cli import lanewatch
from tests.support.gate_scene import scene_gate
from tests.support.video import make_video
from vision.config import load_gate, sections
from vision.core.events import Tick

KIM_THANH = Path(__file__).parents[2] / "config" / "kim-thanh.yaml"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANEWATCH_GATE", "LANEWATCH_DATA", "REDIS_URL", "DATABASE_URL", "LANEWATCH_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def gate_file(path: Path) -> Path:
    path.write_text(yaml.safe_dump(scene_gate().model_dump(mode="json")))
    return path


def test_check_tells_what_a_gate_file_says(capsys: Capture) -> None:
    ended = lanewatch(capsys, "check", KIM_THANH)
    assert ended.code == 0, ended.err
    assert "gate kim-thanh: 5 lanes" in ended.out
    assert "calibrated" in ended.out


def test_check_refuses_a_bad_gate_file(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "bad.yaml").write_text("id: x")
    ended = lanewatch(capsys, "check", tmp_path / "bad.yaml")
    assert (ended.code, ended.out) == (2, "")
    assert "lanes: Field required" in ended.err


def test_check_connects_and_draws(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = gate_file(tmp_path / "gate.yaml")
    video = make_video(tmp_path / "v.mp4", seconds=1.0, fps=25)
    options = ("--connect", "--picture", tmp_path / "p.jpg")
    ended = lanewatch(capsys, "check", gate, *options, "--source", f"north={video}")
    assert ended.code == 0, ended.err
    assert "camera north: 640x360 h264, 25.0 frames/s" in ended.out
    assert "first picture after" in ended.out
    assert "camera south: offline, url is not set" in ended.out
    with Image.open(tmp_path / "p-north.jpg") as drawn:
        assert drawn.size == (640, 360)
        yellow = sum(
            count for count, (r, g, b) in drawn.convert("RGB").getcolors(1 << 20) or [] if r > 180 and b < 90 and g > 120
        )
    assert yellow > 200, "the lane is drawn"


def test_check_says_which_camera_does_not_answer(tmp_path: Path, capsys: Capture) -> None:
    gate = gate_file(tmp_path / "gate.yaml")
    video = make_video(tmp_path / "v.mp4", seconds=0.5)
    sources = ("--source", "north=rtsp://admin:hunter2@127.0.0.1:1/x", "--source", f"south={video}")
    ended = lanewatch(capsys, "check", gate, "--connect", *sources)
    assert ended.code == 2
    assert "camera south: 640x360" in ended.out, "the others are looked at all the same"
    assert ended.err.startswith("lanewatch: camera north: the camera at rtsp://***@127.0.0.1:1/x refuses the connection")
    assert "hunter2" not in ended.out + ended.err


def test_check_draws_only_what_it_sees(tmp_path: Path, capsys: Capture) -> None:
    ended = lanewatch(capsys, "check", gate_file(tmp_path / "gate.yaml"), "--picture", tmp_path / "p.jpg")
    assert (ended.code, ended.out) == (2, "")
    assert "--connect" in ended.err


def test_config_export_writes_what_is_in_use(tmp_path: Path, capsys: Capture) -> None:
    config_in_use(scene_gate(), tmp_path / "data", import_changed=False)
    out = tmp_path / "exported.yaml"
    assert lanewatch(capsys, "config", "export", "--data", tmp_path / "data", "--out", out).code == 0
    assert load_gate(out) == scene_gate()
    config_in_use(single_gate(), tmp_path / "data", import_changed=False)
    two = lanewatch(capsys, "config", "export", "--data", tmp_path / "data")
    assert two.code == 2
    assert "has single, small" in two.err
    named = lanewatch(capsys, "config", "export", "--data", tmp_path / "data", "--gate", "single")
    assert yaml.safe_load(named.out)["id"] == "single"


def test_config_export_without_a_history(tmp_path: Path, capsys: Capture) -> None:
    for arguments in ((), ("--gate", "none")):
        ended = lanewatch(capsys, "config", "export", "--data", tmp_path / "data", *arguments)
        assert (ended.code, ended.out) == (2, "")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("url", ["nonsense", "postgresql://u:hunter2@h:abc/d", "mysql://u:hunter2@h/d"])
def test_a_database_that_is_none(url: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    ended = lanewatch(capsys, "config", "export", "--gate", "single")
    assert (ended.code, ended.out) == (2, "")
    assert "setting DATABASE_URL: " in ended.err
    assert "hunter2" not in ended.err


def test_schema(tmp_path: Path, capsys: Capture) -> None:
    ended = lanewatch(capsys, "schema")
    assert ended.code == 0
    assert "lane.measured" in json.dumps(json.loads(ended.out))
    assert lanewatch(capsys, "schema", tmp_path / "schema.json").code == 0
    assert (tmp_path / "schema.json").read_text() == ended.out
    assert lanewatch(capsys, "schema", tmp_path).code == 2


def test_worker_and_api_say_what_they_need(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = gate_file(tmp_path / "gate.yaml")
    assert "--gate" in lanewatch(capsys, "worker").err
    assert "REDIS_URL" in lanewatch(capsys, "worker", "--gate", gate).err
    assert "LANEWATCH_GATE" in lanewatch(capsys, "api").err
    assert "LANEWATCH_API_TOKEN" in lanewatch(capsys, "api", "--gate", gate, "--data", tmp_path / "data").err
    monkeypatch.setenv("REDIS_URL", "127.0.0.1:6379")
    assert "setting REDIS_URL: must be a URL" in lanewatch(capsys, "worker", "--gate", gate).err
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    ended = lanewatch(capsys, "worker", "--gate", gate, "--section", "nowhere")
    assert ended.code == 2
    assert "north, south" in ended.err
    monkeypatch.setenv("LANEWATCH_SOURCES", "{")
    assert "LANEWATCH_SOURCES" in lanewatch(capsys, "worker", "--gate", gate).err


def test_export_says_what_it_needs(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "x.pt").write_bytes(b"x")
    assert "do not exist" in lanewatch(capsys, "export", tmp_path / "none.pt", "--to", "openvino").err
    assert "multiples of 32" in lanewatch(capsys, "export", tmp_path / "x.pt", "--to", "openvino", "--height", "100").err
    ended = lanewatch(capsys, "export", tmp_path / "x.pt", "--to", "tflite")
    assert (ended.code, ended.out) == (2, "")


@pytest.mark.ml
def test_export_of_what_is_no_model(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "x.pt").write_bytes(b"nonsense" * 100)
    ended = lanewatch(capsys, "export", tmp_path / "x.pt", "--to", "openvino")
    assert ended.code == 2
    assert "x.pt are not a model" in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["x.pt"]


def test_where_recordings_of_a_worker_go() -> None:
    path = Path("a/live.jsonl.gz")
    assert recording_path(path, None, 1) == path
    assert recording_path(path, None, 2) == Path("a/live-2.jsonl.gz")
    assert recording_path(path, "north", 1) == Path("a/live-north.jsonl.gz")
    assert recording_path(path, "a+b", 3) == Path("a/live-a+b-3.jsonl.gz")


def test_a_worker_that_begins_again_keeps_what_it_recorded_before(tmp_path: Path) -> None:
    gate = single_gate()
    kept = []
    for _ in range(3):
        with _recorders(tmp_path / "live.jsonl", None)(gate, sections(gate)[0]) as writer:
            writer.write(Tick(float(len(kept))))
        kept.append({file.name: file.read_bytes() for file in tmp_path.iterdir()})
    assert set(kept[2]) == {"live.jsonl", "live-2.jsonl", "live-3.jsonl"}
    assert {name: kept[2][name] for name in kept[1]} == kept[1]
