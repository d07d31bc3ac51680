"""`make accuracy`: the oracle's recordings, scored; a sentence where there is no oracle; what it writes and how it judges."""

import csv
import os
import subprocess
import sys

import pytest

from scripts.accuracy.expected_wait import Joining, wait_score
from scripts.accuracy.figures import FIGURES, read_table, worse, write_table
from scripts.accuracy.interval import interval_row, pooled_row
from scripts.accuracy.measured import MeasuredLane
from scripts.accuracy.oracle import ORACLE, ROOT, OracleRecording
from scripts.accuracy.pages import COMMITTED, PAGE, write_part
from scripts.accuracy.replaying import every
from scripts.accuracy.table import interval_table, main_table, references, thinned_table, verdict, wait_table
from scripts.accuracy.truth import LaneSecond, Scene
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Seen, Tick

NAME = "main_a/mast8_typical"
GOOD = {figure.name: 0.99 if figure.more_is_better else 0.1 for figure in FIGURES}


def accuracy(*arguments, **environment):
    command = [sys.executable, "-m", "scripts.accuracy", *arguments]
    env = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=400)


def test_no_oracle_is_a_sentence(tmp_path):
    done = accuracy(LANEWATCH_SHARED=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "LANEWATCH_SHARED" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.shared
@pytest.mark.timeout(420)  # two processes that import everything, on a machine that may be busy
@pytest.mark.skipif(not ORACLE.exists(), reason="needs ../shared/oracle: simulated scenes with their truth")
def test_one_recording_is_shown_drawn_and_nothing_written(tmp_path):
    before = COMMITTED.read_bytes(), PAGE.read_bytes()
    done = accuracy("short_calm/mast8_clean", "--pictures", str(tmp_path))
    assert done.returncode == 0, done.stderr
    header, _, row = (line.strip("| ").split(" | ") for line in done.stdout.splitlines()[:3])
    figures = dict(zip(header, row, strict=True))
    assert float(figures["queue"].split()[0]) <= 0.15
    assert float(figures["recall"].split()[0]) >= 0.95
    assert (tmp_path / "short_calm_mast8_clean.png").read_bytes().startswith(b"\x89PNG")
    assert before == (COMMITTED.read_bytes(), PAGE.read_bytes())


def test_the_page_shows_the_committed_figures():
    table = read_table(COMMITTED)
    page = PAGE.read_text(encoding="utf-8")
    assert {name for name in table if "@" in name} == {f"{NAME}@2.5", f"{NAME}@1.25"}
    assert len(table) == 23
    for part in (main_table(table), thinned_table(table), wait_table(table)):
        assert part in page
    whole = {name: row for name, row in table.items() if "@" not in name}
    assert verdict(whole) in page
    assert interval_table(whole) in page


def test_every_reference_has_the_figures_columns():
    found = references()
    assert set(found) == {"target", "stock", "bytetrack", "ocsort", "naive", "coast", "fifo", "bound"}
    names = {figure.name for figure in FIGURES}
    assert all(set(row) == names for rows in found.values() for row in rows.values())


def test_what_misses_its_target_is_bold_and_told():
    bad = GOOD | {"recall": 0.5, "departures_pct": -20.0}
    table = {NAME: bad}
    assert "**0.50** [0.90] (0.71)" in main_table(table)
    assert "**-20** [3] (+141)" in main_table(table)
    assert "8 of 10" not in verdict(table)
    assert "recall, departures" in verdict(table)
    assert "Missed" not in verdict({NAME: GOOD})


def test_fewer_frames_are_judged_by_a_quarter_more_than_the_target():
    thin = GOOD | {"standing_vehicles": 0.36, "dwell_s": 13.0}
    text = thinned_table({NAME: GOOD, f"{NAME}@2.5": thin})
    assert "| 0.36 [0.38] (+260%) |" in text
    assert "**13.0** [12.5]" in text


@pytest.mark.parametrize(("name", "better"), [("recall", 1.0), ("dwell_s", 0.0), ("departures_pct", 0.0)])
def test_a_worse_figure_is_named_and_a_better_one_is_not(name, better):
    assert worse(GOOD, GOOD) == []
    assert worse(GOOD, GOOD | {name: better}) == []
    (sentence,) = worse(GOOD, GOOD | {name: 0.5 if name == "recall" else -5.0})
    assert " -> " in sentence
    assert worse(GOOD, GOOD | {name: None})
    assert worse(GOOD | {name: None}, GOOD) == []


def test_figures_are_kept_as_they_are(tmp_path):
    table = {NAME: GOOD, "short_calm/mast8_clean": GOOD | {"f1_3": None}}
    write_table(tmp_path / "a.csv", table)
    assert read_table(tmp_path / "a.csv") == table
    assert read_table(tmp_path / "none.csv") == {}
    with (tmp_path / "a.csv").open() as file:
        assert [row["recording"] for row in csv.DictReader(file)] == list(table)


def test_only_the_marked_part_of_a_page_changes(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- a:begin -->\nold\n<!-- a:end -->\nafter\n")
    write_part("a", "new \\1 line\n", page)
    assert page.read_text() == "before\n<!-- a:begin -->\nnew \\1 line\n<!-- a:end -->\nafter\n"
    with pytest.raises(ValueError, match="b:begin"):
        write_part("b", "x", page)


@pytest.mark.parametrize("name", ["short_jam/mast8+entry8_typical", "main_a/mast8_typical@2.5"])
def test_a_recording_is_called_as_it_is_named(name):
    assert OracleRecording.named(name).name == name


def test_fewer_frames_are_every_second_of_each_camera_and_all_else():
    seen = [Seen(camera, 0, t, Detections.empty()) for t in (0.2, 0.4, 0.6, 0.8) for camera in ("a", "b")]
    events = [CameraChanged("a", 0, 0.0, "online", 1, 1), *seen, Tick(1.0)]
    kept = list(every(2, events))
    assert [(event.camera, event.t) for event in kept[1:-1]] == [(c, t) for t in (0.2, 0.6) for c in ("a", "b")]
    assert (kept[0], kept[-1]) == (events[0], events[-1])
    assert list(every(1, events)) == events


def test_the_expected_wait_is_held_against_one_who_knows_the_queue():
    joined = [
        Joining(10.0, "EX1", 60.0, 50.0, 70.0, 40.0, 100.0),
        Joining(20.0, "EX1", 130.0, 100.0, 100.0, 80.0, 120.0),
        Joining(30.0, "EX1", 60.0, 50.0, None, None, None),
    ]
    score = wait_score(joined)
    assert score is not None
    assert (score.joinings, score.published, score.mae_s) == (3, 2, 20.0)
    assert (score.reference_mae_s, score.coverage) == (20.0, 0.5)
    assert wait_score(joined[2:]) is None


def line_of(low, high, true):
    lane = MeasuredLane(t=[float(t) for t in range(len(true))], queue_low=low, queue_high=high)
    seconds = [LaneSecond(t, queue, 0.0, 0, 0.0) for t, queue in enumerate(true)]
    return Scene("a", 0.0, len(true), 100.0, {"EX1": seconds}, []), {"EX1": lane}


def test_an_interval_is_judged_by_the_truths_it_holds_and_its_width():
    row = interval_row(*line_of([0, 2, 3, None], [1, 2, 6, None], [0, 3, 4, 9]))
    assert row == {"interval_held": 2 / 3, "interval_held_busy": 0.5, "interval_width": 4 / 3, "interval_busy_s": 2.0}
    other = interval_row(*line_of([3.0] * 6, [3.0] * 6, [3] * 6))
    assert pooled_row([row, other])["interval_held_busy"] == 7 / 8
    text = interval_table({NAME: row, "main_a/mast8_hard": other})
    assert "| **0.67** [0.85] | 0.50 | 1.3 [2] |" in text
    assert "| 1.00 [0.85] | 1.00 | 0.0 [4] |" in text
    assert "| all | 0.83 | 0.88 [0.85..0.97] | 0.7 |" in text


def test_where_no_interval_is_told_there_is_a_dash():
    row = interval_row(*line_of([None] * 3, [None] * 3, [0, 3, 4]))
    assert set(row.values()) == {None}
    assert "| - [0.85] | - | - [2] |" in interval_table({NAME: row})
    assert "| all | - | - [0.85..0.97] | - |" in interval_table({NAME: row})
