"""SIGKILL in mid-queue: the section goes on in another process with the visits of an undisturbed run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.redis import Valkey, valkey
from tests.support.roads import HEIGHT, T0, WIDTH, Truck, drive, gate, section
from vision.core.pipeline import Pipeline
from vision.messages import MESSAGE, LaneMeasured, Message, VisitData, VisitEnded, VisitStarted
from vision.redis_keys import stream_key
from vision.replay.recording import RecordingWriter

TRUCKS = [
    Truck("A", 2.0, 60.0),
    Truck("A", 10.0, 64.0, halt_m=20.0),
    Truck("A", 17.0, 72.0, halt_m=38.5, length_m=8.0, height_m=3.2),
    Truck("B", 5.0, 52.0),
    Truck("B", 52.0, 70.0, halt_m=1.0),
]
KILLED_S, BACK_S, END_S = 30.4, 35.0, 105.0


def feed(bus: Valkey, recording: Path, after_s: float, until_s: float, session: int) -> None:
    """Feeds a part of the recording in a process of its own and ends that with SIGKILL."""
    command = [sys.executable, "-m", "tests.support.section_process", bus.url, str(recording)]
    command += [str(T0 + after_s), str(T0 + until_s), str(session)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"fed\n"
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def ended(messages: list[Message]) -> dict[str, VisitData]:
    return {message.data.visit_id: message.data for message in messages if isinstance(message, VisitEnded)}


def test_a_section_killed_in_mid_queue_has_the_visits_of_one_that_was_not(tmp_path: Path) -> None:
    recording = tmp_path / "queue.jsonl"
    events = drive(TRUCKS, END_S)
    with RecordingWriter(recording, gate(), {"cam": (WIDTH, HEIGHT)}) as writer:
        for event in events:
            writer.write(event)
    undisturbed = Pipeline(gate(), section(gate()))
    plain = [message for event in events for message in undisturbed.step(event)]
    with valkey() as bus:
        feed(bus, recording, -1.0, KILLED_S, 0)
        feed(bus, recording, BACK_S, END_S, 1)
        with bus.connect() as client:
            found = [MESSAGE.validate_json(fields[b"m"]) for _, fields in client.xrange(stream_key(gate().id))]
    assert len({message.id for message in found}) == len(found), "nothing is written twice"
    started = [message.data.visit_id for message in found if isinstance(message, VisitStarted)]
    assert started == [message.data.visit_id for message in plain if isinstance(message, VisitStarted)]
    wanted, visits = ended(plain), ended(found)
    assert list(visits) == list(wanted)
    assert len(visits) == len(TRUCKS)
    for visit_id, visit in visits.items():
        assert (visit.outcome, visit.lane_id) == ("departed", wanted[visit_id].lane_id)
        assert visit.left_t is not None
        assert visit.arrived_t is not None
        dwell = (wanted[visit_id].left_t or 0.0) - (wanted[visit_id].arrived_t or 0.0)
        assert visit.left_t - visit.arrived_t == pytest.approx(dwell, abs=2.0)
    after = [m for m in found if isinstance(m, LaneMeasured) and m.data.t > T0 + BACK_S]
    assert all(message.data.audit.residue == 0 for message in after)
    assert after[0].data.vehicles == 3
