"""RTSP on loopback for tests: a server of made clips, and a source that is read until a condition holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from vision.core.types import CameraChanged
from vision.ports import Frame, FrameSource
from vision.rtsp_auth import Credentials
from vision.rtsp_media import FileMedia
from vision.rtsp_server import RtspServer

__all__ = ["closing", "is_frame", "read_until", "serve", "state_is"]

Item = Frame | CameraChanged


def serve(
    clip: Path, *paths: str, loop: bool = True, together: bool = False, credentials: Credentials | None = None
) -> RtspServer:
    """A running server that offers a clip under each path ("cam" if none is given); close it in the end."""
    media = FileMedia(clip, loop=loop)
    return RtspServer(dict.fromkeys(paths or ("cam",), media), together=together, credentials=credentials)


def read_until(items: Iterator[Item], wanted: Callable[[Item], bool], *, within_s: float = 15.0) -> list[Item]:
    """What an iterated source gives up to the first wanted item, which is the last of the list."""
    seen: list[Item] = []
    end = time.monotonic() + within_s
    for item in items:
        seen.append(item)
        if wanted(item):
            return seen
        assert time.monotonic() < end, f"not seen within {within_s} s: {seen[-5:]}"
    raise AssertionError(f"the source ended first: {seen[-5:]}")


def state_is(state: str) -> Callable[[Item], bool]:
    """A condition for `read_until`: the camera changes to a state."""
    return lambda item: isinstance(item, CameraChanged) and item.state == state


def is_frame(item: Item) -> bool:
    """A condition for `read_until`: any frame."""
    return isinstance(item, Frame)


def closing(source: FrameSource) -> Iterator[Item]:
    """The source's items; closes it when the test is done with them."""
    try:
        yield from source
    finally:
        source.close()
