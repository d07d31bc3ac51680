"""Lanes that are not calibrated: a truck halts before the stop end and departs as it passes it, seen from either end."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.reference import ReferenceCamera, sighted
from tests.support.roads import T0, Truck, cuboid, gate, section
from vision.config import GateConfig
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Event, Seen, Tick
from vision.core.pipeline import Pipeline
from vision.messages import VisitEnded

LAYOUTS = {
    "near": ReferenceCamera(),
    "near, high": ReferenceCamera(y=-32.0, z=12.0, tilt_deg=12.2, focal_px=2600.0),
    "far": ReferenceCamera(y=125.0, turned_deg=180.0),
    "far, low": ReferenceCamera(y=96.0, z=8.0, turned_deg=180.0, tilt_deg=6.0, focal_px=2600.0),
}
GO_S = 40.0


def uncalibrated(eye: ReferenceCamera) -> GateConfig:
    """The gate of `roads`, its lanes known in the picture only; what of them is not before the camera is left out."""
    data = gate(ground=False).model_dump(mode="json")
    ends = sorted((0.0, 120.0 if eye.y < 0 else eye.y - 25.0))
    for view, x in zip(data["cameras"][0]["views"], (1.875, 5.625), strict=True):
        corners = [(x - 1.8, ends[0]), (x + 1.8, ends[0]), (x + 1.8, ends[1]), (x - 1.8, ends[1])]
        view["polygon"] = eye.picture_points(np.array([(*corner, 0.0) for corner in corners])).tolist()
        view["axis"] = eye.picture_points(np.array([(x, end, 0.0) for end in ends])).tolist()
    return GateConfig.model_validate(data)


def boxes(eye: ReferenceCamera, truck: Truck, t: float) -> Detections:
    """Its box, as far as the picture goes."""
    found = sighted(eye, (cuboid(truck.lane, truck.front(t), truck.length_m, truck.height_m),))
    xyxy = np.array([one.box for one in found if one is not None and one.box is not None], np.float32).reshape(-1, 4)
    return Detections(xyxy, np.full(len(xyxy), 0.7, np.float32), np.zeros(len(xyxy), np.int16))


@pytest.mark.parametrize(("length_m", "height_m"), [(5.0, 2.0), (8.0, 3.2), (12.0, 4.0), (16.5, 4.0)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_departs_while_it_passes_the_stop_end(layout: str, length_m: float, height_m: float) -> None:
    eye, config = LAYOUTS[layout], uncalibrated(LAYOUTS[layout])
    truck = Truck("A", 0.0, GO_S, length_m=length_m, height_m=height_m)
    events: list[Event] = [CameraChanged("cam", 0, T0, "online", eye.width, eye.height)]
    for frame in range(5 * 60):
        events.append(Seen("cam", 0, round(T0 + frame / 5, 3), boxes(eye, truck, frame / 5)))
        events += [Tick(T0 + frame // 5)] if frame % 5 == 0 else []
    pipeline = Pipeline(config, section(config))
    [visit] = [message.data for event in events for message in pipeline.step(event) if isinstance(message, VisitEnded)]
    front_passes_s, rear_passes_s = GO_S + truck.halt_m / 2.0, GO_S + (truck.halt_m + length_m) / 2.0
    assert (visit.lane_id, visit.outcome) == ("A", "departed")
    assert visit.left_t is not None
    assert front_passes_s < visit.left_t - T0 < rear_passes_s + 1.0
