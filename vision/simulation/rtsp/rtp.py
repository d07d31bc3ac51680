"""RTP and RTCP on the wire: H.264 into RTP packets (RFC 6184), sender reports (RFC 3550), the SDP (RFC 4566). Pure."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator, Sequence
from typing import Final

__all__ = ["CLOCK_HZ", "PAYLOAD_TYPE", "interleaved", "nal_units", "rtp_packets", "sdp", "sender_report"]

CLOCK_HZ: Final = 90_000
PAYLOAD_TYPE: Final = 96
LARGEST_PAYLOAD: Final = 1400
NTP_EPOCH_S: Final = 2_208_988_800  # from 1900 to 1970
FU_A: Final = 28


def nal_units(annex_b: bytes) -> list[bytes]:
    """The NAL units of an Annex B byte stream, without their start codes."""
    units = annex_b.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
    return [unit for unit in units if unit]


def rtp_packets(nals: Sequence[bytes], sequence: int, timestamp: int, ssrc: int) -> list[bytes]:
    """The RTP packets of one picture; the last has the marker bit. Large NAL units are cut into FU-A fragments."""
    payloads = [payload for nal in nals for payload in _payloads(nal)]
    packets = []
    for i, payload in enumerate(payloads):
        marker = 0x80 if i == len(payloads) - 1 else 0
        head = struct.pack(
            "!BBHII", 0x80, marker | PAYLOAD_TYPE, (sequence + i) & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc & 0xFFFFFFFF
        )
        packets.append(head + payload)
    return packets


def _payloads(nal: bytes) -> Iterator[bytes]:
    if len(nal) <= LARGEST_PAYLOAD:
        yield nal
        return
    indicator, kind, body = (nal[0] & 0xE0) | FU_A, nal[0] & 0x1F, nal[1:]
    step = LARGEST_PAYLOAD - 2
    for start in range(0, len(body), step):
        flags = (0x80 if start == 0 else 0) | (0x40 if start + step >= len(body) else 0)
        yield bytes((indicator, flags | kind)) + body[start : start + step]


def sender_report(ssrc: int, t: float, timestamp: int, packets: int, octets: int) -> bytes:
    """An RTCP sender report: the wall clock t (POSIX seconds) of the RTP timestamp."""
    seconds, fraction = divmod(t + NTP_EPOCH_S, 1.0)
    return struct.pack(
        "!BBHIIIIII",
        0x80,
        200,
        6,
        ssrc & 0xFFFFFFFF,
        int(seconds) & 0xFFFFFFFF,
        int(fraction * 2**32) & 0xFFFFFFFF,
        timestamp & 0xFFFFFFFF,
        packets & 0xFFFFFFFF,
        octets & 0xFFFFFFFF,
    )


def interleaved(channel: int, packet: bytes) -> bytes:
    """A packet framed for the RTSP connection itself (RFC 2326, 10.12)."""
    return b"$" + struct.pack("!BH", channel, len(packet)) + packet


def sdp(name: str, parameter_sets: Sequence[bytes]) -> str:
    """The description of a stream that holds one H.264 track; parameter_sets: its SPS and PPS."""
    sets = ",".join(base64.b64encode(unit).decode() for unit in parameter_sets)
    profile = parameter_sets[0][1:4].hex() if parameter_sets and len(parameter_sets[0]) > 3 else "42e01f"
    lines = [
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        f"s={name}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} H264/{CLOCK_HZ}",
        f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={sets}",
        "a=control:track1",
    ]
    return "\r\n".join(lines) + "\r\n"
