"""Opens the source of a live camera's frames: an RTSP stream, a file that plays as one, or none. A shell."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from vision.camera.decoding import is_live
from vision.camera.file_source import PacedFile
from vision.camera.frame_sampling import Shape
from vision.camera.rtsp_source import LiveSource
from vision.clock import now, rounded
from vision.config import Camera
from vision.core.events import CameraChanged
from vision.ports import Frame, FrameSource

__all__ = ["AbsentSource", "open_source"]


def open_source(camera: Camera, url: str | None, *, once: bool = False, input_shape: Shape, session: int = 0) -> FrameSource:
    """The source of a camera's frames; `url` is what its url or url_env says, None where that is not set.

    It goes by the wall clock and drops what comes late. once: a file plays once instead of looping. input_shape: the
    detector's. session: number of the first session. Raises nothing: a source that fails goes offline with a reason.
    """
    fps = camera.analysis_fps
    if url is None:
        name = camera.url_env or "url"
        return AbsentSource(camera.id, f"no stream is configured: {name} is not set", session)
    if is_live(url):
        return LiveSource(camera.id, url, fps=fps, shape=input_shape, session=session)
    return PacedFile(camera.id, url, fps=fps, shape=input_shape, once=once, session=session)


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
