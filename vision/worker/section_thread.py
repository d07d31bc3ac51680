"""A section's thread: one queue of events in, the pipeline, the recording, messages and checkpoints out. A shell."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any, Final, Protocol

import structlog

from vision.clock import now, rounded
from vision.config import GateConfig, Section
from vision.core.events import CameraChanged, ConfigChanged, Event, LaneStatus, Seen, Tick, Unchanged
from vision.core.pipeline import Pipeline
from vision.ephemeral_messages import FrameEvent
from vision.errors import LaneWatchError, StreamError
from vision.ports import Picture
from vision.replay.recording_format import Checkpoint, Recorded
from vision.vocabulary import BLIND_STATES, CameraState
from vision.worker.bus_thread import BusThread
from vision.worker.frame_rates import RateWatch
from vision.worker.lane_statuses import LaneStatuses
from vision.worker.preview import PictureShow
from vision.worker.queues import EventQueue, Queued
from vision.worker.redis_sink import RedisSink
from vision.worker.tick_sequencer import TickSequencer

__all__ = ["RecordingSink", "SectionThread"]

SECTION_CHECKPOINT_VERSION: Final = 1
MAX_PICTURES: Final = 64  # of frames that wait for a tick

_log = structlog.get_logger(__name__)


class RecordingSink(Protocol):
    """Takes all that a section's pipeline takes."""

    def write(self, event: Recorded) -> None:
        """Appends one event or the checkpoint it begins with."""
        ...

    def close(self) -> None:
        """Finishes the recording."""
        ...


class SectionThread:
    """One section's life: its pipeline, restored from the last checkpoint, fed by `run` in a thread of its own.

    It never waits for the network: what goes to the bus and comes from there goes through a thread of the bus's own.
    on_config: is asked whether another configuration can be taken in place; else the worker builds everything anew.
    """

    def __init__(
        self,
        config: GateConfig,
        section: Section,
        sink: RedisSink,
        recorder: RecordingSink | None,
        on_config: Callable[[GateConfig], bool],
    ) -> None:
        self.section, self.queue = section, EventQueue()
        self.load_step = 0
        self.error: LaneWatchError | None = None
        self._config, self._recorder, self._on_config = config, recorder, on_config
        self._stopping = threading.Event()
        self._sequencer = TickSequencer(section.cameras, now())
        self._rates = RateWatch()
        self._pictures: dict[tuple[str, float], Picture] = {}
        self._states: dict[str, CameraState] = {}
        self._sessions: dict[str, int] = {}
        saved = sink.checkpoint()
        self._pipeline = self._restored(saved)
        self._statuses = self._restored_statuses(saved)
        self._bus = BusThread(sink, section.cameras, self._statuses.place)
        self._show = PictureShow(config, self._bus.show)

    @property
    def watched(self) -> frozenset[str]:
        """The cameras that somebody watches now."""
        return self._bus.watched

    def first_session(self, camera: str) -> int:
        """The number that a camera's first session gets: one that it did not have before a restart."""
        return self._sessions.get(camera, -1) + 1

    def status(self) -> dict[str, Any]:
        """What operators want to know of the section's way to the bus."""
        return self._bus.status()

    def run(self) -> None:
        """Feeds until `stop` and the queue is empty; `error` says why if it ended by itself."""
        self._bus.start()
        try:
            self._begin_with_statuses()
            while not self._stopping.is_set():
                self._feed_next(min(0.1, self._sequencer.next_deadline - now()))
                for event in self._sequencer.due(now()):
                    self._feed(event)
                self._hear()
            while self._feed_next(0.0):
                pass
            for event in self._sequencer.rest(now()):
                self._feed(event)
        except LaneWatchError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 (a thread's top)
            _log.exception("section failed", section=self.section.id)
            self.error = StreamError(f"section {self.section.id} failed ({type(error).__name__}); see the log")
        finally:
            self._end_recording()
            self._bus.close()

    def stop(self) -> None:
        """Ends `run` when what has come has been fed."""
        self._stopping.set()

    def _feed_next(self, patience_s: float) -> bool:
        """Feeds the next event of the queue and what it lets go; whether there was one."""
        queued = self.queue.get(patience_s)
        if queued is None:
            return False
        self._keep_picture(queued)
        self._push(queued.event)
        return True

    def _feed(self, event: Event) -> None:
        self._record(event)
        messages = self._pipeline.step(event)
        match event:
            case Seen() | Unchanged():
                self._show_frame(event)
            case CameraChanged():
                self._sessions[event.camera], self._states[event.camera] = event.session, event.state
                self._rates.told(event)
            case LaneStatus():
                self._statuses.fed(event)
        if messages or isinstance(event, Tick):
            self._bus.write(messages, self._checkpoint() if isinstance(event, Tick) else None)
        if isinstance(event, Tick):
            for change in self._rates.due(event.t, self.load_step, self._pipeline.rate_fps):
                self._sequencer.passed(change)
                self._feed(change)

    def _show_frame(self, seen: Seen | Unchanged) -> None:
        picture = self._pictures.pop((seen.camera, seen.t), None)
        if seen.camera not in self.watched:
            return
        shown = self._pipeline.frame_event(seen.camera)
        if self._states.get(seen.camera) in BLIND_STATES:
            shown = FrameEvent(camera_id=seen.camera, session=seen.session, t=seen.t, boxes=(), tails=())
        if shown is not None and shown.t == seen.t:
            self._show.frame(shown, picture)

    def _keep_picture(self, queued: Queued) -> None:
        if queued.picture is not None and isinstance(queued.event, Seen | Unchanged):
            self._pictures[queued.event.camera, queued.event.t] = queued.picture
            if len(self._pictures) > MAX_PICTURES:
                self._pictures.pop(next(iter(self._pictures)))

    def _hear(self) -> None:
        """Takes what came from the bus. Raises StreamError when another worker has taken the section over."""
        if self._bus.error is not None:
            raise self._bus.error
        heard = self._bus.heard()
        if heard is None:
            return
        for status in self._statuses.heard(heard.statuses, heard.place):
            self._push(status)
        config = heard.config
        if config is None or config == self._config or not self._on_config(config):
            return
        _log.info("another configuration", section=self.section.id)
        self._config = config
        self._show.use(config)
        self._push(ConfigChanged(rounded(now()), config, self.section.id))

    def _push(self, event: Event) -> None:
        for ready in self._sequencer.push(event, now()):
            self._feed(ready)

    def _begin_with_statuses(self) -> None:
        """Tells again what held before a restart, so that a recording knows by itself, then what waited for its time."""
        for status in self._statuses.holding:
            self._feed(status)
        for status in self._statuses.waiting[:]:
            self._push(status)

    def _record(self, event: Recorded) -> None:
        if self._recorder is None:
            return
        try:
            self._recorder.write(event)
        except LaneWatchError as error:
            _log.error("recording ends, measuring goes on", section=self.section.id, reason=str(error))
            self._end_recording()

    def _end_recording(self) -> None:
        """Finishes the recording, if there is one; of one that failed, what was written until then."""
        recorder, self._recorder = self._recorder, None
        try:
            if recorder is not None:
                recorder.close()
        except LaneWatchError as error:
            _log.error("the end of the recording is lost", section=self.section.id, reason=str(error))

    def _checkpoint(self) -> str:
        data = {
            "version": SECTION_CHECKPOINT_VERSION,
            "sessions": self._sessions,
            "statuses": self._statuses.as_data(),
            "pipeline": self._pipeline.checkpoint(),
        }
        return json.dumps(data, separators=(",", ":"), allow_nan=False)

    def _restored(self, saved: dict[str, Any] | None) -> Pipeline:
        """The pipeline that goes on from a checkpoint; where that cannot be taken up, it ends the visits open there."""
        self._sessions = {} if saved is None else _numbers(saved.get("sessions"))
        if saved is None:
            return Pipeline(self._config, self.section)
        data = saved.get("pipeline")
        data = data if isinstance(data, dict) else saved
        pipeline = Pipeline.restore(self._config, self.section, data)
        if not pipeline.resumed:
            _log.warning(
                "checkpoint is of no use, the section begins anew; visits open in it are lost", section=self.section.id
            )
        if pipeline.published_t is not None:
            self._record(Checkpoint(self.section.id, pipeline.published_t, data))
        return pipeline

    def _restored_statuses(self, saved: dict[str, Any] | None) -> LaneStatuses:
        lanes = self.section.lanes
        try:
            return LaneStatuses(lanes, (saved or {}).get("statuses"))
        except (KeyError, TypeError, AttributeError):
            _log.exception("lanes' statuses in the checkpoint are of no use", section=self.section.id)
            return LaneStatuses(lanes)


def _numbers(data: object) -> dict[str, int]:
    """What of an object are numbers by name, as the cameras' sessions are."""
    return {str(key): value for key, value in data.items() if isinstance(value, int)} if isinstance(data, dict) else {}
