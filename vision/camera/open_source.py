"""Opens the source of a camera's frames: an RTSP stream, a file as a live camera, a file for a replay, or none. A shell."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from vision.camera.decoding import is_live
from vision.camera.file_source import FileSource, PacedFile
from vision.camera.frame_sampling import Shape
from vision.camera.rtsp_source import LiveSource
from vision.clock import now, rounded
from vision.config import Camera
from vision.core.events import CameraChanged
from vision.errors import StreamError
from vision.ports import Frame, FrameSource
from vision.redaction import redact_url

__all__ = ["AbsentSource", "open_source"]


def open_source(
    camera: Camera,
    url: str | None,
    *,
    live: bool,
    once: bool = False,
    start: float | None = None,
    input_shape: Shape,
    session: int = 0,
) -> FrameSource:
    """The source of a camera's frames; `url` is what its url or url_env says, None where that is not set.

    live: by the wall clock, dropping what comes late; otherwise a file, every due frame as fast as it is asked for.
    once: a live file plays once instead of looping. start: t of a replayed file's first frame. input_shape: the
    detector's. session: number of the first session. Raises StreamError for a file that cannot be replayed; a live
    source never does, it goes offline with a reason.
    """
    fps = camera.analysis_fps
    if url is None:
        name = camera.url_env or "url"
        return AbsentSource(camera.id, f"no stream is configured: {name} is not set", session)
    if is_live(url):
        if not live:
            raise StreamError(f"{redact_url(url)} is a live stream, which cannot be replayed; give a video file")
        return LiveSource(camera.id, url, fps=fps, shape=input_shape, session=session)
    if live:
        return PacedFile(camera.id, url, fps=fps, shape=input_shape, once=once, session=session)
    return FileSource(camera.id, url, fps=fps, start=start, shape=input_shape, session=session)


class AbsentSource:
    """A camera that has no stream: offline until it is closed."""

    def __init__(self, camera: str, reason: str, session: int = 0) -> None:
        self._changed = CameraChanged(camera, session, rounded(now()), "offline", 0, 0, reason=reason)
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Frame | CameraChanged]:
        yield self._changed
        self._closed.wait()

    def close(self) -> None:
        """Ends the iteration at once."""
        self._closed.set()
