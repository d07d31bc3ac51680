"""The api ends when it is told to, also while it is still connecting."""

import time

from tests.support.api import running_api, settings_for
from tests.support.bus import running_bus
from tests.support.scenes import Lane, lane_messages
from vision.config import parse_gate
from vision.keys import stream_key

SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]


def test_it_ends_at_once_whenever_it_is_told_to(tmp_path):
    lanes = [{"id": "EX1", "direction": "export", "name": {"en": "EX1"}}]
    cameras = [{"id": "cam", "views": [{"lane": "EX1", "polygon": SQUARE}]}]
    gate = parse_gate({"id": "g", "name": {"en": "Gate"}, "lanes": lanes, "cameras": cameras}, "test gate")
    with running_bus() as bus, bus.client() as client:
        for message in lane_messages(gate, 1_767_225_600, Lane("EX1")):
            client.xadd(stream_key(gate.id), {"m": message.model_dump_json()})
        settings = settings_for(gate, tmp_path, bus.url)
        for _ in range(5):
            with running_api(settings, ready=False):
                began = time.monotonic()
            assert time.monotonic() - began < 8
