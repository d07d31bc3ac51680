"""Where a section's messages go: a Redis stream, under a fencing token, exactly once. A shell.

Messages and checkpoint are written in one MULTI under WATCH of the section's owner key, with the number of the last message.
A server that answered nothing may carry out what it was sent long after. However many attempts it had before, the number
tells the next one up to where messages were written; and of attempts that overlap all but one fail, because each of them
writes the watched key.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from vision.clock import now
from vision.config import GateConfig, parse_gate
from vision.ephemeral_messages import FrameEvent
from vision.errors import ConfigError, StreamError
from vision.redis_keys import (
    checkpoint_key,
    config_key,
    epoch_key,
    frames_channel,
    owner_key,
    pictures_channel,
    recorder_key,
    stream_key,
    watch_key,
    written_key,
)
from vision.worker.outgoing import Outgoing, Parcel
from vision.worker.status_follower import StatusFollower, StreamPlace

__all__ = ["RedisSink", "Request", "claim", "connect"]

STREAM_KEPT_S: Final = 2 * 3600
HARD_CAP: Final = 400_000  # entries of the stream, some 400 MB in Redis
KEPT_WHEN_FULL: Final = 1000  # entries: about a minute of a gate; what fills the server then is not the stream
TRIM_EVERY_S: Final = 60.0
SERVER_ANSWER_S: Final = 5.0

_log = structlog.get_logger(__name__)


def connect(url: str, answer_s: float = SERVER_ANSWER_S) -> redis.Redis:
    """A client for a `RedisSink`: a call fails after answer_s; whoever calls decides whether to try again."""
    return redis.Redis.from_url(
        url, socket_timeout=answer_s, socket_connect_timeout=min(2.0, answer_s), retry=Retry(NoBackoff(), 0)
    )


def claim(client: redis.Redis, gate: str, section: str) -> int:
    """Makes the caller the owner of a section and returns its fencing token; whoever owned it before can write no more."""
    with _said(gate):
        try:
            return _claim(client, gate, section)
        except redis.OutOfMemoryError:
            _make_room(client, gate)
            return _claim(client, gate, section)


def _claim(client: redis.Redis, gate: str, section: str) -> int:
    client.set(epoch_key(gate), secrets.token_hex(8), nx=True)
    return client.incr(owner_key(gate, section))


@contextlib.contextmanager
def _said(gate: str) -> Iterator[None]:
    """Turns the absence of Redis into a sentence."""
    try:
        yield
    except redis.RedisError as error:
        raise StreamError(f"Redis does not answer for gate {gate} ({type(error).__name__}); check REDIS_URL") from None


@dataclass(frozen=True, slots=True)
class Request:
    """What others want of a section: cameras that are watched, another configuration, and whose data the stream is."""

    watched: frozenset[str]
    config: GateConfig | None
    epoch: str


class RedisSink:
    """The stream of a gate as one section's owner writes it.

    `outgoing` is filled by any thread; all the rest asks the server and is for one thread at a time. It raises
    redis.RedisError while the server is away or full. clock: the wall clock, by which the stream is trimmed.
    """

    def __init__(self, client: redis.Redis, gate: str, section: str, token: int, clock: Callable[[], float] = now) -> None:
        self.outgoing, self.section = Outgoing(), section
        self._redis, self._gate, self._token, self._clock = client, gate, token, clock
        self._trimmed_t = 0.0
        self._config_text: bytes | None = None
        self._config_hash: object = None

    def checkpoint(self) -> dict[str, Any] | None:
        """The section's last checkpoint, None where there is none that can be read. Raises StreamError without Redis."""
        with _said(self._gate):
            text = cast("bytes | None", self._redis.get(checkpoint_key(self._gate, self.section)))
        try:
            data = json.loads(text) if text else None
        except ValueError:
            _log.warning("checkpoint cannot be read, the section begins anew", section=self.section)
            return None
        return data if isinstance(data, dict) else None

    def configuration(self) -> GateConfig | None:
        """The gate's configuration on the bus, None where there is none of use. Raises StreamError without Redis."""
        with _said(self._gate):
            return self._new_config(cast("bytes | None", self._redis.get(config_key(self._gate))))

    def flush(self) -> None:
        """Writes all that waits, or nothing of it. Raises StreamError when another worker owns the section."""
        while (parcel := self.outgoing.parcel()) is not None:
            try:
                self._transaction(parcel)
            except redis.OutOfMemoryError:
                _make_room(self._redis, self._gate)
                self._transaction(parcel)
        self._trim()

    def publish(self) -> None:
        """Sends what is for watchers; what cannot be sent is lost."""
        shown = self.outgoing.take_shown()
        if not shown:
            return
        with self._redis.pipeline(transaction=False) as pipe:
            for event in shown:
                if isinstance(event, FrameEvent):
                    channel = frames_channel(self._gate, event.camera_id)
                else:
                    channel = pictures_channel(self._gate, event.frame.camera_id)
                pipe.publish(channel, event.model_dump_json())
            pipe.execute()

    def requested(self, cameras: Iterable[str]) -> Request:
        """What others want of these cameras and their section now; the configuration where it is another than before."""
        names = tuple(cameras)
        keys = [epoch_key(self._gate), config_key(self._gate), *(watch_key(self._gate, name) for name in names)]
        epoch, config, *watched = cast("list[bytes | None]", self._redis.mget(keys))
        if epoch is None:  # Redis lost its data: what is there from now on gets a name
            self._redis.set(epoch_key(self._gate), secrets.token_hex(8), nx=True)
            epoch = cast("bytes", self._redis.get(epoch_key(self._gate)))
        found = frozenset(name for name, value in zip(names, watched, strict=True) if value is not None)
        return Request(found, self._new_config(config), epoch.decode(errors="replace"))

    def follower(self, place: StreamPlace | None) -> StatusFollower:
        """Who tells what is said of the gate's lanes from that place of the stream on."""
        return StatusFollower(self._redis, self._gate, place)

    def close(self) -> None:
        """Lets go of the connection."""
        self._redis.close()

    def _new_config(self, text: bytes | None) -> GateConfig | None:
        if not text or text == self._config_text:
            return None
        self._config_text = text
        try:
            data = json.loads(text)
            if data["hash"] == self._config_hash:
                return None
            self._config_hash = data["hash"]
            return parse_gate(data["config"], f"the configuration of gate {self._gate} in Redis", tolerant=True)
        except (ValueError, KeyError, TypeError, ConfigError) as error:
            _log.error("configuration in Redis is of no use", reason=str(error))
            return None

    def _transaction(self, parcel: Parcel) -> None:
        owner, written = owner_key(self._gate, self.section), written_key(self._gate, self.section)
        with self._redis.pipeline() as pipe:
            pipe.watch(owner)  # type: ignore[no-untyped-call]
            token, last = cast("list[bytes | None]", pipe.mget(owner, written))
            self._check_owner(token)
            if self.outgoing.written(self._number_written(last), None):
                return  # an attempt whose answer was lost was carried out; what is left is another parcel
            pipe.multi()
            pipe.set(owner, self._token)
            pipe.set(written, f"{self._token}-{parcel.last}")
            for message in parcel.messages:
                pipe.xadd(stream_key(self._gate), {"m": message.model_dump_json()})
            if parcel.checkpoint is not None:
                pipe.set(checkpoint_key(self._gate, self.section), parcel.checkpoint)
            pipe.execute()
        self.outgoing.written(parcel.last, parcel.checkpoint)

    def _number_written(self, stored: bytes | None) -> int:
        """The number of the last message that came into the stream under this token, 0 where none did."""
        token, _, number = (stored or b"").partition(b"-")
        return int(number) if token == str(self._token).encode() else 0

    def _check_owner(self, stored: bytes | None) -> None:
        """A missing owner means that Redis lost its data: the section is still ours."""
        if stored is not None and int(stored) != self._token:
            raise StreamError(
                f"another worker has taken over section {self.section} of gate {self._gate};"
                " this one ends, run one worker a section"
            )

    def _trim(self) -> None:
        if self._clock() - self._trimmed_t < TRIM_EVERY_S:
            return
        self._trimmed_t = self._clock()
        recorded = cast("bytes | None", self._redis.get(recorder_key(self._gate)))
        oldest = int((self._clock() - STREAM_KEPT_S) * 1000)
        if recorded is not None:
            oldest = min(oldest, int(recorded.split(b"-")[0]))
        stream = stream_key(self._gate)
        self._redis.xtrim(stream, minid=str(max(0, oldest)), approximate=True)
        self._redis.xtrim(stream, maxlen=HARD_CAP, approximate=True)


def _make_room(client: redis.Redis, gate: str) -> None:
    """Trims the stream of a server that is full: first what history has already, then the older half of the rest."""
    stream = stream_key(gate)
    recorded = cast("bytes | None", client.get(recorder_key(gate)))
    removed = 0 if recorded is None else client.xtrim(stream, minid=recorded.decode(), approximate=False)
    if not removed:
        kept = max(KEPT_WHEN_FULL, client.xlen(stream) // 2)
        removed = client.xtrim(stream, maxlen=kept, approximate=False)
    _log.warning("Redis is full (maxmemory), the stream was trimmed", entries=removed, gate=gate)
