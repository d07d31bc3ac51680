"""One configuration's threads in a worker, from their start to their end. A shell."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from vision.camera.open_source import open_source
from vision.config import GateConfig, Section, sections
from vision.errors import ConfigError, LaneWatchError, StreamError
from vision.ports import Detector, FrameSource
from vision.worker.capture_thread import CaptureThread
from vision.worker.detect_thread import DetectThread
from vision.worker.load_shedding import LoadControl
from vision.worker.queues import FrameSlots
from vision.worker.redis_sink import RedisSink
from vision.worker.section_thread import RecordingSink, SectionThread

__all__ = ["OpenRecorder", "Parts", "ThreadGeneration", "chosen_sections"]

STOP_PATIENCE_S: Final = 6.0
LAST_TICKS_S: Final = 2.2  # after the last frame of videos that play once
LOG_EVERY_S: Final = 60.0

OpenRecorder = Callable[[GateConfig, Section], RecordingSink | None]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker is made of, whatever the configuration.

    urls: gives each camera's stream or file, None where there is none; open_sink: claims a section; open_recorder: begins
    a section's recording, if there is to be one; only: ids of the sections to run, None for all; once: video files play once.
    """

    detector: Detector
    urls: Callable[[GateConfig], Mapping[str, str | None]]
    open_sink: Callable[[Section], RedisSink]
    open_recorder: OpenRecorder | None = None
    only: Sequence[str] | None = None
    once: bool = False


def chosen_sections(config: GateConfig, only: Sequence[str] | None) -> list[Section]:
    """The sections to run. Raises ConfigError when the gate has none of them."""
    known = sections(config)
    found = [section for section in known if only is None or section.id in only]
    if not found:
        has = ", ".join(section.id for section in known)
        raise ConfigError(f"gate {config.id} has none of the sections {', '.join(only or ())}; it has {has}")
    return found


class ThreadGeneration:
    """The threads of one configuration, from their start to their end."""

    def __init__(self, config: GateConfig, parts: Parts, on_config: Callable[[GateConfig], bool]) -> None:
        self._config, self._parts, self._on_config = config, parts, on_config
        self._control = LoadControl(time.monotonic())
        chosen = chosen_sections(config, parts.only)
        self.section_threads = {section.id: self._section_thread(section) for section in chosen}
        by_camera = {camera: self.section_threads[section.id] for section in chosen for camera in section.cameras}
        self._slots = FrameSlots(by_camera)
        urls = parts.urls(config)
        self.capture_threads = {
            camera: self._capture_thread(camera, urls.get(camera), section_thread)
            for camera, section_thread in by_camera.items()
        }
        self.detecting = DetectThread(parts.detector, self._slots, by_camera, self.capture_threads, self._control)
        self._capturing = [
            threading.Thread(target=c.run, name=f"capture-{name}", daemon=True) for name, c in self.capture_threads.items()
        ]
        self._measuring = [
            threading.Thread(target=s.run, name=f"section-{name}", daemon=True) for name, s in self.section_threads.items()
        ]
        self._detecting = threading.Thread(target=self.detecting.run, name="detect", daemon=True)

    def _section_thread(self, section: Section) -> SectionThread:
        sink = self._parts.open_sink(section)
        config = self._newest(sink.configuration())
        recorder = None if self._parts.open_recorder is None else self._parts.open_recorder(config, section)
        return SectionThread(config, section, sink, recorder, self._on_config)

    def _newest(self, told: GateConfig | None) -> GateConfig:
        """What a section begins with: a gate file may be older than what the bus tells, and than the section's checkpoint."""
        return told if told is not None and told != self._config and self._on_config(told) else self._config

    def _capture_thread(self, name: str, url: str | None, section_thread: SectionThread) -> CaptureThread:
        camera, parts = self._config.camera(name), self._parts

        def opened(session: int) -> FrameSource:
            shape = parts.detector.input_shape
            return open_source(camera, url, once=parts.once, input_shape=shape, session=session)

        return CaptureThread(name, section_thread.first_session(name), opened, self._slots, self._control)

    def run(self, woken: threading.Event) -> None:
        """Starts the threads and waits until woken, a thread has failed, or videos that play once are over."""
        for thread in [*self._measuring, self._detecting, *self._capturing]:
            thread.start()
        logged = time.monotonic()
        while not woken.wait(0.2):
            if not self._detecting.is_alive() or not all(thread.is_alive() for thread in self._measuring):
                return
            if self._parts.once and not any(thread.is_alive() for thread in self._capturing):
                woken.wait(LAST_TICKS_S)
                return
            if time.monotonic() - logged > LOG_EVERY_S:
                logged = time.monotonic()
                _log.info("working", **self.status())

    def end(self) -> None:
        """Ends the threads in the order of the data's path, so that nothing that was read is lost."""
        for capture_thread in self.capture_threads.values():
            capture_thread.stop()
        self.detecting.stop()
        _join([self._detecting])
        for section_thread in self.section_threads.values():
            section_thread.stop()
        _join(self._measuring)
        _join(self._capturing)

    def check(self) -> None:
        """Raises what ended a thread that should have gone on."""
        for section_thread in self.section_threads.values():
            if section_thread.error is not None:
                raise section_thread.error
        if self.detecting.error is not None:
            if isinstance(self.detecting.error, LaneWatchError):
                raise self.detecting.error
            raise StreamError(f"the detector failed ({type(self.detecting.error).__name__}); see the worker's log")

    def status(self) -> dict[str, Any]:
        """See `Worker.status`."""
        cameras = {}
        for name, capture_thread in self.capture_threads.items():
            ages = sorted(capture_thread.status.ages_s)
            cameras[name] = {
                "detected": capture_thread.status.detected,
                "replaced": capture_thread.status.replaced,
                "dropped": capture_thread.status.dropped,
                "skipped_packets": capture_thread.status.skipped_packets,
                "age_p95_s": round(ages[int(0.95 * (len(ages) - 1))], 3) if ages else None,
            }
        ways = {name: section_thread.status() for name, section_thread in self.section_threads.items()}
        return {"load_step": self._control.step, "raised": self._control.raised, "cameras": cameras, "sections": ways}


def _join(threads: Sequence[threading.Thread]) -> None:
    end = time.monotonic() + STOP_PATIENCE_S
    for thread in threads:
        if thread.ident is not None:
            thread.join(max(0.0, end - time.monotonic()))
