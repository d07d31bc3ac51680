"""The outbox of the stream: what could not be sent is sent when the bus is back, without anybody asking again."""

import asyncio
import time
from contextlib import suppress

import pytest

from api.history.store import Store
from api.history.tables import emissions
from api.history.writing import save_emissions
from api.stream import outbox as module
from api.stream.outbox import Emitter, keep_emitting
from api.stream.redis_bus import BUS_ERRORS, Bus
from tests.support.messages import lane_changed
from tests.support.redis import valkey


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


def test_what_is_not_understood_stops_nothing(lite: Store) -> None:
    first, last = lane_changed("EX1", 1000, "closed"), lane_changed("EX1", 1001, "open")
    with lite.write() as connection:
        save_emissions(connection, "g", [first])
        connection.execute(emissions.insert().values(gate="g", message_id="x", body='{"type":"lane.weighed"}'))
        save_emissions(connection, "g", [last])

    async def run(url: str) -> None:
        async with Bus(url, "g") as own:
            await Emitter(lite, own).flush()

    with valkey() as bus:
        asyncio.run(run(bus.url))
        assert bus.messages("g") == [first.model_dump_json(), last.model_dump_json()]
