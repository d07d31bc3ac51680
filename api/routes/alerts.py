"""Alerts as the rules see them, and what people do with them."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.alarms.alarm_states import AlarmError, acknowledge, is_shelved, shelve, unshelved
from api.alarms.shelving import same_kind
from api.history.queries import find_alert, list_alerts
from api.routes.asking import AskHistory
from api.routes.bodies import Acknowledgement, AlarmAnswer, AlertPage, Shelving
from api.routes.examples import ALERTS
from api.routes.paging import After, FromTime, Limit, ToTime, cursor_of, cursor_text, given
from api.services import CallerOf, Services, ServicesOf
from api.web.problems import Problem
from vision.messages import AlarmData, AlertData

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])


@router.get("", responses={200: {"content": {"application/json": {"example": ALERTS}}}})
async def get_alerts(
    ask: AskHistory,
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
    page = await ask(list_alerts, where, (from_, to), cursor_of(after), limit)
    return AlertPage(alerts=page.items, next=cursor_text(page.next))


@router.post("/{alert_id}/acknowledge")
async def post_acknowledge(services: ServicesOf, caller: CallerOf, alert_id: str, request: Acknowledgement) -> AlarmAnswer:
    """Acknowledges an alert: an alarm.changed goes to the stream. Done twice, it changes nothing."""
    alert, alarm = await _found(services, alert_id)
    t, by = round(time.time(), 3), request.by or caller.kind
    try:
        message = acknowledge(services.config.id, alert, alarm, by=by, reason=request.reason, t=t)
    except AlarmError as error:
        raise Problem(409, str(error)) from None
    if message is None:
        return AlarmAnswer(alarm=alarm)
    await services.emitter.emit(message)
    return AlarmAnswer(alarm=message.data)


@router.post("/{alert_id}/shelve")
async def post_shelve(services: ServicesOf, caller: CallerOf, alert_id: str, request: Shelving) -> AlarmAnswer:
    """Puts an alert aside for a while: it asks nobody for attention, and neither does the same one when it fires again."""
    alert, _ = await _found(services, alert_id)
    t, by = round(time.time(), 3), request.by or caller.kind
    until = round(t + request.for_s, 3)
    try:
        message = shelve(services.config.id, alert, until=until, by=by, reason=request.reason, t=t)
    except AlarmError as error:
        raise Problem(409, str(error)) from None
    await services.emitter.emit(message)
    return AlarmAnswer(alarm=message.data)


@router.post("/{alert_id}/unshelve")
async def post_unshelve(services: ServicesOf, caller: CallerOf, alert_id: str, request: Acknowledgement) -> AlarmAnswer:
    """Ends shelving: an alert that still fires asks for attention again."""
    alert, alarm = await _found(services, alert_id)
    t, by = round(time.time(), 3), request.by or caller.kind
    if not is_shelved(alarm, t):
        raise Problem(409, f"alert {alert_id} is not shelved")
    view, gate = services.live.view, services.config.id
    others = [
        one for one in same_kind(view, alert) if one.alert_id != alert_id and is_shelved(view.alarms.get(one.alert_id), t)
    ]
    messages = [unshelved(gate, one, by=by, reason=request.reason, t=t) for one in (alert, *others)]
    await services.emitter.emit(*messages)
    return AlarmAnswer(alarm=messages[0].data)


async def _found(services: Services, alert_id: str) -> tuple[AlertData, AlarmData | None]:
    found = await services.store.executors.lookups.run(find_alert, services.store, alert_id)
    if found is None:
        raise Problem(404, f"there is no alert '{alert_id[:64]}'")
    return found
