"""Shelving: an alert that is put aside for a while, with whatever else its rule says of the same subject meanwhile.

`due` is pure: which changes time brings. Ids follow from what they are about, so that of two processes only one is heard.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.alarms.alarm_states import is_shelved, shelved_like, unshelved
from api.stream.gate_view import GateView
from api.stream.live import Live
from api.stream.outbox import Emitter
from api.stream.redis_bus import BUS_ERRORS
from vision.messages import AlarmChanged, AlarmData, AlertData

__all__ = ["due", "keep_shelves", "same_kind"]

SHELVES_EVERY_S: Final = 1.0
_log: Final = structlog.stdlib.get_logger(__name__)


async def keep_shelves(live: Live, emitter: Emitter) -> None:
    """Ends shelving when its time is over, and shelves what fires again before that, until it is cancelled."""
    while True:
        try:
            for message in due(live.view, time.time()):
                await emitter.emit(message)
        except (*BUS_ERRORS, SQLAlchemyError) as error:
            _log.warning("shelving: the bus or the database does not answer; trying again", error=error)
        await asyncio.sleep(SHELVES_EVERY_S)


def due(view: GateView, t: float) -> list[AlarmChanged]:
    """What is to be told at t."""
    gate = view.config.id
    firing = [alert for alert in view.alerts.values() if alert.state == "firing"]
    found = []
    for alert in firing:
        alarm = view.alarms.get(alert.alert_id)
        if alarm is None:
            pattern = next((held for held in _shelves(view, alert) if is_shelved(held, t)), None)
            if pattern is not None:
                found.append(shelved_like(gate, alert, pattern))
        elif alarm.state == "shelved" and alarm.until is not None and alarm.until <= t:
            found.append(unshelved(gate, alert, by="program", reason="the time is over", t=alarm.until))
    return found


def same_kind(view: GateView, alert: AlertData) -> Iterator[AlertData]:
    """Alerts that the same rule raised about the same subject, this one included."""
    about = (alert.rule, alert.scope, alert.subject)
    return (one for one in view.alerts.values() if (one.rule, one.scope, one.subject) == about)


def _shelves(view: GateView, alert: AlertData) -> Iterator[AlarmData]:
    for other in same_kind(view, alert):
        if (alarm := view.alarms.get(other.alert_id)) is not None:
            yield alarm
