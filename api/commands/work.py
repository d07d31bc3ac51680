"""`lanewatch worker`: cameras to messages, for all sections of a gate or some."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
import typer
from numpy.typing import NDArray

from api.commands.gates import checked_gate, gate_path
from api.commands.source_options import SOURCES, assigned, camera_urls, frame_shape
from api.settings import WorkerSettings
from vision.config import GateConfig, Section, sections
from vision.core.detections import Detections
from vision.errors import ConfigError, ModelError, StreamError
from vision.ports import Detector
from vision.replay.recording import RecordingWriter
from vision.settings import read_settings

if TYPE_CHECKING:
    from vision.worker.worker import Worker

__all__ = ["recording_path", "worker_command"]

POLL_S: Final = 0.1


def worker_command(
    *,
    gate: Annotated[Path | None, typer.Option(help="Gate file. Default: LANEWATCH_GATE.")] = None,
    source: Annotated[list[str] | None, typer.Option(help="Video file or rtsp:// URL; CAMERA=... to say whose.")] = None,
    weights: Annotated[str | None, typer.Option(help="Detector weights. Default: the gate file's.")] = None,
    section: Annotated[list[str] | None, typer.Option(help="Section to run: its cameras joined by '+'. Default: all.")] = None,
    once: Annotated[bool, typer.Option(help="Play video files once and end, instead of looping.")] = False,
    record: Annotated[Path | None, typer.Option(help="Record what the core sees: .jsonl or .jsonl.gz.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the detector.")] = os.cpu_count() or 1,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda, for .pt and .engine weights.")] = "auto",
) -> None:
    """Watch the cameras of a gate and write what they measure to the bus at REDIS_URL."""
    from vision.worker.redis_sink import RedisSink, claim, connect
    from vision.worker.threads import Parts
    from vision.worker.worker import Worker

    path, settings = gate_path(gate), read_settings(WorkerSettings)
    if path is None or settings.redis_url is None:
        missing = "--gate (or LANEWATCH_GATE)" if path is None else "REDIS_URL"
        raise ConfigError(f"the worker needs {missing}; `lanewatch run` starts everything by itself")
    url, config = settings.redis_url.get_secret_value(), checked_gate(path)
    overrides = _overrides(settings, source or [], config)

    def open_sink(part: Section) -> RedisSink:
        client = connect(url)
        return RedisSink(client, config.id, part.id, claim(client, config.id, part.id))

    parts = Parts(
        detector=_detector(config, camera_urls(config, overrides), weights, threads, device),
        urls=lambda now: camera_urls(now, overrides),
        open_sink=open_sink,
        open_recorder=None if record is None else _recorders(record, section),
        only=section,
        once=once,
    )
    _work(Worker(config, parts))


def recording_path(path: Path, section: str | None, number: int) -> Path:
    """Where a section's recording goes: section None where there is only one; number counts those of one path from 1."""
    stem, dot, suffixes = path.name.partition(".")
    parts = [stem, *([section] if section else []), *([str(number)] if number > 1 else [])]
    return path.with_name("-".join(parts) + dot + suffixes)


def _recorders(path: Path, only: Sequence[str] | None) -> Callable[[GateConfig, Section], RecordingWriter]:
    used: set[Path] = set()

    def open_recorder(config: GateConfig, section: Section) -> RecordingWriter:
        name = section.id if len(sections(config) if only is None else only) > 1 else None
        number = 1
        while _is_taken(target := recording_path(path, name, number)) or target in used:
            number += 1
        used.add(target)
        return RecordingWriter(target, config, dict.fromkeys(section.cameras, (0, 0)))

    return open_recorder


def _is_taken(target: Path) -> bool:
    """Whether a recording lies there, finished or as a crash left it: what was measured once cannot be measured again."""
    return target.exists() or target.with_name(target.name + ".part").exists()


def _overrides(settings: WorkerSettings, sources: Sequence[str], config: GateConfig) -> dict[str, str]:
    try:
        from_run = json.loads(settings.sources.get_secret_value()) if settings.sources else {}
    except ValueError:
        raise ConfigError(f"{SOURCES} is not JSON; it is set by `lanewatch run`, use --source") from None
    return {str(camera): str(url) for camera, url in from_run.items()} | assigned(sources, config)


def _detector(config: GateConfig, urls: Mapping[str, str | None], weights: str | None, threads: int, device: str) -> Detector:
    from vision.detection.open_detector import open_detector
    from vision.detection.weights import prepare_weights

    if not any(urls.values()):
        return _NothingToDetect()
    wanted, size = weights or config.detector.weights, config.detector.image_size
    ready = prepare_weights(wanted, image_size=size, frame_shape=frame_shape(urls.values()), device=device)
    return open_detector(config.detector, ready, threads, device)


class _NothingToDetect:
    """The detector of a gate none of whose cameras has a stream: no weights are needed to say that they are offline."""

    def input_shape(self, width: int, height: int) -> tuple[int, int]:
        """The picture's own shape."""
        return height, width

    def detect(self, images: Sequence[NDArray[np.uint8]], sizes: Sequence[tuple[int, int]]) -> list[Detections]:
        """Raises ModelError: a camera got a stream since; a worker that starts anew has a detector."""
        raise ModelError(
            f"a camera sends pictures of {', '.join(f'{w}x{h}' for w, h in sizes[: len(images)])} pixels, but when this worker"
            " began none had a stream, so it has no weights: start the worker again"
        )


def _work(worker: Worker) -> None:
    """Runs a worker in a thread, so that a signal's handler never meets its locks. Exit code 1 when it failed."""
    failures: list[Exception] = []
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    def run() -> None:
        try:
            worker.run()
        except Exception as error:  # noqa: BLE001 - a thread's top
            failures.append(error)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    thread = threading.Thread(target=run, name="worker")
    thread.start()
    while thread.is_alive() and not stopping:
        time.sleep(POLL_S)
    worker.stop()
    thread.join()
    for failure in failures:
        if isinstance(failure, StreamError):  # the bus or the section was lost: no bad input, another start may help
            sys.stderr.write(f"lanewatch: {failure}\n")
            raise typer.Exit(1)
        raise failure
