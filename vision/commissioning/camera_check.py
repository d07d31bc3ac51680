"""Looks at a camera once: does its stream open, what does it send, how soon and how fast. A shell."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import av.error
from av.video.frame import VideoFrame

from vision.camera.decoding import open_video, stream_error
from vision.errors import StreamError
from vision.redaction import redact_url

__all__ = ["CameraReport", "check_camera"]

LOOK_S: Final = 2.0
MAX_FRAMES: Final = 120
UNDECODED_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class CameraReport:
    """What a camera's stream is; fps: measured by the frames' own times, declared_fps: as the stream says.

    first_frame_s: from the start of opening to the first decoded frame; frame: the last one, for drawing.
    """

    where: str
    width: int
    height: int
    codec: str
    fps: float | None
    declared_fps: float | None
    first_frame_s: float
    frame: VideoFrame


def check_camera(url: str) -> CameraReport:
    """Opens a stream or file and reads it for 2 s. Raises StreamError with a sentence when it gives no picture."""
    began = time.monotonic()
    video = open_video(url)
    times: list[float] = []
    frame: VideoFrame | None = None
    first_s = 0.0
    try:
        for packet in video.packets():
            try:
                decoded = video.decode(packet)
            except av.error.InvalidDataError:
                decoded = []
            if decoded:
                first_s = first_s or time.monotonic() - began
                frame = decoded[-1][1]
            times += [pts_s for pts_s, _ in decoded if pts_s is not None]
            elapsed = time.monotonic() - began - first_s
            if elapsed > (LOOK_S if frame is not None else UNDECODED_S) or len(times) >= MAX_FRAMES:
                break
        width, height = (frame.width, frame.height) if frame is not None else video.size
        codec, declared = video.codec, video.fps
    except av.error.FFmpegError as error:
        raise stream_error(url, error) from None
    finally:
        video.close()
    if frame is None:
        raise StreamError(f"{redact_url(url)} opens, but gives no picture that can be decoded; check the camera's encoder")
    rate = (len(times) - 1) / (max(times) - min(times)) if len(times) > 1 and max(times) > min(times) else None
    return CameraReport(redact_url(url), width, height, codec, rate, declared, first_s, frame)
