"""A camera's network stream: opened again and again, decoded packet by packet, its faults told as states. A shell.

One thread iterates it. Reading blocks for at most twice the read timeout; a stream that stalls, hangs up or sends what
cannot be decoded is closed and opened anew with a jittered back-off, and every connection is a new session.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Final

import av.error
import structlog

from vision.backoff import Backoff
from vision.camera.capture_time import StreamClock
from vision.camera.decoding import Video, VideoPacket, open_video
from vision.camera.frame_sampling import DueFrames, FrameMaker, Shape, reduced_fps
from vision.clock import now, rounded
from vision.core.events import CameraChanged
from vision.errors import StreamError
from vision.ports import Frame
from vision.redaction import redact_url
from vision.vocabulary import CameraState

__all__ = ["LiveSource"]

RECONNECT_S: Final = (0.5, 10.0)
LAG_S: Final = 0.5  # behind by more than this, packets are skipped to the next key frame
BUSY_S: Final = 0.5  # but only if reading has not had to wait for so long: else it is the network that is late
WAITED_S: Final = 0.002
UNDECODED_FOR_S: Final = 3.0  # without a good frame while packets come

_log = structlog.get_logger(__name__)


class _StalledError(StreamError):
    """The stream gives no good frame though the connection stands."""


class LiveSource:
    """A camera behind a URL; iterating gives its due frames and its changes of state until it is closed."""

    def __init__(self, camera: str, url: str, *, fps: float, shape: Shape, session: int = 0) -> None:
        self.camera, self._url, self._fps = camera, url, fps
        self._clock = StreamClock(session)
        self._maker = FrameMaker(camera, shape)
        self._load_step = 0
        self._closed = threading.Event()
        self._backoff = Backoff(*RECONNECT_S)
        self._state: tuple[CameraState, str] | None = None
        self.packets_skipped = 0

    def __iter__(self) -> Iterator[Frame | CameraChanged]:
        while not self._closed.is_set():
            try:
                yield from self._connection()
                state: CameraState = "offline"
                reason = f"the camera at {redact_url(self._url)} hung up"
            except _StalledError as error:
                state, reason = "stalled", str(error)
            except StreamError as error:
                state, reason = "offline", str(error)
            if self._closed.is_set():
                return
            yield from self._failed(state, reason)
            self._closed.wait(self._backoff.next_s())

    def shed(self, step: int) -> None:
        """Sets the load-shedding step, from any thread."""
        self._load_step = step

    def close(self) -> None:
        """Ends the iteration when the read under way returns, at the latest after twice its timeout."""
        self._closed.set()

    def _failed(self, state: CameraState, reason: str) -> Iterator[CameraChanged]:
        if (state, reason) != self._state:
            self._state = (state, reason)
            _log.warning("camera lost", camera=self.camera, state=state, reason=reason)
            self._maker.state = state
            width, height = self._maker.size
            yield CameraChanged(self.camera, self._clock.session, rounded(now()), state, width, height, reason=reason)

    def _connection(self) -> Iterator[Frame | CameraChanged]:
        video = open_video(self._url)
        try:
            yield from self._frames(video)
        finally:
            video.close()
            self._clock.reopen()

    def _frames(self, video: Video) -> Iterator[Frame | CameraChanged]:
        due = DueFrames(self._fps)
        skip = _Skipping()
        good = time.monotonic()
        for packet in self._packets(video, skip):
            arrival = now()
            if time.monotonic() - good > UNDECODED_FOR_S:
                raise _StalledError(f"the camera at {video.where} sends data that cannot be decoded; check its encoder")
            if skip.wants(packet, self._lag(packet, arrival), self._load_step):
                self.packets_skipped += 1
                continue
            video.economise(self._load_step)
            due.fps = reduced_fps(self._fps, self._load_step)
            try:
                frames = video.decode(packet)
            except av.error.FFmpegError:
                continue
            for pts_s, frame in frames:
                stamp = None if pts_s is None else self._clock.stamp(pts_s, arrival, video.reported_offset)
                if pts_s is None or stamp is None:
                    continue
                good = time.monotonic()
                self._backoff.reset()
                self._state = None
                if due.is_due(pts_s):
                    yield from self._maker.made_from(frame, stamp.session, stamp.t)

    def _packets(self, video: Video, skip: _Skipping) -> Iterator[VideoPacket]:
        packets = video.packets()
        while not self._closed.is_set():
            before = time.monotonic()
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.TimeoutError, av.error.ExitError):
                raise _StalledError(f"the camera at {video.where} sends nothing though the connection stands") from None
            except av.error.FFmpegError:
                return
            skip.read_took(time.monotonic() - before)
            if packet.size:
                yield packet

    def _lag(self, packet: VideoPacket, arrival: float) -> float:
        if packet.dts is None:
            return 0.0
        return self._clock.lag(packet.dts * float(packet.time_base), arrival)


class _Skipping:
    """Decides which packets to throw away undecoded when decoding has fallen behind: all up to the next key frame."""

    def __init__(self) -> None:
        self._waited = time.monotonic()
        self._active = False

    def read_took(self, seconds: float) -> None:
        """Tells how long the last read waited: a read that waits has emptied the queue."""
        if seconds > WAITED_S:
            self._waited = time.monotonic()

    def wants(self, packet: VideoPacket, lag_s: float, load_step: int) -> bool:
        """Whether this packet is to be thrown away."""
        behind = lag_s > LAG_S and (load_step >= 4 or time.monotonic() - self._waited > BUSY_S)
        if packet.is_keyframe:
            self._active = False
        elif behind:
            self._active = True
        return self._active
