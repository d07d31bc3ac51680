"""The bodies of docs/messages.md, docs/examples/messages.jsonl: one real message of each type.

`python scripts/example_messages.py` replays docs/examples/recording.jsonl.gz, gives its messages to a running api as a worker
would, and takes the snapshot, heartbeat and acknowledgement from that api, and a simulated gate's truth that it was told; then
`make docs` puts them into the page.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, get_args

import httpx
import redis
from websockets.sync.client import ClientConnection, connect

from api.commands.embedded_valkey import embedded_bus
from vision.config import GateConfig, load_gate
from vision.messages import MESSAGE, Message
from vision.redis_keys import epoch_key, stream_key
from vision.replay.recording import read_recording
from vision.replay.replay import Replay
from vision.simulation.layouts import LAYOUTS
from vision.simulation.scenarios import SCENARIOS
from vision.simulation.scene import Scene
from vision.simulation.truth_feed import TruthFeed

__all__ = ["main"]

ROOT: Final = Path(__file__).resolve().parent.parent
EXAMPLES: Final = ROOT / "docs" / "examples"
GATE_FILE: Final = ROOT / "config" / "kim-thanh.yaml"
TOKEN: Final = "token-of-the-example"  # noqa: S105 - of a server on loopback that lives for seconds
LIMIT_S: Final = 60.0
_FROM_A_SERVICE: Final = ("gate.snapshot", "alarm.changed", "service.heartbeat", "gate.truth")


def main() -> int:
    """Writes docs/examples/messages.jsonl."""
    config = load_gate(GATE_FILE)
    replayed = list(_replayed(config))
    found = _best(replayed)
    with tempfile.TemporaryDirectory(prefix="lanewatch-example-") as folder:
        found |= _from_a_service(config, replayed, found["alert.changed"], Path(folder))
    order = [model.model_fields["type"].default for model in get_args(get_args(Message)[0])]
    lines = [MESSAGE.dump_json(found[type_]).decode() for type_ in order]
    (EXAMPLES / "messages.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


def _replayed(config: GateConfig) -> Iterator[Message]:
    replay = Replay(config)
    for event in read_recording(EXAMPLES / "recording.jsonl.gz").events:
        yield from replay.step(event)


def _best(messages: Iterable[Message]) -> dict[str, Message]:
    """Of each type the last one that says the most: a firing alert, a visit that was seen from end to end."""
    best: dict[str, tuple[int, Message]] = {}
    for message in messages:
        worth = _worth(json.loads(message.model_dump_json(include={"data"}))["data"])
        if worth >= best.get(message.type, (0, message))[0]:
            best[message.type] = (worth, message)
    return {type_: message for type_, (_, message) in best.items()}


def _worth(data: dict[str, Any]) -> int:
    vehicles = data.get("vehicles")
    told = sum(value is not None for value in data.values()) + (min(len(vehicles), 2) if isinstance(vehicles, list) else 0)
    return told + 20 * (data.get("state") == "firing") + 10 * (data.get("outcome") == "departed")


def _from_a_service(config: GateConfig, messages: list[Message], alert: Message, folder: Path) -> dict[str, Message]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with embedded_bus(folder / "bus") as url, redis.Redis.from_url(url) as server:
        env = {"REDIS_URL": url, "LANEWATCH_GATE": str(GATE_FILE), "LANEWATCH_DATA": str(folder), "LANEWATCH_PORT": str(port)}
        server.set(epoch_key(config.id), "4c1f8e0a2b7d9635")
        for message in messages:
            if message.type != "alert.changed":  # the service folds the rules itself
                server.xadd(stream_key(config.id), {"m": message.model_dump_json()})
        service = _service({**os.environ, **env, "LANEWATCH_API_TOKEN": TOKEN}, port)
        with service as client, TruthFeed(url, config.id) as feed:
            return _heard(client, port, str(getattr(alert.data, "alert_id", "")), feed)


@contextmanager
def _service(env: dict[str, str], port: int) -> Iterator[httpx.Client]:
    process = subprocess.Popen([sys.executable, "-m", "api.cli", "api"], env=env, cwd=ROOT)
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False
        ) as client:
            deadline = time.monotonic() + LIMIT_S
            while not _current(client):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("the service did not come up")
                time.sleep(0.2)
            yield client
    finally:
        process.terminate()
        process.wait(timeout=20)


def _current(client: httpx.Client) -> bool:
    try:
        if client.get("/readyz").status_code != 200:
            return False
        return any(alert["state"] == "firing" for alert in client.get("/api/v1/gate").json()["data"]["alerts"])
    except httpx.TransportError:
        return False


def _heard(client: httpx.Client, port: int, alert_id: str, feed: TruthFeed) -> dict[str, Message]:
    found: dict[str, Message] = {}
    scene = Scene(LAYOUTS["two-masts"], SCENARIOS["jam"], seed=1)
    scene.advance(60.0)
    last = max(row.t for row in scene.truth.lanes)
    headers = {"Authorization": client.headers["Authorization"]}
    with connect(f"ws://127.0.0.1:{port}/api/v1/stream", additional_headers=headers, proxy=None) as stream:
        reason = {"reason": "lane EX2 is being opened"}
        client.post(f"/api/v1/alerts/{alert_id}/acknowledge", json=reason).raise_for_status()
        while not set(_FROM_A_SERVICE) <= set(found):
            message = _next(stream)
            found[message.type] = message
            if message.type == "gate.snapshot":
                feed.tell(time.time() // 1, [row for row in scene.truth.lanes if row.t == last])
    return {type_: found[type_] for type_ in _FROM_A_SERVICE}


def _next(stream: ClientConnection) -> Message:
    return MESSAGE.validate_python(json.loads(stream.recv(timeout=LIMIT_S))["message"])


if __name__ == "__main__":
    sys.exit(main())
