"""A section's thread on a real Valkey: two cameras' events in order of t, whatever the order in which they come."""

import threading
import time

import numpy as np
import pytest

from tests.support.redis import valkey
from tests.support.roads import HEIGHT, WIDTH, facing_gate
from vision.clock import now, rounded
from vision.config import sections
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Seen, Tick, Unchanged
from vision.core.pipeline import Pipeline
from vision.messages import MESSAGE, CameraMessage
from vision.redis_keys import stream_key
from vision.replay.recording import RecordingWriter, read_recording
from vision.worker.queues import Queued
from vision.worker.redis_sink import RedisSink, claim
from vision.worker.section_thread import SectionThread

TRUCK = Detections(np.array([[900, 500, 1100, 700]], np.float32), np.array([0.8], np.float32), np.zeros(1, np.int16))


@pytest.fixture(scope="module")
def bus():
    with valkey() as running:
        yield running


def test_frames_of_two_cameras_that_come_swapped_are_recorded_in_order_of_t(bus, tmp_path):
    config = facing_gate()
    section = sections(config)[0]
    near, far = section.cameras
    client, path = bus.connect(), tmp_path / "run.jsonl"
    sink = RedisSink(client, config.id, section.id, claim(client, config.id, section.id))
    recorder = RecordingWriter(path, config, dict.fromkeys(section.cameras, (WIDTH, HEIGHT)))
    feed = SectionThread(config, section, sink, recorder, lambda _: True)
    thread = threading.Thread(target=feed.run)
    thread.start()
    began = rounded(now())
    for camera in section.cameras:
        feed.queue.put(Queued(CameraChanged(camera, 0, began, "online", WIDTH, HEIGHT)))
    for _ in range(25):
        t = rounded(now())
        feed.queue.put(Queued(Seen(far, 0, rounded(t + 0.1), TRUCK)))
        feed.queue.put(Queued(Seen(near, 0, t, TRUCK)))
        time.sleep(0.15)
    feed.stop()
    thread.join(10)
    assert feed.error is None
    events = list(read_recording(path).events)
    tick_t, last_t, swapped = 0.0, 0.0, 0
    for event in events:
        if isinstance(event, Tick):
            tick_t = event.t
        elif isinstance(event, Seen) and event.t > tick_t:  # else it came too late for its tick, and changes nothing
            swapped += event.t < last_t
            last_t = event.t
    assert swapped == 0
    assert {event.camera for event in events if isinstance(event, Seen)} == {near, far}
    pipeline = Pipeline(config, section)
    again = [message for event in events for message in pipeline.step(event)]
    with bus.connect() as reader:
        found = [MESSAGE.validate_json(fields[b"m"]) for _, fields in reader.xrange(stream_key(config.id))]
    assert found == again


def test_what_waits_for_another_camera_when_the_section_ends_is_measured_and_recorded(bus, tmp_path):
    config, path = facing_gate(), tmp_path / "run.jsonl"
    section = sections(config)[0]
    near, far = section.cameras
    with bus.connect() as client:
        client.flushall()
        sink = RedisSink(bus.connect(), config.id, section.id, claim(client, config.id, section.id))
        recorder = RecordingWriter(path, config, dict.fromkeys(section.cameras, (WIDTH, HEIGHT)))
        feed = SectionThread(config, section, sink, recorder, lambda _: True)
        t = rounded(now())
        put = [CameraChanged(camera, 0, t, "online", WIDTH, HEIGHT) for camera in section.cameras]
        put += [Seen(near, 0, rounded(t + k / 100), TRUCK) for k in range(1, 9)]
        put.append(CameraChanged(far, 0, rounded(t + 0.1), "frozen", WIDTH, HEIGHT, reason="the picture stands still"))
        for event in put:
            feed.queue.put(Queued(event))
        feed.stop()
        feed.run()
        assert feed.error is None
        events = list(read_recording(path).events)
        assert [event.t for event in events if isinstance(event, Seen)] == [event.t for event in put if isinstance(event, Seen)]
        found = [MESSAGE.validate_json(fields[b"m"]) for _, fields in client.xrange(stream_key(config.id))]
    told = [(message.data.camera_id, message.data.state) for message in found if isinstance(message, CameraMessage)]
    assert sorted(told) == sorted([(near, "online"), (far, "online"), (far, "frozen")])
    pipeline = Pipeline(config, section)
    assert found == [message for event in events for message in pipeline.step(event)]


def test_frames_without_change_are_fed_and_recorded_as_such(bus, tmp_path):
    config, path = facing_gate(), tmp_path / "run.jsonl"
    section = sections(config)[0]
    near, _ = section.cameras
    with bus.connect() as client:
        client.flushall()
        sink = RedisSink(bus.connect(), config.id, section.id, claim(client, config.id, section.id))
        recorder = RecordingWriter(path, config, dict.fromkeys(section.cameras, (WIDTH, HEIGHT)), version=2)
        feed = SectionThread(config, section, sink, recorder, lambda _: True)
        t = rounded(now())
        put = [CameraChanged(near, 0, t, "online", WIDTH, HEIGHT), Seen(near, 0, rounded(t + 0.01), TRUCK)]
        put += [Unchanged(near, 0, rounded(t + k / 100)) for k in range(2, 9)]
        for event in put:
            feed.queue.put(Queued(event))
        feed.stop()
        feed.run()
        assert feed.error is None
        found = [MESSAGE.validate_json(fields[b"m"]) for _, fields in client.xrange(stream_key(config.id))]
    events = list(read_recording(path).events)
    assert [event for event in events if isinstance(event, Unchanged)] == put[2:]
    pipeline = Pipeline(config, section)
    assert found == [message for event in events for message in pipeline.step(event)]
