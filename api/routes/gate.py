"""The gate as a whole, and the contract: `GET /api/v1/gate`, `GET /api/v1/schema`."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter

from api.routes.examples import SNAPSHOT
from api.services import ServicesOf
from api.web.schema import message_schema
from vision.messages import GateSnapshot

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["gate"])


@router.get("/gate", responses={200: {"content": {"application/json": {"example": SNAPSHOT}}}})
async def get_gate(services: ServicesOf) -> GateSnapshot:
    """Everything current, as the message that a WebSocket begins with."""
    live = services.live
    return live.view.snapshot(live.epoch, live.hub.position, resumed=False, server_t=time.time())


@router.get("/schema")
async def get_schema() -> dict[str, Any]:
    """JSON Schema of every message."""
    return message_schema()
