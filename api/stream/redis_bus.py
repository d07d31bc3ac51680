"""The bus as the api uses it: reading the stream, appending to it once, ephemeral pictures and truth, watch keys. asyncio.

Every call raises redis.RedisError, and nothing else, while the server is away; who loops tries again with `bus_backoff`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar, cast
from uuid import uuid4

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as BusConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as BusTimeoutError

from vision.backoff import Backoff
from vision.messages import LaneChanged, Message, t_of
from vision.redis_keys import (
    config_key,
    emitted_key,
    epoch_key,
    pictures_channel,
    recorder_key,
    statuses_key,
    stream_key,
    truth_channel,
    truth_key,
    watch_key,
)

__all__ = ["BUS_ERRORS", "START", "Bounds", "Bus", "Entry", "bus_backoff", "position_of"]

BUS_ERRORS: Final = (RedisError,)
START: Final = "0-0"
WATCH_S: Final = 10
BUS_ANSWER_S: Final = 5.0
T = TypeVar("T")
KEPT_EMITTED: Final = 10_000
# Appends a message unless its id was appended before: one step for the server, so a crash leaves all of it or nothing.
# A lane's status goes into the snapshot beside the stream too, unless a newer one is there.
_APPEND_ONCE: Final = """
if redis.call('ZADD', KEYS[2], 'NX', ARGV[2], ARGV[1]) == 0 then return false end
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -(tonumber(ARGV[4]) + 1))
if ARGV[5] ~= '' then
  local readable, held = pcall(cjson.decode, redis.call('HGET', KEYS[3], ARGV[5]) or '')
  local held_t = readable and type(held) == 'table' and tonumber(held.t) or 0
  if held_t <= tonumber(ARGV[2]) then redis.call('HSET', KEYS[3], ARGV[5], ARGV[6]) end
end
return redis.call('XADD', KEYS[1], '*', 'm', ARGV[3])
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the stream: where it stands, and a message as JSON."""

    position: str
    text: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the stream holds: its first entry's position (None: it is empty), the last ever given, whether any was trimmed."""

    first: str | None
    last: str
    trimmed: bool

    @property
    def begin(self) -> str:
        """The position after which everything that is held comes, and nothing is missing."""
        if not self.trimmed:
            return START
        return self.last if self.first is None else _before(self.first)

    def holds_after(self, position: str) -> bool:
        """Whether every entry after that position is still there."""
        wanted = position_of(position)
        if wanted > position_of(self.last):
            return False
        if not self.trimmed or wanted == position_of(self.last):
            return True
        return self.first is not None and position_of(self.first) <= wanted


def position_of(text: str) -> tuple[int, int]:
    """A position as numbers that can be compared. Raises ValueError for what is none."""
    milliseconds, dash, sequence = text.partition("-")
    if not (dash and milliseconds.isascii() and milliseconds.isdigit() and sequence.isascii() and sequence.isdigit()):
        raise ValueError(f"'{text[:40]}' is not a stream position such as 1767225600000-0")
    return int(milliseconds), int(sequence)


def _before(position: str) -> str:
    """The greatest position that is less than that."""
    milliseconds, sequence = position_of(position)
    return f"{milliseconds}-{sequence - 1}" if sequence else f"{milliseconds - 1}-18446744073709551615"


def bus_backoff() -> Backoff:
    """The pauses between attempts to reach the server."""
    return Backoff(0.1, 5.0)


class Bus:
    """One gate's stream, keys and channels."""

    def __init__(self, url: str, gate: str) -> None:
        self._gate = gate
        self._redis = Redis.from_url(
            url,
            decode_responses=True,
            encoding_errors="replace",  # an entry that is no text shall not stop who reads the stream
            socket_connect_timeout=BUS_ANSWER_S,
            socket_timeout=None,  # with one, redis-py sends through asyncio.wait_for, which on Python 3.11 loses cancellations
            **({} if url.startswith("unix:") else {"socket_keepalive": True}),
            retry=Retry(NoBackoff(), 1),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._redis.aclose()

    async def epoch(self) -> str:
        """The identity of the stream's data: another one means that the data was lost or replaced."""
        await _in_time(self._redis.set(epoch_key(self._gate), uuid4().hex, nx=True))
        return str(await _in_time(self._redis.get(epoch_key(self._gate))))

    async def read(self, after: str, block_ms: int, count: int = 500) -> list[Entry]:
        """The entries after a position; waits up to block_ms for the first."""
        streams: dict[Any, Any] = {stream_key(self._gate): after}
        found = await _in_time(self._redis.xread(streams, count, block_ms), BUS_ANSWER_S + block_ms / 1000)
        return [entry for entries in _of_streams(found) for entry in entries]

    async def between(self, after: str, upto: str, count: int = 500) -> list[Entry]:
        """The first entries after one position up to and including another."""
        found = await _in_time(self._redis.xrange(stream_key(self._gate), f"({after}", upto, count))
        return _entries(found)

    async def bounds(self) -> Bounds:
        """What the stream holds now."""
        try:
            info = await _in_time(self._redis.xinfo_stream(stream_key(self._gate)))
        except ResponseError:  # there is no stream yet
            return Bounds(None, START, trimmed=False)
        first = info["first-entry"]
        return Bounds(first[0] if first else None, info["last-generated-id"], info["entries-added"] > info["length"])

    async def append_once(self, message: Message) -> bool:
        """Appends a message unless one of its id was; tells whether it did. The statuses' snapshot changes with the stream."""
        keys = (stream_key(self._gate), emitted_key(self._gate), statuses_key(self._gate))
        lane, status = (message.data.lane_id, message.data.model_dump_json()) if isinstance(message, LaneChanged) else ("", "")
        values = (str(message.id), str(t_of(message)), message.model_dump_json(), str(KEPT_EMITTED), lane, status)
        return await _in_time(self._redis.eval(_APPEND_ONCE, len(keys), *keys, *values)) is not None

    async def save_recorder_position(self, position: str) -> None:
        """Tells the workers up to where the stream may be trimmed."""
        await _in_time(self._redis.set(recorder_key(self._gate), position))

    async def config(self) -> str | None:
        """The document of the configuration that workers follow."""
        return cast("str | None", await _in_time(self._redis.get(config_key(self._gate))))

    async def save_config(self, document: str) -> None:
        """Gives the workers a configuration."""
        await _in_time(self._redis.set(config_key(self._gate), document))

    async def keep_watching(self, camera: str) -> None:
        """Asks the owning worker for pictures during the next WATCH_S seconds."""
        await _in_time(self._redis.set(watch_key(self._gate, camera), "1", ex=WATCH_S))

    async def pictures(self, camera: str) -> AsyncGenerator[str | None]:
        """PictureEvents of a camera as JSON; None about once a second when there is none."""
        async with self._subscribed(pictures_channel(self._gate, camera)) as channel:
            while True:
                yield await _heard(channel)

    async def truths(self) -> AsyncGenerator[str | None]:
        """GateTruths of a simulated gate as JSON, the one that is held first; None about once a second when there is none."""
        async with self._subscribed(truth_channel(self._gate)) as channel:
            yield cast("str | None", await _in_time(self._redis.get(truth_key(self._gate))))
            while True:
                yield await _heard(channel)

    @asynccontextmanager
    async def _subscribed(self, name: str) -> AsyncGenerator[PubSub]:
        async with aclosing(self._redis.pubsub()) as channel:
            await _in_time(channel.subscribe(name))
            yield channel


async def _heard(channel: PubSub) -> str | None:
    """What is published next; None where that takes more than a second."""
    with _bus_errors():
        message = await channel.get_message(ignore_subscribe_messages=True, timeout=1.0)
    return None if message is None else str(message["data"])


async def _in_time(answer: Awaitable[T], within_s: float = BUS_ANSWER_S) -> T:
    """The server's answer. Raises redis' TimeoutError where it does not come; the connection is then given up."""
    with _bus_errors():
        async with asyncio.timeout(within_s):
            return await answer


@contextmanager
def _bus_errors() -> Iterator[None]:
    """Gives errors of the connection the bus's own type, so that no other OSError is taken for one of the bus."""
    try:
        yield
    except TimeoutError:
        raise BusTimeoutError("no answer in time") from None
    except OSError as error:
        raise BusConnectionError(str(error)) from error


def _of_streams(found: object) -> Iterator[list[Entry]]:
    """The answer of XREAD in either protocol: a list of pairs, or a map."""
    match found:
        case dict():
            for pages in found.values():
                yield from (_entries(page) for page in pages)
        case list():
            yield from (_entries(page) for _, page in found)


def _entries(page: object) -> list[Entry]:
    pairs = cast("list[tuple[str, dict[str, str] | None]]", page)
    return [Entry(position, (fields or {}).get("m", "")) for position, fields in pairs]
