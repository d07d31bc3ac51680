"""RTSP on loopback for tests: a server of made clips, and a source that is read until a condition holds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.file_media import FileMedia
from vision.core.events import CameraChanged
from vision.ports import Frame, FrameSource
from vision.simulation.rtsp.auth import Credentials
from vision.simulation.rtsp.media import Media, Unit
from vision.simulation.rtsp.server import RtspServer

__all__ = ["Scenes", "closing", "is_frame", "read_until", "serve", "state_is"]

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


class Scenes:
    """A camera whose truck waits for the test: it comes for the first client, stands until `leave` is set, then leaves."""

    def __init__(self, coming: Path, standing: Path, leaving: Path, empty: Path) -> None:
        self.leave = threading.Event()
        self._clips = [FileMedia(path, loop=False) for path in (coming, standing, leaving, empty)]
        self._scene = 0
        self.media = Media(self._clips[0].parameter_sets, self._play)

    def _play(self, since_s: float) -> Iterator[Unit]:
        base = since_s
        while True:
            last = base
            for unit in filter(None, self._clips[self._scene].play(0.0)):
                last = base + unit.send_s
                yield Unit(last, base + unit.show_s, unit.nals)
            base = last + 0.04
            if self._scene != 1 or self.leave.is_set():
                self._scene = min(3, self._scene + 1)


def closing(source: FrameSource) -> Iterator[Item]:
    """The source's items; closes it when the test is done with them."""
    try:
        yield from source
    finally:
        source.close()
