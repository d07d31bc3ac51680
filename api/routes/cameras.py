"""Pictures of a camera for as long as somebody watches: `WS .../watch` and `GET .../picture`. Nothing is stored."""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress
from typing import Final

from fastapi import APIRouter, Response, WebSocket
from starlette.websockets import WebSocketDisconnect

from api.routes.stream import until_gone
from api.services import ServicesOf
from api.stream.pictures import Watcher
from api.tasks import first_of
from api.web.problems import Problem
from vision.message_parsing import tolerant_data
from vision.messages import PictureEvent

__all__ = ["router"]

PICTURE_S: Final = 3.0
UNKNOWN_CAMERA: Final = 4404

router = APIRouter(prefix="/api/v1/cameras", tags=["cameras"])


@router.websocket("/{camera_id}/watch")
async def watch(socket: WebSocket, services: ServicesOf, camera_id: str) -> None:
    """Sends PictureEvents as JSON text, about one a second; a slow client gets the newest and never the ones between."""
    await socket.accept()
    if camera_id not in {camera.id for camera in services.config.cameras}:
        await socket.close(UNKNOWN_CAMERA, "there is no camera of that id")
        return
    with suppress(WebSocketDisconnect):
        async with services.pictures.watching(camera_id) as watcher:
            await first_of(_send(socket, watcher), until_gone(socket))


@router.get(
    "/{camera_id}/picture",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "The newest picture."}},
)
async def get_picture(services: ServicesOf, camera_id: str) -> Response:
    """A picture as JPEG, made now; waits a few seconds for it."""
    known = [camera.id for camera in services.config.cameras]
    if camera_id not in known:
        raise Problem(404, f"there is no camera '{camera_id[:64]}'; cameras are {', '.join(known)}")
    try:
        async with asyncio.timeout(PICTURE_S), services.pictures.watching(camera_id) as watcher:
            while (picture := tolerant_data(PictureEvent, await watcher.next())) is None:
                pass  # another one comes
    except TimeoutError:
        state = services.live.view.cameras.get(camera_id)
        known_state = f"it is {state.state}" if state else "nothing is known of it yet"
        sentence = f"camera '{camera_id}' gave no picture within {PICTURE_S:g} s: {known_state}"
        raise Problem(503, sentence, {"Retry-After": "5"}) from None
    return Response(base64.b64decode(picture.jpeg_base64), media_type="image/jpeg", headers={"Cache-Control": "no-store"})


async def _send(socket: WebSocket, watcher: Watcher) -> None:
    while True:
        await socket.send_text(await watcher.next())
