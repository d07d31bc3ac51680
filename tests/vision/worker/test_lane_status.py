"""A lane's status on its one way: appended as the api does it, heard, put in its place, recorded, and the same in a replay."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from api.stream.redis_bus import Bus
from tests.support.gates import single_gate
from tests.support.messages import subject_of
from tests.support.redis import Valkey, valkey
from vision.clock import now, rounded
from vision.config import AlertRule, GateConfig, Section, sections
from vision.core.alerts.alert_fold import AlertFold
from vision.core.detections import Detections
from vision.core.events import CameraChanged, LaneStatus, Seen, Tick
from vision.core.lanes.message_builders import lane_message
from vision.messages import (
    MESSAGE,
    AlertChanged,
    LaneChanged,
    LaneData,
    LaneMeasured,
    Message,
    message_id,
    timestamp_of,
)
from vision.redis_keys import statuses_key, stream_key
from vision.replay.recording import Checkpoint, RecordingWriter, read_recording
from vision.replay.replay import Replay, merged
from vision.vocabulary import LaneState
from vision.worker.queues import Queued
from vision.worker.redis_sink import RedisSink, claim
from vision.worker.section_thread import SectionThread
from vision.worker.status_follower import StatusFollower, StreamPlace

RULE = {"measure": "vehicles", "fire_at": 1, "clear_at": 0, "for_s": 0, "keep_firing_for_s": 0}
TRUCK = Detections(np.array([[300, 140, 420, 220]], np.float32), np.array([0.9], np.float32), np.array([0], np.int16))


def gate_with_rules() -> GateConfig:
    rules = tuple(AlertRule.model_validate({**RULE, "name": f"while-{when}", "when": when}) for when in ("open", "closed"))
    return single_gate("north", "south").model_copy(update={"alerts": rules})


GATE = gate_with_rules()


@pytest.fixture
def bus() -> Iterator[Valkey]:
    with valkey() as server:
        yield server


def until(condition: Callable[[], object], within_s: float = 30.0) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "the condition did not come about in time"
        time.sleep(0.02)


def append(bus: Valkey, lane: str, status: LaneState, t: float | None = None) -> LaneChanged:
    """What the api's outbox does with what people say of a lane."""
    t = rounded(now()) if t is None else t
    data = LaneData(lane_id=lane, t=t, status=status, by="operator", reason="works")
    message = LaneChanged(id=message_id(GATE.id, "lane.changed", lane, t), timestamp=timestamp_of(t), gate=GATE.id, data=data)

    async def run() -> bool:
        async with Bus(bus.url, GATE.id) as own:
            return await own.append_once(message)

    assert asyncio.run(run())
    return message


def on_stream(bus: Valkey) -> list[Message]:
    with bus.connect() as client:
        return [MESSAGE.validate_json(fields[b"m"]) for _, fields in client.xrange(stream_key(GATE.id))]


def measured(bus: Valkey, lane: str) -> list[float]:
    return [m.data.t for m in on_stream(bus) if isinstance(m, LaneMeasured) and m.data.lane_id == lane]


def goes_on(bus: Valkey, ticks: int = 2) -> None:
    """Waits until every lane was measured at so many more seconds."""
    before = {lane.id: len(measured(bus, lane.id)) for lane in GATE.lanes}
    until(lambda: all(len(measured(bus, lane)) >= count + ticks for lane, count in before.items()))


def feed(threads: list[SectionThread], stop: threading.Event) -> None:
    own = {thread.section.cameras[0]: thread for thread in threads}
    sessions = {camera: thread.first_session(camera) for camera, thread in own.items()}
    for camera, thread in own.items():
        thread.queue.put(Queued(CameraChanged(camera, sessions[camera], rounded(now()), "online", 640, 360)))
    while not stop.wait(0.2):
        for camera, thread in own.items():
            thread.queue.put(Queued(Seen(camera, sessions[camera], rounded(now()), TRUCK)))


@contextlib.contextmanager
def running(bus: Valkey, folder: Path, generation: int) -> Iterator[list[SectionThread]]:
    """Both sections with a truck that stands in each lane; they are ended together, as a worker is."""

    def opened(section: Section) -> SectionThread:
        client = bus.connect()
        sink = RedisSink(client, GATE.id, section.id, claim(client, GATE.id, section.id))
        recorder = RecordingWriter(
            folder / f"{section.id}-{generation}.jsonl", GATE, dict.fromkeys(section.cameras, (640, 360))
        )
        return SectionThread(GATE, section, sink, recorder, lambda config: True)

    until(lambda: 0.05 < now() % 1.0 < 0.3)  # both begin, and end, in the same second
    threads = [opened(section) for section in sections(GATE)]
    stop = threading.Event()
    workers = [threading.Thread(target=thread.run, daemon=True) for thread in threads]
    feeder = threading.Thread(target=feed, args=(threads, stop), daemon=True)
    for worker in [*workers, feeder]:
        worker.start()
    try:
        yield threads
    finally:
        until(lambda: 0.6 < now() % 1.0 < 0.9)
        stop.set()
        for thread in threads:
            thread.stop()
        for worker in [*workers, feeder]:
            worker.join(15)
            assert not worker.is_alive()
        assert [thread.error for thread in threads] == [None, None]


def replayed(folder: Path) -> list[Message]:
    run = Replay(GATE)
    recordings = [read_recording(path) for path in sorted(folder.glob("*.jsonl"))]
    return [message for event in merged([recording.events for recording in recordings]) for message in run.step(event)]


def by_lane_and_type(messages: list[Message]) -> dict[tuple[str, str], list[str]]:
    found = defaultdict(list)
    for message in messages:
        found[subject_of(message), message.type].append(message.model_dump_json())
    return found


def alerts(messages: list[Message]) -> list[tuple[str, float, str]]:
    return sorted((m.data.subject, m.data.t, m.model_dump_json()) for m in messages if isinstance(m, AlertChanged))


def folded(messages: list[Message]) -> list[Message]:
    fold = AlertFold(GATE)
    return [change for message in messages for change in fold.step(message)]


def extra_ticks(folder: Path) -> set[tuple[str, float]]:
    """Seconds at which only the other section ticked: a replay measures every lane then, the worker did not."""
    ticks: dict[str, set[float]] = defaultdict(set)
    for path in folder.glob("*.jsonl"):
        ticks[path.stem.split("-")[0]] |= {event.t for event in read_recording(path).events if isinstance(event, Tick)}
    everywhere = set.union(*ticks.values())
    lanes = {section.id: section.lanes for section in sections(GATE)}
    return {(lane, t) for section, own in ticks.items() for t in everywhere - own for lane in lanes[section]}


@pytest.mark.timeout(180)
def test_live_and_replayed_are_the_same_messages(bus: Valkey, tmp_path: Path) -> None:
    said = []
    with running(bus, tmp_path, 1):
        goes_on(bus)
        said.append(append(bus, "L1", "closed"))
        goes_on(bus, 3)
        said += [append(bus, "L1", "open"), append(bus, "L1", "closed")]
        goes_on(bus)
        said.append(append(bus, "L2", "closed", rounded(now() - 4.0)))  # late: the bus was away for the api
        goes_on(bus, 3)
    said.append(append(bus, "L1", "open"))  # nobody hears it now
    with running(bus, tmp_path, 2):
        goes_on(bus, 3)
        said.append(append(bus, "L2", "open"))
        goes_on(bus, 3)
    live, again = on_stream(bus), replayed(tmp_path)
    assert len({message.id for message in live}) == len(live)
    assert [m for m in live if isinstance(m, LaneChanged)] == said, "the worker says nothing of it itself"
    extra = extra_ticks(tmp_path)
    core = [m for m in again if not isinstance(m, AlertChanged) and (subject_of(m), getattr(m.data, "t", 0.0)) not in extra]
    wanted, found = by_lane_and_type(live), by_lane_and_type(core)
    assert found.keys() == wanted.keys()
    for key, messages in wanted.items():
        assert found[key] == messages, key
    assert len({message.id for message in again}) == len(again)
    live_alerts = alerts(folded(live))
    assert alerts(again) == live_alerts
    assert {(subject, MESSAGE.validate_json(text).data.rule) for subject, _, text in live_alerts} == {
        (lane, rule) for lane in ("L1", "L2") for rule in ("while-open", "while-closed")
    }


@pytest.mark.timeout(120)
def test_a_recording_that_begins_after_a_restart_knows_what_holds(bus: Valkey, tmp_path: Path) -> None:
    append(bus, "L1", "closed", rounded(now() - 3600))
    with running(bus, tmp_path, 1):
        goes_on(bus)
    with running(bus, tmp_path, 2):
        goes_on(bus)
    for generation in (1, 2):
        events = list(read_recording(tmp_path / f"north-{generation}.jsonl").events)
        first = events[1] if isinstance(events[0], Checkpoint) else events[0]
        told = [event for event in events if isinstance(event, LaneStatus)]
        assert [(one.lane, one.status) for one in told] == [("L1", "closed")], f"generation {generation}"
        assert generation == 1 or first == told[0]
    assert sum(isinstance(message, LaneChanged) for message in replayed(tmp_path)) == 1


def follower(bus: Valkey, place: StreamPlace | None = None) -> StatusFollower:
    return StatusFollower(bus.connect(), GATE.id, place)


def heard(one: StatusFollower, epoch: str = "e") -> list[tuple[str, float, str]]:
    return [(status.lane, status.t, status.status) for status in one.follow(epoch)]


def test_without_a_place_the_snapshot_comes_first_and_then_the_stream(bus: Valkey) -> None:
    one = follower(bus)
    assert heard(one) == []
    append(bus, "L1", "closed", 10.0)
    bus.add(GATE.id, "{not a message", lane_message(GATE.id, LaneStatus("L2", 11.0, "closed", "", "")))
    assert heard(one) == [("L1", 10.0, "closed"), ("L2", 11.0, "closed")]
    assert heard(one) == []
    assert heard(follower(bus)) == [("L1", 10.0, "closed")], "what the api keeps beside the stream"
    assert heard(follower(bus, one.place)) == []


def test_from_its_place_nothing_is_missed(bus: Valkey) -> None:
    first = follower(bus)
    heard(first)
    said = [append(bus, lane, status, t) for t, lane, status in [(1, "L1", "closed"), (2, "L1", "open"), (1.5, "L2", "closed")]]
    assert heard(follower(bus, first.place)) == [(m.data.lane_id, m.data.t, m.data.status) for m in said]


def test_one_status_that_cannot_be_read_hides_no_other(bus: Valkey) -> None:
    one = follower(bus)
    heard(one)
    append(bus, "L1", "closed", 1.0)
    bus.client.hset(statuses_key(GATE.id), "L2", "{cut")
    bus.add(GATE.id, '{"type":"lane.changed","data":{}}')
    append(bus, "L3", "closed", 3.0)
    with capture_logs() as logs:
        assert heard(one) == [("L1", 1.0, "closed"), ("L3", 3.0, "closed")]
        assert heard(follower(bus)) == [("L1", 1.0, "closed"), ("L3", 3.0, "closed")]
    assert [line["log_level"] for line in logs] == ["error", "error"]


@pytest.mark.parametrize("lost", ["epoch", "trimmed", "replaced"])
def test_what_can_not_be_gone_on_from_begins_with_the_snapshot(bus: Valkey, lost: str) -> None:
    append(bus, "L1", "closed", 1.0)
    place: Any = {
        "epoch": StreamPlace("before", "0-0"),
        "trimmed": StreamPlace("e", "0-0"),
        "replaced": StreamPlace("e", "9999999999999-0"),
    }[lost]
    if lost == "trimmed":
        append(bus, "L2", "closed", 2.0)
        bus.client.xtrim(stream_key(GATE.id), maxlen=1, approximate=False)
    wanted = [("L1", 1.0, "closed"), *([("L2", 2.0, "closed")] if lost == "trimmed" else [])]
    one = follower(bus, place)
    assert heard(one) == wanted
    append(bus, "L1", "open", 3.0)
    assert heard(one) == [("L1", 3.0, "open")]


@pytest.mark.timeout(120)
def test_a_running_section_goes_on_hearing_after_the_data_was_lost(bus: Valkey, tmp_path: Path) -> None:
    with running(bus, tmp_path, 1) as threads:
        append(bus, "L1", "closed")
        goes_on(bus)
        bus.client.flushall()
        append(bus, "L1", "open")
        goes_on(bus, 3)
        append(bus, "L1", "closed")
        goes_on(bus, 2)
        assert all(thread.status()["dropped"] == 0 for thread in threads)
    events = read_recording(tmp_path / "north-1.jsonl").events
    assert [event.status for event in events if isinstance(event, LaneStatus)] == ["closed", "open", "closed"]
