"""A section beside a bus that answers nothing: it goes on measuring, loses nothing, and ends when it is told to."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support.gates import single_gate
from tests.support.redis import Valkey, valkey
from vision.clock import now, rounded
from vision.config import sections
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Event, Seen, Tick
from vision.messages import MESSAGE, LaneMeasured, Message
from vision.redis_keys import stream_key
from vision.replay.recording_format import Recorded
from vision.worker.queues import Queued
from vision.worker.redis_sink import RedisSink, claim
from vision.worker.section_thread import SectionThread

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
