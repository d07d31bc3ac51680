"""What people say of lanes, as the worker hears it: lane.changed followed in the gate's stream. A shell.

Without a place in the stream to go on from, or when its data is another's, what holds now is read from the snapshot that
is kept beside the stream: the stream's end first, then the snapshot, so that nothing between them is missed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, cast

import redis
import structlog

from vision.core.events import LaneStatus
from vision.message_parsing import tolerant_data
from vision.messages import LaneChanged, LaneData
from vision.redis_keys import statuses_key, stream_key

__all__ = ["StatusFollower", "StreamPlace"]

ENTRIES_AT_ONCE: Final = 500
START_OF_STREAM: Final = "0-0"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StreamPlace:
    """A place in a gate's stream: up to this position all was heard, in the data of this epoch."""

    epoch: str
    position: str


class StatusFollower:
    """Reads a gate's stream for one section; `place` is up to where. For one thread."""

    def __init__(self, client: redis.Redis, gate: str, place: StreamPlace | None) -> None:
        self.place = place
        self._redis, self._gate = client, gate
        self._checked = False

    def follow(self, epoch: str) -> list[LaneStatus]:
        """What was said since the last call; epoch: whose data the stream is now. Raises redis.RedisError."""
        place = self.place
        if place is None or place.epoch != epoch or not self._still_holds(place.position):
            return self._from_snapshot(epoch)
        entries = _entries(self._redis.xrange(stream_key(self._gate), f"({place.position}", count=ENTRIES_AT_ONCE))
        if entries:
            self.place = StreamPlace(epoch, entries[-1][0].decode())
        return _readable(fields.get(b"m", b"") for _, fields in entries)

    def _from_snapshot(self, epoch: str) -> list[LaneStatus]:
        last = _entries(self._redis.xrevrange(stream_key(self._gate), count=1))
        held = cast("dict[bytes, bytes]", self._redis.hgetall(statuses_key(self._gate)))
        self.place, self._checked = StreamPlace(epoch, last[0][0].decode() if last else START_OF_STREAM), True
        statuses = [status for text in held.values() if (status := _status(LaneData, text)) is not None]
        return sorted(statuses, key=lambda status: (status.t, status.lane))

    def _still_holds(self, position: str) -> bool:
        """Whether the stream has all after a saved position; asked once, for who follows is seconds behind at most."""
        if self._checked:
            return True
        try:
            info = self._redis.xinfo_stream(stream_key(self._gate))
        except redis.ResponseError:  # there is no stream
            return False
        self._checked = True
        at, first = _number(position), info["first-entry"]
        if at > _number(info["last-generated-id"]):
            return False
        whole = info["entries-added"] == info["length"]
        return whole or at == _number(info["last-generated-id"]) or (first is not None and _number(first[0]) <= at)


def _readable(texts: Iterable[bytes]) -> list[LaneStatus]:
    """The statuses among a stream's messages; only what may be one is parsed."""
    found = (_status(LaneChanged, text) for text in texts if b'"lane.changed"' in text)
    return [status for status in found if status is not None]


def _status(kind: type[LaneChanged | LaneData], text: bytes) -> LaneStatus | None:
    """One status, None where it cannot be read: that must not hide the others."""
    told = tolerant_data(kind, text)
    if told is None:
        _log.error("a lane's status on the bus is of no use")
        return None
    data = told.data if isinstance(told, LaneChanged) else told
    return LaneStatus(data.lane_id, data.t, data.status, data.by, data.reason)


def _entries(answer: object) -> list[tuple[bytes, dict[bytes, bytes]]]:
    return cast("list[tuple[bytes, dict[bytes, bytes]]]", answer or [])


def _number(position: str | bytes) -> tuple[int, int]:
    milliseconds, _, sequence = (position.decode() if isinstance(position, bytes) else position).partition("-")
    return int(milliseconds), int(sequence or 0)
