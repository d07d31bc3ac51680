import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from api.stream.redis_bus import BUS_ERRORS, Bounds, Bus, position_of
from tests.support.messages import heartbeat, lane_changed
from tests.support.redis import Valkey, valkey
from vision.redis_keys import emitted_key, statuses_key, stream_key, watch_key

T = TypeVar("T")


def on(server: Valkey, use: Callable[[Bus], Awaitable[T]]) -> T:
    async def run() -> T:
        async with Bus(server.url, "g") as bus:
            return await use(bus)

    return asyncio.run(run())


def test_the_epoch_stays_until_the_data_is_lost(bus: Valkey) -> None:
    first = on(bus, Bus.epoch)
    assert on(bus, Bus.epoch) == first
    bus.client.flushall()
    assert on(bus, Bus.epoch) != first


def test_a_message_of_one_id_is_appended_once(bus: Valkey) -> None:
    async def use(own: Bus) -> list[bool]:
        return [await own.append_once(heartbeat(t)) for t in (10, 10, 20, 10)]

    assert on(bus, use) == [True, False, True, False]
    assert bus.messages("g") == [heartbeat(10).model_dump_json(), heartbeat(20).model_dump_json()]
    assert bus.client.zcard(emitted_key("g")) == 2


def test_a_lanes_status_is_in_the_snapshot_with_its_message_and_the_newest_stays(bus: Valkey) -> None:
    closed, opened, late = (lane_changed("EX1", t, s) for t, s in ((20, "closed"), (30, "open"), (25, "closed")))

    def held() -> object:
        return bus.client.hgetall(statuses_key("g"))

    assert on(bus, lambda own: own.append_once(closed))
    assert held() == {"EX1": closed.data.model_dump_json()}
    assert on(bus, lambda own: own.append_once(opened))
    assert on(bus, lambda own: own.append_once(late))
    assert not on(bus, lambda own: own.append_once(closed))
    assert held() == {"EX1": opened.data.model_dump_json()}
    assert bus.messages("g") == [message.model_dump_json() for message in (closed, opened, late)]
    bus.client.hset(statuses_key("g"), "EX1", "{cut")
    assert on(bus, lambda own: own.append_once(lane_changed("EX1", 40, "closed")))
    assert held() == {"EX1": lane_changed("EX1", 40, "closed").data.model_dump_json()}


def test_reading_goes_on_after_a_position(bus: Valkey) -> None:
    positions = bus.add("g", heartbeat(10), heartbeat(20), heartbeat(30))

    async def use(own: Bus) -> tuple[list[str], list[str], list[object]]:
        read = [entry.position for entry in await own.read(positions[0], block_ms=1)]
        between = [entry.position for entry in await own.between(positions[0], positions[1])]
        return read, between, list(await own.read(positions[2], block_ms=1))

    assert on(bus, use) == (positions[1:], [positions[1]], [])


def test_bounds_say_what_can_be_gone_on_after(bus: Valkey) -> None:
    assert on(bus, Bus.bounds) == Bounds(None, "0-0", trimmed=False)
    positions = bus.add("g", *(heartbeat(t) for t in range(10, 60, 10)))
    whole = on(bus, Bus.bounds)
    assert all(whole.holds_after(position) for position in ["0-0", *positions])
    assert not whole.holds_after("99999999999999-0")
    bus.client.xtrim(stream_key("g"), minid=positions[2], approximate=False)
    cut = on(bus, Bus.bounds)
    assert [cut.holds_after(position) for position in ["0-0", *positions]] == [False, False, False, True, True, True]
    bus.client.xtrim(stream_key("g"), maxlen=0, approximate=False)
    empty = on(bus, Bus.bounds)
    assert [empty.holds_after(position) for position in positions] == [False] * 4 + [True]


def test_reading_survives_a_restart_of_the_server() -> None:
    async def use(server: Valkey) -> list[str]:
        async with Bus(server.url, "g") as own:
            epoch = await own.epoch()
            (position,) = server.add("g", heartbeat(10))
            waiting = asyncio.create_task(own.read(position, block_ms=5000))
            await asyncio.sleep(0.05)
            server.kill()
            with pytest.raises(BUS_ERRORS):
                await waiting
            server.start()
            server.add("g", heartbeat(20))
            assert await own.epoch() == epoch
            return [entry.text for entry in await own.read(position, block_ms=1000)]

    with valkey() as server:
        assert asyncio.run(use(server)) == [heartbeat(20).model_dump_json()]


def test_watching_sets_a_key_that_ends_and_pictures_arrive(bus: Valkey) -> None:
    async def use(own: Bus) -> str | None:
        await own.keep_watching("cam")
        pictures = own.pictures("cam")
        assert await anext(pictures) is None
        bus.client.publish("lanewatch:g:pictures:cam", "{}")
        found = await anext(pictures)
        await pictures.aclose()
        return found

    assert on(bus, use) == "{}"
    assert 8 <= int(bus.client.ttl(watch_key("g", "cam"))) <= 10  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "1", "1-", "-1", "a-b", "1-0-0", "٣-0", "1.5-0"])
def test_positions_are_checked(text: str) -> None:
    with pytest.raises(ValueError, match="is not a stream position"):
        position_of(text)
