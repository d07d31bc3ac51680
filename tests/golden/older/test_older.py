"""What version 0.1 wrote before the issue on rooms is still read: a recording of two minutes, and the checkpoint at its end.

The files are never made anew: whoever changes a format keeps reading them, or ends what was open in them.
"""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from vision.config import GateConfig, sections
from vision.core.events import CameraChanged, Seen, Tick
from vision.core.pipeline import Pipeline
from vision.messages import Message, VisitEnded
from vision.replay.recording import Recording, read_recording
from vision.replay.replay import merged, replay

HERE = Path(__file__).parent
SECONDS, LANES = 120, 5


@pytest.fixture
def recording() -> Recording:
    return read_recording(HERE / "recording.jsonl.gz")


@pytest.fixture
def gate(recording: Recording) -> GateConfig:
    assert recording.header.config is not None
    return recording.header.config


@pytest.fixture
def saved() -> dict[str, Any]:
    """The section's checkpoint as it lay in Redis."""
    return json.loads(gzip.decompress((HERE / "checkpoint.json.gz").read_bytes()))


def visit_ids(data: Any) -> set[str]:
    """The visits in a checkpoint, of whatever version."""
    if isinstance(data, list):
        return set[str]().union(*map(visit_ids, data))
    if not isinstance(data, dict):
        return set()
    own = {data["visit_id"]} if "visit_id" in data else set()
    return own.union(*map(visit_ids, data.values()))


def test_the_recording_is_read_and_replays(recording: Recording, gate: GateConfig, tmp_path: Path) -> None:
    events = list(recording.events)
    assert sum(isinstance(event, Seen) for event in events) == 600
    assert sum(isinstance(event, Tick) for event in events) == SECONDS
    replay(merged([iter(events)]), gate, tmp_path / "out")
    with (tmp_path / "out" / "lanes.csv").open(newline="") as file:
        lanes = list(csv.DictReader(file))
    with (tmp_path / "out" / "visits.csv").open(newline="") as file:
        visits = list(csv.DictReader(file))
    assert len(lanes) == SECONDS * LANES
    assert {row["quality"] for row in lanes} >= {"ok"}
    assert len(visits) >= 21
    assert sum(row["outcome"] == "departed" for row in visits) >= 3


@pytest.mark.parametrize("sees", [True, False])
def test_every_visit_open_in_the_checkpoint_goes_on_or_ends_as_lost(
    recording: Recording, gate: GateConfig, saved: dict[str, Any], sees: bool
) -> None:
    """sees: whether the camera shows the same vehicles after the restart, or nothing ever again."""
    opened, t = visit_ids(saved), saved["pipeline"]["t"]
    assert len(opened) >= 21
    (section,) = sections(gate)
    pipeline = Pipeline.restore(gate, section, saved["pipeline"])
    *_, last = (event for event in recording.events if isinstance(event, Seen))
    said: list[Message] = pipeline.step(CameraChanged("mast", 1, t + 0.1, "online", 640, 360))
    for number in range(1, 26):
        if sees:
            pipeline.step(Seen("mast", 1, round(t + 0.2 * number, 3), last.detections))
        if number % 5 == 0:
            said += pipeline.step(Tick(t + number // 5))
    ended = {message.data.visit_id: message.data.outcome for message in said if isinstance(message, VisitEnded)}
    assert opened <= visit_ids(pipeline.checkpoint()) | ended.keys()
    assert {outcome for id_, outcome in ended.items() if id_ in opened} <= {"lost"}
    assert not opened & visit_ids(pipeline.checkpoint()) & ended.keys()
