"""A section's pipeline: events in, messages out; the one object that worker and replay drive. Pure.

Messages about lanes, visits and how cameras do are made at ticks and nowhere else; camera notices at once. A lane's status
makes none: it comes from the message that says it. A frame that is not later than the last tick changes nothing; nor does one
that tells of no change since a frame that did not count. A visit that the pipeline can follow no further, because its lane or
its scene is no more or its checkpoint cannot be taken up, ends as lost at the next tick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vision.config import GateConfig, Section
from vision.core.checkpoint_versions import PIPELINE_CHECKPOINT_VERSION, UNREADABLE, last_tick, this_version
from vision.core.events import CameraChanged, ConfigChanged, Event, LaneStatus, Seen, Tick, Unchanged
from vision.core.lanes.data_quality import CameraHealth, lane_quality
from vision.core.lanes.lane_measures import figures
from vision.core.lanes.lane_queue import LaneQueue
from vision.core.lanes.message_builders import (
    SEEN_S,
    camera_measured,
    camera_message,
    measured_message,
    vehicles_message,
    visit_ended,
    visit_started,
)
from vision.core.lanes.overlay import TailLine, overlay_boxes, overlay_tail
from vision.core.lanes.queue_interval import is_uncertain
from vision.core.lanes.saved_visits import UnpublishedVisits, saved_visits
from vision.core.lanes.vehicle import Vehicle, Visit
from vision.core.tracking.camera_fit import CameraFit
from vision.core.tracking.scenes import scenes_by_camera
from vision.messages import FrameEvent, Message

__all__ = ["Pipeline"]


class Pipeline:
    """Cameras that share lanes, and those lanes: from what was seen to what is measured.

    resumed: whether it goes on from a checkpoint.
    """

    def __init__(self, config: GateConfig, section: Section) -> None:
        self.resumed = False
        self._number = 0
        self._tick_t: float | None = None
        self._last_seen: dict[str, Seen | Unchanged] = {}
        self._dropped = UnpublishedVisits([], [])
        self._build(config, section)

    def step(self, event: Event) -> list[Message]:
        """Takes one event; the messages that follow from it, in order. Never raises for a valid event."""
        match event:
            case Seen() | Unchanged():
                self._frame(event)
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
        scenes = {scene.name: scene for scene in self._scenes.values()}
        return {
            "version": PIPELINE_CHECKPOINT_VERSION,
            "t": self._tick_t,
            "number": self._number,
            "health": {name: health.as_data() for name, health in self._health.items()},
            "lines": {name: queue.as_data() for name, queue in self._queues.items()},
            "scenes": {name: scene.as_data() for name, scene in scenes.items()},
            "dropped": self._dropped.as_data(),
        }

    @classmethod
    def restore(cls, config: GateConfig, section: Section, data: dict[str, Any]) -> Pipeline:
        """A pipeline that goes on from a checkpoint; nothing at or before data["t"] is published again.

        After one that cannot be taken up it begins anew, and the visits that were open there end as lost.
        """
        pipeline = cls(config, section)
        try:
            pipeline._load(this_version(data))
            pipeline.resumed = True
        except UNREADABLE:
            pipeline = cls(config, section)
            pipeline._dropped = saved_visits(data)
            pipeline._tick_t = last_tick(data)
        return pipeline

    @property
    def published_t(self) -> float | None:
        """The last tick that was published."""
        return self._tick_t

    def frame_event(self, camera: str) -> FrameEvent | None:
        """What the camera's last analysed frame showed; None before its first."""
        seen = self._last_seen.get(camera)
        if seen is None:
            return None
        health, scene = self._health[camera], self._scenes.get(camera)
        lanes = [view.lane for view in self._config.camera(camera).views if view.lane in self._queues]

        def tail_at(lane: str) -> Callable[[Vehicle], TailLine | None]:
            return lambda vehicle: None if scene is None else scene.tail_line(camera, lane, vehicle)

        tails = [overlay_tail(self._queues[lane], seen.t, tail_at(lane)) for lane in lanes]
        return FrameEvent(
            camera_id=camera,
            session=seen.session,
            t=seen.t,
            boxes=overlay_boxes(scene.boxes(camera) if scene else [], health.width, health.height, seen.t),
            tails=tuple(tail for tail in tails if tail is not None),
        )

    def rate_fps(self, camera: str, t: float) -> float | None:
        """The camera's analysed frames a second at t; None where it is not known yet."""
        health = self._health.get(camera)
        return None if health is None else health.rate_fps(t)

    def open_visits(self) -> list[Visit]:
        """The visits not yet published as ended: those that ended since the last tick, then lane by lane the open ones."""
        lanes = [visit for queue in self._queues.values() for visit in (*queue.ended, *queue.open_visits())]
        return [*self._dropped.ended, *lanes]

    def _build(self, config: GateConfig, section: Section) -> None:
        """Makes everything anew, without a vehicle."""
        self._config, self._section = config, section
        cameras = [config.camera(name) for name in section.cameras]
        metric = {view.lane for camera in cameras if camera.ground for view in camera.views}
        window_s = config.statistics.window_s
        self._queues = {
            name: LaneQueue(config.id, config.lane(name), window_s, calibrated=name in metric) for name in section.lanes
        }
        self._health = {name: CameraHealth() for name in section.cameras}
        self._views = {
            name: [c.id for c in cameras if any(v.lane == name for v in c.views) and (c.ground or name not in metric)]
            for name in section.lanes
        }
        self._scenes = scenes_by_camera(cameras, self._queues, self._next_number, config.tracking)

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _resize(self, camera: str) -> None:
        health = self._health[camera]
        if camera in self._scenes:
            self._scenes[camera].resize(camera, health.width, health.height)

    def _frame(self, frame: Seen | Unchanged) -> None:
        health = self._health.get(frame.camera)
        if health is None or health.session != frame.session:
            return
        late = self._tick_t is not None and frame.t <= self._tick_t
        counts = not (late or health.blind or (health.last_t is not None and frame.t <= health.last_t))
        if isinstance(frame, Seen):
            health.has_reference = counts
        if not counts or not health.has_reference:
            return
        health.frame(frame.t)
        self._last_seen[frame.camera] = frame
        scene = self._scenes.get(frame.camera)
        if scene is not None:
            scene.observe(frame) if isinstance(frame, Seen) else scene.unchanged(frame.camera, frame.t)

    def _camera(self, event: CameraChanged) -> list[Message]:
        health = self._health.get(event.camera)
        if health is None:
            return []
        fresh = health.change(event)
        self._resize(event.camera)
        if fresh and event.camera in self._scenes:
            self._scenes[event.camera].restart(event.camera, event.t)
        return [camera_message(self._config.id, event, health)]

    def _status(self, event: LaneStatus) -> None:
        queue = self._queues.get(event.lane)
        if queue is not None and event.t >= queue.status_t:
            queue.closed, queue.status_t = event.status == "closed", event.t

    def _tick(self, t: float) -> list[Message]:
        if self._tick_t is not None and t <= self._tick_t:
            return []
        self._tick_t = t
        messages = self._published(*self._dropped, t)
        self._dropped = UnpublishedVisits([], [])
        for name, queue in self._queues.items():
            queue.update(t)
            messages += self._published(*queue.drain(), t)
            messages += self._measured(name, queue, t)
        return messages + [self._fit(camera, health, t) for camera, health in self._health.items()]

    def _fit(self, camera: str, health: CameraHealth, t: float) -> Message:
        scene = self._scenes.get(camera)
        fit = (None if scene is None else scene.fit(camera)) or CameraFit(None, None)
        innovation, share = fit.innovation, fit.unexplained_share
        return camera_measured(self._config.id, camera, t, health, innovation=innovation, unexplained_share=share)

    def _published(self, started: list[Visit], ended: list[Visit], t: float) -> list[Message]:
        gate = self._config.id
        return [*(visit_started(gate, visit, t) for visit in started), *(visit_ended(gate, visit, t) for visit in ended)]

    def _measured(self, name: str, queue: LaneQueue, t: float) -> list[Message]:
        cameras = [self._health[camera] for camera in self._views[name]]
        held = sum(t - vehicle.seen_t > SEEN_S for vehicle in queue.vehicles)
        quality, reasons = lane_quality(cameras, t, calibrated=queue.calibrated, held=held, vehicles=len(queue.vehicles))
        known = quality != "unknown"
        waiting = any(v.visit is not None and v.visit.joined_t is not None for v in queue.vehicles)
        queue.history.tick(t, queue=known and waiting)
        others = [other.history for other in self._queues.values() if other is not queue]
        found = figures(queue, t, others) if known else None
        if found is not None and is_uncertain(found.queue_vehicles, found.queue_interval):
            quality, reasons = "degraded", (*reasons, "queue_uncertain")
        frames = [camera.last_t for camera in cameras if camera.last_t is not None]
        age = round(t - min(frames), 3) if frames else None
        limits = self._config.statistics.level_of_service_s
        return [
            measured_message(
                self._config.id, queue, t, found, quality=quality, reasons=reasons, frame_age_s=age, limits=limits
            ),
            vehicles_message(self._config.id, queue, t, known=known),
        ]

    def _reconfigure(self, config: GateConfig) -> None:
        """Takes another configuration: what it has in common with the old one goes on, all is built anew."""
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
        self._last_seen = {name: seen for name, seen in self._last_seen.items() if name in known}

    def _load(self, data: dict[str, Any]) -> None:
        """Goes on, after `_build`, from a checkpoint of this version; visits of lanes that it has no more are dropped."""
        self._tick_t, self._number = data["t"], data["number"]
        for name, saved in data["health"].items():
            if name in self._health:
                self._health[name].load(saved)
                self._resize(name)
        known: dict[int, Vehicle] = {}
        held: dict[int, Vehicle] = {}
        scenes = {scene.name: scene for scene in self._scenes.values()}
        for name, saved in data["scenes"].items():
            known.update({v["number"]: Vehicle.from_data(v) for v in saved["vehicles"]})
            held.update(scenes[name].load(saved) if name in scenes else {})
        for name, saved in data["lines"].items():
            if name in self._queues:
                self._queues[name].load(saved, held, known)
        dropped, gone = saved_visits(data["dropped"]), saved_visits([data["lines"], data["scenes"]], but=self._queues)
        self._dropped = UnpublishedVisits([*dropped.started, *gone.started], [*dropped.ended, *gone.ended])
