"""A section beside a bus that answers nothing: it goes on measuring, loses nothing, and ends when it is told to."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from structlog.testing import capture_logs

from tests.support.gates import single_gate
from tests.support.redis import Valkey, valkey
from vision.clock import now, rounded
from vision.config import sections
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Event, Seen, Tick
from vision.errors import StreamError
from vision.messages import MESSAGE, LaneMeasured, Message
from vision.redis_keys import owner_key, stream_key
from vision.replay.recording_format import Recorded
from vision.worker import outgoing
from vision.worker.queues import Queued
from vision.worker.redis_sink import RedisSink, claim
from vision.worker.section_thread import SectionThread
from vision.worker.threads import STOP_PATIENCE_S

GATE = single_gate()
SECTION = sections(GATE)[0]
HANGS_S = 8.0


@pytest.fixture
def bus() -> Iterator[Valkey]:
    with valkey() as running:
        try:
            yield running
        finally:
            running.resume()


class Kept:
    """A section's recording in memory, with the time at which each event came."""

    def __init__(self) -> None:
        self.events: list[tuple[float, Recorded]] = []

    def write(self, event: Recorded) -> None:
        self.events.append((time.monotonic(), event))

    def close(self) -> None:
        """Nothing is held."""

    def of(self, kind: type[Event]) -> list[tuple[float, Event]]:
        return [(at, event) for at, event in self.events if isinstance(event, kind)]


def opened(bus: Valkey) -> RedisSink:
    client = bus.connect()
    return RedisSink(client, GATE.id, SECTION.id, claim(client, GATE.id, SECTION.id))


def section_on(bus: Valkey) -> tuple[SectionThread, Kept]:
    kept = Kept()
    return SectionThread(GATE, SECTION, opened(bus), kept, lambda config: True), kept


@contextlib.contextmanager
def running(section: SectionThread) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=section.run, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        section.stop()
        thread.join(20)
        assert not thread.is_alive()


def until(condition: Callable[[], object], within_s: float = 30.0) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "the condition did not come about in time"
        time.sleep(0.05)


def look(section: SectionThread, frames: int) -> None:
    """Frames of an empty lane, five a second."""
    for _ in range(frames):
        section.queue.put(Queued(Seen("cam", 0, rounded(now()), Detections.empty())))
        time.sleep(0.2)


def on_stream(bus: Valkey) -> list[Message]:
    with bus.connect() as client:
        return [MESSAGE.validate_json(fields[b"m"]) for _, fields in client.xrange(stream_key(GATE.id))]


def measured(found: list[Message]) -> list[float]:
    return [message.data.t for message in found if isinstance(message, LaneMeasured)]


def test_a_bus_that_answers_nothing_hides_no_frame_and_gets_everything_once_after(bus: Valkey) -> None:
    section, kept = section_on(bus)
    with running(section):
        section.queue.put(Queued(CameraChanged("cam", 0, rounded(now()), "online", 640, 360)))
        until(lambda: measured(on_stream(bus)))
        bus.pause()
        paused = time.monotonic()
        look(section, int(HANGS_S * 5))
        resumed = time.monotonic()
        seen, ticks = kept.of(Seen), kept.of(Tick)
        bus.resume()
        assert len(seen) >= int(HANGS_S * 5) - 2, "frames were not measured while the bus answered nothing"
        assert sum(paused < at < resumed for at, _ in ticks) >= HANGS_S - 2
        last = ticks[-1][1].t + 2
        until(lambda: max(measured(on_stream(bus)), default=0.0) >= last)
    found = on_stream(bus)
    times = measured(found)
    assert times == [times[0] + i for i in range(len(times))]
    assert len({message.id for message in found}) == len(found)
    assert section.error is None


def test_a_section_that_was_taken_over_ends_soon(bus: Valkey) -> None:
    section, _ = section_on(bus)
    with running(section) as thread:
        until(lambda: measured(on_stream(bus)))
        taken, _ = section_on(bus)
        thread.join(10)
        assert not thread.is_alive()
        assert isinstance(section.error, StreamError)
        assert "another worker has taken over section cam" in str(section.error)
    found = len(on_stream(bus))
    with running(taken):
        until(lambda: len(on_stream(bus)) > found)


def test_a_section_that_was_taken_over_while_the_bus_hung_writes_nothing_after(bus: Valkey) -> None:
    section, kept = section_on(bus)
    with running(section) as thread:
        until(lambda: measured(on_stream(bus)))
        with bus.connect() as client:
            client.incr(owner_key(GATE.id, SECTION.id))
            bus.pause()
        ticks = len(kept.of(Tick))
        until(lambda: len(kept.of(Tick)) >= ticks + 3)
        written = time.time()
        bus.resume()
        thread.join(15)
        assert not thread.is_alive()
        assert "another worker has taken over" in str(section.error)
    assert max(measured(on_stream(bus))) < written - 1


@pytest.mark.parametrize("how", ["hangs", "is gone"])
def test_the_end_is_bounded_whatever_the_bus_does(bus: Valkey, how: str) -> None:
    section, kept = section_on(bus)
    with running(section) as thread:
        until(lambda: measured(on_stream(bus)))
        (bus.pause if how == "hangs" else bus.kill)()
        ticks = len(kept.of(Tick))
        until(lambda: len(kept.of(Tick)) >= ticks + 2)
        with capture_logs() as logs:
            began = time.monotonic()
            section.stop()
            thread.join(STOP_PATIENCE_S)
            assert not thread.is_alive()
            assert time.monotonic() - began < STOP_PATIENCE_S
        assert section.error is None
        assert any(line["event"] == "messages were not written" and line["messages"] > 0 for line in logs)


def test_what_is_dropped_is_shown_when_it_happens_and_when_the_bus_is_back(
    bus: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "MAX_WAITING", 4)
    section, kept = section_on(bus)
    with capture_logs() as logs, running(section):
        until(lambda: measured(on_stream(bus)))
        bus.kill()
        until(lambda: section.status()["bus_away_s"] is not None)
        ticks = len(kept.of(Tick))
        until(lambda: len(kept.of(Tick)) >= ticks + 6)
        shown = section.status()
        assert (shown["waiting"], shown["dropped"] >= 4) == (4, True)
        until(lambda: any(line.get("dropped") for line in logs))
        bus.start()
        until(lambda: any("Redis is back" in line["event"] for line in logs))
        assert section.status()["bus_away_s"] is None
    said = [(line["event"].split(",")[0], line["dropped"]) for line in logs if line["event"].startswith("Redis is")]
    away, losing, *_, back = said
    assert away == ("Redis is away", 0)
    assert losing[0] == "Redis is away"
    assert losing[1] > 0
    assert back == ("Redis is back", section.status()["dropped"])
    assert len(said) <= 4, "not said at every attempt"


def test_a_full_bus_makes_room_and_gets_all() -> None:
    with valkey("--maxmemory", "6mb", "--maxmemory-policy", "noeviction") as full, full.connect() as client:
        with contextlib.suppress(redis.OutOfMemoryError):
            while True:
                client.xadd(stream_key(GATE.id), {"x": "x" * 2000})
        room = client.xlen(stream_key(GATE.id))
        client.delete(stream_key(GATE.id))
        section, kept = section_on(full)
        with contextlib.suppress(redis.OutOfMemoryError):
            while True:
                client.xadd(stream_key(GATE.id), {"x": "x" * 2000})
        with running(section):
            until(lambda: len(kept.of(Tick)) >= 5)
        entries = client.xrange(stream_key(GATE.id))
        times = [MESSAGE.validate_json(f[b"m"]).data.t for _, f in entries if b'"lane.measured"' in f.get(b"m", b"")]  # type: ignore[union-attr]
        assert times == [event.t for _, event in kept.of(Tick)]
        assert len(entries) < room
