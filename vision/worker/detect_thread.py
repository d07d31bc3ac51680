"""The detector's thread: it serves all cameras in turn and gives each section its events. A shell."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import structlog

from vision.clock import now
from vision.core.events import CameraChanged, Seen
from vision.ports import Detector, Frame
from vision.worker.capture_thread import CaptureThread
from vision.worker.load_shedding import LoadControl
from vision.worker.queues import FrameSlots, Queued
from vision.worker.section_thread import SectionThread

__all__ = ["DetectThread"]

LOAD_LOOK_EVERY_S: Final = 1.0
DROPPED_SAID_EVERY_S: Final = 10.0

_log = structlog.get_logger(__name__)


class DetectThread:
    """Takes what the capture threads have ready, the cameras in turn, and gives each section its events; one thread."""

    def __init__(
        self,
        detector: Detector,
        slots: FrameSlots,
        section_threads: Mapping[str, SectionThread],
        capture_threads: Mapping[str, CaptureThread],
        control: LoadControl,
    ) -> None:
        self.error: Exception | None = None
        self._detector, self._slots, self._control = detector, slots, control
        self._section_threads, self._capture_threads = section_threads, capture_threads
        self._looked = time.monotonic()
        self._step = 0
        self._dropped = 0
        self._dropped_said_s = -math.inf
        self._stopping = threading.Event()

    def run(self) -> None:
        """Detects until `stop`; `error` holds what ended it otherwise."""
        try:
            while not self._stopping.is_set():
                taken = self._slots.take(0.5)
                if taken is not None:
                    self._pass_on(*taken)
                if time.monotonic() - self._looked >= LOAD_LOOK_EVERY_S:
                    self._look()
        except Exception as error:  # noqa: BLE001 (a thread's top)
            _log.exception("detector failed")
            self.error = error

    def stop(self) -> None:
        """Ends `run` after the frame at hand."""
        self._stopping.set()
        self._slots.close()

    def _pass_on(self, put_s: float, item: Frame | CameraChanged) -> None:
        section_thread = self._section_threads[item.camera]
        if isinstance(item, CameraChanged):
            section_thread.queue.put(Queued(replace(item, load_step=self._step)))
            return
        (found,) = self._detector.detect([item.image], [(item.width, item.height)])
        picture = item.picture if item.camera in section_thread.watched else None
        lost = section_thread.queue.put(Queued(Seen(item.camera, item.session, item.t, found), picture))
        if lost is not None:
            self._capture_threads[lost.camera].status.dropped += 1
            self._control.replaced(time.monotonic())
        self._control.detected(time.monotonic(), time.monotonic() - put_s)
        status = self._capture_threads[item.camera].status
        status.detected += 1
        status.ages_s.append(now() - item.t)

    def _look(self) -> None:
        self._looked = time.monotonic()
        self._say_dropped()
        step = self._control.look(self._looked)
        if step == self._step:
            return
        _log.warning("load-shedding step", step=step, before=self._step)
        self._step = step
        for capture_thread in self._capture_threads.values():
            capture_thread.shed(step)
        for section_thread in self._section_threads.values():
            section_thread.load_step = step

    def _say_dropped(self) -> None:
        dropped = sum(capture_thread.status.dropped for capture_thread in self._capture_threads.values())
        if dropped > self._dropped and self._looked - self._dropped_said_s >= DROPPED_SAID_EVERY_S:
            _log.warning("a section is behind, detected frames were dropped", frames=dropped - self._dropped, in_all=dropped)
            self._dropped, self._dropped_said_s = dropped, self._looked
