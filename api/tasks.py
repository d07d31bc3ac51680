"""Running coroutines beside each other until the first ends. asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

__all__ = ["first_of"]


async def first_of(*coroutines: Coroutine[object, object, None]) -> None:
    """Runs all until one ends, then ends the others; raises what that one raised."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if task in done:
            task.result()
