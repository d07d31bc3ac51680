"""A camera's live stream: pictures in, coded pictures out to any number of clients, each from a key frame on. A shell.

Overflow rule: the newest two seconds are kept; a client that is further behind goes on at the newest key frame.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from vision.simulation.render.painter import Image
from vision.simulation.rtsp.media import Media, Unit
from vision.simulation.rtsp.rtp import nal_units
from vision.simulation.video import set_up_encoder, video_frame

__all__ = ["LiveStream"]

KEPT_IN_STREAM: Final = 50
BIT_RATE: Final = 1_200_000
_SETS: Final = frozenset({7, 8})  # the NAL units that describe the stream: SPS and PPS


class LiveStream:
    """One encoder and what it made last; `media` is what an RTSP server offers of it."""

    def __init__(self, width: int, height: int, fps: int) -> None:
        self._fps = fps
        self._encoder = _encoder(width, height, fps)
        self._lock = threading.Lock()
        self._units: deque[tuple[int, Unit]] = deque(maxlen=KEPT_IN_STREAM)
        self._count = 0
        self._joining = True
        self.media = Media(_parameter_sets(width, height, fps), self._play)

    def write(self, image: Image, number: int) -> None:
        """Codes the picture (H, W, 3) of that frame number; it is shown at number / fps. A newcomer gets a key frame."""
        frame = video_frame(image)
        frame.pts, frame.time_base = number, Fraction(1, self._fps)
        with self._lock:
            frame.pict_type = PictureType.I if self._joining else PictureType.NONE
            self._joining = False
        for packet in self._encoder.encode(frame):
            unit = Unit(number / self._fps, number / self._fps, tuple(nal_units(bytes(packet))))
            with self._lock:
                self._units.append((self._count, unit))
                self._count += 1

    def _play(self, _since_s: float) -> Iterator[Unit | None]:
        with self._lock:
            self._joining = True
            wanted = self._count
        begun = False
        while True:
            found = self._unit(wanted, key=not begun)
            if found is None:
                yield None
                continue
            wanted, begun = found[0] + 1, True
            yield found[1]

    def _unit(self, wanted: int, *, key: bool) -> tuple[int, Unit] | None:
        """The unit of that count; the first key frame from there on where one is needed, or the unit is gone."""
        with self._lock:
            behind = bool(self._units) and wanted < self._units[0][0]
            later = [held for held in self._units if held[0] >= wanted] if self._count > wanted else []
        if behind:
            return next((held for held in reversed(later) if held[1].is_key), None)
        return next((held for held in later if held[1].is_key or not key), None)


def _encoder(width: int, height: int, fps: int) -> VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.framerate = Fraction(fps, 1)
    encoder.options = set_up_encoder(encoder, width, height, fps, BIT_RATE) | {"forced-idr": "1"}
    return encoder


def _parameter_sets(width: int, height: int, fps: int) -> tuple[bytes, ...]:
    """SPS and PPS, from an encoder that is set up alike and coded one black picture."""
    encoder = _encoder(width, height, fps)
    frame = video_frame(np.zeros((height, width, 3), np.uint8))
    frame.pts, frame.time_base = 0, Fraction(1, fps)
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    found = {nal[0] & 0x1F: nal for packet in packets for nal in nal_units(bytes(packet))}
    return tuple(found[kind] for kind in sorted(_SETS & found.keys()))
