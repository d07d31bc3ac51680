"""The figures on small scenes of our own may not get worse; this guards the core where the oracle is not.

If a change is meant, keep the figures anew with `python -m tests.accuracy.test_own_scenes` and look at the diff.
"""

import csv
import sys
import tempfile
from pathlib import Path

import pytest

from scripts.accuracy.figures import read_table, worse, write_table
from tests.accuracy.own_scenes import SCENES, measured

COMMITTED = Path(__file__).with_name("own_scenes.csv")


@pytest.mark.parametrize("name", SCENES)
def test_no_figure_is_worse_than_the_committed_one(tmp_path, name):
    assert worse(read_table(COMMITTED)[name], measured(name, tmp_path / "out")) == []
    with (tmp_path / "out" / "visits.csv").open(encoding="utf-8", newline="") as lines:
        visits = list(csv.DictReader(lines))
        assert len(visits) >= 4
        for visit in visits:
            times = [float(visit[key]) for key in ("arrived_t", "joined_t", "service_t", "left_t") if visit[key]]
            assert times == sorted(times), visit


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        write_table(COMMITTED, {name: measured(name, Path(place) / name) for name in SCENES})
    sys.stdout.write(f"wrote {COMMITTED.name}\n")
