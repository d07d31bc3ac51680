"""The scenes of a section: one on the ground for all cameras that know it, else each camera's own picture. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from vision.config import Camera
from vision.core.lanes.lane_queue import LaneQueue
from vision.core.tracking.ground_tracker import GroundScene
from vision.core.tracking.image_only_tracker import PictureScene
from vision.core.tracking.lane_scene import LaneScene
from vision.tracking_parameters import TrackingParameters

__all__ = ["scenes_by_camera"]


def scenes_by_camera(
    cameras: Sequence[Camera],
    queues: Mapping[str, LaneQueue],
    next_number: Callable[[], int],
    parameters: TrackingParameters,
) -> dict[str, LaneScene]:
    """The scene that each camera belongs to, by camera; a camera without a lane to measure has none.

    A calibrated lane is measured on the ground only. Another one is measured in the picture of the first camera that sees
    it. next_number: a number for the next track, unique in the section.
    """
    scenes: dict[str, LaneScene] = {}
    calibrated = {name: queue for name, queue in queues.items() if queue.calibrated}
    with_ground = tuple(c for c in cameras if c.ground and any(view.lane in calibrated for view in c.views))
    if with_ground:
        ground = GroundScene(with_ground, calibrated, next_number, parameters)
        scenes = {camera.id: ground for camera in with_ground}
    free = {name for name, queue in queues.items() if not queue.calibrated}
    for camera in cameras:
        views = tuple(view for view in camera.views if view.lane in free)
        if views:
            free -= {view.lane for view in views}
            scenes[camera.id] = PictureScene(camera, views, queues, next_number, parameters)
    return scenes
