"""`lanewatch run` as a real process tree: video to page address, REST, WebSocket and signed webhook; nobody left after."""

import base64
import json
import os
import signal
import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from standardwebhooks import Webhook
from websockets.sync.client import connect

from api.commands.config import config_in_use
from api.commands.gates import single_gate
from tests.support.cli import lanewatch, lanewatch_process
from tests.support.model import tiny_model
from tests.support.processes import Running, alive, descendants, running, until
from tests.support.receiver import Receiver, receiver
from tests.support.video import Mover, make_video
from vision.config import load_gate

KIM_THANH = Path(__file__).parents[2] / "config" / "kim-thanh.yaml"
TOKEN = "a-token-of-the-tests-0123456789"
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
RULE = {"name": "here", "measure": "vehicles", "fire_at": 1, "clear_at": 0, "for_s": 0, "keep_firing_for_s": 1}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    truck = Mover(((0.5, 320, 40), (2.0, 320, 200), (9.0, 320, 200)))
    return make_video(tmp_path_factory.mktemp("video") / "loop.mp4", [truck], seconds=10.0, fps=10)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gate") / "gate.yaml"
    path.write_text(yaml.safe_dump(single_gate().model_dump(mode="json") | {"alerts": [RULE]}))
    return path


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver(204) as found:
        yield found


def measurements(run: Running, count: int) -> list[dict[str, Any]]:
    """The snapshot and the next measurements that the WebSocket sends."""
    address = run.url.replace("http", "ws") + "/api/v1/stream"
    with connect(address, additional_headers=BEARER) as socket_:
        found = [json.loads(socket_.recv(timeout=20))["message"]]
        while len(found) <= count:
            message = json.loads(socket_.recv(timeout=20))["message"]
            if message["type"] == "lane.measured":
                found.append(message)
        return found


@pytest.mark.timeout(180)
def test_from_video_to_page_and_webhook(tmp_path: Path, gate: Path, video: Path, model: Path, hook: Receiver) -> None:
    env = {"LANEWATCH_API_TOKEN": TOKEN, "LANEWATCH_WEBHOOK_URL": hook.url, "LANEWATCH_WEBHOOK_SECRET": SECRET}
    record = tmp_path / "live.jsonl"
    arguments = ("--gate", gate, "--source", video, "--weights", model, "--record", record)
    with running(tmp_path, *arguments, env=env) as run:
        tree = descendants(run.process.pid)
        assert all(any(part in command for command in tree.values()) for part in ("bus.sock", " api ", " worker "))
        with httpx.Client(base_url=run.url) as browser:
            assert browser.get("/api/v1/gate").status_code == 401
            signed_in = browser.get(run.sign_in, follow_redirects=True)
            assert signed_in.status_code in (200, 404), "the page, or a sentence where it was not built"
            assert browser.get("/api/v1/gate").status_code == 200
        with httpx.Client(base_url=run.url) as other:
            other.get(run.sign_in, follow_redirects=True)
            assert other.get("/api/v1/gate").status_code == 401, "the link works once"

        made = lanewatch_process("link", "--data", tmp_path / "data")
        assert made.code == 0, made.err
        with httpx.Client(base_url=run.url) as another:
            assert another.get(made.out.split()[0]).status_code == 303
            assert another.get("/api/v1/gate").status_code == 200

        snapshot, *seen = measurements(run, 3)
        assert snapshot["type"] == "gate.snapshot"
        assert [b["data"]["t"] - a["data"]["t"] for a, b in pairwise(seen)] == [1.0, 1.0]

        assert until(lambda: len(hook.requests) >= 1), run.log.read_text()
        _, headers, body = hook.requests[0]
        Webhook(SECRET).verify(body.decode(), headers)
        alert = json.loads(body)
        assert (alert["type"], alert["data"]["rule"], alert["data"]["state"]) == ("alert.changed", "here", "firing")
        assert headers["webhook-id"] == alert["id"]

        worker = next(pid for pid, command in tree.items() if " worker " in command)
        os.kill(worker, signal.SIGKILL)
        assert until(lambda: "worker was ended by SIGKILL; starting it again" in run.log.read_text())
        before = seen[-1]["data"]["t"]
        closed = httpx.post(f"{run.url}/api/v1/lanes/L1/status", json={"status": "closed", "reason": "works"}, headers=BEARER)
        assert closed.status_code == 200
        later = measurements(run, 4)[1:]
        assert all(message["data"]["t"] > before for message in later)

        tree |= descendants(run.process.pid)
        assert run.end() == 0
        assert not [command for pid, command in tree.items() if alive(pid)]
    assert "Traceback" not in run.log.read_text()
    _replays(tmp_path, record, later)


def _replays(folder: Path, record: Path, live: list[dict[str, Any]]) -> None:
    """The recording, made after the restart, gives the very messages that were sent live."""
    recordings = sorted(record.parent.glob("live*.jsonl"))
    assert recordings
    ended = lanewatch_process("replay", *recordings, "--out", folder / "out")
    assert ended.code == 0, ended.err
    replayed = {line["id"]: line for line in map(json.loads, (folder / "out" / "messages.jsonl").read_text().splitlines())}
    assert [replayed.get(message["id"]) for message in live] == live
    statuses = [message["data"]["status"] for message in replayed.values() if message["type"] == "lane.changed"]
    assert statuses == ["closed"], "what people said of a lane is in the recording"


@pytest.mark.timeout(120)
def test_nobody_outlives_a_killed_run(tmp_path: Path, refused: Any) -> None:
    with running(tmp_path, "--gate", KIM_THANH) as run:
        tree = descendants(run.process.pid)
        assert len(tree) >= 3
        assert "in use by another LaneWatch" in refused("--gate", KIM_THANH)
        run.process.kill()
        assert until(lambda: not any(map(alive, tree))), [tree[pid] for pid in tree if alive(pid)]


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(*arguments: object) -> str:
        for name in ("LANEWATCH_GATE", "REDIS_URL", "DATABASE_URL"):
            monkeypatch.delenv(name, raising=False)
        ended = lanewatch(capsys, "run", "--data", tmp_path / "data", "--port", "0", *arguments)
        assert (ended.code, ended.out) == (2, ""), ended
        assert "Traceback" not in ended.err
        return ended.err

    return run


def test_bad_sources(tmp_path: Path, model: Path, refused: Any) -> None:
    (tmp_path / "x.mp4").write_bytes(b"no video " * 300)
    assert "none.mp4 does not exist" in refused("--source", tmp_path / "none.mp4", "--weights", model)
    assert "x.mp4 is not a video" in refused("--source", tmp_path / "x.mp4", "--weights", model)
    assert "CAMERA=" in refused("--gate", KIM_THANH, "--source", tmp_path / "x.mp4")


def test_bad_weights_and_bad_gate(tmp_path: Path, video: Path, refused: Any) -> None:
    assert "none.xml do not exist" in refused("--source", video, "--weights", tmp_path / "none.xml")
    assert "none.yaml does not exist" in refused("--gate", tmp_path / "none.yaml")


def test_a_port_that_is_taken(refused: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "give another --host or --port" in refused("--port", str(taken.getsockname()[1]))
    assert "give another --host or --port" in refused("--host", "203.0.113.1")


def test_weights_that_turn_out_bad_end_everything_with_a_sentence(tmp_path: Path, video: Path) -> None:
    (tmp_path / "bad.xml").write_text("<nonsense/>")
    arguments = ("--source", video, "--weights", tmp_path / "bad.xml", "--data", tmp_path / "data", "--port", "0")
    ended = lanewatch_process("run", *arguments)
    assert ended.code == 2, ended
    last = ended.err.splitlines()[-1]
    assert last.startswith("lanewatch: ")
    assert "bad.xml" in last
    assert "Traceback" not in ended.err


@pytest.mark.timeout(120)
def test_a_changed_gate_file_stops_unless_it_is_imported(tmp_path: Path, gate: Path, model: Path, refused: Any) -> None:
    config_in_use(load_gate(gate), tmp_path / "data", import_changed=False)
    changed = tmp_path / "changed.yaml"
    changed.write_text(gate.read_text().replace("fire_at: 1", "fire_at: 2"))
    said = refused("--gate", changed)
    assert "--import" in said
    assert "fire_at" in said
    short = make_video(tmp_path / "short.mp4", seconds=0.6)
    play = ("--source", short, "--weights", model, "--once", "--data", tmp_path / "data", "--port", "0")
    ended = lanewatch_process("run", "--gate", changed, "--import", *play)
    assert ended.code == 0, "a video that is played once ends the run: " + ended.err
    exported = lanewatch_process("config", "export", "--data", tmp_path / "data")
    assert exported.code == 0
    assert yaml.safe_load(exported.out)["alerts"][0]["fire_at"] == 2.0
