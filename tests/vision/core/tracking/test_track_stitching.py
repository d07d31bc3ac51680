"""Vehicles that were lost and are found again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.roads import T0, Truck, detections, drive, gate, section
from vision.core.events import Seen
from vision.core.pipeline import Pipeline
from vision.messages import LaneVehicles, VisitStarted

LOST_S = 30.0


@pytest.mark.xfail(strict=True, reason="nobody reverses so far: it is taken for another, and the one before stays for a while")
@pytest.mark.parametrize(("lost_at_m", "found_s"), [(42.0, 36.0), (44.0, 33.0), (44.0, 36.0)])
def test_a_vehicle_found_again_upstream_stays_where_it_is_found(lost_at_m: float, found_s: float) -> None:
    """It was taken to be further on than it is, by a box that also showed another; it is found where it stands, at 60 m."""
    believed, true = Truck("A", 2.0, 400.0, halt_m=lost_at_m), Truck("A", 2.0, 400.0, halt_m=60.0)
    config = gate()
    pipeline = Pipeline(config, section(config))
    messages = []
    for event in drive([believed], 50.0):
        t = event.t - T0
        seen = [believed] if t < LOST_S else [true] if t >= found_s else []
        shown = replace(event, detections=detections(seen, t)) if isinstance(event, Seen) else event
        messages += pipeline.step(shown)
    fronts = [
        [vehicle.front_m for vehicle in message.data.vehicles or ()]
        for message in messages
        if isinstance(message, LaneVehicles) and message.data.lane_id == "A" and message.data.t - T0 >= found_s + 2.0
    ]
    assert fronts
    assert all(line == [pytest.approx(60.0, abs=3.0)] for line in fronts)
    assert sum(isinstance(message, VisitStarted) for message in messages) == 1
