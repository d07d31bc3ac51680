"""Builders of messages for tests: only what matters is given."""

from typing import Any

from vision.config import AlertRule, GateConfig, parse_gate
from vision.messages import (
    Audit,
    CameraData,
    CameraMessage,
    Heartbeat,
    LaneChanged,
    LaneData,
    LaneMeasured,
    Measurement,
    Percentiles,
    ServiceHeartbeat,
    message_id,
    timestamp_of,
)
from vision.vocabulary import CameraState, LaneState

__all__ = ["alert_gate", "camera_changed", "heartbeat", "lane_changed", "measured"]

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
    names = [
        name for name in Measurement.model_fields if name not in ("lane_id", "t", "quality", "quality_reasons", "censored")
    ]
    parts = {"wait_s": Percentiles(), "service_s": Percentiles(), "dwell_s": Percentiles()}
    audit = Audit(visits=0, both_ends_seen=0, identity_breaks=0, residue=0)
    fields = dict.fromkeys(names) | parts | {"audit": audit} | values
    data = Measurement.model_validate({"lane_id": lane, "t": t, "quality": quality, "censored": censored} | fields)
    return LaneMeasured(id=message_id(GATE, "lane.measured", lane, t), timestamp=timestamp_of(t), gate=GATE, data=data)


def camera_changed(camera: str, t: float, state: CameraState) -> CameraMessage:
    """One camera.changed."""
    data = CameraData(camera_id=camera, t=t, state=state, session=0, width=640, height=360)
    return CameraMessage(id=message_id(GATE, "camera.changed", camera, t), timestamp=timestamp_of(t), gate=GATE, data=data)


def lane_changed(lane: str, t: float, status: LaneState) -> LaneChanged:
    """One lane.changed."""
    data = LaneData(lane_id=lane, t=t, status=status, by="operator", reason="")
    return LaneChanged(id=message_id(GATE, "lane.changed", lane, t), timestamp=timestamp_of(t), gate=GATE, data=data)


def heartbeat(t: float) -> ServiceHeartbeat:
    """One service.heartbeat."""
    data = Heartbeat(t=t, version="0", config_hash="", position=None)
    return ServiceHeartbeat(id=message_id(GATE, "service.heartbeat", "", t), timestamp=timestamp_of(t), gate=GATE, data=data)
