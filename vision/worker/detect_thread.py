"""The threads before a section: one reader for each camera, and the detector that serves them all in turn. A shell."""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import structlog

from vision.clock import now, rounded
from vision.core.types import CameraChanged, Seen
from vision.errors import StreamError
from vision.ports import Detector, Frame, FrameSource
from vision.redaction import redact_url
from vision.worker.frame_rates import RateWatch
from vision.worker.load_shedding import LoadControl
from vision.worker.queues import FrameSlots, Queued
from vision.worker.section_thread import SectionFeed

__all__ = ["CameraReader", "CameraStatus", "DetectorLoop"]

REOPEN_AFTER_S: Final = 5.0
LOOK_EVERY_S: Final = 1.0
MAX_AGES: Final = 500

_log = structlog.get_logger(__name__)


class Sheds(Protocol):
    """A source that can do with less."""

    def shed(self, step: int) -> None:
        """Sets the load-shedding step."""
        ...


@dataclass(slots=True)
class CameraStatus:
    """What one camera's frames went through since the start; ages_s: of the last frames when they were detected."""

    detected: int = 0
    replaced: int = 0
    skipped_packets: int = 0
    ages_s: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_AGES))


class CameraReader:
    """Reads one camera into the slots, in a thread of its own; opens a source that failed again after some seconds."""

    def __init__(
        self, camera: str, session: int, open_source: Callable[[int], FrameSource], slots: FrameSlots, control: LoadControl
    ) -> None:
        self.camera, self.status = camera, CameraStatus()
        self._session, self._open, self._slots, self._control = session, open_source, slots, control
        self._reason = ""
        self._source: FrameSource | None = None
        self._stopping = threading.Event()

    def run(self) -> None:
        """Reads until the source is over for good or `stop`."""
        while not self._stopping.is_set():
            try:
                self._source = self._open(self._session)
                self._read(self._source)
                return
            except StreamError as error:
                self._lost(str(error))
            except Exception:  # noqa: BLE001 (a thread's top)
                _log.error("reader failed", camera=self.camera, trace=redact_url(traceback.format_exc()))
                self._lost("reading failed, see the worker's log")
            self._stopping.wait(REOPEN_AFTER_S)

    def stop(self) -> None:
        """Ends `run` within a second or two."""
        self._stopping.set()
        if self._source is not None:
            self._source.close()

    def shed(self, step: int) -> None:
        """Passes a load-shedding step on to the source, if it can do with less."""
        shed = getattr(self._source, "shed", None)
        if shed is not None:
            shed(step)

    def _read(self, source: FrameSource) -> None:
        for item in source:
            now_s = time.monotonic()
            self._session, self._reason = item.session, ""
            if self._slots.put(self.camera, item, now_s):
                self.status.replaced += 1
                self._control.replaced(now_s)
            skipped = getattr(source, "packets_skipped", 0)
            if skipped > self.status.skipped_packets:
                self.status.skipped_packets = skipped
                self._control.skipped(now_s)
            if self._stopping.is_set():
                return

    def _lost(self, reason: str) -> None:
        if reason == self._reason:
            return
        self._reason = reason
        change = CameraChanged(self.camera, self._session, rounded(now()), "offline", 0, 0, reason=reason)
        self._slots.put(self.camera, change, time.monotonic())
        self._session += 1


class DetectorLoop:
    """Takes what the readers have ready, the cameras in turn, and gives each section its events; one thread."""

    def __init__(
        self,
        detector: Detector,
        slots: FrameSlots,
        feeds: Mapping[str, SectionFeed],
        readers: Mapping[str, CameraReader],
        control: LoadControl,
    ) -> None:
        self.error: Exception | None = None
        self._detector, self._slots, self._feeds, self._readers, self._control = detector, slots, feeds, readers, control
        self._last: dict[str, CameraChanged] = {}
        self._looked = time.monotonic()
        self._step = 0
        self._rates = RateWatch()
        self._stopping = threading.Event()

    def run(self) -> None:
        """Detects until `stop`; `error` holds what ended it otherwise."""
        try:
            while not self._stopping.is_set():
                taken = self._slots.take(0.5)
                if taken is not None:
                    self._pass_on(*taken)
                if time.monotonic() - self._looked >= LOOK_EVERY_S:
                    self._look()
        except Exception as error:  # noqa: BLE001 (a thread's top)
            _log.exception("detector failed")
            self.error = error

    def stop(self) -> None:
        """Ends `run` after the frame at hand."""
        self._stopping.set()
        self._slots.close()

    def _pass_on(self, put_s: float, item: Frame | CameraChanged) -> None:
        feed = self._feeds[item.camera]
        if isinstance(item, CameraChanged):
            self._last[item.camera] = item
            self._rates.told(item.camera, time.monotonic(), online=item.state == "online")
            feed.queue.put(Queued(replace(item, load_step=self._step)))
            return
        (found,) = self._detector.detect([item.image], [(item.width, item.height)])
        picture = item.picture if item.camera in feed.watched else None
        feed.queue.put(Queued(Seen(item.camera, item.session, item.t, found), picture))
        self._control.detected(time.monotonic(), time.monotonic() - put_s)
        status = self._readers[item.camera].status
        status.detected += 1
        status.ages_s.append(now() - item.t)
        self._rates.frame(item.camera, time.monotonic())

    def _look(self) -> None:
        self._looked = time.monotonic()
        self._tell(self._rates.due(self._looked))
        step = self._control.look(self._looked)
        if step == self._step:
            return
        _log.warning("load-shedding step", step=step, before=self._step)
        self._step = step
        for reader in self._readers.values():
            reader.shed(step)
        self._tell(self._last)

    def _tell(self, cameras: Iterable[str]) -> None:
        """Tells the state of cameras again, with the step and the rate of now."""
        for camera in cameras:
            change = replace(self._last[camera], t=rounded(now()), load_step=self._step)
            self._feeds[camera].queue.put(Queued(change))
