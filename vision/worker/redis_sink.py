"""Where a section's messages go: a Redis stream, under a fencing token, exactly once. A shell.

Messages and checkpoint are written in one MULTI under WATCH of the section's owner key. While Redis is away messages
wait in memory; when it is back they are written with the newest checkpoint, and an answer that was lost is not repeated.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import redis
import structlog
from pydantic import ValidationError

from vision.clock import now
from vision.config import GateConfig, parse_gate
from vision.core.events import LaneStatus
from vision.ephemeral_messages import FrameEvent, PictureEvent
from vision.errors import ConfigError, StreamError
from vision.messages import LaneData, LaneMeasured, LaneVehicles, Message
from vision.redis_keys import (
    checkpoint_key,
    config_key,
    epoch_key,
    frames_channel,
    owner_key,
    pictures_channel,
    recorder_key,
    statuses_key,
    stream_key,
    watch_key,
)

__all__ = ["RedisSink", "claim"]

STREAM_KEPT_S: Final = 2 * 3600
HARD_CAP: Final = 400_000  # entries of the stream, some 400 MB in Redis
TRIM_EVERY_S: Final = 60.0
MAX_WAITING: Final = 20_000  # messages in memory while Redis is away: beyond it measurements are dropped, oldest first
RETRY_EVERY_S: Final = 0.5
AWAY: Final = (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError)

_log = structlog.get_logger(__name__)


def claim(client: redis.Redis, gate: str, section: str) -> int:
    """Makes the caller the owner of a section and returns its fencing token; whoever owned it before can write no more."""
    with _said(gate):
        client.set(epoch_key(gate), secrets.token_hex(8), nx=True)
        return client.incr(owner_key(gate, section))


@contextlib.contextmanager
def _said(gate: str) -> Iterator[None]:
    """Turns the absence of Redis into a sentence."""
    try:
        yield
    except redis.RedisError as error:
        raise StreamError(f"Redis does not answer for gate {gate} ({type(error).__name__}); check REDIS_URL") from None


@dataclass(slots=True)
class _Batch:
    messages: tuple[Message, ...]
    checkpoint: str | None


class RedisSink:
    """The stream of a gate as one section's owner writes it; a `SectionSink`. One thread uses it at a time.

    clock: the wall clock, by which a retry is spaced and the stream trimmed.
    """

    def __init__(self, client: redis.Redis, gate: str, section: str, token: int, clock: Callable[[], float] = now) -> None:
        self._redis, self._gate, self._section, self._token, self._clock = client, gate, section, token, clock
        self._waiting: deque[_Batch] = deque()
        self._unsure: tuple[str, int] | None = None  # checkpoint and batches of a transaction whose answer was lost
        self._retry_t = self._trimmed_t = 0.0
        self._config_hash: str | None = None
        self._statuses: dict[bytes, bytes] = {}
        self.dropped = 0

    def write(self, messages: Sequence[Message], checkpoint: str | None) -> None:
        """Writes all of it or nothing; keeps it for later while Redis is away. Raises StreamError when fenced off."""
        self._waiting.append(_Batch(tuple(messages), checkpoint))
        if self._clock() >= self._retry_t:
            self._flush()
        self._shorten()

    def show(self, event: FrameEvent | PictureEvent) -> None:
        """Publishes an ephemeral event; losing it is no error."""
        if isinstance(event, FrameEvent):
            channel = frames_channel(self._gate, event.camera_id)
        else:
            channel = pictures_channel(self._gate, event.frame.camera_id)
        self._try(lambda: self._redis.publish(channel, event.model_dump_json()))

    def watched(self, cameras: Iterable[str]) -> frozenset[str]:
        """Those of the cameras that somebody watches now."""
        names = tuple(cameras)
        keys = [watch_key(self._gate, name) for name in names]
        found = cast("list[Any] | None", self._try(lambda: self._redis.mget(keys)))
        return frozenset(name for name, value in zip(names, found or [], strict=False) if value is not None)

    def checkpoint(self) -> dict[str, Any] | None:
        """The section's last checkpoint, None where there is none that can be read. Raises StreamError without Redis."""
        with _said(self._gate):
            text = cast("bytes | None", self._redis.get(checkpoint_key(self._gate, self._section)))
        try:
            data = json.loads(text) if text else None
        except ValueError:
            _log.warning("checkpoint cannot be read, the section begins anew", section=self._section)
            return None
        return data if isinstance(data, dict) else None

    def new_config(self) -> GateConfig | None:
        """The gate's configuration in Redis when it is another than at the last call, else None."""
        text = cast("bytes | None", self._try(lambda: self._redis.get(config_key(self._gate))))
        if not text:
            return None
        try:
            data = json.loads(text)
            if data["hash"] == self._config_hash:
                return None
            self._config_hash = data["hash"]
            return parse_gate(data["config"], f"the configuration of gate {self._gate} in Redis", tolerant=True)
        except (ValueError, KeyError, TypeError, ConfigError) as error:
            _log.error("configuration in Redis is of no use", reason=str(error))
            return None

    def new_statuses(self) -> list[LaneStatus]:
        """What people said of the gate's lanes since the last call, in order of time; at the first call all that holds."""
        found = cast("dict[bytes, bytes] | None", self._try(lambda: self._redis.hgetall(statuses_key(self._gate))))
        fresh = {lane: text for lane, text in (found or {}).items() if self._statuses.get(lane) != text}
        self._statuses.update(fresh)
        try:
            told = [LaneData.model_validate_json(text) for text in fresh.values()]
        except ValidationError as error:
            _log.error("a lane's status in Redis is of no use", reason=str(error.title))
            return []
        statuses = [LaneStatus(one.lane_id, one.t, one.status, one.by, one.reason) for one in told]
        return sorted(statuses, key=lambda status: (status.t, status.lane))

    def close(self) -> None:
        """Writes what waits, if Redis is there and the section still ours, and lets go of the connection."""
        with contextlib.suppress(StreamError):
            self._flush()
        if any(batch.messages for batch in self._waiting):
            _log.error("messages were not written", messages=self._count(), section=self._section)
        self._redis.close()

    def _flush(self) -> None:
        if not self._waiting:
            return
        try:
            self._drop_what_was_written()
            self._transaction()
        except redis.RedisError as error:
            self._retry_t = self._clock() + RETRY_EVERY_S
            _log.warning("Redis is away, messages wait", waiting=self._count(), reason=type(error).__name__)
            return
        self._waiting.clear()
        self._trim()

    def _drop_what_was_written(self) -> None:
        """Drops the batches of a transaction whose answer was lost, if it had been carried out after all."""
        if self._unsure is None:
            return
        checkpoint, batches = self._unsure
        stored = cast("bytes | None", self._redis.get(checkpoint_key(self._gate, self._section)))
        self._unsure = None
        if stored is not None and stored.decode() == checkpoint:
            for _ in range(batches):
                self._waiting.popleft()

    def _transaction(self) -> None:
        checkpoint = next((batch.checkpoint for batch in reversed(self._waiting) if batch.checkpoint is not None), None)
        owner = owner_key(self._gate, self._section)
        with self._redis.pipeline() as pipe:
            try:
                pipe.watch(owner)  # type: ignore[no-untyped-call]
                self._check_owner(cast("bytes | None", pipe.get(owner)))
                pipe.multi()
                pipe.set(owner, self._token)
                for batch in self._waiting:
                    for message in batch.messages:
                        pipe.xadd(stream_key(self._gate), {"m": message.model_dump_json()})
                if checkpoint is not None:
                    pipe.set(checkpoint_key(self._gate, self._section), checkpoint)
                    self._unsure = (checkpoint, len(self._waiting))
                pipe.execute()
            except redis.WatchError:
                raise self._fenced() from None
        self._unsure = None

    def _check_owner(self, stored: bytes | None) -> None:
        """A missing owner means that Redis lost its data: the section is still ours."""
        if stored is not None and int(stored) != self._token:
            raise self._fenced()

    def _fenced(self) -> StreamError:
        return StreamError(
            f"another worker has taken over section {self._section} of gate {self._gate};"
            " this one ends, run one worker a section"
        )

    def _trim(self) -> None:
        if self._clock() - self._trimmed_t < TRIM_EVERY_S:
            return
        self._trimmed_t = self._clock()
        recorded = cast("bytes | None", self._try(lambda: self._redis.get(recorder_key(self._gate))))
        oldest = int((self._clock() - STREAM_KEPT_S) * 1000)
        if recorded is not None:
            oldest = min(oldest, int(recorded.split(b"-")[0]))
        stream = stream_key(self._gate)
        self._try(lambda: self._redis.xtrim(stream, minid=str(max(0, oldest)), approximate=True))
        self._try(lambda: self._redis.xtrim(stream, maxlen=HARD_CAP, approximate=True))

    def _shorten(self) -> None:
        """Keeps the memory bounded: measurements are dropped, oldest first, then anything; visits go last."""
        surplus = self._count() - MAX_WAITING
        for kinds in ((LaneMeasured, LaneVehicles), (object,)):
            for batch in self._waiting:
                if surplus <= 0:
                    return
                kept = tuple(message for message in batch.messages if not isinstance(message, kinds))
                surplus -= len(batch.messages) - len(kept)
                self.dropped += len(batch.messages) - len(kept)
                batch.messages = kept

    def _count(self) -> int:
        return sum(len(batch.messages) for batch in self._waiting)

    def _try(self, call: Callable[[], Any]) -> object:
        """What a call answers, None while Redis is away."""
        try:
            return call()
        except AWAY:
            return None
