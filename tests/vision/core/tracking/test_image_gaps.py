"""Lanes that are not calibrated: a worker that was killed while vehicles moved goes on with their visits."""

from __future__ import annotations

import itertools

import pytest

from tests.support.watched_lane import FRAME_S, WHOLE, Box, Watched, at

SIZE = 120.0
BEFORE = 15
"""Frames until the gap."""


def restarted(step: float, gap_s: float, halts_after: float) -> Watched:
    """A vehicle that drives down the picture and halts after this share of the gap; then it drives off."""
    gap, y0 = round(gap_s / FRAME_S), 100.0
    way = range(BEFORE + gap, BEFORE + gap + 50)

    def boxes(frame: int) -> list[Box]:
        driven = min(frame, BEFORE + halts_after * gap) + max(frame - way.stop, 0)
        return [at(y0 + step * driven, size=SIZE)] if y0 + step * driven < 1080 + SIZE else []

    lane = Watched(WHOLE)
    lane.show(boxes, range(BEFORE))
    lane.restart()
    lane.show(boxes, way)
    assert [visit.left_t for visit in lane.pipeline.open_visits()] == [None], "it stands there"
    lane.show(boxes, range(way.stop, way.stop + 300))
    return lane


def ways() -> list[tuple[float, float, float]]:
    """Speeds in pixels a frame, 0.2 to 2 sizes a second, gaps and shares of them, as far as the picture goes."""
    every = itertools.product((5.0, 12.0, 24.0, 48.0), (1.0, 2.0, 3.0, 5.0), (0.0, 0.5, 1.0))
    return [(step, gap_s, share) for step, gap_s, share in every if 100 + step * (BEFORE + 5 * share * gap_s) < 1000]


@pytest.mark.parametrize(("step", "gap_s", "halts_after"), ways())
def test_a_vehicle_that_moved_as_the_gap_began_has_one_visit(step: float, gap_s: float, halts_after: float) -> None:
    lane = restarted(step, gap_s, halts_after)
    assert (lane.visits, [outcome for outcome, _ in lane.ended]) == (1, ["departed"])


@pytest.mark.parametrize("gap_s", [1.2, 2.0, 5.0])
@pytest.mark.parametrize("step", [12.0, 24.0, 48.0])
def test_one_that_left_in_the_gap_is_lost(step: float, gap_s: float) -> None:
    lane = Watched(WHOLE)
    lane.show(lambda frame: [at(1000 - step * (BEFORE - frame), size=SIZE)], range(BEFORE))
    lane.restart()
    back = BEFORE + round(gap_s / FRAME_S)
    lane.show(lambda _: [], range(back, back + 300))
    assert [outcome for outcome, _ in lane.ended] == ["lost"]


@pytest.mark.parametrize("gap_s", [1.0, 3.0, 5.0])
def test_two_that_close_up_in_the_gap_keep_their_order(gap_s: float) -> None:
    gap = round(gap_s / FRAME_S)
    lane = Watched(WHOLE)
    lane.show(lambda frame: [at(800, size=SIZE), at(100 + 16.0 * frame, size=SIZE)], range(BEFORE))
    first, second = [visit.visit_id for visit in lane.pipeline.open_visits()]
    lane.restart()
    there = min(100 + 16.0 * (BEFORE + gap), 640.0)
    lane.show(lambda _: [at(800, size=SIZE), at(there, size=SIZE)], range(BEFORE + gap, BEFORE + gap + 30))
    assert [visit.visit_id for visit in lane.pipeline.open_visits()] == [first, second]
    lane.show(lambda _: [at(there, size=SIZE)], range(BEFORE + gap + 30, BEFORE + gap + 60))
    assert second in [visit.visit_id for visit in lane.pipeline.open_visits()]
    assert lane.visits == 2
