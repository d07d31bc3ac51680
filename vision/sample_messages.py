"""One valid message of each type, all of one moment at one lane: what documents, the API's description and tests show. Pure.

Who needs another value varies these (`model_copy`); nobody writes such a message out again.
"""

from __future__ import annotations

from typing import Final

from vision.messages import (
    AlarmChanged,
    AlarmData,
    AlertChanged,
    AlertData,
    Audit,
    CameraData,
    CameraMeasured,
    CameraMeasurement,
    CameraMessage,
    GateInfo,
    GateSnapshot,
    GateTruth,
    Heartbeat,
    LaneChanged,
    LaneData,
    LaneInfo,
    LaneMeasured,
    LaneVehicles,
    Measurement,
    Message,
    Percentiles,
    ServiceHeartbeat,
    Simulation,
    Snapshot,
    TrueLane,
    VehicleData,
    Vehicles,
    VisitData,
    VisitEnded,
    VisitStarted,
    message_id,
    timestamp_of,
)

__all__ = [
    "ALARM_CHANGED",
    "ALERT_CHANGED",
    "CAMERA_CHANGED",
    "CAMERA_MEASURED",
    "GATE_SNAPSHOT",
    "GATE_TRUTH",
    "LANE_CHANGED",
    "LANE_INFO",
    "LANE_MEASURED",
    "LANE_VEHICLES",
    "SAMPLES",
    "SERVICE_HEARTBEAT",
    "VISIT_ENDED",
    "VISIT_STARTED",
]

_GATE: Final = "kim-thanh"
_LANE: Final = "IM2"
_CLOSED: Final = "EX2"
_CAMERA: Final = "import"
_T: Final = 1767225719.0
_CONFIG: Final = "f4920403f8eca179"
_POSITION: Final = "1767225719108-0"
_FIRST: Final = "94166297-11c7-5e01-96a3-38fec22613db"
_LEFT: Final = "beba8418-b9a4-57ef-b17a-821caa64e68e"
_LAST: Final = "a16273ae-ec24-593d-80f5-901a7dbc55ff"
_ALERT: Final = "36b6dca2-0b58-534e-8678-477b7984e9fe"

_MEASUREMENT: Final = Measurement(
    lane_id=_LANE,
    t=_T,
    queue_vehicles=1,
    queue_low=1,
    queue_high=2,
    queue_m=18.2,
    standing_vehicles=1,
    standing_m=16.5,
    vehicles=2,
    in_service=True,
    longest_wait_s=None,
    expected_wait_s=96.3,
    expected_wait_low_s=41.4,
    expected_wait_high_s=180.2,
    arrival_rate_vph=31.0,
    discharge_rate_vph=27.5,
    headway_s=131.2,
    wait_s=Percentiles(p50=388.0, p90=610.5, p95=702.0),
    service_s=Percentiles(p50=96.4, p90=140.0, p95=None),
    dwell_s=Percentiles(p50=521.7, p90=790.2, p95=None),
    level_of_service="A",
    quality="ok",
    quality_reasons=(),
    censored=False,
    frame_age_s=0.2,
    audit=Audit(visits=212, both_ends_seen=209, identity_breaks=1, residue=0),
)
_VEHICLES: Final = Vehicles(
    lane_id=_LANE,
    t=_T,
    vehicles=(
        VehicleData(
            visit_id=_FIRST,
            vehicle_class="truck",
            front_m=1.7,
            rear_m=18.2,
            standing=True,
            in_service=True,
            seen=True,
            dwell_s=655.2,
            censored=False,
        ),
        VehicleData(
            visit_id=_LAST,
            vehicle_class="truck",
            front_m=36.8,
            rear_m=None,
            standing=False,
            in_service=False,
            seen=False,
            dwell_s=20.5,
            censored=True,
        ),
    ),
)
_STARTED: Final = VisitData(
    visit_id=_LAST,
    lane_id=_LANE,
    vehicle_class="truck",
    first_seen_t=1767225708.2,
    arrived_t=1767225698.466,
    joined_t=None,
    service_t=None,
    left_t=None,
    outcome="open",
    start_censored=True,
    end_censored=True,
    previous_visit_id=None,
    arrived_inferred=True,
)
_ENDED: Final = VisitData(
    visit_id=_LEFT,
    lane_id=_LANE,
    vehicle_class="truck",
    first_seen_t=1767225063.8,
    arrived_t=1767225063.8,
    joined_t=1767225124.4,
    service_t=1767225522.0,
    left_t=1767225618.4,
    outcome="departed",
    start_censored=False,
    end_censored=False,
    previous_visit_id=None,
    arrived_inferred=False,
)
_STATUS: Final = LaneData(lane_id=_CLOSED, t=1767225600.0, status="closed", by="shift-leader", reason="no officer at the booth")
_ONLINE: Final = CameraData(
    camera_id=_CAMERA, t=1767225600.2, state="online", reason="", session=0, width=1920, height=1080, rate_fps=5.0, load_step=0
)
_FITTING: Final = CameraMeasurement(
    camera_id=_CAMERA, t=_T, rate_fps=5.0, frame_age_s=0.2, innovation=0.94, unexplained_share=0.021
)
_FIRING: Final = AlertData(
    alert_id=_ALERT,
    rule="standing-in-closed-lane",
    scope="lane",
    subject=_CLOSED,
    severity="warning",
    state="firing",
    t=1767225700.0,
    value=1.0,
    measure="standing_vehicles",
    unit="vehicles",
    threshold=1.0,
    since=1767225640.0,
    sequence=1,
    quality="ok",
    stale=False,
    config_hash=_CONFIG,
    action={
        "vi": "Có xe dừng trong làn đã đóng. Hướng dẫn xe sang làn đang mở.",
        "en": "A truck stands in a closed lane. Guide it to an open lane.",
        "zh": "有车辆停在已关闭的车道。请引导其驶入开放的车道。",
    },
)
_ACKNOWLEDGED: Final = AlarmData(
    alert_id=_ALERT, state="acknowledged", t=1767225710.5, by="operator", reason="lane EX2 is being opened", until=None
)
_TRUTH: Final = Simulation(
    t=_T,
    lanes={
        _LANE: TrueLane(
            queue_vehicles=1,
            queue_m=18.36,
            standing_vehicles=1,
            standing_m=16.5,
            vehicles=2,
            in_service=True,
            censored=False,
        )
    },
)
LANE_INFO: Final = LaneInfo(
    id=_LANE,
    direction="import",
    name={"vi": "Làn nhập 2", "en": "Import lane 2", "zh": "进口2道"},
    zone_m=120.0,
    cameras=(_CAMERA,),
)
_CLOSED_INFO: Final = LaneInfo(
    id=_CLOSED,
    direction="export",
    name={"vi": "Làn xuất 2", "en": "Export lane 2", "zh": "出口2道"},
    zone_m=120.0,
    cameras=(),
)
_SNAPSHOT: Final = Snapshot(
    epoch="4c1f8e0a2b7d9635",
    position=_POSITION,
    resumed=False,
    server_t=1767225719.312,
    config_hash=_CONFIG,
    info=GateInfo(
        id=_GATE,
        name={"vi": "Cửa khẩu Kim Thành", "en": "Kim Thanh border gate", "zh": "金城口岸"},
        timezone="Asia/Ho_Chi_Minh",
        lanes=(_CLOSED_INFO, LANE_INFO),
        cameras=(_CAMERA,),
        level_of_service_s=(120.0, 300.0, 600.0, 1200.0, 2400.0),
    ),
    lanes={_LANE: _MEASUREMENT},
    vehicles={_LANE: _VEHICLES},
    statuses={_CLOSED: _STATUS},
    cameras={_CAMERA: _ONLINE},
    alerts=(_FIRING,),
    alarms={_ALERT: _ACKNOWLEDGED},
    simulation=None,
)

LANE_MEASURED: Final = LaneMeasured(
    id=message_id(_GATE, "lane.measured", _LANE, _T), timestamp=timestamp_of(_T), gate=_GATE, data=_MEASUREMENT
)
LANE_VEHICLES: Final = LaneVehicles(
    id=message_id(_GATE, "lane.vehicles", _LANE, _T), timestamp=timestamp_of(_T), gate=_GATE, data=_VEHICLES
)
VISIT_STARTED: Final = VisitStarted(
    id=message_id(_GATE, "visit.started", _LAST, 1767225709.0), timestamp=timestamp_of(1767225709.0), gate=_GATE, data=_STARTED
)
VISIT_ENDED: Final = VisitEnded(
    id=message_id(_GATE, "visit.ended", _LEFT, 1767225619.0), timestamp=timestamp_of(1767225619.0), gate=_GATE, data=_ENDED
)
LANE_CHANGED: Final = LaneChanged(
    id=message_id(_GATE, "lane.changed", _CLOSED, _STATUS.t), timestamp=timestamp_of(_STATUS.t), gate=_GATE, data=_STATUS
)
CAMERA_CHANGED: Final = CameraMessage(
    id=message_id(_GATE, "camera.changed", _CAMERA, _ONLINE.t), timestamp=timestamp_of(_ONLINE.t), gate=_GATE, data=_ONLINE
)
CAMERA_MEASURED: Final = CameraMeasured(
    id=message_id(_GATE, "camera.measured", _CAMERA, _T), timestamp=timestamp_of(_T), gate=_GATE, data=_FITTING
)
ALERT_CHANGED: Final = AlertChanged(
    id=message_id(_GATE, "alert.changed", _ALERT, _FIRING.t), timestamp=timestamp_of(_FIRING.t), gate=_GATE, data=_FIRING
)
ALARM_CHANGED: Final = AlarmChanged(
    id=message_id(_GATE, "alarm.changed", _ALERT, _ACKNOWLEDGED.t),
    timestamp=timestamp_of(_ACKNOWLEDGED.t),
    gate=_GATE,
    data=_ACKNOWLEDGED,
)
SERVICE_HEARTBEAT: Final = ServiceHeartbeat(
    id=message_id(_GATE, "service.heartbeat", "service", _T),
    timestamp=timestamp_of(_T),
    gate=_GATE,
    data=Heartbeat(t=_T, version="0.1.0", config_hash=_CONFIG, position=_POSITION),
)
GATE_SNAPSHOT: Final = GateSnapshot(
    id=message_id(_GATE, "gate.snapshot", _GATE, _SNAPSHOT.server_t),
    timestamp=timestamp_of(_SNAPSHOT.server_t),
    gate=_GATE,
    data=_SNAPSHOT,
)
GATE_TRUTH: Final = GateTruth(
    id=message_id(_GATE, "gate.truth", _GATE, _T), timestamp=timestamp_of(_T), gate=_GATE, data=_TRUTH
)
_ALL: Final[tuple[Message, ...]] = (
    LANE_MEASURED,
    LANE_VEHICLES,
    VISIT_STARTED,
    VISIT_ENDED,
    LANE_CHANGED,
    CAMERA_CHANGED,
    CAMERA_MEASURED,
    ALERT_CHANGED,
    ALARM_CHANGED,
    SERVICE_HEARTBEAT,
    GATE_SNAPSHOT,
    GATE_TRUTH,
)
SAMPLES: Final[dict[str, Message]] = {message.type: message for message in _ALL}
"""Every sample by its type, in the order of `Message`."""
