"""The inputs of a replay: recordings and videos, each as one stream of events with ticks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from api.commands.source_options import assigned, frame_shape, is_recording
from vision.config import GateConfig, config_hash
from vision.errors import ConfigError
from vision.replay.recording import Recorded, Recording
from vision.replay.recording_format import Version

if TYPE_CHECKING:
    from vision.camera.file_source import FileSource

__all__ = ["ReplayInput", "gate_of_recordings", "of_recording", "of_videos", "sorted_sources", "start_of"]


@dataclass(frozen=True, slots=True)
class ReplayInput:
    """One stream of events, its cameras' sizes in pixels (0: not known yet), how far it was read, whether t is known.

    version: of a recording that can hold the events.
    """

    cameras: Mapping[str, tuple[int, int]]
    events: Iterable[Recorded]
    fraction: Callable[[], float]
    time_known: bool = True
    version: Version = 1


def sorted_sources(sources: Sequence[str]) -> tuple[list[Path], list[str]]:
    """The sources that are recordings, and the others. Raises StreamError for a file that cannot be read."""
    recordings: list[Path] = []
    videos: list[str] = []
    for source in sources:
        path = Path(source)
        file = path if path.exists() or "=" not in source else Path(source.partition("=")[2])
        if "://" not in source and is_recording(file):
            recordings.append(file)
        else:
            videos.append(source)
    return recordings, videos


def gate_of_recordings(recordings: Sequence[Recording]) -> GateConfig | None:
    """The gate that recordings carry; None where none does. Raises ConfigError where they carry different ones."""
    found = {
        config_hash(recording.header.config): recording.header.config for recording in recordings if recording.header.config
    }
    if len(found) > 1:
        raise ConfigError("the recordings were made with different gate files; say with --gate which one counts")
    return next(iter(found.values()), None)


def of_recording(recording: Recording) -> ReplayInput:
    """An open recording as an input."""
    cameras = {camera: (size.width, size.height) for camera, size in recording.header.cameras.items()}
    return ReplayInput(cameras, recording.events, recording.fraction, version=recording.header.version)


def of_videos(
    videos: Sequence[str], config: GateConfig, *, weights: str | None, start: float | None, threads: int, device: str
) -> ReplayInput:
    """Video files of one gate as an input: every due frame detected, all cameras merged by t.

    Raises ConfigError, StreamError or ModelError.
    """
    from vision.camera.file_source import FileSource
    from vision.detection.open_detector import open_detector
    from vision.detection.weights import prepare_weights
    from vision.replay.video_events import events_of

    urls = assigned(videos, config)
    for url in urls.values():
        if "://" in url:
            raise ConfigError("a live stream cannot be replayed; give a video file, or use `lanewatch run`")
    wanted, size = weights or config.detector.weights, config.detector.image_size
    ready = prepare_weights(wanted, image_size=size, frame_shape=frame_shape(urls.values()), device=device)
    detector = open_detector(config.detector, ready, threads, device)
    files = [
        FileSource(camera, url, fps=config.camera(camera).analysis_fps, start=start, shape=detector.input_shape)
        for camera, url in urls.items()
    ]
    meter = _Meter(files)
    return ReplayInput(
        cameras={file.camera: (0, 0) for file in files},
        events=meter.over(events_of(files, detector)),
        fraction=meter.fraction,
        time_known=all(file.time_known for file in files),
    )


def start_of(text: str) -> float:
    """POSIX seconds from `--start`: a number, or ISO-8601, UTC where it names no zone. Raises ConfigError."""
    try:
        t = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ConfigError(
                f"--start: '{text}' is no time; give POSIX seconds or ISO-8601 such as 2026-01-01T08:00:00+07:00"
            ) from None
        t = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not (math.isfinite(t) and 0 <= t <= 4_102_444_800):
        raise ConfigError(f"--start: {text} is not between 1970 and 2100")
    return round(t, 3)


class _Meter:
    """How far a replay of video files has come, from the events' own times."""

    def __init__(self, files: Sequence[FileSource]) -> None:
        spans = [(f.start_t, f.start_t + (f.duration_s or 0.0)) for f in files]
        self._first = min(start for start, _ in spans)
        self._span_s = max(end for _, end in spans) - self._first
        self._t = self._first

    def over(self, events: Iterable[Recorded]) -> Iterator[Recorded]:
        """The same events, watched."""
        for event in events:
            self._t = max(self._t, event.t)
            yield event

    def fraction(self) -> float:
        """0..1."""
        return min(1.0, (self._t - self._first) / self._span_s) if self._span_s > 0 else 0.0
