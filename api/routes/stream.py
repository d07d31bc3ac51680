"""`WS /api/v1/stream`: everything current first, then every message as it comes.

Each text frame is {"position": ..., "message": ...}. The first message is a gate.snapshot; messages after its position
follow. `?after=POSITION&epoch=E` goes on after a position: resumed is true when the stream still held everything after it,
and then the missed messages come before the new ones. `?types=a,b` sends only those types, the snapshot always.
At a simulated gate gate.truth comes between the others; it stands in no stream, so its position is that of the message before.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Annotated, Final

from fastapi import APIRouter, Query, WebSocket
from starlette.websockets import WebSocketDisconnect

from api.services import Services, ServicesOf
from api.stream.hub import RESTARTED, Client, ClosedByHubError
from api.stream.live import frame_text
from api.stream.redis_bus import BUS_ERRORS, position_of
from api.stream.window import StreamSource
from api.tasks import first_of

__all__ = ["NOT_READY", "router", "until_gone"]

NOT_READY: Final = 1013
READY_S: Final = 10.0
CLOSING_S: Final = 2.0

router = APIRouter()


@router.websocket("/api/v1/stream")
async def stream(
    socket: WebSocket,
    services: ServicesOf,
    after: Annotated[str | None, Query()] = None,
    epoch: Annotated[str | None, Query()] = None,
    types: Annotated[str | None, Query()] = None,
) -> None:
    """Sends until the client goes, is too slow, or the stream is replaced."""
    await socket.accept()
    wanted = frozenset(types.split(",")) if types else None
    try:
        await first_of(_feed(socket, services, (after, epoch), wanted), until_gone(socket))
    except ClosedByHubError as closed:
        await _close(socket, closed.code, closed.reason)
    except (*BUS_ERRORS, TimeoutError):
        await _close(socket, NOT_READY, "the server is not ready: try again")
    except WebSocketDisconnect:
        pass


async def until_gone(socket: WebSocket) -> None:
    """Returns when the client has closed; what it sends is ignored."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _feed(
    socket: WebSocket, services: Services, place: tuple[str | None, str | None], types: frozenset[str] | None
) -> None:
    live, hub = services.live, services.live.hub
    async with asyncio.timeout(READY_S):
        await live.ready.wait()
    after = await _place_to_resume(services, *place)
    epoch, reached = live.epoch, after or hub.position
    snapshot = live.view.snapshot(epoch, reached, after is not None, time.time())
    await socket.send_text(frame_text(reached, snapshot.model_dump_json()))
    while live.epoch == epoch and position_of(hub.position) > position_of(reached):
        reached = await _send_missed(socket, services.source, (epoch, reached, hub.position), types)
    if live.epoch != epoch:
        raise ClosedByHubError(RESTARTED)
    with hub.joined(types) as client:  # nothing was awaited since the last comparison: no message lies between
        await first_of(_send_new(socket, client, position_of(reached)), _dropped(client))


async def _place_to_resume(services: Services, after: str | None, epoch: str | None) -> str | None:
    """The position to go on after; None where it cannot be gone on."""
    if after is None or epoch not in (None, services.live.epoch):
        return None
    try:
        position_of(after)
    except ValueError:
        return None
    return after if (await services.bus.bounds()).holds_after(after) else None


async def _send_missed(
    socket: WebSocket, source: StreamSource, span: tuple[str, str, str], types: frozenset[str] | None
) -> str:
    """Sends some of what the stream holds of a span; the position reached. Raises ClosedByHubError where it was trimmed."""
    entries = await source.between(*span)
    if not entries:
        raise ClosedByHubError(RESTARTED)
    for entry in entries:
        if entry.type_ is not None and (types is None or entry.type_ in types):
            await socket.send_text(frame_text(entry.position, entry.text))
    return entries[-1].position


async def _send_new(socket: WebSocket, client: Client, reached: tuple[int, int]) -> None:
    while True:
        frame = await client.next()
        if frame.position is None or position_of(frame.position) > reached:
            await socket.send_text(frame.text)


async def _dropped(client: Client) -> None:
    await client.gone.wait()
    raise ClosedByHubError(client.code)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    """Closes as far as the client lets it: one that does not read is left to the server's ping timeout."""
    with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(CLOSING_S):
            await socket.close(code, reason)
