"""What people do with an alert: alarm states after ISA-18.2, a first version that knows acknowledging. Pure.

A firing alert that nobody handled is unacknowledged, a resolved one that nobody handled has returned; neither needs a message.
"""

from __future__ import annotations

from vision.errors import LaneWatchError
from vision.messages import AlarmChanged, AlarmData, AlertData, message_id, timestamp_of

__all__ = ["AlarmError", "acknowledge"]


class AlarmError(LaneWatchError):
    """Something that cannot be done with an alert in its present state."""


def acknowledge(gate: str, alert: AlertData, alarm: AlarmData | None, *, by: str, reason: str, t: float) -> AlarmChanged | None:
    """The message that an alert was acknowledged at t; None where it was before. Raises AlarmError for a pending alert."""
    if alert.state == "pending":
        raise AlarmError(f"alert {alert.alert_id} is pending: there is nothing to acknowledge until it fires")
    state = "acknowledged" if alert.state == "firing" else "normal"
    if alarm is not None and alarm.state in ("acknowledged", "normal"):
        return None
    data = AlarmData.model_validate({"alert_id": alert.alert_id, "state": state, "t": t, "by": by, "reason": reason})
    id_ = message_id(gate, "alarm.changed", alert.alert_id, t)
    return AlarmChanged(id=id_, timestamp=timestamp_of(t), gate=gate, data=data)
