"""`make accuracy`: the oracle's recordings, scored; a sentence where there is no oracle."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("LANEWATCH_SHARED", ROOT.parent / "shared"))


def accuracy(*arguments, **environment):
    command = [sys.executable, "scripts/accuracy.py", *arguments]
    env = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=110)


def test_no_oracle_is_a_sentence(tmp_path):
    done = accuracy(LANEWATCH_SHARED=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "LANEWATCH_SHARED" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "oracle").exists(), reason="needs ../shared/oracle: simulated scenes with their truth")
def test_a_calm_scene_is_measured_almost_without_error():
    done = accuracy("short_calm/mast8_clean")
    assert done.returncode == 0, done.stderr
    header, _, row = (line.strip("| ").split(" | ") for line in done.stdout.splitlines())
    figures = dict(zip(header[2:], row[2:], strict=True))
    assert float(figures["queue MAE veh"]) <= 0.15
    assert float(figures["visit recall"]) >= 0.95
    assert float(figures["precision"]) >= 0.95
