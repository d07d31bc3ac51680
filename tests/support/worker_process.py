"""A worker in a process of its own, to be killed: python -m tests.support.worker_process BUS MODEL URL."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.gates import single_gate
from vision.config import Section
from vision.detection.open_detector import open_detector
from vision.worker.redis_sink import RedisSink, claim, connect
from vision.worker.worker import Parts, Worker


def main() -> None:
    """Runs until it is killed."""
    bus, model, url = sys.argv[1:]
    gate = single_gate()

    def sink(section: Section) -> RedisSink:
        client = connect(bus)
        return RedisSink(client, gate.id, section.id, claim(client, gate.id, section.id))

    detector = open_detector(gate.detector, Path(model))
    Worker(gate, Parts(detector, lambda config: {camera.id: url for camera in config.cameras}, sink)).run()


if __name__ == "__main__":
    main()
