"""The cameras that see the scenes of our own: larger pictures than the simulator renders, and two of its own layouts. Pure."""

from __future__ import annotations

from typing import Final

from vision.simulation.camera import CameraPlan
from vision.simulation.layouts import LAYOUTS, LanePlan, Layout

__all__ = ["CAMERAS"]

ZONE_M: Final = 130.0
LANES: Final = (
    LanePlan("EX1", "export", 0.0),
    LanePlan("EX2", "export", 3.75),
    LanePlan("IM1", "import", 9.5),
    LanePlan("IM2", "import", 13.25),
    LanePlan("IM3", "import", 17.0),
)
_ALL: Final = tuple(lane.id for lane in LANES)
_MIDDLE_M: Final = 8.5


def _layout(name: str, place: tuple[float, float, float], turned_deg: float, down_deg: float, focal_widths: float) -> Layout:
    plan = CameraPlan(name, place, turned_deg, down_deg, focal_widths, _ALL)
    return Layout(name, LANES, (plan,), ZONE_M, 1920, 1080)


_OWN: Final = (
    _layout("mast9", (_MIDDLE_M, -18.0, 9.0), 0.0, 12.5, 0.68),
    _layout("canopy11", (_MIDDLE_M, -15.0, 11.0), 0.0, 15.0, 0.66),
    _layout("pole7", (-4.5, -15.0, 7.0), 19.0, 9.5, 0.60),
    _layout("approach9", (6.6, ZONE_M + 14.0, 9.0), 176.0, 15.5, 0.74),
)
CAMERAS: Final = {layout.name: layout for layout in (*_OWN, LAYOUTS["one-mast"], LAYOUTS["upstream"])}
"""mast9, canopy11: behind the booths, high above the middle; pole7: low and at the roadside; approach9: from the far end, at
the backs; one-mast, upstream: the simulator's, 640 pixels wide, lanes 5.3 m apart."""
