"""A straight two-lane road with one camera, and the boxes that vehicles on it would give: builders for core tests.

The boxes are those of `tests.support.reference`, which knows nothing of the product.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tests.support.reference import Cuboid, ReferenceCamera, sighted
from vision.config import GateConfig, Section, parse_gate, sections
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Event, Seen, Tick
from vision.core.geometry.camera_model import CameraPose

CAMERA = ReferenceCamera()
"""Beyond the stop line on a mast, looking upstream."""
FACING = ReferenceCamera(y=150.0, turned_deg=180.0)
"""At the other end, looking downstream."""
WIDTH, HEIGHT = CAMERA.width, CAMERA.height
T0 = 1_767_225_600.0
LANES = {"A": 1.875, "B": 5.625}
VEHICLE_WIDTH_M = 2.5
LEAST_SHARE = 0.08
LEAST_SIDE_PX = 6.0


def pose_of(camera: ReferenceCamera = CAMERA) -> CameraPose:
    """The same camera as the core has it."""
    rotation = np.stack(camera.axes)
    return CameraPose(camera.width, camera.height, camera.focal_px, rotation, -rotation @ [camera.x, camera.y, camera.z])


def cuboid(lane: str, front_m: float, length_m: float, height_m: float, width_m: float = VEHICLE_WIDTH_M) -> Cuboid:
    """A vehicle in the middle of a lane, its front at front_m."""
    return Cuboid((LANES[lane], front_m), (LANES[lane], front_m + length_m), width_m, height_m)


def gate(eye: ReferenceCamera = CAMERA, *, ground: bool = True, focal: bool = True, **camera: object) -> GateConfig:
    """Two lanes of 120 m and one camera."""
    points = np.array([[x, y, 0.0] for x in (0.0, 7.5) for y in (0.0, 15.0, 45.0, 120.0)])
    image = eye.picture_points(points)
    views = []
    for name, x in LANES.items():
        corners = np.array([[x - 1.8, 0, 0], [x + 1.8, 0, 0], [x + 1.8, 120, 0], [x - 1.8, 120, 0]])
        views.append({"lane": name, "polygon": eye.picture_points(corners).tolist()})
    seen: dict[str, object] = {"id": "cam", "views": views, **camera}
    if ground:
        seen["ground"] = [
            {"image": list(i), "metres": [float(p[0]), float(p[1])]} for i, p in zip(image.tolist(), points, strict=True)
        ]
        if focal:
            seen["focal_px"] = eye.focal_px
    lanes = [{"id": name, "direction": "export", "name": {"en": name}} for name in LANES]
    return parse_gate({"id": "g", "name": {"en": "G"}, "timezone": "UTC", "lanes": lanes, "cameras": [seen]}, "test")


def facing_gate() -> GateConfig:
    """The gate of `gate` with a second camera on the same lanes, from the other end."""
    data = gate().model_dump(mode="json")
    other = gate(FACING).model_dump(mode="json")["cameras"][0] | {"id": "far"}
    return parse_gate(data | {"cameras": [*data["cameras"], other]}, "two cameras")


def section(config: GateConfig) -> Section:
    """The one section of a gate made by `gate`."""
    return sections(config)[0]


@dataclass(frozen=True)
class Truck:
    """A truck's way through a lane: it comes at 8 m/s, halts at `halt_s`, goes on at `go_t`; seconds from T0."""

    lane: str
    enters_t: float
    go_t: float
    halt_m: float = 1.0
    length_m: float = 16.5
    height_m: float = 4.0
    speed: float = 8.0

    def front(self, t: float) -> float:
        """Metres upstream of the stop line at t; it enters the zone (120 m) at enters_t."""
        if t <= self.go_t:
            return max(120.0 - self.speed * (t - self.enters_t), self.halt_m)
        return max(120.0 - self.speed * (self.go_t - self.enters_t), self.halt_m) - 2.0 * (t - self.go_t)


def detections(trucks: Iterable[Truck], t: float, eye: ReferenceCamera = CAMERA, score: float = 0.7) -> Detections:
    """The visible boxes of the trucks that are in sight at t, as a perfect detector gives them."""
    present = [truck for truck in trucks if -12.0 < truck.front(t) < 200.0]
    found = sighted(eye, tuple(cuboid(truck.lane, truck.front(t), truck.length_m, truck.height_m) for truck in present))
    boxes = [one.box for one in found if one is not None and one.box is not None and one.share > LEAST_SHARE]
    xyxy = np.array(boxes).reshape(-1, 4)
    xyxy = np.round(xyxy[(xyxy[:, 2:] - xyxy[:, :2]).min(axis=1) > LEAST_SIDE_PX], 1).astype(np.float32)
    return Detections(xyxy, np.full(len(xyxy), score, np.float32), np.zeros(len(xyxy), np.int16))


def drive(
    trucks: Iterable[Truck],
    until_s: float,
    *,
    fps: float = 5.0,
    t0: float = T0,
    outages: Iterable[tuple[float, float]] = (),
    camera: str = "cam",
) -> list[Event]:
    """A camera's events from t0 on, ticks included; no frames within outages (seconds from t0)."""
    trucks, outages = list(trucks), list(outages)
    events: list[Event] = [CameraChanged(camera, 0, t0, "online", WIDTH, HEIGHT)]
    frames = np.arange(0.0, until_s + 1e-9, 1.0 / fps)
    for k, at in enumerate(frames.tolist()):
        if not any(start <= at < end for start, end in outages):
            events.append(Seen(camera, 0, round(t0 + at, 3), detections(trucks, at)))
        following = frames[k + 1] if k + 1 < len(frames) else until_s + 1.0
        events += [Tick(t0 + second) for second in range(int(np.ceil(at)), int(np.ceil(following)))]
    return events
