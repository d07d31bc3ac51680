"""The interval of a queue against enumeration, and the quality that follows from it."""

from __future__ import annotations

import json
import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.roads import T0, Truck, drive, gate, section
from vision.core.events import Tick
from vision.core.lanes.queue_interval import is_uncertain, queue_interval
from vision.core.pipeline import Pipeline
from vision.messages import LaneMeasured, Measurement, Message

PROBABILITIES = st.lists(st.floats(0.0, 1.0), max_size=7)
MEANS = st.floats(0.0, 6.0)
JOINED_S = 19
"""Both trucks have joined the queue."""


def enumerated(existence: list[float], undetected: float) -> list[float]:
    """P(N <= n) for n = 0, 1, ...: every combination of vehicles, times every number of undetected ones."""
    total = [0.0] * 410
    for present in product((0, 1), repeat=len(existence)):
        chance = math.prod(p if there else 1.0 - p for there, p in zip(present, existence, strict=True))
        for more in range(400):
            total[sum(present) + more] += chance * (undetected / (1.0 + undetected)) ** more / (1.0 + undetected)
    return [sum(total[: n + 1]) for n in range(len(total))]


@examples(60)
@given(existence=PROBABILITIES, undetected=MEANS)
def test_each_end_leaves_out_five_percent_at_most(existence: list[float], undetected: float) -> None:
    middle = queue_interval(existence, undetected, 0)[1]
    low, high = queue_interval(existence, undetected, middle)
    reached = enumerated(existence, undetected)
    assert low == 0 or reached[low - 1] <= 0.05 + 1e-6
    assert reached[high] >= 0.95 - 1e-6
    assert low == middle or reached[low] >= 0.05 - 1e-6, "no wider than it must be"
    assert high == 0 or reached[high - 1] <= 0.95 + 1e-6


@examples(60)
@given(existence=PROBABILITIES, undetected=MEANS, published=st.integers(0, 9))
def test_what_is_told_lies_between_the_ends(existence: list[float], undetected: float, published: int) -> None:
    low, high = queue_interval(existence, undetected, published)
    assert low <= published <= high


@pytest.mark.parametrize(
    ("existence", "undetected", "interval"),
    [
        ([], 0.0, (0, 0)),
        ([1.0] * 5, 0.0, (5, 5)),
        ([1.0] * 4 + [0.5], 0.0, (4, 5)),
        ([0.99] * 5, 0.0, (5, 5)),
        ([1.0] * 5, 0.04, (5, 5)),
        ([1.0] * 5, 1.0, (5, 9)),
    ],
)
def test_as_by_hand(existence: list[float], undetected: float, interval: tuple[int, int]) -> None:
    assert queue_interval(existence, undetected, len(existence)) == interval


@pytest.mark.parametrize(
    ("published", "interval", "uncertain"),
    [(0, (0, 2), False), (0, (0, 3), True), (3, (2, 4), False), (3, (2, 5), True), (8, (6, 10), False), (8, (5, 10), True)],
)
def test_a_queue_is_uncertain_where_its_interval_is_wide_beside_it(
    published: int, interval: tuple[int, int], uncertain: bool
) -> None:
    assert is_uncertain(published, interval) is uncertain


def test_the_lane_s_figures_and_its_quality_follow_from_it() -> None:
    config = gate()
    pipeline = Pipeline(config, section(config))
    trucks = [Truck("A", -14.0, 500.0), Truck("A", -9.0, 504.0, halt_m=20.0)]
    events = drive(trucks, 30.0)

    def told(pipeline: Pipeline, second: int, existence: float = 1.0, undetected: float = 0.0) -> Measurement:
        """What the lane says when its second vehicle exists with this probability and so many were never detected."""
        messages: list[Message] = []
        for event in [e for e in events if T0 + second - 1 < e.t <= T0 + second]:
            if isinstance(event, Tick) and second >= JOINED_S:
                line = pipeline._queues["A"]
                line.vehicles[1].existence, line.undetected = existence, undetected
            messages += pipeline.step(event)
        (found,) = [m.data for m in messages if isinstance(m, LaneMeasured) and m.data.lane_id == "A"]
        return found

    for second in range(JOINED_S + 1):
        sure = told(pipeline, second)
    assert (sure.queue_vehicles, sure.queue_low, sure.queue_high, sure.quality) == (2, 2, 2, "ok")
    doubtful = told(pipeline, JOINED_S + 1, existence=0.6)
    assert (doubtful.queue_vehicles, doubtful.queue_low, doubtful.queue_high, doubtful.quality) == (2, 1, 2, "ok")
    restored = Pipeline.restore(config, section(config), json.loads(json.dumps(pipeline.checkpoint())))
    for one in (pipeline, restored):
        wide = told(one, JOINED_S + 2, existence=0.6, undetected=1.5)
        assert (wide.queue_vehicles, wide.queue_low, wide.queue_high) == (2, 1, 7)
        assert (wide.quality, wide.quality_reasons) == ("degraded", ("queue_uncertain",))


def test_an_unknown_queue_has_no_interval() -> None:
    config = gate()
    pipeline = Pipeline(config, section(config))
    messages = [m for event in drive([], 12.0, outages=[(1.0, 13.0)]) for m in pipeline.step(event)]
    last = [m.data for m in messages if isinstance(m, LaneMeasured)][-1]
    assert (last.quality, last.queue_vehicles, last.queue_low, last.queue_high) == ("unknown", None, None, None)
