"""A section's own thread for the bus, so that a server that is away or answers nothing delays no frame and no tick. A shell.

It writes what the section hands over, tells watchers, and hears who watches, what is said of lanes and which configuration
holds. Overflow rules: of what goes out, see `vision.worker.outgoing`; of what comes in, no more of the stream is read
while MAX_HEARD statuses wait for the section, so that none is lost; of configurations the newest counts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import redis
import structlog

from vision.backoff import Backoff
from vision.config import GateConfig
from vision.core.events import LaneStatus
from vision.ephemeral_messages import FrameEvent, PictureEvent
from vision.errors import StreamError
from vision.messages import Message
from vision.worker.redis_sink import RedisSink
from vision.worker.status_follower import StreamPlace

__all__ = ["BusThread", "Heard"]

ROUND_S: Final = 0.2
REQUESTS_EVERY_S: Final = 1.0
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 2.0
CLOSE_PATIENCE_S: Final = 4.0  # for the last messages; shorter than the patience of who ends the section
AGAIN_SAID_AFTER_S: Final = 60.0
MAX_HEARD: Final = 1000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """What came from the bus: statuses in the stream's order up to `place`, and another configuration if there is one."""

    statuses: Sequence[LaneStatus]
    place: StreamPlace
    config: GateConfig | None


class BusThread:
    """Does a section's input and output with Redis; all its methods answer at once but `close`, which is bounded.

    watched: the cameras that somebody watches. error: what ended the thread, a StreamError when the section was taken over.
    """

    def __init__(self, sink: RedisSink, cameras: Iterable[str], place: StreamPlace | None) -> None:
        self.watched = frozenset[str]()
        self.error: StreamError | None = None
        self._sink, self._cameras = sink, tuple(cameras)
        self._follower = sink.follower(place)
        self._statuses: list[LaneStatus] = []
        self._config: GateConfig | None = None
        self._place: StreamPlace | None = None
        self._heard = threading.Lock()
        self._epoch: str | None = None
        self._requested_s = self._followed_s = float("-inf")
        self._backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        self._away_since_s: float | None = None
        self._said_s = float("-inf")
        self._said_dropped = 0  # messages dropped, as far as the log has it
        self._loses = False  # whether it was said that this absence of the bus costs messages
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"bus-{sink.section}", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def write(self, messages: Sequence[Message], checkpoint: str | None) -> None:
        """Hands over messages, and the checkpoint after them."""
        self._sink.outgoing.put(messages, checkpoint)

    def show(self, event: FrameEvent | PictureEvent) -> None:
        """Hands over an event for watchers; losing it is no error."""
        self._sink.outgoing.show(event)

    def heard(self) -> Heard | None:
        """What came since the last call, None for nothing."""
        with self._heard:
            if self._place is None:
                return None
            heard = Heard(self._statuses, self._place, self._config)
            self._statuses, self._place, self._config = [], None, None
            return heard

    def status(self) -> dict[str, Any]:
        """What operators want to know: messages that wait, messages dropped since the start, since when the bus is away."""
        since_s, outgoing = self._away_since_s, self._sink.outgoing
        away_s = None if since_s is None else round(time.monotonic() - since_s, 1)
        return {"waiting": len(outgoing), "dropped": outgoing.dropped, "bus_away_s": away_s}

    def close(self) -> None:
        """Lets the thread write what waits and end; gives it up after CLOSE_PATIENCE_S."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join(CLOSE_PATIENCE_S)
        waiting = len(self._sink.outgoing)
        if waiting:
            _log.error("messages were not written", messages=waiting, section=self._sink.section)

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                self._sink.outgoing.wait(ROUND_S)
                self._round()
            self._sink.flush()
        except StreamError as error:
            self.error = error
        except redis.RedisError as error:
            _log.warning("Redis is away at the end", reason=type(error).__name__, section=self._sink.section)
        except Exception as error:  # noqa: BLE001 (a thread's top)
            _log.exception("bus thread failed", section=self._sink.section)
            self.error = StreamError(f"the bus of section {self._sink.section} failed ({type(error).__name__}); see the log")
        finally:
            self._sink.close()

    def _round(self) -> None:
        """Writes and hears once; after a failure it pauses."""
        try:
            self._sink.flush()
            self._sink.publish()
            self._request()
            self._follow()
        except redis.RedisError as error:
            self._away(error)
            self._closing.wait(self._backoff.next_s())
        else:
            self._back()

    def _request(self) -> None:
        if time.monotonic() - self._requested_s < REQUESTS_EVERY_S:
            return
        request = self._sink.requested(self._cameras)
        self.watched, self._epoch = request.watched, request.epoch
        self._requested_s = time.monotonic()
        if request.config is not None:
            with self._heard:
                self._config, self._place = request.config, self._place or self._follower.place

    def _follow(self) -> None:
        if self._epoch is None or time.monotonic() - self._followed_s < ROUND_S or len(self._statuses) >= MAX_HEARD:
            return
        before, statuses = self._follower.place, self._follower.follow(self._epoch)
        self._followed_s = time.monotonic()
        if self._follower.place != before:
            with self._heard:
                self._statuses += statuses
                self._place = self._follower.place

    def _away(self, error: redis.RedisError) -> None:
        """Says that the bus is away: at once, when messages begin to be dropped, and then every minute."""
        now_s, dropped, begun = time.monotonic(), self._sink.outgoing.dropped, self._away_since_s is None
        if self._away_since_s is None:
            self._away_since_s, self._loses = now_s, False
        self.watched = frozenset()
        self._follower = self._sink.follower(self._follower.place)  # which looks again whether the stream has all from there
        begins_to_lose = dropped > self._said_dropped and not self._loses
        if begun or begins_to_lose or now_s - self._said_s >= AGAIN_SAID_AFTER_S:
            self._said_s, self._said_dropped, self._loses = now_s, dropped, self._loses or begins_to_lose
            reason = type(error).__name__
            _log.warning("Redis is away, messages wait", section=self._sink.section, reason=reason, **self.status())

    def _back(self) -> None:
        self._backoff.reset()
        if self._away_since_s is not None:
            self._said_dropped = self._sink.outgoing.dropped
            _log.warning("Redis is back, what waited is written", section=self._sink.section, **self.status())
            self._away_since_s = None
