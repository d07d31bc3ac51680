"""One section in a process of its own, to be killed: python -m tests.support.section_process BUS RECORDING FROM UNTIL SESSION.

Feeds the recording's events of FROM < t <= UNTIL as the camera's session SESSION, from the section's checkpoint on, each
tick's messages written with the next checkpoint as the worker does it. Then says so and waits for its end.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from vision.config import sections
from vision.core.events import CameraChanged, Seen, Tick
from vision.core.pipeline import Pipeline
from vision.replay.recording import Checkpoint, read_recording
from vision.worker.redis_sink import RedisSink, claim, connect


def main() -> None:
    """Feeds, then waits to be killed."""
    bus, path, after, until, session = sys.argv[1:]
    recording = read_recording(Path(path))
    config = recording.header.config
    assert config is not None
    section = sections(config)[0]
    client = connect(bus)
    sink = RedisSink(client, config.id, section.id, claim(client, config.id, section.id))
    saved = sink.checkpoint()
    pipeline = Pipeline(config, section) if saved is None else Pipeline.restore(config, section, saved)
    size = recording.header.cameras["cam"]
    pipeline.step(CameraChanged("cam", int(session), float(after), "online", size.width, size.height))
    for event in recording.events:
        if not float(after) < event.t <= float(until) or isinstance(event, CameraChanged | Checkpoint):
            continue
        messages = pipeline.step(replace(event, session=int(session)) if isinstance(event, Seen) else event)
        if isinstance(event, Tick):
            sink.outgoing.put(messages, json.dumps(pipeline.checkpoint()))
            sink.flush()
    sys.stdout.write("fed\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
