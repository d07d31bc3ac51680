"""What people do with an alert: alarm states after ISA-18.2, as far as acknowledging and shelving go. Pure.

A firing alert that nobody handled is unacknowledged, a resolved one that nobody handled has returned; neither needs a message.
A shelved alert is put aside until a time, at most an hour away; then a firing one is unacknowledged again.
"""

from __future__ import annotations

from typing import Final

from vision.errors import LaneWatchError
from vision.messages import AlarmChanged, AlarmData, AlertData, message_id, timestamp_of

__all__ = [
    "LONGEST_SHELVING_S",
    "RESOLVED_KEPT_S",
    "AlarmError",
    "acknowledge",
    "is_shelved",
    "shelve",
    "shelved_like",
    "unshelved",
]

RESOLVED_KEPT_S: Final = 3600
"""How long a resolved alert belongs to the present."""
LONGEST_SHELVING_S: Final = RESOLVED_KEPT_S
"""No longer than a resolved alert is remembered. What is to be quiet for longer needs another rule."""


class AlarmError(LaneWatchError):
    """Something that cannot be done with an alert in its present state."""


def acknowledge(gate: str, alert: AlertData, alarm: AlarmData | None, *, by: str, reason: str, t: float) -> AlarmChanged | None:
    """The message that an alert was acknowledged at t; None where it was before. Raises AlarmError for a pending alert."""
    if alert.state == "pending":
        raise AlarmError(f"alert {alert.alert_id} is pending: there is nothing to acknowledge until it fires")
    state = "acknowledged" if alert.state == "firing" else "normal"
    if alarm is not None and alarm.state in ("acknowledged", "normal"):
        return None
    return _changed(gate, alert, {"state": state, "t": t, "by": by, "reason": reason})


def shelve(gate: str, alert: AlertData, *, until: float, by: str, reason: str, t: float) -> AlarmChanged:
    """The message that an alert was shelved at t. Raises AlarmError for one that does not fire."""
    if alert.state != "firing":
        raise AlarmError(f"alert {alert.alert_id} is {alert.state}: only an alert that fires can be shelved")
    return _changed(gate, alert, {"state": "shelved", "t": t, "by": by, "reason": reason, "until": until})


def shelved_like(gate: str, alert: AlertData, pattern: AlarmData) -> AlarmChanged:
    """The message that an alert is shelved because one of its kind is: it has fired again meanwhile."""
    return _changed(gate, alert, pattern.model_dump() | {"t": alert.t})


def unshelved(gate: str, alert: AlertData, *, by: str, reason: str, t: float) -> AlarmChanged:
    """The message that shelving ended at t: a firing alert asks for attention again."""
    state = "unacknowledged" if alert.state == "firing" else "normal"
    return _changed(gate, alert, {"state": state, "t": t, "by": by, "reason": reason})


def is_shelved(alarm: AlarmData | None, t: float) -> bool:
    """Whether an alert is put aside at t."""
    return alarm is not None and alarm.state == "shelved" and (alarm.until is None or t < alarm.until)


def _changed(gate: str, alert: AlertData, values: dict[str, object]) -> AlarmChanged:
    data = AlarmData.model_validate(values | {"alert_id": alert.alert_id})
    id_ = message_id(gate, "alarm.changed", alert.alert_id, data.t)
    return AlarmChanged(id=id_, timestamp=timestamp_of(data.t), gate=gate, data=data)
