"""What a section does with the checkpoint that another version, or another configuration, left on a real Valkey."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.crossroads import crossroads, frames, whole_section
from tests.support.model import tiny_model
from tests.support.redis import Valkey, valkey
from tests.support.roads import Truck
from vision.config import GateConfig
from vision.core.pipeline import Pipeline
from vision.detection.open_detector import open_detector
from vision.messages import MESSAGE, LaneMeasured, Message, VisitData, VisitEnded
from vision.redis_keys import checkpoint_key, config_key, stream_key
from vision.replay.recording import RecordingWriter, read_recording
from vision.replay.replay import Replay
from vision.worker.redis_sink import RedisSink, claim
from vision.worker.section_thread import SectionThread
from vision.worker.threads import Parts
from vision.worker.worker import Worker

SECTION = whole_section()


@pytest.fixture(scope="module")
def bus() -> Iterator[Valkey]:
    with valkey() as server:
        yield server


def left_behind() -> tuple[dict[str, Any], list[str]]:
    """A section's checkpoint in mid-queue, and the visits that are open in it."""
    pipeline = Pipeline(crossroads(), SECTION)
    for event in frames([Truck("A", 2.0, 500.0), Truck("B", 5.0, 500.0)], 20.0):
        pipeline.step(event)
    data = {"version": 1, "sessions": {"cam": 4, "side": 2}, "pipeline": pipeline.checkpoint()}
    return data, [visit.visit_id for visit in pipeline.open_visits()]


def feed(bus: Valkey, saved: object, config: GateConfig, recording: Path) -> tuple[SectionThread, list[Message]]:
    """A section that begins with this checkpoint and runs until it has published twice; what it published."""
    with bus.connect() as client:
        client.flushall()
        client.set(checkpoint_key("g", SECTION.id), json.dumps(saved))
        sink = RedisSink(bus.connect(), "g", SECTION.id, claim(client, "g", SECTION.id))
        writer = RecordingWriter(recording, config, {})
        section = SectionThread(
            config, SECTION.model_copy(update={"lanes": tuple(lane.id for lane in config.lanes)}), sink, writer, lambda _: True
        )
        thread = threading.Thread(target=section.run)
        thread.start()
        end = time.monotonic() + 30
        while len(found := messages(client)) < 3 * len(config.lanes) * 2 and time.monotonic() < end:
            time.sleep(0.05)
        section.stop()
        thread.join(15)
        assert not thread.is_alive()
        assert section.error is None
        found = messages(client)
    return section, found


def messages(client: Any) -> list[Message]:
    return [MESSAGE.validate_json(fields[b"m"]) for _, fields in client.xrange(stream_key("g"))]


def ended(found: list[Message]) -> list[VisitData]:
    return [message.data for message in found if isinstance(message, VisitEnded)]


@pytest.mark.parametrize("change", ["version of the pipeline", "version of the section", "broken", "no sessions"])
def test_visits_open_in_a_checkpoint_of_no_use_are_ended_live_and_in_replay(bus: Valkey, tmp_path: Path, change: str) -> None:
    data, opened = left_behind()
    match change:
        case "version of the pipeline":
            data["pipeline"]["version"] = 2
        case "version of the section":
            data = {"version": 7, "sessions": data["sessions"], "other": [data["pipeline"]]}
        case "broken":
            data["pipeline"]["lines"]["A"]["history"] = None
        case "no sessions":
            data["pipeline"]["version"], data["sessions"] = 2, "none"
    section, found = feed(bus, data, crossroads(), tmp_path / "r.jsonl")
    assert {(visit.visit_id, visit.outcome) for visit in ended(found)} == {(visit_id, "lost") for visit_id in opened}
    assert len(ended(found)) == len(opened)
    assert section.first_session("cam") == (0 if change == "no sessions" else 5)
    if change != "version of the section":
        assert replayed(tmp_path / "r.jsonl") == found


def test_visits_of_a_lane_that_went_while_the_worker_was_down_are_ended(bus: Valkey, tmp_path: Path) -> None:
    data, _ = left_behind()
    _, found = feed(bus, data, crossroads(lanes=("A", "B")), tmp_path / "r.jsonl")
    assert [(visit.lane_id, visit.outcome) for visit in ended(found)] == [("C", "lost")]
    assert replayed(tmp_path / "r.jsonl") == found


def test_a_gate_file_that_is_older_than_the_checkpoint_ends_no_visit(bus: Valkey, tmp_path: Path) -> None:
    """The file knows of no calibration yet, the configuration on the bus and the checkpoint do."""
    data, opened = left_behind()
    path, document = tmp_path / "r.jsonl", {"version": 2, "hash": "h", "config": crossroads().model_dump(mode="json")}
    with bus.connect() as client:
        client.flushall()
        client.set(checkpoint_key("g", SECTION.id), json.dumps(data))
        client.set(config_key("g"), json.dumps(document))
        parts = Parts(
            detector=open_detector(crossroads().detector, tiny_model(tmp_path / "tiny")),
            urls=lambda config: dict.fromkeys(camera.id for camera in config.cameras),
            open_sink=lambda part: RedisSink(bus.connect(), "g", part.id, claim(client, "g", part.id)),
            open_recorder=lambda config, part: RecordingWriter(path, config, dict.fromkeys(part.cameras, (0, 0))),
        )
        worker = Worker(crossroads(calibrated=()), parts)
        thread = threading.Thread(target=worker.run)
        thread.start()
        end = time.monotonic() + 30
        while len(measured := [m for m in messages(client) if isinstance(m, LaneMeasured)]) < 9 and time.monotonic() < end:
            time.sleep(0.05)
        worker.stop()
        thread.join(15)
        assert not thread.is_alive()
        found = messages(client)
    assert len(measured) >= 9
    assert ended(found) == []
    assert replayed(path) == found
    run = Replay(crossroads())
    for event in read_recording(path).events:
        list(run.step(event))
    assert {visit.visit_id for visit in run.open_visits()} == set(opened)


def replayed(path: Path) -> list[Message]:
    recording = read_recording(path)
    assert recording.header.config is not None
    replay = Replay(recording.header.config)
    found = [message for event in recording.events for message in replay.step(event)]
    return [message for message in found if message.type != "alert.changed"]
