"""History holds no visit open that no worker has any more: what becomes of it, from Valkey to either database."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from api.history.store import Store
from api.history.tables import visits
from api.history.writing import load_state
from api.services import _end
from api.stream.follower import Follower
from api.stream.live import Live
from api.stream.outbox import Emitter
from api.stream.recorder import Recorder
from api.stream.redis_bus import Bus
from api.stream.window import StreamSource
from tests.support.crossroads import crossroads, frames, whole_section
from tests.support.gate_messages import vehicles, visit_ended, visit_id, visit_started
from tests.support.messages import alert_gate
from tests.support.redis import Valkey
from tests.support.roads import T0, Truck
from vision.config import GateConfig, sections
from vision.core.events import CameraChanged, ConfigChanged, Event, Tick
from vision.core.pipeline import Pipeline
from vision.messages import LaneVehicles, Message, Vehicles, message_id, timestamp_of

CONFIG = alert_gate()


@pytest.fixture(autouse=True)
def _saved_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.stream.recorder.BATCH_S", 0.02)


WAITING = [Truck("A", 2.0, 500.0), Truck("A", 10.0, 504.0, halt_m=20.0), Truck("B", 5.0, 500.0)]


def record(store: Store, bus: Valkey, *messages: Message, config: GateConfig = CONFIG) -> None:
    """Puts messages into the stream and runs a recorder, one that has just started, until it has them."""
    last = bus.add("g", *messages)[-1]

    def done() -> bool:
        state = load_state(store)
        return state is not None and state.position == last

    async def run() -> None:
        async with Bus(bus.url, "g") as own:
            source = StreamSource(own)
            recorder = Recorder(store, source, Emitter(store, own), config, webhooks=False, saved=lambda: None)
            follower = Follower(store, source, Live(config), seen=lambda _: None)
            tasks = [asyncio.create_task(recorder.run()), asyncio.create_task(follower.run())]
            deadline = time.monotonic() + 30
            while not await asyncio.to_thread(done):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.01)
            await _end(tasks)

    asyncio.run(run())


def outcomes(store: Store) -> dict[str, tuple[str, float | None]]:
    with store.read() as connection:
        return {row.visit_id: (row.outcome, row.left_t) for row in connection.execute(select(visits))}


def unknown(lane: str, t: float) -> LaneVehicles:
    data = Vehicles(lane_id=lane, t=t, vehicles=None)
    return LaneVehicles(id=message_id("g", "lane.vehicles", lane, t), timestamp=timestamp_of(t), gate="g", data=data)


def listed(lane: str, start: int, end: int, *names: str) -> list[Message]:
    return [vehicles(lane, float(t), *names) for t in range(start, end)]


A, B = visit_id("a"), visit_id("b")
OPENED: list[Message] = [visit_started("a", "EX1", 5.0), visit_started("b", "EX1", 6.0)]


def test_a_visit_that_is_listed_no_more_ended_as_lost_when_it_was_listed_last(store: Store, bus: Valkey) -> None:
    record(store, bus, *OPENED, *listed("EX1", 7, 20, "a", "b"), *listed("EX1", 20, 30, "b"))
    assert outcomes(store) == {A: ("open", None), B: ("open", None)}
    record(store, bus, *listed("EX1", 30, 32, "b"))
    assert outcomes(store) == {A: ("lost", 19.0), B: ("open", None)}
    with store.read() as connection:
        row = connection.execute(select(visits).where(visits.c.visit_id == A)).one()
    assert (row.end_censored, row.vehicle_class, row.first_seen_t) == (True, "truck", 5.0)


@pytest.mark.parametrize("cuts", [(), (3,), (16,), (22,), (25,), (3, 16, 22, 25)])
def test_restarts_of_the_api_change_nothing_about_it(store: Store, bus: Valkey, cuts: tuple[int, ...]) -> None:
    messages = [*OPENED, *listed("EX1", 7, 20, "a", "b"), *listed("EX1", 20, 40, "b")]
    edges = [0, *cuts, len(messages)]
    for start, end in pairwise(edges):
        record(store, bus, *messages[start:end])
    assert outcomes(store) == {A: ("lost", 19.0), B: ("open", None)}


def test_an_unknown_lane_says_nothing_about_its_visits(store: Store, bus: Valkey) -> None:
    record(store, bus, *OPENED, *listed("EX1", 7, 10, "a", "b"), *(unknown("EX1", float(t)) for t in range(10, 90)))
    assert {outcome for outcome, _ in outcomes(store).values()} == {"open"}
    record(store, bus, *listed("EX1", 90, 95, "b"))
    assert {outcome for outcome, _ in outcomes(store).values()} == {"open"}
    record(store, bus, *listed("EX1", 95, 102, "b"))
    assert outcomes(store) == {A: ("lost", 9.0), B: ("open", None)}


def test_a_visit_that_is_listed_again_in_time_stays_open(store: Store, bus: Valkey) -> None:
    record(store, bus, *OPENED, *listed("EX1", 7, 10, "a", "b"), *listed("EX1", 10, 19, "b"), *listed("EX1", 19, 20, "a", "b"))
    record(store, bus, *listed("EX1", 20, 29, "b"), *listed("EX1", 29, 60, "a", "b"))
    assert {outcome for outcome, _ in outcomes(store).values()} == {"open"}


def test_an_end_that_comes_late_counts(store: Store, bus: Valkey) -> None:
    record(store, bus, *OPENED, *listed("EX1", 7, 40, "b"), visit_started("a", "EX1", 5.0))
    assert outcomes(store)[A][0] == "lost"
    record(store, bus, visit_ended("a", "EX1", 5.0, left_t=8.5), *listed("EX1", 40, 60, "b"))
    assert outcomes(store)[A] == ("departed", 8.5)


def test_an_end_in_the_same_batch_counts(store: Store, bus: Valkey) -> None:
    record(store, bus, *OPENED, *listed("EX1", 7, 40, "b"), visit_ended("a", "EX1", 5.0, left_t=8.5))
    assert outcomes(store)[A] == ("departed", 8.5)


def test_visits_of_a_lane_that_nobody_measures_any_more_are_lost(store: Store, bus: Valkey) -> None:
    """The lane or its camera went from the configuration: no message of it comes again."""
    fewer = alert_gate(lanes={"EX2": "export", "IM1": "import"})
    record(store, bus, *OPENED, *listed("EX1", 7, 10, "a", "b"), *listed("EX2", 7, 10))
    record(store, bus, *listed("EX2", 10, 20), config=fewer)
    assert {outcome for outcome, _ in outcomes(store).values()} == {"open"}
    record(store, bus, *listed("EX2", 20, 22), config=fewer)
    assert outcomes(store) == {A: ("lost", 9.0), B: ("lost", 9.0)}


def test_visits_left_open_by_a_version_that_knew_no_such_end_are_lost(store: Store, bus: Valkey) -> None:
    """Of them history knows only what their rows say."""
    record(store, bus, visit_started("a", "EX1", 5.0, arrived_t=5.5), visit_started("b", "EX1", 6.0))
    with store.write() as connection:
        connection.exec_driver_sql("DELETE FROM open_visits")
    record(store, bus, *listed("EX1", 1000, 1012, "b"))
    assert outcomes(store) == {A: ("lost", 5.5), B: ("open", None)}


def _another_calibration(pipeline: Pipeline) -> Pipeline:
    pipeline.step(ConfigChanged(T0 + 30, crossroads(calibrated=())))
    return pipeline


def _another_version(pipeline: Pipeline) -> Pipeline:
    saved = json.loads(json.dumps(pipeline.checkpoint()))
    return Pipeline.restore(crossroads(), whole_section(), {**saved, "version": 1})


def _a_checkpoint_of_nothing(_: Pipeline) -> Pipeline:
    return Pipeline.restore(crossroads(), whole_section(), {})


def _another_section(_: Pipeline) -> Pipeline:
    config = crossroads(cameras=("cam",), lanes=("A", "B"))
    return Pipeline(config, sections(config)[0])


def _a_lane_less(pipeline: Pipeline) -> Pipeline:
    section = whole_section().model_copy(update={"lanes": ("A", "B")})
    return Pipeline.restore(crossroads(lanes=("A", "B")), section, json.loads(json.dumps(pipeline.checkpoint())))


@pytest.mark.parametrize(
    "change", [_another_calibration, _another_version, _a_checkpoint_of_nothing, _another_section, _a_lane_less]
)
def test_whatever_becomes_of_a_section_history_holds_open_what_is_there(
    store: Store, bus: Valkey, change: Callable[[Pipeline], Pipeline]
) -> None:
    events = frames(WAITING, 60)
    cut = events.index(Tick(T0 + 30)) + 1
    first = Pipeline(crossroads(), whole_section())
    messages = said(first, events[:cut])
    before = {visit.visit_id for visit in first.open_visits()}
    second = change(first)
    online: list[Event] = [CameraChanged(name, 0, T0 + 30.0, "online", 1920, 1080) for name in ("cam", "side")]
    messages += said(second, [*online, *events[cut:]])
    record(store, bus, *messages, config=second._config)
    found = outcomes(store)
    assert {key for key, (outcome, _) in found.items() if outcome == "open"} == {v.visit_id for v in second.open_visits()}
    gone = before - {visit.visit_id for visit in second.open_visits()}
    assert gone
    for key in gone:
        assert found[key] == ("lost", pytest.approx(T0 + 30, abs=0.5))


def said(pipeline: Pipeline, events: list[Any]) -> list[Message]:
    return [message for event in events for message in pipeline.step(event)]
