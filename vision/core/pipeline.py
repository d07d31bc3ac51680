"""A section's pipeline: events in, messages out; the one object that worker and replay drive. Pure.

Messages about lanes and visits are made at ticks and nowhere else; camera notices at once. A lane's status makes none: it
comes from the message that says it. A frame that is not later than the last tick changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from vision.config import Camera, GateConfig, Section, View
from vision.core.events import CameraChanged, ConfigChanged, Event, LaneStatus, Seen, Tick
from vision.core.lanes.data_quality import CameraHealth, lane_quality
from vision.core.lanes.lane_measures import figures
from vision.core.lanes.lane_queue import LaneQueue
from vision.core.lanes.message_builders import (
    SEEN_S,
    camera_message,
    measured_message,
    vehicles_message,
    visit_ended,
    visit_started,
)
from vision.core.lanes.overlay import TailLine, overlay_boxes, overlay_tail
from vision.core.lanes.vehicle import Vehicle, Visit
from vision.core.tracking.ground_tracker import GroundScene
from vision.core.tracking.image_only_tracker import PictureScene
from vision.messages import FrameEvent, Message

__all__ = ["Pipeline"]

PIPELINE_CHECKPOINT_VERSION: Final = 3


class Pipeline:
    """Cameras that share lanes, and those lanes: from what was seen to what is measured."""

    def __init__(self, config: GateConfig, section: Section) -> None:
        self._number = 0
        self._tick_t: float | None = None
        self._last_seen: dict[str, Seen] = {}
        self._health: dict[str, CameraHealth] = {}
        self._lines: dict[str, LaneQueue] = {}
        self._build(config, section)

    def step(self, event: Event) -> list[Message]:
        """Takes one event; the messages that follow from it, in order. Never raises for a valid event."""
        match event:
            case Seen():
                self._seen(event)
                return []
            case Tick():
                return self._tick(event.t)
            case CameraChanged():
                return self._camera(event)
            case LaneStatus():
                self._status(event)
                return []
            case ConfigChanged():
                self._reconfigure(event.config)
                return []

    def checkpoint(self) -> dict[str, Any]:
        """Plain JSON data with all that is needed to go on, and "t": the last tick that was published."""
        return {
            "version": PIPELINE_CHECKPOINT_VERSION,
            "t": self._tick_t,
            "number": self._number,
            "health": {name: health.as_data() for name, health in self._health.items()},
            "lines": {name: line.as_data() for name, line in self._lines.items()},
            "ground": self._ground.as_data() if self._ground else None,
            "pictures": {name: scene.as_data() for name, scene in self._pictures.items()},
        }

    @classmethod
    def restore(cls, config: GateConfig, section: Section, data: dict[str, Any]) -> Pipeline:
        """A pipeline that goes on from a checkpoint; nothing at or before data["t"] is published again."""
        pipeline = cls(config, section)
        if data.get("version") != PIPELINE_CHECKPOINT_VERSION:
            return pipeline
        pipeline._load(data)
        return pipeline

    def frame_event(self, camera: str) -> FrameEvent | None:
        """What the camera's last analysed frame showed; None before its first."""
        seen = self._last_seen.get(camera)
        if seen is None:
            return None
        health = self._health[camera]
        views = [view for view in self._config.camera(camera).views if view.lane in self._lines]
        tails = [overlay_tail(self._lines[v.lane], seen.t, self._tail_at(camera, v)) for v in views]
        boxes = []
        if self._ground is not None and self._config.camera(camera).ground:
            boxes += self._ground.boxes(camera)
        if camera in self._pictures:
            boxes += self._pictures[camera].boxes()
        return FrameEvent(
            camera_id=camera,
            session=seen.session,
            t=seen.t,
            boxes=overlay_boxes(boxes, health.width, health.height, seen.t),
            tails=tuple(tail for tail in tails if tail is not None),
        )

    def rate_fps(self, camera: str, t: float) -> float | None:
        """The camera's analysed frames a second at t; None where it is not known yet."""
        health = self._health.get(camera)
        return None if health is None else health.rate_fps(t)

    def open_visits(self) -> list[Visit]:
        """The visits not yet published as ended, lane by lane: those that ended since the last tick, then the open ones."""
        return [visit for line in self._lines.values() for visit in (*line.ended, *line.open_visits())]

    def _build(self, config: GateConfig, section: Section) -> None:
        self._config = config
        self._section = section
        cameras = [config.camera(name) for name in section.cameras]
        metric = {view.lane for camera in cameras if camera.ground for view in camera.views}
        old, self._lines = self._lines, {}
        for name in section.lanes:
            window_s = config.statistics.window_s
            line = old.get(name)
            if line is None or line.calibrated != (name in metric):
                line = LaneQueue(config.id, config.lane(name), window_s, calibrated=name in metric)
            line.lane, line.history.window_s = config.lane(name), window_s
            self._lines[name] = line
        self._health = {name: self._health.get(name, CameraHealth()) for name in section.cameras}
        self._views = {
            name: [c.id for c in cameras if any(v.lane == name for v in c.views) and (c.ground or name not in metric)]
            for name in section.lanes
        }
        self._scenes(cameras, metric)
        for name, health in self._health.items():
            self._resize(name, health.width, health.height)

    def _scenes(self, cameras: list[Camera], metric: set[str]) -> None:
        with_ground = tuple(camera for camera in cameras if camera.ground)
        lines = {name: line for name, line in self._lines.items() if name in metric}
        self._ground = GroundScene(with_ground, lines, self._next_number) if with_ground else None
        self._pictures = {}
        taken = set(metric)
        for camera in cameras:
            views: tuple[View, ...] = tuple(v for v in camera.views if v.lane not in taken) if not camera.ground else ()
            if views:
                taken |= {view.lane for view in views}
                self._pictures[camera.id] = PictureScene(camera, views, self._lines, self._next_number)

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _resize(self, camera: str, width: int, height: int) -> None:
        if self._ground is not None and self._config.camera(camera).ground:
            self._ground.resize(camera, width, height)
        if camera in self._pictures:
            self._pictures[camera].resize(width, height)

    def _seen(self, seen: Seen) -> None:
        health = self._health.get(seen.camera)
        if health is None or health.session != seen.session or health.blind:
            return
        late = self._tick_t is not None and seen.t <= self._tick_t
        if late or (health.last_t is not None and seen.t <= health.last_t):
            return
        health.frame(seen.t)
        self._last_seen[seen.camera] = seen
        if self._ground is not None and self._config.camera(seen.camera).ground:
            self._ground.observe(seen)
        elif seen.camera in self._pictures:
            self._pictures[seen.camera].observe(seen)

    def _camera(self, event: CameraChanged) -> list[Message]:
        health = self._health.get(event.camera)
        if health is None:
            return []
        fresh = health.change(event)
        self._resize(event.camera, health.width, health.height)
        if fresh:
            if self._ground is not None and self._config.camera(event.camera).ground:
                self._ground.restart(event.camera)
            elif event.camera in self._pictures:
                self._pictures[event.camera].restart(event.t)
        return [camera_message(self._config.id, event, health)]

    def _status(self, event: LaneStatus) -> None:
        line = self._lines.get(event.lane)
        if line is not None and event.t >= line.status_t:
            line.closed, line.status_t = event.status == "closed", event.t

    def _tick(self, t: float) -> list[Message]:
        if self._tick_t is not None and t <= self._tick_t:
            return []
        self._tick_t = t
        gate = self._config.id
        messages: list[Message] = []
        for name, line in self._lines.items():
            line.update(t)
            started, ended = line.drain()
            messages += [visit_started(gate, visit, t) for visit in started]
            messages += [visit_ended(gate, visit, t) for visit in ended]
            messages += self._measured(name, line, t)
        return messages

    def _measured(self, name: str, line: LaneQueue, t: float) -> list[Message]:
        cameras = [self._health[camera] for camera in self._views[name]]
        held = sum(t - vehicle.seen_t > SEEN_S for vehicle in line.vehicles)
        quality, reasons = lane_quality(cameras, t, calibrated=line.calibrated, held=held, vehicles=len(line.vehicles))
        known = quality != "unknown"
        queue = any(v.visit is not None and v.visit.joined_t is not None for v in line.vehicles)
        line.history.tick(t, queue=known and queue)
        found = figures(line, t, [other.history for other in self._lines.values() if other is not line]) if known else None
        frames = [camera.last_t for camera in cameras if camera.last_t is not None]
        age = round(t - min(frames), 3) if frames else None
        limits = self._config.statistics.level_of_service_s
        return [
            measured_message(self._config.id, line, t, found, quality=quality, reasons=reasons, frame_age_s=age, limits=limits),
            vehicles_message(self._config.id, line, t, known=known),
        ]

    def _tail_at(self, camera: str, view: View) -> Callable[[Vehicle], TailLine | None]:
        lane_id = view.lane
        ground = self._ground
        if ground is not None and self._config.camera(camera).ground:
            zone = self._config.lane(lane_id).zone_m
            return lambda vehicle: ground.line_at(camera, lane_id, min(vehicle.rear, zone))
        scene = self._pictures.get(camera)
        return lambda vehicle: None if scene is None else scene.tail_line(lane_id, vehicle)

    def _reconfigure(self, config: GateConfig) -> None:
        """Takes another configuration: lanes that remain keep their line, what is seen is built anew."""
        known = {camera.id for camera in config.cameras}
        lanes = {lane.id for lane in config.lanes}
        section = Section(
            id=self._section.id,
            cameras=tuple(name for name in self._section.cameras if name in known),
            lanes=tuple(name for name in self._section.lanes if name in lanes),
        )
        data = self.checkpoint()
        self._build(config, section)
        self._load(data)

    def _load(self, data: dict[str, Any]) -> None:
        self._tick_t = data["t"]
        self._number = data["number"]
        for name, saved in data["health"].items():
            if name in self._health:
                self._health[name].load(saved)
                self._resize(name, self._health[name].width, self._health[name].height)
        vehicles = {}
        if self._ground is not None and data["ground"] is not None:
            vehicles.update(self._ground.load(data["ground"]))
        for name, saved in data["pictures"].items():
            if name in self._pictures:
                vehicles.update(self._pictures[name].load(saved))
        for name, saved in data["lines"].items():
            if name in self._lines:
                self._lines[name].load(saved, vehicles)
