"""Layouts of the simulated gate: where lanes and cameras are, and the gate's configuration that follows from it. Pure.

Every layout is chosen so that a truck whose front is at the zone's end is at least 16 px on its shorter side in a picture
640 px wide. Lanes are 3.75 m wide with room for a booth between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from vision.config import Camera, DetectorConfig, GateConfig, parse_gate
from vision.simulation.camera import CameraPlan
from vision.simulation.demand import Direction
from vision.simulation.road import Road
from vision.simulation.traffic import SERVICE_M

__all__ = ["LANE_WIDTH_M", "LAYOUTS", "MAX_OVERLAP", "UTC_OFFSET_H", "LanePlan", "Layout"]

MAX_OVERLAP: Final = 0.5
"""Of two boxes with a larger intersection over union one is a double: from the masts two trucks hardly ever overlap so much."""
LANE_WIDTH_M: Final = 3.75
PITCH_M: Final = 5.3
MEDIAN_M: Final = 1.6
WIDTH, HEIGHT = 640, 360
TIMEZONE: Final = "Asia/Ho_Chi_Minh"
UTC_OFFSET_H: Final = 7.0  # all year round


@dataclass(frozen=True, slots=True)
class LanePlan:
    """A lane on the ground: its middle at x, vehicles coming from y * upstream; stop line at y = 0."""

    id: str
    direction: Direction
    x_m: float
    upstream: int = 1


@dataclass(frozen=True, slots=True)
class Layout:
    """Lanes and cameras of one simulated gate."""

    name: str
    lanes: tuple[LanePlan, ...]
    cameras: tuple[CameraPlan, ...]
    zone_m: float
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def road(self) -> Road:
        """The lanes as drivers know them."""
        return Road(tuple((lane.id, lane.direction) for lane in self.lanes))

    def lane(self, lane_id: str) -> LanePlan:
        """The lane of that id."""
        return next(lane for lane in self.lanes if lane.id == lane_id)

    def gate(self) -> GateConfig:
        """The configuration with which the product measures this gate."""
        data: dict[str, Any] = {
            "id": "simulated-gate",
            "name": {"vi": "Cửa khẩu mô phỏng", "en": "Simulated gate", "zh": "模拟口岸"},
            "timezone": TIMEZONE,
            "lanes": [_lane(lane, self.zone_m) for lane in self.lanes],
            "cameras": [self._camera(plan) for plan in self.cameras],
            "alerts": _ALERTS,
            "detector": DetectorConfig(weights="weights/lanewatch-demo.xml", max_overlap=MAX_OVERLAP).model_dump(),
        }
        return parse_gate(data, where=f"layout {self.name}")

    def _camera(self, plan: CameraPlan) -> dict[str, Any]:
        lanes = [self.lane(lane_id) for lane_id in plan.lanes]
        camera = Camera.model_validate(
            {
                "id": plan.id,
                "url_env": f"LANEWATCH_CAMERA_{plan.id.upper().replace('-', '_').replace('+', '_')}_URL",
                "analysis_fps": 5,
                "ground": self._points(plan, lanes),
                "focal_px": round(plan.focal_widths * self.width, 3),
                "native_width": self.width,
                "views": [self._view(plan, lane) for lane in lanes],
            }
        )
        return camera.model_dump(exclude_none=True)

    def _points(self, plan: CameraPlan, lanes: list[LanePlan]) -> list[dict[str, Any]]:
        edges = sorted({lane.x_m + side * LANE_WIDTH_M / 2 for lane in lanes for side in (-1, 1)})
        found = []
        for s in (0.0, 8.0, 20.0, 40.0, self.zone_m):
            for x in edges if len(edges) < 4 else [edges[0], *edges[1:-1:2], edges[-1]]:
                y = s * lanes[0].upstream
                u, v = self._image(plan, [(x, y)])[0]
                if -0.05 <= u <= 1.05 and -0.05 <= v <= 1.05:
                    found.append({"image": [u, v], "metres": [round(x, 3), y]})
        return found

    def _view(self, plan: CameraPlan, lane: LanePlan) -> dict[str, Any]:
        half, (low, high) = LANE_WIDTH_M / 2, plan.covers_m or (0.0, self.zone_m)
        corners = [(-half, low), (half, low), (half, high), (-half, high)]
        ground = [(lane.x_m + u, s * lane.upstream) for u, s in corners]
        view: dict[str, Any] = {
            "lane": lane.id,
            "polygon": np.clip(self._image(plan, ground), -0.49, 1.49).tolist(),
            "axis": [[lane.x_m, 0.0], [lane.x_m, self.zone_m * lane.upstream]],
        }
        return view if plan.covers_m is None else view | {"covers_m": list(plan.covers_m)}

    def _image(self, plan: CameraPlan, ground: list[tuple[float, float]]) -> list[list[float]]:
        points = np.array([(x, y, 0.0) for x, y in ground])
        pixels, _ = plan.project(points, self.width, self.height)
        scaled: list[list[float]] = np.round(pixels / (self.width, self.height), 6).tolist()
        return scaled


_LANE_NAMES: Final = {
    "EX1": {"vi": "Làn xuất 1", "en": "Export lane 1", "zh": "出口1道"},
    "EX2": {"vi": "Làn xuất 2", "en": "Export lane 2", "zh": "出口2道"},
    "IM1": {"vi": "Làn nhập 1", "en": "Import lane 1", "zh": "进口1道"},
    "IM2": {"vi": "Làn nhập 2", "en": "Import lane 2", "zh": "进口2道"},
    "IM3": {"vi": "Làn nhập 3", "en": "Import lane 3", "zh": "进口3道"},
}
_ALERTS: Final = [
    {"name": "queue-long", "when": "open", "measure": "queue_vehicles", "fire_at": 4, "clear_at": 2},
    {"name": "queue-to-the-edge", "measure": "queue_m", "severity": "critical", "fire_at": 70, "clear_at": 55},
    {"name": "wait-long", "when": "open", "measure": "longest_wait_s", "severity": "critical", "fire_at": 300, "clear_at": 240},
    {"name": "camera-unavailable", "scope": "camera", "measure": "unavailable_s", "fire_at": 60, "clear_at": 0, "for_s": 0},
]


def _lane(plan: LanePlan, zone_m: float) -> dict[str, Any]:
    return {"id": plan.id, "direction": plan.direction, "name": _LANE_NAMES[plan.id], "zone_m": zone_m, "service_m": SERVICE_M}


def _row(first: float, lanes: tuple[tuple[str, Direction, int], ...]) -> tuple[LanePlan, ...]:
    """Lanes side by side from x = first on, a wider gap where the direction changes."""
    plans: list[LanePlan] = []
    for lane_id, direction, upstream in lanes:
        gap = MEDIAN_M if plans and plans[-1].direction != direction else 0.0
        x = first if not plans else round(plans[-1].x_m + PITCH_M + gap, 3)
        plans.append(LanePlan(lane_id, direction, x, upstream))
    return tuple(plans)


_EXPORT, _IMPORT = ("EX1", "EX2"), ("IM1", "IM2", "IM3")
_SAME: Final = _row(0.0, (*((i, "export", 1) for i in _EXPORT), *((i, "import", 1) for i in _IMPORT)))
_FACING: Final = _row(0.0, (*((i, "import", 1) for i in _IMPORT), *((i, "export", -1) for i in _EXPORT)))
_X: Final = {lane.id: lane.x_m for lane in _SAME}
_FX: Final = {lane.id: lane.x_m for lane in _FACING}
_LAYOUTS: Final = (
    Layout(
        "two-masts",
        _SAME,
        (
            CameraPlan("export", ((_X["EX1"] + _X["EX2"]) / 2, -32.0, 12.0), 0.0, 12.2, 1.5, _EXPORT),
            CameraPlan("import", (_X["IM2"], -32.0, 12.0), 0.0, 12.2, 1.5, _IMPORT),
        ),
        zone_m=80.0,
    ),
    Layout(
        "one-mast",
        _SAME,
        (CameraPlan("mast", ((_X["EX1"] + _X["IM3"]) / 2, -42.0, 14.0), 0.0, 11.6, 1.42, _EXPORT + _IMPORT),),
        zone_m=70.0,
    ),
    Layout(
        "lane-cameras",
        _SAME,
        tuple(CameraPlan(f"lane-{i.lower()}", (_X[i], -25.0, 9.0), 0.0, 11.6, 1.6, (i,)) for i in _EXPORT + _IMPORT),
        zone_m=80.0,
    ),
    Layout(
        "upstream",
        _SAME,
        (
            CameraPlan("export", ((_X["EX1"] + _X["EX2"]) / 2, 96.0, 12.0), 180.0, 12.2, 1.5, _EXPORT),
            CameraPlan("import", (_X["IM2"], 96.0, 12.0), 180.0, 12.2, 1.5, _IMPORT),
        ),
        zone_m=66.0,
    ),
    Layout(
        "facing",
        _FACING,
        (
            CameraPlan("export", ((_FX["EX1"] + _FX["EX2"]) / 2, 32.0, 12.0), 180.0, 12.2, 1.5, _EXPORT),
            CameraPlan("import", (_FX["IM2"], -32.0, 12.0), 0.0, 12.2, 1.5, _IMPORT),
        ),
        zone_m=80.0,
    ),
)
LAYOUTS: Final = {layout.name: layout for layout in _LAYOUTS}
"""two-masts: export and import each from their booths' mast (default); one-mast: all five; lane-cameras: one per lane;
upstream: from the approach at the trucks' backs; facing: export and import run in opposite directions."""
