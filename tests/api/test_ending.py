"""The api's tasks end also when a library swallows a cancellation, as redis-py does while it connects."""

import asyncio
import contextlib

from api.services import _end


async def swallows_the_first_cancellation():
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(60)
    await asyncio.sleep(60)


async def ends_at_once():
    await asyncio.sleep(60)


def test_a_swallowed_cancellation_is_repeated():
    async def run():
        tasks = [asyncio.create_task(swallows_the_first_cancellation()), asyncio.create_task(ends_at_once())]
        await asyncio.sleep(0)
        await asyncio.wait_for(_end(tasks), 10)
        return [task.cancelled() for task in tasks]

    assert asyncio.run(run()) == [True, True]


def test_no_task_is_no_trouble():
    asyncio.run(_end([]))
