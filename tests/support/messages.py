"""Builders of messages for tests, the sample messages varied: only what matters is given."""

from typing import Any

from vision.config import AlertRule, GateConfig, parse_gate
from vision.messages import (
    CameraMessage,
    LaneChanged,
    LaneMeasured,
    Measurement,
    Message,
    Percentiles,
    ServiceHeartbeat,
    message_id,
    timestamp_of,
)
from vision.sample_messages import CAMERA_CHANGED, LANE_CHANGED, LANE_MEASURED, SERVICE_HEARTBEAT
from vision.vocabulary import CameraState, LaneState

__all__ = ["alert_gate", "camera_changed", "heartbeat", "lane_changed", "measured", "subject_of"]

GATE = "g"


def alert_gate(*rules: AlertRule, lanes: dict[str, str] | None = None) -> GateConfig:
    """A gate `g` with these lanes (id to direction; default EX1 EX2 export, IM1 import), one camera each, and these rules."""
    lanes = lanes or {"EX1": "export", "EX2": "export", "IM1": "import"}
    square = [[0, 0], [1, 0], [1, 1], [0, 1]]
    data = {
        "id": GATE,
        "name": {"en": "Gate"},
        "lanes": [{"id": lane, "direction": direction, "name": {"en": lane}} for lane, direction in lanes.items()],
        "cameras": [{"id": f"cam-{lane}", "views": [{"lane": lane, "polygon": square}]} for lane in lanes],
        "alerts": [rule.model_dump() for rule in rules],
    }
    return parse_gate(data, "test gate")


def measured(lane: str, t: float, quality: str = "ok", censored: bool = False, **values: Any) -> LaneMeasured:
    """One lane.measured; what is not given is None."""
    unmeasured = {name: None for name, value in LANE_MEASURED.data if isinstance(value, int | float | str) or value is None}
    durations = dict.fromkeys(("wait_s", "service_s", "dwell_s"), Percentiles())
    known = {"lane_id": lane, "t": t, "quality": quality, "censored": censored}
    data = Measurement.model_validate(dict(LANE_MEASURED.data) | unmeasured | durations | known | values)
    return LaneMeasured(id=message_id(GATE, "lane.measured", lane, t), timestamp=timestamp_of(t), gate=GATE, data=data)


def camera_changed(camera: str, t: float, state: CameraState) -> CameraMessage:
    """One camera.changed."""
    data = CAMERA_CHANGED.data.model_copy(update={"camera_id": camera, "t": t, "state": state})
    return CameraMessage(id=message_id(GATE, "camera.changed", camera, t), timestamp=timestamp_of(t), gate=GATE, data=data)


def lane_changed(lane: str, t: float, status: LaneState) -> LaneChanged:
    """One lane.changed."""
    data = LANE_CHANGED.data.model_copy(update={"lane_id": lane, "t": t, "status": status})
    return LaneChanged(id=message_id(GATE, "lane.changed", lane, t), timestamp=timestamp_of(t), gate=GATE, data=data)


def heartbeat(t: float) -> ServiceHeartbeat:
    """One service.heartbeat."""
    data = SERVICE_HEARTBEAT.data.model_copy(update={"t": t})
    return ServiceHeartbeat(id=message_id(GATE, "service.heartbeat", "", t), timestamp=timestamp_of(t), gate=GATE, data=data)


def subject_of(message: Message) -> str:
    """What a message is about: the visit, lane, camera or alert, else the gate."""
    ids = (getattr(message.data, name, None) for name in ("visit_id", "lane_id", "camera_id", "alert_id"))
    return next(filter(None, ids), message.gate)
