"""How vehicles move on between their boxes."""

from __future__ import annotations

import numpy as np
import pytest

from vision.core.bodies import Bodies
from vision.core.cuboid import HEIGHT, LENGTH, STATES, WIDTH, S, V


@pytest.mark.parametrize(("seen", "low", "high"), [(False, -0.5, 2.0), (True, -20.0, -5.0)])
def test_only_who_is_seen_rolls_over_the_stop_line(seen: bool, low: float, high: float) -> None:
    bodies = Bodies()
    x = np.zeros(STATES)
    x[[S, V, LENGTH, HEIGHT, WIDTH]] = 1.4, 1.3, 16.0, 4.0, 2.5
    bodies.add(1, 0, x, np.diag([0.1, 0.1, 0.1, 0.01, 0.01, 0.1]))
    for t in np.arange(0.2, 8.0, 0.2):
        bodies.predict(float(t), np.array([seen]))
    assert low < bodies.x[0, S] < high
