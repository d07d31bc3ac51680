"""What an RTSP server sends: coded pictures on one rising timeline. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["Media", "Unit"]

IDR: Final = 5


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
