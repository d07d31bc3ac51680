"""The thread of one camera: its source read into the slots, opened again when it failed. A shell."""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from vision.backoff import Backoff
from vision.clock import now, rounded
from vision.core.events import CameraChanged
from vision.errors import StreamError
from vision.ports import FrameSource
from vision.redaction import redact_url
from vision.worker.load_shedding import LoadControl
from vision.worker.queues import FrameSlots

__all__ = ["CameraStatus", "CaptureThread"]

REOPEN_S: Final = (0.5, 10.0)
MAX_AGES: Final = 500

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class CameraStatus:
    """What one camera's frames went through since the start.

    replaced: by newer ones before they were detected; dropped: detected, but lost by the full queue of their section;
    ages_s: of the last frames when they were detected.
    """

    detected: int = 0
    replaced: int = 0
    dropped: int = 0
    skipped_packets: int = 0
    ages_s: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_AGES))


class CaptureThread:
    """Reads one camera into the slots, in a thread of its own; opens a source that failed again after a growing pause."""

    def __init__(
        self, camera: str, session: int, open_source: Callable[[int], FrameSource], slots: FrameSlots, control: LoadControl
    ) -> None:
        self.camera, self.status = camera, CameraStatus()
        self._session, self._open, self._slots, self._control = session, open_source, slots, control
        self._reason = ""
        self._backoff = Backoff(*REOPEN_S)
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
            self._stopping.wait(self._backoff.next_s())

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
            self._backoff.reset()
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
