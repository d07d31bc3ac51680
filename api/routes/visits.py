"""Visits: every vehicle's stay in a lane, newest first, in pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.history.queries import list_visits
from api.routes.asking import AskHistory
from api.routes.bodies import VisitPage
from api.routes.examples import VISITS
from api.routes.paging import After, FromTime, Limit, ToTime, cursor_of, cursor_text, given
from vision.vocabulary import Outcome, VehicleClass

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/visits", tags=["visits"])


@router.get("", responses={200: {"content": {"application/json": {"example": VISITS}}}})
async def get_visits(
    ask: AskHistory,
    *,
    lane: Annotated[str | None, Query(max_length=64, description="Only of this lane.")] = None,
    outcome: Annotated[Outcome | None, Query(description="Only with this outcome.")] = None,
    vehicle_class: Annotated[VehicleClass | None, Query(description="Only of this class.")] = None,
    from_: FromTime = 0.0,
    to: ToTime = 1e12,
    after: After = None,
    limit: Limit = 100,
) -> VisitPage:
    """Visits by the time they were first seen."""
    where = given(lane_id=lane, outcome=outcome, vehicle_class=vehicle_class)
    page = await ask(list_visits, where, (from_, to), cursor_of(after), limit)
    return VisitPage(visits=page.items, next=cursor_text(page.next))
