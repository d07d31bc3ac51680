"""`lanewatch run` by itself: the simulated gate with live cameras, known truth and lanes that close; with one's own, none."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.cli import lanewatch
from tests.support.model import tiny_model
from tests.support.processes import Running, descendants, running, until

KIM_THANH = Path(__file__).parents[2] / "config" / "kim-thanh.yaml"
TOKEN = "a-token-of-the-tests-0123456789"


@pytest.mark.timeout(240)
def test_by_itself_it_runs_the_simulated_gate(tmp_path: Path) -> None:
    weights = tiny_model(tmp_path / "tiny")
    # At four times the speed IM3 closes just when the gate opens, for two minutes.
    with running(tmp_path, "--weights", weights, "--speed", "4", env={"LANEWATCH_API_TOKEN": TOKEN}, within_s=120) as run:
        tree = descendants(run.process.pid)
        assert any(" simulate " in command and "--speed 4" in command for command in tree.values()), tree
        assert not [pid for pid in tree if "libtorch" in Path(f"/proc/{pid}/maps").read_text()]
        assert until(lambda: len(truth(run)) == 5, within_s=90), run.log.read_text()
        assert until(lambda: cameras(run) == {"export": "online", "import": "online"}, within_s=30), run.log.read_text()
        assert until(lambda: statuses(run).get("IM3") == ("closed", "simulation"), within_s=60), run.log.read_text()
        pipe = tmp_path / "data" / "simulated-gate" / "faults"
        pipe.write_text("reset import\n")
        assert until(lambda: cameras(run) == {"export": "online", "import": "offline"}, within_s=30), run.log.read_text()
        assert run.end() == 0
    assert not pipe.exists()


def test_a_gate_of_ones_own_has_nothing_of_the_simulation(tmp_path: Path) -> None:
    with running(tmp_path, "--gate", KIM_THANH) as run:
        tree = descendants(run.process.pid)
        assert any(" worker" in command for command in tree.values()), tree
        assert not [command for command in tree.values() if "simulate" in command]
        for pid in (run.process.pid, *tree):
            assert "cv2" not in Path(f"/proc/{pid}/maps").read_text(), "OpenCV, which only the simulation draws with"
        assert snapshot(run, cookie=True)["simulation"] is None
        assert run.end() == 0


def test_a_speed_is_for_the_simulated_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended = lanewatch(capsys, "run", "--data", tmp_path, "--gate", KIM_THANH, "--speed", "2")
    assert (ended.code, "--speed is for the simulated gate" in ended.err) == (2, True)


def snapshot(run: Running, *, cookie: bool = False) -> dict[str, Any]:
    with httpx.Client(base_url=run.url, timeout=10, headers={} if cookie else {"Authorization": f"Bearer {TOKEN}"}) as client:
        if cookie:
            client.get(run.sign_in)
        found = client.get("/api/v1/gate").json()
        return dict(found.get("data", found))


def truth(run: Running) -> dict[str, Any]:
    return dict((snapshot(run)["simulation"] or {"lanes": {}})["lanes"])


def statuses(run: Running) -> dict[str, tuple[str, str]]:
    return {lane: (found["status"], found["by"]) for lane, found in snapshot(run)["statuses"].items()}


def cameras(run: Running) -> dict[str, str]:
    return {name: camera["state"] for name, camera in snapshot(run)["cameras"].items()}
