"""What an analysed frame showed, for people who watch: boxes with visits, and where each queue ends. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vision.core.lanes.lane_measures import figures
from vision.core.lanes.lane_queue import LaneQueue
from vision.core.lanes.vehicle import Vehicle
from vision.messages import Box, Tail

__all__ = ["PlacedBox", "TailLine", "overlay_boxes", "overlay_tail"]

PlacedBox = tuple[list[float], int, Vehicle | None]
TailLine = tuple[tuple[float, float], tuple[float, float]]
DIGITS: Final = 4


def overlay_boxes(boxes: list[PlacedBox], width: int, height: int, t: float) -> tuple[Box, ...]:
    """The boxes of one frame in 0..1 of the picture."""
    result = []
    for (x1, y1, x2, y2), number, vehicle in boxes:
        visit = vehicle.visit if vehicle else None
        result.append(
            Box(
                xyxy=(_part(x1, width), _part(y1, height), _part(x2, width), _part(y2, height)),
                track_id=number,
                visit_id=visit.visit_id if visit else None,
                lane_id=vehicle.lane_id if vehicle else None,
                vehicle_class=vehicle.vehicle_class if vehicle else "truck",
                standing=vehicle.standing(t) if vehicle else False,
            )
        )
    return tuple(result)


def overlay_tail(lane_queue: LaneQueue, t: float, at: Callable[[Vehicle], TailLine | None]) -> Tail | None:
    """The end of a lane's queue; `at` places a line across the lane at the last vehicle of the queue."""
    queue = [v for v in lane_queue.vehicles if v.visit is not None and v.visit.joined_t is not None]
    if not queue:
        return None
    where = at(max(queue, key=lambda vehicle: vehicle.rear))
    if where is None:
        return None
    found = figures(lane_queue, t, [])
    ends = tuple((round(x, DIGITS), round(y, DIGITS)) for x, y in where)
    return Tail(
        lane_id=lane_queue.lane.id,
        line=(ends[0], ends[1]),
        queue_vehicles=len(queue),
        queue_m=found.queue_m,
        censored=found.censored,
    )


def _part(value: float, whole: int) -> float:
    return round(min(max(value / max(whole, 1), 0.0), 1.0), DIGITS)
