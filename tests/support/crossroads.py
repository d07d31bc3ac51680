"""A section of two cameras and three lanes whose configuration changes in every way that a gate's may: a builder for tests."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from tests.support.roads import Truck, drive, gate
from vision.config import Camera, GateConfig, Section, parse_gate
from vision.core.events import Event, Seen

__all__ = ["CAMERAS", "LANES", "crossroads", "frames", "whole_section"]

CAMERAS: Final = ("cam", "side")
LANES: Final = ("A", "B", "C")


def crossroads(
    calibrated: Collection[str] = ("cam",), cameras: Iterable[str] = CAMERAS, lanes: Iterable[str] = LANES
) -> GateConfig:
    """The cameras `cam` (lanes A, B) and `side` (lanes B, C; C lies where A does), those `calibrated` with a ground map."""
    lanes, seen = tuple(lanes), []
    for name in cameras:
        plain = gate(ground=name in calibrated).cameras[0]
        seen.append(_views(plain, name, {"A": "A", "B": "B"} if name == "cam" else {"B": "B", "A": "C"}, lanes))
    data = {
        "id": "g",
        "name": {"en": "G"},
        "timezone": "UTC",
        "lanes": [{"id": lane, "direction": "export", "name": {"en": lane}} for lane in lanes],
        "cameras": [camera for camera in seen if camera["views"]],
    }
    return parse_gate(data, "test")


def _views(camera: Camera, name: str, names: dict[str, str], lanes: tuple[str, ...]) -> dict[str, object]:
    views = [view.model_dump(mode="json") | {"lane": names[view.lane]} for view in camera.views]
    return camera.model_dump(mode="json") | {"id": name, "views": [view for view in views if view["lane"] in lanes]}


def whole_section() -> Section:
    """Both cameras and all lanes as one section."""
    return Section(id="cam+side", cameras=CAMERAS, lanes=LANES)


def frames(trucks: Iterable[Truck], until_s: float, fps: float = 5.0) -> list[Event]:
    """What both cameras, at one place, see of the trucks; ticks included."""
    events: list[Event] = []
    for event in drive(trucks, until_s, fps=fps):
        events.append(event)
        if isinstance(event, Seen) or hasattr(event, "camera"):
            events.append(replace(event, camera="side"))  # type: ignore[call-arg]
    return events
