"""A video file as a camera: every due frame in order for a replay, or at its own pace, looping, as a live camera. A shell."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from typing import Final

import av.error
from av.video.frame import VideoFrame

from vision.camera.capture_time import file_start
from vision.camera.decoding import Video, VideoPacket, open_video, stream_error
from vision.camera.frame_sampling import DueFrames, FrameMaker, Shape, reduced_fps
from vision.clock import now, rounded
from vision.core.events import CameraChanged
from vision.errors import StreamError
from vision.ports import Frame

__all__ = ["FileSource", "PacedFile", "decoded_frames"]

LATE_FRAME_S: Final = 1.0  # a frame of a live file that is later than this is dropped
MAX_SILENT_ERRORS: Final = 1000  # packets in a row that cannot be decoded, before a file is called bad


class FileSource:
    """A video file read as fast as it is asked for: all due frames, none dropped, the same each time.

    t: `start`, else the file's creation time, else 2000-01-01 (then `time_known` is False), plus the frame's pts.
    Raises StreamError when the file cannot be read or has no frame.
    """

    def __init__(self, camera: str, path: str, *, fps: float, start: float | None, shape: Shape) -> None:
        self.camera, self.path = camera, path
        self._due = DueFrames(fps)
        self._shape = shape
        self._video = open_video(path)
        self.start_t, self.time_known = file_start(self._video.container.metadata, start)
        self._closed = threading.Event()

    @property
    def duration_s(self) -> float | None:
        """How long the file says it is."""
        duration = self._video.container.duration
        return duration / 1_000_000 if duration else None

    def __iter__(self) -> Iterator[Frame | CameraChanged]:
        maker = FrameMaker(self.camera, self._shape)
        try:
            for pts_s, decoded in decoded_frames(self._video):
                if self._closed.is_set():
                    return
                if self._due.is_due(pts_s):
                    yield from maker.made_from(decoded, 0, rounded(self.start_t + pts_s))
        finally:
            self._video.close()

    def close(self) -> None:
        """Ends the iteration at the next frame."""
        self._closed.set()


class PacedFile:
    """A video file as a live camera: it plays at its own pace by the wall clock and loops, each loop a new session.

    once: one loop, after which the camera is offline and the iteration ends. A frame that is late by more than a second
    is dropped undetected, as a live stream's would be.
    """

    def __init__(self, camera: str, path: str, *, fps: float, shape: Shape, once: bool = False, session: int = 0) -> None:
        self.camera, self.path, self._fps, self._shape, self._once = camera, path, fps, shape, once
        self._session = session
        self._load_step = 0
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Frame | CameraChanged]:
        maker = FrameMaker(self.camera, self._shape)
        for session in itertools.count(self._session):
            yield from self._loop(maker, session)
            if self._closed.is_set():
                return
            if self._once:
                reason = "the video is over"
                yield CameraChanged(self.camera, session, rounded(now()), "offline", *maker.size, reason=reason)
                return

    def _loop(self, maker: FrameMaker, session: int) -> Iterator[Frame | CameraChanged]:
        video = open_video(self.path)
        due = DueFrames(self._fps)
        try:
            start = now()
            for pts_s, decoded in decoded_frames(video):
                if self._closed.wait(max(0.0, start + pts_s - now())):
                    return
                video.economise(self._load_step)
                due.fps = reduced_fps(self._fps, self._load_step)
                if due.is_due(pts_s) and now() - start - pts_s < LATE_FRAME_S:
                    yield from maker.made_from(decoded, session, rounded(start + pts_s))
        finally:
            video.close()

    def shed(self, step: int) -> None:
        """Sets the load-shedding step, from any thread."""
        self._load_step = step

    def close(self) -> None:
        """Ends the iteration at once."""
        self._closed.set()


def decoded_frames(video: Video) -> Iterator[tuple[float, VideoFrame]]:
    """A file's good frames with their seconds since the first; rising. Raises StreamError if there is none.

    Packets that cannot be decoded and corrupt frames are left out; a frame without a time follows the one before.
    """
    step = 1.0 / (video.fps or 25.0)
    first: float | None = None
    last, errors = -step, 0
    for packet in _packets(video):
        try:
            frames = video.decode(packet)
            errors = 0
        except av.error.FFmpegError:
            frames, errors = [], errors + 1
        if errors > MAX_SILENT_ERRORS:
            break
        for pts_s, frame in frames:
            raw = pts_s if pts_s is not None else (first or 0.0) + last + step
            first = raw if first is None else first
            if raw - first > last:
                last = raw - first
                yield last, frame
    if first is None:
        raise StreamError(f"video file {video.where} has no frame that can be decoded; record it again")


def _packets(video: Video) -> Iterator[VideoPacket]:
    packets = video.packets()
    while True:
        try:
            yield next(packets)
        except StopIteration:
            return
        except av.error.InvalidDataError:
            return  # the file is cut off here: what came before it is good
        except av.error.FFmpegError as error:
            raise stream_error(video.where, error) from None
