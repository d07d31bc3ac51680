"""Tells the truth of a simulated gate to whoever watches: each second, over Redis, kept nowhere. A shell.

A thread sends, so whoever tells never waits. Overflow rule: while Redis is away or slow the newest truth replaces the one
that waits, and truth older than TRUTH_S is not sent any more. It goes on by itself when Redis is back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

import redis
import structlog

from vision.backoff import Backoff
from vision.clock import now, rounded
from vision.messages import GateTruth, Simulation, TrueLane, message_id, timestamp_of
from vision.redis_keys import TRUTH_S, truth_channel, truth_key
from vision.simulation.newest_value import Newest
from vision.simulation.truth import LaneTruth

__all__ = ["TruthFeed", "gate_truth"]

FEED_ANSWER_S: Final = 2.0
FEED_RETRY_S: Final = (0.5, 2.0)
_log = structlog.get_logger(__name__)


def gate_truth(gate: str, t: float, rows: Iterable[LaneTruth]) -> GateTruth:
    """The rows of one second of all lanes as a message; t: that second on the clock of the cameras' pictures, POSIX."""
    t = rounded(t)
    data = Simulation(t=t, lanes={row.lane_id: _lane(row) for row in rows})
    return GateTruth(id=message_id(gate, "gate.truth", gate, t), timestamp=timestamp_of(t), gate=gate, data=data)


class TruthFeed:
    """Tells one gate's truth; a context manager that ends its thread. Losing a second's truth is no error."""

    def __init__(self, redis_url: str, gate: str) -> None:
        self._gate = gate
        self._redis = redis.Redis.from_url(redis_url, socket_timeout=FEED_ANSWER_S, socket_connect_timeout=FEED_ANSWER_S)
        self._newest = Newest[GateTruth]()
        self._away = False
        self._backoff = Backoff(*FEED_RETRY_S)
        self._thread = threading.Thread(target=self._run, name="truth", daemon=True)
        self._thread.start()

    def tell(self, t: float, rows: Iterable[LaneTruth]) -> None:
        """Tells one second of all lanes, as `gate_truth` takes it; returns at once."""
        self._newest.put(gate_truth(self._gate, t, rows))

    def close(self) -> None:
        """Ends the thread; what waits is dropped. What was told last is forgotten TRUTH_S later."""
        self._newest.end()
        self._thread.join(2 * FEED_ANSWER_S + 1.0)
        self._redis.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _run(self) -> None:
        while (message := self._newest.take()) is not None:
            if now() - message.data.t > TRUTH_S:
                continue
            try:
                self._send(message)
            except redis.RedisError as error:
                self._say_away(error)
                self._newest.put_back(message, self._backoff.next_s())
            else:
                self._away = False
                self._backoff.reset()

    def _send(self, message: GateTruth) -> None:
        text = message.model_dump_json()
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.set(truth_key(self._gate), text, ex=TRUTH_S)
            pipe.publish(truth_channel(self._gate), text)
            pipe.execute()

    def _say_away(self, error: redis.RedisError) -> None:
        if not self._away:
            _log.warning("Redis is away, the truth is not told", reason=type(error).__name__)
        self._away = True


def _lane(row: LaneTruth) -> TrueLane:
    return TrueLane(
        queue_vehicles=row.queue_vehicles,
        queue_m=row.queue_m,
        standing_vehicles=row.standing_vehicles,
        standing_m=row.standing_m,
        vehicles=row.vehicles,
        in_service=bool(row.in_service),
        censored=row.censored,
    )
