"""The worker: the cameras of its sections in, their messages out. A shell.

Threads: a capture thread for each camera, one detect thread for all, a section thread and a bus thread for each section. A
configuration with other cameras or sections lets this generation of threads end and begins another one from the checkpoints;
any other configuration is taken while they run.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
from dataclasses import replace
from typing import Any, Final

import structlog

from vision.config import GateConfig, Section, sections
from vision.errors import RecordingError
from vision.worker.section_thread import RecordingSink
from vision.worker.threads import OpenRecorder, Parts, ThreadGeneration, chosen_sections

__all__ = ["Parts", "Worker"]

M_ARENA_MAX: Final = -8  # of mallopt(3)

_log = structlog.get_logger(__name__)


class Worker:
    """Runs sections of a gate until `stop`; `run` blocks. Raises ConfigError when the gate has none of the sections."""

    def __init__(self, config: GateConfig, parts: Parts) -> None:
        chosen_sections(config, parts.only)
        self._config, self._parts = config, parts
        self._stopping, self._woken = threading.Event(), threading.Event()
        self._next_config: GateConfig | None = None
        self._generation: ThreadGeneration | None = None

    def run(self) -> None:
        """Works until `stop`, or until the videos are over with `once`. Raises StreamError when a section was lost."""
        _few_heaps()
        parts = self._parts
        while not self._stopping.is_set():
            self._next_config = None
            self._woken.clear()
            self._generation = ThreadGeneration(self._config, parts, self._take)
            try:
                if not self._stopping.is_set():
                    self._generation.run(self._woken)
            finally:
                self._generation.end()
            self._generation.check()
            if self._next_config is None:
                return
            _log.info("cameras or sections changed, beginning anew")
            self._config = self._next_config
            parts = replace(self._parts, open_recorder=_recording_or_none(self._parts.open_recorder))

    def stop(self) -> None:
        """Ends `run` gracefully, from any thread or a signal's handler."""
        self._stopping.set()
        self._woken.set()

    def status(self) -> dict[str, Any]:
        """What operators want to know: the load-shedding step, for each camera counts and the 95th percentile of age.

        For each section: messages that wait for the bus, those dropped since the start, and since when the bus is away.
        """
        return {} if self._generation is None else self._generation.status()

    def _take(self, config: GateConfig) -> bool:
        """Whether a configuration can be taken in place; wakes `run` to begin anew if not."""
        if config.detector != self._config.detector:
            _log.warning("another detector is configured; restart the worker to use it")
        if _structure(config) == _structure(self._config):
            return True
        self._next_config = config
        self._woken.set()
        return False


def _recording_or_none(open_recorder: OpenRecorder | None) -> OpenRecorder | None:
    """The same, but a worker that measures already goes on without a recording that cannot be begun."""
    if open_recorder is None:
        return None

    def opened(config: GateConfig, section: Section) -> RecordingSink | None:
        try:
            return open_recorder(config, section)
        except RecordingError as error:
            _log.error("a section cannot be recorded, measuring goes on", section=section.id, reason=str(error))
            return None

    return opened


def _few_heaps() -> None:
    """Keeps glibc from giving every thread a heap of its own, which costs ten megabytes with five cameras."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def _structure(config: GateConfig) -> object:
    """What of a configuration cannot be changed while its threads run."""
    cameras = [(camera.id, camera.url, camera.url_env, camera.analysis_fps) for camera in config.cameras]
    return sections(config), cameras
