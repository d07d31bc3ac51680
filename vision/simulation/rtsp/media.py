"""What an RTSP server sends: the coded pictures of a video file, once or in a loop, on one rising timeline. A shell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
from av.bitstream import BitStreamFilterContext

from vision.errors import StreamError
from vision.simulation.rtsp.rtp import nal_units

__all__ = ["FileMedia", "Media", "Unit"]

IDR: Final = 5
SPS: Final = 7
PPS: Final = 8


@dataclass(frozen=True, slots=True)
class Unit:
    """One coded picture: when to send it and when to show it, in seconds since the stream's start, and its NAL units."""

    send_s: float
    show_s: float
    nals: tuple[bytes, ...]

    @property
    def is_key(self) -> bool:
        """Whether decoding can begin here."""
        return any(nal[0] & 0x1F == IDR for nal in self.nals)


@dataclass(frozen=True, slots=True)
class Media:
    """A stream that a server offers: its SPS and PPS, and `play`, which gives a client its pictures.

    play(since_s): from the first key frame at or after that time of the stream on; None: there is none yet, ask again.
    """

    parameter_sets: tuple[bytes, ...]
    play: Callable[[float], Iterator[Unit | None]]


class FileMedia(Media):
    """The H.264 video of a file, kept coded in memory; loop: for ever, else once. Raises StreamError for other codecs."""

    __slots__ = ()

    def __init__(self, path: Path, *, loop: bool = True) -> None:
        units, length_s = _read(path)
        sets = [nal for unit in units for nal in unit.nals if nal[0] & 0x1F in {SPS, PPS}]
        if not sets:
            raise StreamError(f"video file {path} holds no H.264 parameter sets; encode it again")
        first = {nal[0] & 0x1F: nal for nal in reversed(sets)}
        Media.__init__(
            self, tuple(first[kind] for kind in sorted(first)), lambda since: _timeline(units, length_s, since, loop=loop)
        )


def _timeline(units: list[Unit], length_s: float, since_s: float, *, loop: bool) -> Iterator[Unit]:
    base = since_s // length_s * length_s if loop else 0.0
    begun = False
    while True:
        for unit in units:
            begun = begun or (unit.send_s + base >= since_s and unit.is_key)
            if begun:
                yield Unit(unit.send_s + base, unit.show_s + base, unit.nals)
        if not loop:
            return
        base += length_s


def _read(path: Path) -> tuple[list[Unit], float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if stream.codec_context.name != "h264":
            raise StreamError(f"video file {path} is {stream.codec_context.name}; the RTSP server sends H.264 only")
        to_annex_b = BitStreamFilterContext("h264_mp4toannexb", stream)
        packets = [ready for packet in container.demux(stream) for ready in to_annex_b.filter(packet) if ready.size]
        base = float(stream.time_base or 1)
        step = 1.0 / float(stream.average_rate or 25)
    first = min((packet.dts or 0) for packet in packets) * base
    units = [
        Unit((packet.dts or 0) * base - first, (packet.pts or 0) * base - first, tuple(nal_units(bytes(packet))))
        for packet in packets
    ]
    return units, units[-1].send_s + step
