"""Opening and decoding of streams and files with PyAV, and a sentence for every way in which it fails. A shell."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

import av
import av.container
import av.error
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from numpy.typing import NDArray
from PIL import Image

from vision.errors import StreamError
from vision.redaction import redact_url

__all__ = ["DecodedPicture", "Video", "VideoPacket", "is_live", "open_video", "stream_error", "to_rgb"]

RTSP_OPTIONS: Final = {
    "rtsp_transport": "tcp",
    "timeout": "2000000",
    "allowed_media_types": "video",
    "analyzeduration": "500000",
    "probesize": "200000",
    "fflags": "discardcorrupt",
    "flags": "low_delay",
}
OPEN_TIMEOUT_S: Final = 5.0
READ_TIMEOUT_S: Final = 1.5
LARGEST_SIDE: Final = 16_384

if TYPE_CHECKING:
    VideoPacket = Packet[av.VideoStream]
else:
    VideoPacket = Packet  # generic in PyAV's stubs only

av.logging.set_level(None)  # FFmpeg's own lines hold URLs with their passwords


class Video:
    """An open video stream, whose packets are decoded one by one in the caller's thread. `close` it in the end.

    Its decoder is its own rather than the container's, so that it can be exchanged for a cheaper one at a key frame.
    """

    def __init__(self, container: av.container.InputContainer, stream: av.VideoStream, url: str) -> None:
        self.container, self.stream, self.where = container, stream, redact_url(url)
        self._url = url
        self._time_base = float(stream.time_base or 1)
        self._load_step = 0
        self._filtered = True
        self._decoder = self._new_decoder()

    @property
    def size(self) -> tuple[int, int]:
        """Native (width, height) in pixels, (0, 0) while unknown."""
        return self.stream.codec_context.width, self.stream.codec_context.height

    @property
    def codec(self) -> str:
        """FFmpeg's name of the codec, such as h264."""
        return self.stream.codec_context.name

    @property
    def fps(self) -> float | None:
        """Frames per second as the stream declares them."""
        rate = self.stream.average_rate or self.stream.guessed_rate
        return float(rate) if rate else None

    @property
    def reported_offset(self) -> float | None:
        """POSIX seconds of pts 0 according to the first RTCP sender report, None before it came and for files."""
        realtime = self.container.start_time_realtime
        return realtime / 1_000_000 if realtime else None

    def packets(self) -> Iterator[VideoPacket]:
        """The stream's packets, the empty one that ends it included. Raises what PyAV raises."""
        return self.container.demux(self.stream)

    def decode(self, packet: VideoPacket) -> list[tuple[float | None, VideoFrame]]:
        """The frames that come out after a packet, with their pts in seconds; corrupt ones are left out."""
        if packet.is_keyframe and self._filtered != (self._load_step < 3):
            self._filtered = self._load_step < 3
            self._decoder = self._new_decoder()
        frames = self._decoder.decode(packet if packet.size else None)
        return [(None if frame.pts is None else frame.pts * self._time_base, frame) for frame in frames if not frame.is_corrupt]

    def economise(self, load_step: int) -> None:
        """Makes decoding cheaper: step 3 leaves out the loop filter from the next key frame on, 5 all but key frames."""
        self._load_step = load_step
        wanted: Literal["NONKEY", "DEFAULT"] = "NONKEY" if load_step >= 5 else "DEFAULT"
        if self._decoder.skip_frame != wanted:
            self._decoder.skip_frame = wanted

    def close(self) -> None:
        """Lets go of the file or connection."""
        self.container.close()

    def _new_decoder(self) -> av.VideoCodecContext:
        source = self.stream.codec_context
        decoder = cast("av.VideoCodecContext", av.VideoCodecContext.create(source.codec.name, "r"))
        decoder.extradata = source.extradata
        decoder.thread_type = "NONE"  # cheapest, and AUTO delays frames
        decoder.options = {"flags": "low_delay"} if is_live(self._url) else {}
        if not self._filtered:
            decoder.options = {**decoder.options, "skip_loop_filter": "all"}
        return decoder


class DecodedPicture:
    """A decoded frame kept for people's eyes; turned into a JPEG only when asked."""

    def __init__(self, frame: VideoFrame) -> None:
        self._frame = frame

    def jpeg(self, max_width: int) -> tuple[bytes, int, int]:
        """The frame as JPEG, at most max_width wide: (bytes, width, height)."""
        width = min(self._frame.width, max_width)
        height = max(1, round(self._frame.height * width / self._frame.width))
        buffer = io.BytesIO()
        Image.fromarray(to_rgb(self._frame, height, width)).save(buffer, "JPEG", quality=75)
        return buffer.getvalue(), width, height


def to_rgb(frame: VideoFrame, height: int, width: int) -> NDArray[np.uint8]:
    """The frame scaled to uint8 (height, width, 3) RGB in one step."""
    rgb = frame.reformat(width, height, "rgb24", interpolation=Interpolation.FAST_BILINEAR)
    return rgb.to_ndarray().astype(np.uint8, copy=False)


def is_live(url: str) -> bool:
    """Whether the URL is a network stream rather than a file."""
    return "://" in url and not url.startswith("file://")


def open_video(url: str) -> Video:
    """Opens a stream or file for decoding in the caller's thread, up to 5 s. Raises StreamError with a sentence."""
    live = is_live(url)
    if not live:
        _check_file(url)
    options = RTSP_OPTIONS if url.lower().startswith(("rtsp://", "rtsps://")) else {}
    timeout = (OPEN_TIMEOUT_S, READ_TIMEOUT_S) if live else None
    try:
        container = av.open(url, options=dict(options), timeout=timeout)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise stream_error(url, error) from None
    try:
        return _video(container, url)
    except BaseException:
        container.close()
        raise


def _check_file(url: str) -> None:
    path = Path(url.removeprefix("file://"))
    if not path.exists():
        raise StreamError(f"video file {path} does not exist; give the path of a video file or the URL of a stream")
    if path.is_dir():
        raise StreamError(f"{path} is a folder, not a video file; give one file")
    if path.stat().st_size == 0:
        raise StreamError(f"video file {path} is empty; record it again")


def _video(container: av.container.InputContainer, url: str) -> Video:
    where = redact_url(url)
    if not container.streams.video:
        raise StreamError(f"{where} has no video in it; give a file or stream with a video track")
    stream = container.streams.video[0]
    context = stream.codec_context
    if context is None or context.codec is None:
        raise StreamError(f"{where}: its video codec is unknown to FFmpeg; set the camera to H.264 or H.265")
    if max(context.width, context.height) > LARGEST_SIDE:
        raise StreamError(f"{where}: the picture is {context.width}x{context.height}, larger than {LARGEST_SIDE} pixels")
    return Video(container, stream, url)


def stream_error(url: str, error: Exception) -> StreamError:
    """The sentence for what FFmpeg said about a URL; credentials are taken out."""
    where = redact_url(url)
    kind = "the camera at" if is_live(url) else "video file"
    return StreamError(f"{kind} {where} {_cause(error, live=is_live(url))}")


def _cause(error: Exception, *, live: bool) -> str:
    match error:
        case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
            return "refuses the user name or password; check the credentials in its URL"
        case av.error.HTTPNotFoundError():
            return "has no stream of that path; check the path in its URL"
        case av.error.ConnectionRefusedError():
            return "refuses the connection; check address and port, and that RTSP is switched on"
        case av.error.TimeoutError() | av.error.ExitError():
            return "does not answer in time; check the address, the cable and the firewall"
        case av.error.DecoderNotFoundError() | av.error.PatchWelcomeError():
            return "uses a codec unknown to FFmpeg; use H.264 or H.265"
        case av.error.InvalidDataError() if live:
            return "answers, but not with a stream that can be read; check that the URL is that of an RTSP stream"
        case av.error.InvalidDataError():
            return "is not a video that FFmpeg can read, or is cut off; give an MP4, MKV or TS file"
        case av.error.PermissionError() | PermissionError():
            return "may not be read; change its permissions"
        case _:
            return f"cannot be opened ({_plain(error)}); check the {'address' if live else 'file'}"


def _plain(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return redact_url(re.sub(r"\s+", " ", str(text)).strip())
