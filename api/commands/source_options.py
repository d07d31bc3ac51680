"""What a command is given to look at: `FILE`, a URL, or `CAMERA=FILE` where the gate has several cameras."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from vision.config import Camera, GateConfig
from vision.errors import ConfigError, StreamError
from vision.redaction import redact_url

__all__ = ["SOURCES", "assigned", "camera_urls", "frame_shape", "is_recording"]

SOURCES: Final = "LANEWATCH_SOURCES"  # how `run` tells the worker which camera shows what: JSON, camera to URL


def assigned(sources: Sequence[str], config: GateConfig) -> dict[str, str]:
    """Which camera shows which source. Raises ConfigError where that cannot be told, or a camera gets two."""
    result: dict[str, str] = {}
    for source in sources:
        camera, url = _named(source, config)
        if camera in result:
            raise ConfigError(f"camera '{camera}' is given two sources; give each camera one: CAMERA=FILE")
        result[camera] = url
    return result


def camera_urls(config: GateConfig, overrides: Mapping[str, str]) -> dict[str, str | None]:
    """Every camera's stream or file: the override, else its variable in the environment, else its url; None: it has none."""
    return {camera.id: overrides.get(camera.id) or _configured(camera) for camera in config.cameras}


def frame_shape(urls: Iterable[str | None]) -> tuple[int, int]:
    """(height, width) of the first video file among them, 9 to 16 where there is none. Raises StreamError for a bad one."""
    from vision.camera.decoding import is_live, open_video
    from vision.detection.weights import WIDE

    for url in urls:
        if url is not None and not is_live(url):
            video = open_video(url)
            width, height = video.size
            video.close()
            return height, width
    return WIDE


def is_recording(path: Path) -> bool:
    """Whether a file is a recording, by its name or its first bytes. Raises StreamError where it cannot be read."""
    if {".jsonl", ".part"} & set(path.suffixes):
        return True
    try:
        with path.open("rb") as file:
            first = file.read(2)
        if first == b"\x1f\x8b":
            with gzip.open(path) as unpacked:
                first = unpacked.read(1)
    except FileNotFoundError:
        raise StreamError(f"{path} does not exist; give the path of a video file or a recording") from None
    except (OSError, EOFError) as error:
        raise StreamError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return first[:1] == b"{"


def _named(source: str, config: GateConfig) -> tuple[str, str]:
    ids = [camera.id for camera in config.cameras]
    name, equals, url = source.partition("=")
    if equals and url and name in ids:
        return name, url
    if len(ids) == 1:
        return ids[0], source
    raise ConfigError(
        f"gate {config.id} has {len(ids)} cameras, so say which one shows {redact_url(source)}: CAMERA={redact_url(source)},"
        f" where CAMERA is one of {', '.join(ids)}"
    )


def _configured(camera: Camera) -> str | None:
    return (os.environ.get(camera.url_env) or None) if camera.url_env else camera.url
