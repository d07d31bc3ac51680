"""The figures on the oracle's recordings may not get worse: a cheap part of them against docs/accuracy.csv.

If a change is meant to make some figure worse for the sake of others, replay and keep the figures anew with `make accuracy`
(all of them, minutes) or `make accuracy RECORDINGS="--write short_jam/mast8_typical"`, and look at the diff.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest

from scripts.accuracy.figures import read_table, worse
from scripts.accuracy.oracle import ORACLE, OracleRecording
from scripts.accuracy.pages import COMMITTED
from scripts.accuracy.replaying import replay_and_score

CHEAP = (
    "short_jam/mast8_typical",
    "short_jam/canopy12_typical",
    "short_closure/mast8_typical",
    "short_change/mast8_typical",
    "short_calm/mast8_hard",
    "short_calm/mast8_typical",
    "short_calm/mast8_clean",
)

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not ORACLE.exists(), reason="needs ../shared/oracle: simulated scenes with their truth"),
    pytest.mark.timeout(600),  # the first test waits for a replay of minutes of traffic, on a machine that may be busy
]


@pytest.fixture(scope="module")
def replays():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield {name: pool.submit(replay_and_score, OracleRecording.named(name)) for name in CHEAP}


@pytest.mark.parametrize("name", CHEAP)
def test_no_figure_is_worse_than_the_committed_one(replays, name):
    assert worse(read_table(COMMITTED)[name], replays[name].result().figures) == []
