"""Records one WebSocket session of a running gate for the tests of both folds: `python -m tests.api.stream.record_session`.

Real bus, api, pipeline and alert rules; the client loses its connection once and goes on. What a worker never does but a
stream may bring is put into it as well: messages that come late, twice, of a lane that the gate has not. `frames.jsonl` has
what the page was sent, `end.json` what the running api held in the end.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from websockets.sync.client import ClientConnection

from tests.support.api import Api, eventually, running_api, settings_for
from tests.support.messages import camera_changed, lane_changed, measured
from tests.support.redis import Valkey, valkey
from tests.support.roads import Truck, drive, gate, section
from tests.support.truth import true_row
from vision.config import AlertRule, GateConfig
from vision.core.pipeline import Pipeline
from vision.messages import LaneMeasured, LaneVehicles, Message
from vision.simulation.truth_feed import TruthFeed

__all__ = ["SESSION", "present"]

SESSION: Final = Path(__file__).with_name("session")
TRUCKS: Final = (
    Truck("A", enters_t=-14.0, go_t=16.0),
    Truck("A", enters_t=-8.0, go_t=22.0, halt_m=20.0),
    Truck("B", enters_t=-13.0, go_t=500.0),
)
TOLD_EVERY_S: Final = 2
HOUR_S: Final = 3700
AHEAD_S: Final = 60
"""How far event time is ahead of the api's clock, or its heartbeats would find lanes silent, which are told in bursts."""

Frame = dict[str, Any]


def the_gate() -> GateConfig:
    """Two lanes and a camera; a rule for a lane's queue, one for the whole gate."""
    rules = (
        AlertRule(name="queue", measure="queue_vehicles", fire_at=2, clear_at=1, for_s=3, keep_firing_for_s=2),
        AlertRule(name="busy", scope="gate", measure="vehicles", fire_at=3, clear_at=0, for_s=2),
    )
    return gate().model_copy(update={"alerts": rules})


def present(snapshot: Frame) -> Frame:
    """What both folds must agree on, of a snapshot's data: no clock, no place in a stream, alerts by their ids."""
    names = ("info", "lanes", "vehicles", "statuses", "cameras", "alarms", "simulation")
    return {name: snapshot[name] for name in names} | {"alerts": {one["alert_id"]: one for one in snapshot["alerts"]}}


class _Session:
    """A client of the running api that keeps every frame."""

    def __init__(self, api: Api, bus: Valkey) -> None:
        self.api, self.bus = api, bus
        self.frames: list[Frame] = []
        self._connection = ExitStack()

    def connect(self) -> None:
        """Connects, where a connection was lost with the place that was reached."""
        query = ""
        if self.frames:
            epoch = next(f["message"]["data"]["epoch"] for f in self.frames if f["message"]["type"] == "gate.snapshot")
            query = f"?after={self.frames[-1]['position']}&epoch={epoch}"
        self._client: ClientConnection = self._connection.enter_context(self.api.socket(query))
        self.until("gate.snapshot")

    def lose(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def until(self, type_: str, like: Callable[[Frame], bool] = lambda _: True) -> Frame:
        """Reads on to the next message of a type whose data is like that."""
        while True:
            frame = json.loads(self._client.recv(timeout=15))
            self.frames.append(frame)
            if frame["message"]["type"] == type_ and like(frame["message"]["data"]):
                return dict(frame["message"]["data"])

    def add(self, *messages: Message | str) -> None:
        """Puts messages into the stream, as objects or as they were sent."""
        self.bus.add("g", *messages)

    def post(self, path: str, **body: Any) -> None:
        """What an operator does."""
        answer = self.api.http.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 200, answer.text

    def earlier(self, type_: str) -> list[str]:
        """The messages of a type that came so far, as they were sent."""
        return [json.dumps(frame["message"]) for frame in self.frames if frame["message"]["type"] == type_]


def _worker(config: GateConfig, t0: float) -> list[Message]:
    """Half a minute of what a worker sends, of the lanes only every other second."""
    pipeline = Pipeline(config, section(config))
    messages = [message for event in drive(TRUCKS, 30.0, t0=t0) for message in pipeline.step(event)]
    lanes = LaneMeasured | LaneVehicles
    return [m for m in messages if not isinstance(m, lanes) or (m.data.t - t0) % TOLD_EVERY_S == 0]


def _play(session: _Session, feed: TruthFeed, t0: float) -> None:
    messages = _worker(the_gate(), t0)
    turn = next(index for index, message in enumerate(messages) if message.timestamp.timestamp() > t0 + 12)
    session.connect()
    session.add(*messages[:turn])
    busy = session.until("alert.changed", lambda data: data["rule"] == "busy" and data["state"] == "firing")
    queue = session.until("alert.changed", lambda data: data["rule"] == "queue" and data["state"] == "firing")
    _people(session, queue["alert_id"], busy["alert_id"])
    feed.tell(time.time(), [true_row("A"), true_row("B")])
    session.until("gate.truth")
    session.add(camera_changed("cam", t0 + 13, "offline"), camera_changed("cam", t0 + 14, "online"))
    _late_and_twice(session, t0)
    session.lose()
    session.add(*messages[turn:])
    eventually(lambda: queue["alert_id"] in {a["alert_id"] for a in _held(session) if a["state"] == "resolved"})
    session.connect()
    session.until("lane.measured", lambda data: data["t"] == t0 + 30 and data["lane_id"] == "B")
    _an_hour_later(session, t0 + HOUR_S)
    feed.tell(time.time(), [true_row("A", queue_vehicles=0), true_row("B")])
    session.until("gate.truth")


def _people(session: _Session, queue: str, busy: str) -> None:
    session.post(f"alerts/{queue}/acknowledge", by="Trần Minh")
    session.until("alarm.changed", lambda data: data["state"] == "acknowledged")
    session.post(f"alerts/{busy}/shelve", for_s=1800, by="Lê An", reason="a convoy, as planned")
    session.until("alarm.changed", lambda data: data["state"] == "shelved")
    session.post(f"alerts/{busy}/unshelve", by="Lê An")
    session.until("alarm.changed", lambda data: data["state"] == "unacknowledged")
    session.post(f"alerts/{busy}/shelve", for_s=3600, by="Lê An", reason="it takes longer")
    session.until("alarm.changed", lambda data: data["state"] == "shelved")
    session.post("lanes/B/status", status="closed", by="Lê An", reason="repairs")
    session.until("lane.changed", lambda data: data["status"] == "closed")


def _late_and_twice(session: _Session, t0: float) -> None:
    session.add(*session.earlier("alert.changed"), *session.earlier("alarm.changed"), *session.earlier("lane.vehicles")[:2])
    session.add(lane_changed("B", t0 - 60, "open"), camera_changed("cam", t0 - 60, "dark"))
    session.add(camera_changed("gone", t0 + 13, "dark"), measured("C", t0 + 12, queue_vehicles=1))
    session.add(measured("A", t0 + 3, queue_vehicles=7))
    session.until("lane.measured", lambda data: data["queue_vehicles"] == 7)


def _an_hour_later(session: _Session, t: float) -> None:
    before = session.earlier("alert.changed"), session.earlier("alarm.changed")
    for second, vehicles in ((0, 3), (1, 3), (5, 3), (6, 0), (7, 0), (9, 0)):
        session.add(*(measured(lane, t + second, queue_vehicles=vehicles, vehicles=vehicles or 1) for lane in "AB"))
    session.until("alert.changed", lambda data: data["rule"] == "queue" and data["state"] == "resolved" and data["t"] > t)
    session.until("alert.changed", lambda data: data["rule"] == "queue" and data["state"] == "resolved" and data["t"] > t)
    session.add(*before[0], *before[1], measured("A", t + 20, queue_vehicles=0, vehicles=1))
    session.until("lane.measured", lambda data: data["t"] == t + 20)


def _held(session: _Session) -> list[Frame]:
    return list(session.api.get("/api/v1/gate")["data"]["alerts"])


def record(folder: Path) -> None:
    """Records a session into a folder."""
    with valkey() as bus, tempfile.TemporaryDirectory() as data:
        config = the_gate()
        with running_api(settings_for(config, Path(data), bus.url)) as api, TruthFeed(bus.url, config.id) as feed:
            session = _Session(api, bus)
            _play(session, feed, float(int(time.time()) + AHEAD_S))
            end = present(api.get("/api/v1/gate")["data"])
            session.lose()
    folder.mkdir(exist_ok=True)
    lines = [json.dumps(frame, ensure_ascii=False, separators=(",", ":")) for frame in session.frames]
    (folder / "frames.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = json.dumps(end, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / "end.json").write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(session.frames)} frames\n")


if __name__ == "__main__":
    record(SESSION)
