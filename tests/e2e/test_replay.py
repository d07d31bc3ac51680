"""`lanewatch replay` of recordings: what it writes, that it repeats itself byte for byte, that failing leaves nothing."""

import csv
import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.cli import main
from tests.support.gate_scene import T0, scene_events, scene_gate, write_scene
from vision.core.events import Tick
from vision.messages import MESSAGE
from vision.replay.replay import merged
from vision.replay.result_files import ALERT_COLUMNS, LANE_COLUMNS, VISIT_COLUMNS

FILES = ["alerts.csv", "lanes.csv", "messages.jsonl", "summary.json", "visits.csv"]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scene(tmp_path_factory.mktemp("scene") / "scene.jsonl.gz")


def lanewatch(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def messages(out: Path) -> bytes:
    return (out / "messages.jsonl").read_bytes()


@pytest.fixture(scope="module")
def results(scene: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results") / "new" / "folder"
    assert lanewatch("replay", scene, "--out", out) == 0
    return out


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scene(tmp_path_factory.mktemp("short") / "scene.jsonl.gz", seconds=25)


@pytest.fixture(scope="module")
def short_results(short: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("short-results")
    assert lanewatch("replay", short, "--out", out) == 0
    return out


def test_it_writes_what_the_design_lists(results: Path) -> None:
    assert sorted(file.name for file in results.iterdir()) == FILES
    for name, columns in {"lanes.csv": LANE_COLUMNS, "visits.csv": VISIT_COLUMNS, "alerts.csv": ALERT_COLUMNS}.items():
        assert (results / name).read_text().splitlines()[0] == ",".join(columns)


def test_every_message_is_of_the_contract(results: Path) -> None:
    read = [MESSAGE.validate_json(line) for line in messages(results).splitlines()]
    assert len({message.id for message in read}) == len(read)
    assert all(a.timestamp <= b.timestamp for a, b in pairwise(m for m in read if m.type == "lane.measured"))


def test_a_row_for_each_lane_and_second(results: Path) -> None:
    table = rows(results / "lanes.csv")
    assert [(float(row["t"]) - T0, row["lane_id"]) for row in table] == [
        (t, lane) for t in range(91) for lane in ("EX1", "IM1")
    ]
    unknown = [row for row in table if row["quality"] == "unknown"]
    assert {row["lane_id"] for row in unknown} == {"IM1"}
    assert all(row["queue_vehicles"] == row["queue_m"] == "" for row in unknown)


def test_visits_and_those_still_open(results: Path) -> None:
    visits = rows(results / "visits.csv")
    assert [(row["lane_id"], row["outcome"], row["start_censored"], row["end_censored"]) for row in visits] == [
        ("EX1", "departed", "true", "false"),
        ("EX1", "departed", "false", "false"),
        ("EX1", "departed", "false", "false"),
        ("IM1", "departed", "false", "false"),
        ("IM1", "open", "false", "true"),
        ("EX1", "open", "false", "true"),
    ]
    assert visits[0]["arrived_t"] == visits[0]["dwell_s"] == ""
    assert [float(visit["dwell_s"]) for visit in visits[1:4]] == pytest.approx([45.8, 64.0, 32.6], abs=1.5)
    assert visits[4]["left_t"] == ""


def test_alerts_of_lane_gate_and_camera(results: Path) -> None:
    fired = [(row["rule"], row["subject"]) for row in rows(results / "alerts.csv") if row["state"] == "firing"]
    assert {("queue", "EX1"), ("busy", "small"), ("camera", "south")} == set(fired)


def test_the_summary_agrees_with_the_tables(results: Path) -> None:
    summary = json.loads((results / "summary.json").read_text())
    assert (summary["gate"], summary["duration_s"], summary["sources"]) == ("small", 90.0, ["scene.jsonl.gz"])
    assert summary["lanes"]["EX1"]["visits"] == {"departed": 3, "changed_lane": 0, "lost": 0, "open": 1}
    assert summary["lanes"]["IM1"]["quality_share"]["unknown"] > 0.1
    assert summary["messages"]["lane.measured"] == 182
    assert summary["alerts_fired"] == {"busy": 1, "camera": 1, "queue": 1}
    assert summary["lanes"]["EX1"]["audit"]["both_ends_seen_share"] == pytest.approx(2 / 3, abs=0.001)


def test_a_replay_repeats_itself_and_its_own_recording(short_results: Path, short: Path, tmp_path: Path) -> None:
    for i, record in enumerate(("a.jsonl", "b.jsonl.gz", "c.jsonl")):
        source = short if i == 0 else tmp_path / ("a.jsonl", "b.jsonl.gz")[i - 1]
        assert lanewatch("replay", source, "--out", tmp_path / str(i), "--record", tmp_path / record) == 0
        assert messages(tmp_path / str(i)) == messages(short_results)
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "c.jsonl").read_bytes()
    assert not list(tmp_path.glob("*.part"))


def test_recordings_of_two_sections_give_what_one_gives(short_results: Path, tmp_path: Path) -> None:
    parts = [write_scene(tmp_path / f"{camera}.jsonl", camera, seconds=25) for camera in ("north", "south")]
    assert lanewatch("replay", *parts, "--out", tmp_path / "out", "--record", tmp_path / "both.jsonl") == 0
    assert (tmp_path / "out" / "lanes.csv").read_bytes() == (short_results / "lanes.csv").read_bytes()
    assert (tmp_path / "out" / "visits.csv").read_bytes() == (short_results / "visits.csv").read_bytes()
    assert sorted(messages(tmp_path / "out").splitlines()) == sorted(messages(short_results).splitlines())
    assert lanewatch("replay", tmp_path / "both.jsonl", "--out", tmp_path / "again") == 0
    assert messages(tmp_path / "again") == messages(tmp_path / "out")


def test_a_lane_without_a_source_is_unknown(tmp_path: Path) -> None:
    north = write_scene(tmp_path / "north.jsonl", "north", seconds=5)
    assert lanewatch("replay", north, "--out", tmp_path / "out") == 0
    assert {row["quality"] for row in rows(tmp_path / "out" / "lanes.csv") if row["lane_id"] == "IM1"} == {"unknown"}


def test_merging_keeps_each_sources_order_and_gives_each_tick_once() -> None:
    both = list(merged([scene_events("north"), scene_events("south")]))
    for camera in ("north", "south"):
        own = [event for event in both if isinstance(event, Tick) or getattr(event, "camera", camera) == camera]
        assert [(type(e), e.t) for e in own] == [(type(e), e.t) for e in scene_events(camera)]
    ticks = [event.t for event in both if isinstance(event, Tick)]
    assert ticks == [T0 + i for i in range(91)]


def gate_file(path: Path, **changes: Any) -> Path:
    path.write_text(yaml.safe_dump(scene_gate().model_dump(mode="json") | changes))
    return path


def test_another_gate_file_is_tried_on_a_recording(short_results: Path, short: Path, tmp_path: Path) -> None:
    rule = {"name": "queue", "measure": "queue_vehicles", "fire_at": 1, "clear_at": 0, "for_s": 0}
    gate = gate_file(tmp_path / "other.yaml", alerts=[rule])
    assert lanewatch("replay", short, "--gate", gate, "--out", tmp_path / "out", "--record", tmp_path / "r.jsonl") == 0
    assert (tmp_path / "out" / "lanes.csv").read_bytes() == (short_results / "lanes.csv").read_bytes()
    assert len(rows(tmp_path / "out" / "alerts.csv")) != len(rows(short_results / "alerts.csv"))
    assert lanewatch("replay", tmp_path / "r.jsonl", "--out", tmp_path / "again") == 0
    assert messages(tmp_path / "again") == messages(tmp_path / "out")


def bad(tmp_path: Path, capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The sentence of a replay that must fail with exit code 2 and leave nothing."""
    out = tmp_path / "out"
    assert lanewatch("replay", *arguments, "--out", out, "--record", tmp_path / "record.jsonl") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    assert said.err.count("\n") == 1
    assert not out.exists()
    assert not list(tmp_path.glob("record*"))
    return said.err


def test_absent_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "none.jsonl does not exist" in bad(tmp_path, capsys, tmp_path / "none.jsonl")
    assert "none.mp4 does not exist" in bad(tmp_path, capsys, tmp_path / "none.mp4")


def test_a_recording_cut_in_the_middle(scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cut.jsonl.gz").write_bytes(scene.read_bytes()[:5000])
    assert "cut or damaged after line" in bad(tmp_path, capsys, tmp_path / "cut.jsonl.gz")
    plain = write_scene(tmp_path / "plain.jsonl")
    (tmp_path / "cut.jsonl").write_bytes(plain.read_bytes()[:50_000])
    assert "is not JSON, the file is cut" in bad(tmp_path, capsys, tmp_path / "cut.jsonl")


def test_a_recording_with_a_bad_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = write_scene(tmp_path / "plain.jsonl").read_text().splitlines()
    lines[40] = '{"kind":"seen","camera":"north","session":0,"t":1767225601.0,"boxes":[[9,9,1,1,0.5,0]]}'
    (tmp_path / "bad.jsonl").write_text("\n".join(lines))
    assert "line 41" in bad(tmp_path, capsys, tmp_path / "bad.jsonl")


def test_a_gate_that_does_not_fit(short: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cameras = [camera.model_dump(mode="json") for camera in scene_gate().cameras]
    cameras[0]["id"] = "east"
    gate = gate_file(tmp_path / "gate.yaml", cameras=cameras)
    assert "a camera 'north' that gate small does not have" in bad(tmp_path, capsys, short, "--gate", gate)
    (tmp_path / "gate.yaml").write_text("id: [")
    assert "is not YAML" in bad(tmp_path, capsys, short, "--gate", gate)


def test_recordings_that_disagree_on_their_gate(short: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gate = gate_file(tmp_path / "gate.yaml", statistics={"window_s": 60})
    assert lanewatch("replay", short, "--gate", gate, "--out", tmp_path / "a", "--record", tmp_path / "other.jsonl") == 0
    capsys.readouterr()
    assert "different gate files" in bad(tmp_path, capsys, short, tmp_path / "other.jsonl")


def test_a_recording_without_a_gate(scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header = '{"kind":"recording","version":1,"gate":"small","cameras":{},"classes":["truck"],"ticks":false}\n'
    (tmp_path / "bare.jsonl").write_text(header)
    assert "--gate" in bad(tmp_path, capsys, tmp_path / "bare.jsonl")
    assert lanewatch("replay", tmp_path / "bare.jsonl", "--gate", gate_file(tmp_path / "g.yaml"), "--out", tmp_path / "o") == 0
    assert rows(tmp_path / "o" / "lanes.csv") == []


@pytest.mark.parametrize("start", ["yesterday", "-5", "1e12", "nan"])
def test_a_bad_start(short: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], start: str) -> None:
    assert "--start" in bad(tmp_path, capsys, short, "--start", start)


def test_a_place_that_cannot_be_written(short: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert lanewatch("replay", short, "--out", tmp_path / "file" / "out") == 2
    assert "cannot write into" in capsys.readouterr().err
    assert lanewatch("replay", short, "--out", tmp_path / "out", "--record", tmp_path / "file" / "r.jsonl") == 2
    assert "cannot be written" in capsys.readouterr().err
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file"]


def test_a_full_disk_is_said_and_leaves_nothing(short: Path, tmp_path: Path) -> None:
    arguments = f"replay {short} --out {tmp_path / 'out'} --record {tmp_path / 'r.jsonl'}"
    command = f"ulimit -f 40; exec {sys.executable} -m api.cli {arguments}"
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}  # that writes, too
    ended = subprocess.run(["bash", "-c", command], env=unmeasured, capture_output=True, text=True, check=False)
    assert ended.returncode == 2, ended.stderr
    assert "cannot write into" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(tmp_path.iterdir())
