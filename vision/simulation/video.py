"""Writes a camera's pictures as H.264 with PyAV, as cheap as an encoder in a camera and without B-frames. A shell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import cv2
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from vision.errors import StreamError
from vision.simulation.render.painter import Image

__all__ = ["VideoWriter", "set_up_encoder", "video_frame"]


def set_up_encoder(context: VideoCodecContext, width: int, height: int, fps: int, bit_rate: int) -> dict[str, str]:
    """Sets size, rate, one key frame every two seconds and no B-frames; returns x264's settings."""
    context.width, context.height = width, height
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, fps)
    context.bit_rate = bit_rate
    context.gop_size = 2 * fps
    context.max_b_frames = 0
    context.thread_count = 1
    return {"preset": "ultrafast", "tune": "zerolatency", "profile": "main", "x264-params": "deblock=1,0,0"}


def video_frame(image: Image) -> VideoFrame:
    """A picture (H, W, 3) BGR as encoders take it; OpenCV converts it in a fifth of FFmpeg's time."""
    return VideoFrame.from_ndarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), format="yuv420p")


class VideoWriter:
    """An MP4 file under the name `path` + ".part" until it is whole; BGR pictures at a steady rate.

    Every call raises StreamError where the file cannot be written.
    """

    def __init__(self, path: Path, width: int, height: int, fps: int, *, bit_rate: int = 1_200_000) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        with self._written():
            self._container = av.open(str(self._part), "w", format="mp4")
        self._stream = self._container.add_stream("libx264", rate=fps)
        self._stream.options = dict(set_up_encoder(self._stream.codec_context, width, height, fps, bit_rate))
        self._count = 0

    def write(self, image: Image) -> None:
        """Appends one picture (H, W, 3)."""
        frame = video_frame(image)
        frame.pts, frame.time_base = self._count, self._stream.codec_context.time_base
        self._count += 1
        with self._written():
            self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Finishes the file and gives it its name."""
        with self._written():
            self._container.mux(self._stream.encode(None))
            self._container.close()
            self._part.replace(self._path)

    @contextmanager
    def _written(self) -> Iterator[None]:
        try:
            yield
        except (OSError, av.FFmpegError) as error:
            self._part.unlink(missing_ok=True)
            raise StreamError(f"video {self._path} cannot be written: {error.strerror}; give another place") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            with suppress(OSError, av.FFmpegError):
                self._container.close()
            self._part.unlink(missing_ok=True)
