"""Capture times: the rules that turn a stream's or a file's pts into t. Pure: given arrival times, it reads no clock."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from vision.clock import rounded

__all__ = ["NO_TIME_T", "Stamp", "StreamClock", "file_start"]

NO_TIME_T: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
EARLIEST_BELIEVED_T: Final = datetime(1990, 1, 1, tzinfo=UTC).timestamp()  # writers without a clock say 1904 or 1970
REPORT_TRUSTED_S: Final = 0.7  # further from arrival the camera's clock is wrong, or its frames would miss their ticks
ODD_S: Final = 2.0  # a frame whose time is this far off is odd
ODD_FOR_S: Final = 1.0  # a new session begins only when frames stay odd for so long
SETTLING_S: Final = 1.0  # the burst that a server sends at first arrives late; the offset steps down while it lasts
FOLLOW_S_PER_S: Final = 0.001
OFFSET_WINDOW_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Stamp:
    """A frame's session and capture time t."""

    session: int
    t: float


class StreamClock:
    """The capture times of one live stream: t = pts + offset, in sessions. Pure.

    The offset starts at the RTCP sender report's time if it lies within 0.7 s of arrival, else at the arrival of the
    first frames; then it follows the minute's minimum of (arrival - pts) by at most 1 ms a second. A single odd frame is
    dropped; frames that stay more than 2 s off for a second start a new session.
    """

    def __init__(self, session: int = 0) -> None:
        self.session = session
        self._offset: float | None = None
        self._reported = False
        self._delay_s = 0.0
        self._start_pts = self._last_pts = self._last_t = -math.inf
        self._odd_since: float | None = None
        self._odd_frames = 0
        self._window_end = self._lowest = math.inf
        self._target: float | None = None

    def reopen(self) -> None:
        """Starts a new session at the next frame, as after a reconnect."""
        self.session += 1
        self._offset = None

    def lag(self, pts_s: float, arrival: float) -> float:
        """By how many seconds a packet of this pts comes later than one that was not kept waiting; 0 when unknown."""
        return 0.0 if self._offset is None else arrival - pts_s - self._offset

    def stamp(self, pts_s: float, arrival: float, reported_offset: float | None = None) -> Stamp | None:
        """The time of a frame, or None for one that is odd or not later than the one before.

        pts_s: seconds of the stream's own clock; arrival: wall clock; reported_offset: capture time of pts 0 according
        to the stream's first sender report, if there was one.
        """
        if self._offset is None:
            self._begin(pts_s, arrival, reported_offset)
        elif self._is_odd(pts_s, arrival):
            if not self._stays_odd(arrival):
                return None
            self.session += 1
            self._begin(pts_s, arrival, None)
        else:
            self._odd_since = None
            self._follow(pts_s, arrival)
        assert self._offset is not None
        self._last_pts = pts_s
        t = rounded(pts_s + self._offset)
        if t <= self._last_t:
            return None
        self._last_t = t
        return Stamp(self.session, t)

    def _begin(self, pts_s: float, arrival: float, reported_offset: float | None) -> None:
        self._reported = reported_offset is not None and abs(arrival - pts_s - reported_offset) <= REPORT_TRUSTED_S
        self._offset = reported_offset if self._reported and reported_offset is not None else arrival - pts_s
        self._delay_s = 0.0
        self._start_pts = pts_s
        self._odd_since = self._target = None
        self._window_end, self._lowest = pts_s + OFFSET_WINDOW_S, arrival - pts_s

    def _is_odd(self, pts_s: float, arrival: float) -> bool:
        assert self._offset is not None
        return abs(arrival - pts_s - self._offset) > ODD_S

    def _stays_odd(self, arrival: float) -> bool:
        if self._odd_since is None:
            self._odd_since, self._odd_frames = arrival, 0
        self._odd_frames += 1
        return self._odd_frames >= 3 and arrival - self._odd_since >= ODD_FOR_S

    def _follow(self, pts_s: float, arrival: float) -> None:
        assert self._offset is not None
        late = arrival - pts_s
        self._lowest = min(self._lowest, late)
        if not self._reported and pts_s - self._start_pts <= SETTLING_S:
            self._offset = min(self._offset, late)
            return
        if pts_s >= self._window_end:
            if self._reported and self._target is None:
                self._delay_s = self._lowest - self._offset  # the way from the camera, which is no drift
            self._target = self._lowest - self._delay_s
            self._window_end, self._lowest = pts_s + OFFSET_WINDOW_S, late
        if self._target is not None:
            step = FOLLOW_S_PER_S * max(0.0, pts_s - self._last_pts)
            self._offset += min(step, max(-step, self._target - self._offset))


def file_start(metadata: Mapping[str, str], start: float | None) -> tuple[float, bool]:
    """The t of a file's first frame and whether it is known: `start`, else the creation time, else 2000-01-01."""
    if start is not None:
        return rounded(start), True
    try:
        created = datetime.fromisoformat(metadata.get("creation_time", ""))
    except ValueError:
        return NO_TIME_T, False
    t = created.replace(tzinfo=created.tzinfo or UTC).timestamp()
    return (rounded(t), True) if t > EARLIEST_BELIEVED_T else (NO_TIME_T, False)
