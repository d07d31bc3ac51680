"""The same real clip as a file and over RTSP: the same visits in the same order, at the same times, the same largest queue."""

from __future__ import annotations

import importlib.util
import os
import threading
import time
from pathlib import Path

import pytest

from api.commands.gates import single_gate
from tests.support.bus import running_bus
from tests.support.rtsp import serve
from vision.config import Section, sections
from vision.core.pipeline import Pipeline
from vision.detector import open_detector
from vision.file_source import FileSource
from vision.keys import stream_key
from vision.messages import MESSAGE, LaneMeasured, Message, VisitEnded, VisitStarted
from vision.models import prepare_weights
from vision.sinks import RedisSink, claim
from vision.video_events import events_of
from vision.worker import Parts, Worker

SHARED = Path(os.environ.get("LANEWATCH_SHARED", "../shared"))
CLIP, WEIGHTS = SHARED / "clips" / "composite_queue_4trucks.mp4", SHARED / "weights" / "yolo11n.pt"
HAS_ML = importlib.util.find_spec("torch") is not None

pytestmark = [
    pytest.mark.ml,
    pytest.mark.shared,
    pytest.mark.skipif(not HAS_ML, reason="needs the extra lanewatch[ml]"),
    pytest.mark.skipif(not CLIP.exists(), reason="needs ../shared/clips and ../shared/weights"),
]


def visits(messages: list[Message]) -> list[tuple[str, list[float | None]]]:
    """Each visit's class and times, relative to the first arrival."""
    last = {message.data.visit_id: message.data for message in messages if isinstance(message, VisitStarted | VisitEnded)}
    first = min(visit.first_seen_t for visit in last.values())
    times = [(v.first_seen_t, v.arrived_t, v.joined_t, v.left_t) for v in last.values()]
    classes = [visit.vehicle_class for visit in last.values()]
    return [(name, [None if t is None else t - first for t in row]) for name, row in zip(classes, times, strict=True)]


def largest_queue(messages: list[Message]) -> int:
    return max(message.data.queue_vehicles or 0 for message in messages if isinstance(message, LaneMeasured))


@pytest.mark.timeout(300)
def test_a_clip_over_rtsp_gives_the_visits_of_its_replay(tmp_path):
    gate = single_gate()
    (section,) = sections(gate)
    detector = open_detector(gate.detector, prepare_weights(str(WEIGHTS), tmp_path, device="cpu"))
    source = FileSource("cam", str(CLIP), fps=5, start=1_767_225_600.0, shape=detector.input_shape)
    pipeline = Pipeline(gate, section)
    replayed = [message for event in events_of([source], detector) for message in pipeline.step(event)]
    assert len(visits(replayed)) == 4

    with serve(CLIP, loop=False) as rtsp, running_bus() as bus, bus.client() as client:

        def sink(part: Section) -> RedisSink:
            return RedisSink(bus.client(), gate.id, part.id, claim(client, gate.id, part.id))

        worker = Worker(gate, Parts(detector, lambda config: {"cam": rtsp.url("cam")}, sink))
        thread = threading.Thread(target=worker.run)
        thread.start()

        def found() -> list[Message]:
            return [MESSAGE.validate_json(fields[b"m"]) for _, fields in client.xrange(stream_key(gate.id))]

        end = time.monotonic() + 75
        while sum(isinstance(message, VisitEnded) for message in found()) < 4 and time.monotonic() < end:
            time.sleep(0.5)
            if any(message.type == "camera.changed" and message.data.state == "offline" for message in found()):
                rtsp.fail("cam", "fin")  # the clip is over: it is not to begin again
        worker.stop()
        thread.join(15)
        live = found()

    assert largest_queue(live) == largest_queue(replayed)
    assert [name for name, _ in visits(live)] == [name for name, _ in visits(replayed)]
    for (_, ours), (_, theirs) in zip(visits(live), visits(replayed), strict=True):
        for t, expected in zip(ours, theirs, strict=True):
            assert (t is None) == (expected is None)
            assert t is None or t == pytest.approx(expected, abs=0.4)
