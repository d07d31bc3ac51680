"""Lanes that are not calibrated: slow but steady motion is told from standing, a detector's noise is not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.watched_lane import FRAME_S, WHOLE, Box, Watched, at

SIZE = 150.0
HALT_S, MORE_S = 20, 60
SLOW_S = 2.0
"""Time within which a vehicle that moves off slowly is known to move."""


def wobbles(seed: int, frames: int, noise: float, drift: float) -> np.ndarray:
    """Errors (frames, 4) of edges in pixels: new in each frame, and slow ones that last 4 s; shares of the box's size."""
    random, kept = np.random.default_rng(seed), np.exp(-FRAME_S / 4.0)
    slow = drift * random.normal(0.0, 1.0, (frames, 4))
    for frame in range(1, frames):
        slow[frame] = kept * slow[frame - 1] + np.sqrt(1.0 - kept**2) * slow[frame]
    return SIZE * (slow + noise * random.normal(0.0, 1.0, (frames, 4)))


def standing(sizes_per_s: float, seed: int, noise: float, drift: float) -> list[int | None]:
    """Standing vehicles second by second, where one stands for HALT_S and then moves at this speed."""
    frames = round((HALT_S + MORE_S) / FRAME_S)
    errors = wobbles(seed, frames, noise, drift)

    def boxes(frame: int) -> list[Box]:
        y = 300.0 + SIZE * sizes_per_s * max(frame * FRAME_S - HALT_S, 0.0)
        return [tuple(np.array(at(y, size=SIZE)) + errors[frame])] if y < 900 else []

    lane = Watched(WHOLE)
    lane.show(boxes, range(frames))
    return lane.standing()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sizes_per_s", [0.15, 0.3, 0.6])
def test_one_that_moves_off_slowly_no_longer_stands(sizes_per_s: float, seed: int) -> None:
    line = standing(sizes_per_s, seed, noise=0.01, drift=0.0)
    first = int(HALT_S + SLOW_S) + 1
    assert line[HALT_S] == 1
    assert line[first : HALT_S + int(3.0 / sizes_per_s)].count(0) == HALT_S + int(3.0 / sizes_per_s) - first


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("noise", "drift"), [(0.01, 0.0), (0.03, 0.0), (0.01, 0.018)])
def test_one_whose_boxes_wobble_stands(noise: float, drift: float, seed: int) -> None:
    assert standing(0.0, seed, noise, drift)[4:].count(1) == HALT_S + MORE_S - 4
