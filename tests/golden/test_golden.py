"""A small recording, made by the tests, against stored results: a change of the core shows here, lane by lane.

If the change is meant, make the stored files anew with `python -m tests.golden.test_golden` and look at their diff.
"""

import csv
import shutil
import sys
import tempfile
from collections import Counter
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.support.gate_scene import scene_gate, write_scene
from vision.messages import MESSAGE
from vision.replay.recording import read_recording
from vision.replay.replay import merged, replay

EXPECTED = Path(__file__).parent / "expected"
TABLES = ("lanes.csv", "visits.csv", "alerts.csv")
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


def test_as_many_messages_of_each_type(made: Path) -> None:
    read = [MESSAGE.validate_json(line) for line in (made / "messages.jsonl").read_text().splitlines()]
    ticks, lanes = 91, 2
    types = Counter(message.type for message in read)
    assert types["lane.measured"] == types["lane.vehicles"] == ticks * lanes
    visits = rows(EXPECTED / "visits.csv")
    assert types["visit.started"] == len(visits)
    assert types["visit.ended"] == sum(row["outcome"] != "open" for row in visits)
    assert types["alert.changed"] == len(rows(EXPECTED / "alerts.csv"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        results = make(Path(place))
        EXPECTED.mkdir(exist_ok=True)
        for name in TABLES:
            shutil.copy(results / name, EXPECTED / name)
    sys.stdout.write(f"wrote {', '.join(TABLES)} to {EXPECTED}\n")
