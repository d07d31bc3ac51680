"""The outbox of the stream: what could not be sent is sent when the bus is back, without anybody asking again."""

import asyncio
import time
from contextlib import suppress

import pytest
from sqlalchemy import insert, update
from structlog.testing import capture_logs

from api.history.store import Store
from api.history.tables import emissions, lane_statuses
from api.history.writing import save_emissions
from api.stream import outbox as module
from api.stream.outbox import Emitter, keep_emitting
from api.stream.redis_bus import BUS_ERRORS, Bus
from tests.support.messages import lane_changed
from tests.support.redis import Valkey, valkey
from vision.redis_keys import statuses_key


def test_what_waits_while_the_bus_is_away_goes_out_once_it_is_back(lite: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OUTBOX_EVERY_S", 0.05)
    message = lane_changed("EX1", 1000, "closed")

    async def run(url: str) -> None:
        async with Bus(url, "g") as own:
            emitter = Emitter(lite, own)
            bus.kill()
            with pytest.raises(BUS_ERRORS):
                await emitter.emit(message)
            task = asyncio.create_task(keep_emitting(emitter))
            bus.start()
            deadline = time.monotonic() + 20
            while not await asyncio.to_thread(bus.messages, "g"):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.01)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    with valkey() as bus:
        asyncio.run(run(bus.url))
        assert bus.messages("g") == [message.model_dump_json()]


def test_what_cannot_be_read_in_the_outbox_holds_up_nothing(lite: Store, bus: Valkey) -> None:
    async def run() -> None:
        async with Bus(bus.url, "g") as own:
            emitter = Emitter(lite, own)
            with lite.write() as connection:
                save_emissions(connection, "g", [lane_changed("EX1", 1000, "closed")])
                connection.execute(update(emissions).values(body='{"type":"lane.gone"}'))
            await emitter.emit(lane_changed("EX1", 2000, "open"))
            await emitter.flush()

    with capture_logs() as logs:
        asyncio.run(run())
    assert bus.messages("g") == [lane_changed("EX1", 2000, "open").model_dump_json()]
    assert [line["log_level"] for line in logs] == ["error"], "it is said once"


def test_a_bus_that_lost_its_data_is_told_how_each_lane_stands(lite: Store, bus: Valkey) -> None:
    said = [lane_changed("EX1", 1000, "closed"), lane_changed("EX1", 2000, "open"), lane_changed("EX2", 1500, "closed")]

    async def run() -> None:
        async with Bus(bus.url, "g") as own:
            emitter = Emitter(lite, own)
            await emitter.emit(*said)
            bus.client.flushall()
            with lite.write() as connection:
                connection.execute(insert(lane_statuses).values(gate="g", lane_id="EX0", t=1, status="ajar", by="", reason=""))
            await emitter.repeat_statuses()
            await emitter.repeat_statuses()

    asyncio.run(run())
    assert sorted(bus.messages("g")) == sorted(message.model_dump_json() for message in said[1:])
    assert bus.client.hgetall(statuses_key("g")) == {one.data.lane_id: one.data.model_dump_json() for one in said[1:]}
