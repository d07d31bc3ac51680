"""A video file as a stream that an RTSP server offers, once or in a loop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
from av.bitstream import BitStreamFilterContext

from vision.simulation.rtsp.media import Media, Unit
from vision.simulation.rtsp.rtp import nal_units

__all__ = ["FileMedia"]

PARAMETER_SETS = (7, 8)  # kinds of NAL unit: SPS, PPS


class FileMedia(Media):
    """The H.264 video of a file, kept coded in memory; loop: for ever, else once."""

    __slots__ = ()

    def __init__(self, path: Path, *, loop: bool = True) -> None:
        units, length_s = _read(path)
        sets = [nal for unit in units for nal in unit.nals if nal[0] & 0x1F in PARAMETER_SETS]
        assert sets, f"{path} holds no H.264 parameter sets"
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
        assert stream.codec_context.name == "h264", path
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
