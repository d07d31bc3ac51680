"""Alerts as the rules see them, and what people do with them."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.alarms import AlarmError, acknowledge
from api.answers import Acknowledgement, AlarmAnswer, AlertPage
from api.examples import ALERTS
from api.history import find_alert, list_alerts
from api.paging import After, FromTime, Limit, ToTime, cursor_of, cursor_text, given
from api.problems import Problem
from api.services import CallerOf, ServicesOf

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])


@router.get("", responses={200: {"content": {"application/json": {"example": ALERTS}}}})
async def get_alerts(
    services: ServicesOf,
    *,
    state: Annotated[Literal["pending", "firing", "resolved"] | None, Query(description="Only in this state.")] = None,
    severity: Annotated[Literal["info", "warning", "critical"] | None, Query(description="Only of this severity.")] = None,
    subject: Annotated[str | None, Query(max_length=64, description="Only about this lane, direction or camera.")] = None,
    rule: Annotated[str | None, Query(max_length=64, description="Only of this rule.")] = None,
    from_: FromTime = 0.0,
    to: ToTime = 1e12,
    after: After = None,
    limit: Limit = 100,
) -> AlertPage:
    """Alerts by the time their value first reached the threshold."""
    where = given(state=state, severity=severity, subject=subject, rule=rule)
    page = await asyncio.to_thread(list_alerts, services.store, where, (from_, to), cursor_of(after), limit)
    return AlertPage(alerts=page.items, next=cursor_text(page.next))


@router.post("/{alert_id}/acknowledge")
async def post_acknowledge(services: ServicesOf, caller: CallerOf, alert_id: str, request: Acknowledgement) -> AlarmAnswer:
    """Acknowledges an alert: an alarm.changed goes to the stream. Done twice, it changes nothing."""
    found = await asyncio.to_thread(find_alert, services.store, alert_id)
    if found is None:
        raise Problem(404, f"there is no alert '{alert_id[:64]}'")
    alert, alarm = found
    t, by = round(time.time(), 3), request.by or caller.kind
    try:
        message = acknowledge(services.config.id, alert, alarm, by=by, reason=request.reason, t=t)
    except AlarmError as error:
        raise Problem(409, str(error)) from None
    if message is None:
        return AlarmAnswer(alarm=alarm)
    await services.emitter.emit(message)
    return AlarmAnswer(alarm=message.data)
