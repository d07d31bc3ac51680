"""A small recording, made by the tests, against stored results: a change of the core shows here, lane by lane.

Tables and messages are compared with what is stored but for another processor's rounding, and with what a second process
writes here byte for byte.

If the change is meant, make the stored files anew with `python -m tests.golden.test_golden` and look at their diff.
"""

import csv
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from tests.support.gate_scene import scene_gate, write_scene
from vision.replay.recording import read_recording
from vision.replay.replay import merged, replay

ROOT = Path(__file__).parents[2]
EXPECTED = Path(__file__).parent / "expected"
TABLES = ("lanes.csv", "visits.csv", "alerts.csv")
MESSAGES = "messages.jsonl.gz"
TOLERANCE = 0.051  # s, m: what another processor's rounding may change


def make(folder: Path) -> Path:
    recording = read_recording(write_scene(folder / "scene.jsonl"))
    replay(merged([recording.events]), scene_gate(), folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("golden"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def same(a: str, b: str) -> bool:
    try:
        return abs(float(a) - float(b)) <= TOLERANCE
    except ValueError:
        return a == b


@pytest.mark.parametrize("table", TABLES)
def test_the_tables_are_as_before(made: Path, table: str) -> None:
    differences = [
        f"row {number}: {name}: {(old or {}).get(name)} -> {(new or {}).get(name)}"
        for number, (old, new) in enumerate(zip_longest(rows(EXPECTED / table), rows(made / table)), start=2)
        for name in (old or new or {})
        if not same((old or {}).get(name, "no row"), (new or {}).get(name, "no row"))
    ]
    assert not differences, "\n".join(differences[:20])


def differences(old: Any, new: Any, where: str) -> Iterator[str]:
    """Where two JSON values differ by more than rounding."""
    match old, new:
        case dict(), dict():
            for key in old.keys() | new.keys():
                yield from differences(old.get(key, "absent"), new.get(key, "absent"), f"{where}.{key}")
        case list(), list():
            for number, (a, b) in enumerate(zip_longest(old, new, fillvalue="absent")):
                yield from differences(a, b, f"{where}[{number}]")
        case (float() | int(), float() | int()) if isinstance(old, bool) == isinstance(new, bool):
            if abs(old - new) > max(TOLERANCE, 0.001 * abs(old)):
                yield f"{where}: {old} -> {new}"
        case _ if old != new:
            yield f"{where}: {old} -> {new}"


def test_the_messages_are_as_before(made: Path) -> None:
    old = gzip.decompress((EXPECTED / MESSAGES).read_bytes()).decode().splitlines()
    new = (made / "messages.jsonl").read_text().splitlines()
    assert len(old) > 300
    found = [
        difference
        for number, (before, now) in enumerate(zip_longest(old, new, fillvalue="null"), start=1)
        for difference in differences(json.loads(before), json.loads(now), f"message {number}")
    ]
    assert not found, "\n".join(found[:20])


def test_a_second_process_writes_the_same_bytes(made: Path, tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from tests.golden.test_golden import make; make(Path(sys.argv[1]))"
    env = os.environ | {"PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, env=env, check=True, timeout=100)
    files = sorted(path.name for path in made.iterdir())
    assert files == sorted((*TABLES, "messages.jsonl", "summary.json"))
    for name in files:
        assert (tmp_path / "out" / name).read_bytes() == (made / name).read_bytes(), name


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        results = make(Path(place))
        EXPECTED.mkdir(exist_ok=True)
        for name in TABLES:
            shutil.copy(results / name, EXPECTED / name)
        (EXPECTED / MESSAGES).write_bytes(gzip.compress((results / "messages.jsonl").read_bytes(), mtime=0))
    sys.stdout.write(f"wrote {', '.join((*TABLES, MESSAGES))} to {EXPECTED}\n")
