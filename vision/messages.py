"""Every message that LaneWatch sends: one discriminated union, the contract of Redis, WebSocket, webhook and JSONL. Pure.

The ephemeral events for whoever watches a camera are in `vision.ephemeral_messages`.
JSON Schema is generated from `Message`, the page's TypeScript types from the schema. Times inside `data` end in `_t` or
are called `t` / `since` and are POSIX seconds UTC; `timestamp` is the same clock as ISO-8601. None is not measured.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, TypeAdapter

from vision.ephemeral_messages import Box, FrameEvent, PictureEvent, Simulation, Tail, TrueLane
from vision.vocabulary import CameraState, LaneState, LevelOfService, Outcome, Quality, QualityReason, VehicleClass

__all__ = [
    "MESSAGE",
    "AlarmChanged",
    "AlarmData",
    "AlertChanged",
    "AlertData",
    "Audit",
    "Box",
    "CameraData",
    "CameraMeasured",
    "CameraMeasurement",
    "CameraMessage",
    "FrameEvent",
    "GateSnapshot",
    "GateTruth",
    "Heartbeat",
    "LaneChanged",
    "LaneData",
    "LaneMeasured",
    "LaneVehicles",
    "Measurement",
    "Message",
    "Percentiles",
    "PictureEvent",
    "Quality",
    "ServiceHeartbeat",
    "Simulation",
    "Snapshot",
    "Tail",
    "TrueLane",
    "VehicleData",
    "Vehicles",
    "VisitData",
    "VisitEnded",
    "VisitStarted",
    "lane_changed",
    "message_id",
    "t_of",
    "timestamp_of",
]

Severity = Literal["info", "warning", "critical"]
_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:lanewatch")

Timestamp = Annotated[
    datetime,
    AfterValidator(lambda moment: moment.astimezone(UTC)),
    PlainSerializer(
        lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z", return_type=str
    ),
]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Percentiles(_Data):
    """Percentiles of a duration over the window, in seconds, open visits counted as censored."""

    p50: float | None = None
    p90: float | None = None
    p95: float | None = None


class Audit(_Data):
    """The lane's self-audit since the worker's state began (restarts included)."""

    visits: int = Field(description="Visits that ended.")
    both_ends_seen: int = Field(description="Of those, with neither end censored and the arrival not inferred.")
    identity_breaks: int = Field(description="Visits ended as lost.")
    residue: int = Field(
        description="Present at start + arrivals + changes in - departures - changes out - lost - vehicles; 0."
    )


class Measurement(_Data):
    """What one lane measures at one whole second. None is not measured; 0 is a measured zero."""

    lane_id: str
    t: float
    queue_vehicles: int | None = Field(description="Vehicles that have joined and not departed, the one in service included.")
    queue_low: int | None = Field(default=None, description="Lower end of the 90 % interval of queue_vehicles.")
    queue_high: int | None = Field(default=None, description="Upper end of the 90 % interval of queue_vehicles.")
    queue_m: float | None = Field(description="Stop line to the rear of the last vehicle of the queue, clipped to the zone.")
    standing_vehicles: int | None = Field(description="Vehicles in runs of standing vehicles now (SUMO's E2 jam).")
    standing_m: float | None
    vehicles: int | None = Field(description="Vehicles whose front is in the lane zone.")
    in_service: bool | None
    longest_wait_s: float | None = Field(description="Of the vehicles waiting now.")
    expected_wait_s: float | None = Field(description="For a vehicle joining now.")
    expected_wait_low_s: float | None = Field(description="Lower end of the 80 % interval.")
    expected_wait_high_s: float | None
    arrival_rate_vph: float | None
    discharge_rate_vph: float | None
    headway_s: float | None = Field(description="Mean time between departures over the window.")
    wait_s: Percentiles
    service_s: Percentiles
    dwell_s: Percentiles
    level_of_service: LevelOfService | None
    quality: Quality
    quality_reasons: tuple[QualityReason, ...] = ()
    censored: bool = Field(description="The queue's tail is at or beyond the edge of the view: figures are lower bounds.")
    frame_age_s: float | None = Field(description="t minus the capture time of the last analysed frame.")
    audit: Audit


class VehicleData(_Data):
    """One vehicle of a lane at one whole second."""

    visit_id: str
    vehicle_class: VehicleClass
    front_m: float | None
    rear_m: float | None
    standing: bool
    in_service: bool
    seen: bool = Field(description="Seen in a recent frame; false: held because something nearer hides it.")
    dwell_s: float | None = Field(description="Since arrival, else since it was first seen.")
    censored: bool = Field(description="It was there before it was first seen: dwell_s is a lower bound.")


class Vehicles(_Data):
    """The line of one lane, in order from the stop line; None when unknown."""

    lane_id: str
    t: float
    vehicles: tuple[VehicleData, ...] | None


class VisitData(_Data):
    """One vehicle's stay in one lane; times are POSIX seconds, None where not (yet) reached or not seen."""

    visit_id: str
    lane_id: str
    vehicle_class: VehicleClass
    first_seen_t: float
    arrived_t: float | None
    joined_t: float | None
    service_t: float | None
    left_t: float | None
    outcome: Outcome
    start_censored: bool
    end_censored: bool
    previous_visit_id: str | None
    arrived_inferred: bool = Field(
        default=False, description="Nobody saw it arrive: arrived_t is worked out, a dwell time from it is an estimate."
    )


class LaneData(_Data):
    """A lane's status, set by an operator or a schedule."""

    lane_id: str
    t: float
    status: LaneState
    by: str
    reason: str


class CameraData(_Data):
    """A camera's state."""

    camera_id: str
    t: float
    state: CameraState
    reason: str = Field(default="", description="Why, for people; never holds a credential.")
    session: int
    width: int
    height: int
    rate_fps: float | None = Field(default=None, description="Analysed frames per second.")
    load_step: int = Field(default=0, description="Load-shedding step; 0 sheds nothing.")


class CameraMeasurement(_Data):
    """How a camera is doing at one whole second: for judging set-up and health, not for judging traffic."""

    camera_id: str
    t: float
    rate_fps: float | None = Field(description="Analysed frames per second over the last 10 s.")
    frame_age_s: float | None = Field(description="t minus the capture time of its last analysed frame.")
    innovation: float | None = Field(
        description="Mean normalised innovation squared of the vehicles' edges over about a minute: 1 where the filter's"
        " variances are right, more where boxes and predictions disagree; null without vehicles or calibration."
    )
    unexplained_share: float | None = Field(
        description="Of the strong boxes in its lanes over about a minute, the share that no vehicle explains, 0..1: a few per"
        " cent with a right calibration; null without boxes or calibration."
    )


class AlertData(_Data):
    """One alert's life as the rules see it."""

    alert_id: str
    rule: str
    scope: Literal["lane", "direction", "gate", "camera"]
    subject: str = Field(description="The lane, direction, gate or camera that it is about.")
    severity: Severity
    state: Literal["pending", "firing", "resolved"]
    t: float
    value: float | None
    measure: str
    unit: Literal["vehicles", "m", "s"]
    threshold: float
    since: float = Field(description="When the value first reached the threshold.")
    sequence: int = Field(description="Counts the changes of this alert from 0.")
    quality: Quality
    stale: bool = Field(default=False, description="Firing on a value that is no longer measured.")
    config_hash: str
    action: dict[str, str] = Field(default_factory=dict, description="What to do, by language.")


class AlarmData(_Data):
    """What people did with an alert."""

    alert_id: str
    state: Literal["normal", "unacknowledged", "acknowledged", "returned", "shelved", "suppressed", "out_of_service"]
    t: float
    by: str
    reason: str
    until: float | None = None


class Heartbeat(_Data):
    """A sign of life of the service."""

    t: float
    version: str
    config_hash: str
    position: str | None = Field(description="Stream position up to which history is recorded.")


class _Message(_Data):
    id: UUID
    timestamp: Timestamp
    gate: str


class LaneMeasured(_Message):
    """1 Hz for each lane."""

    type: Literal["lane.measured"] = "lane.measured"
    data: Measurement


class LaneVehicles(_Message):
    """1 Hz for each lane."""

    type: Literal["lane.vehicles"] = "lane.vehicles"
    data: Vehicles


class VisitStarted(_Message):
    """A vehicle was accepted as being in a lane."""

    type: Literal["visit.started"] = "visit.started"
    data: VisitData


class VisitEnded(_Message):
    """A visit is over; its outcome says how."""

    type: Literal["visit.ended"] = "visit.ended"
    data: VisitData


class LaneChanged(_Message):
    """A lane was opened or closed by an operator or a schedule."""

    type: Literal["lane.changed"] = "lane.changed"
    data: LaneData


class CameraMessage(_Message):
    """A camera's state changed."""

    type: Literal["camera.changed"] = "camera.changed"
    data: CameraData


class CameraMeasured(_Message):
    """1 Hz for each camera; neither history nor the gate's snapshot keeps it."""

    type: Literal["camera.measured"] = "camera.measured"
    data: CameraMeasurement


class AlertChanged(_Message):
    """An alert became pending, fired, changed or was resolved."""

    type: Literal["alert.changed"] = "alert.changed"
    data: AlertData


class AlarmChanged(_Message):
    """Somebody acknowledged, shelved or otherwise handled an alert."""

    type: Literal["alarm.changed"] = "alarm.changed"
    data: AlarmData


class ServiceHeartbeat(_Message):
    """Every 10 s."""

    type: Literal["service.heartbeat"] = "service.heartbeat"
    data: Heartbeat


class LaneInfo(_Data):
    """A lane as the page needs it: what it is, not what it measures."""

    id: str
    direction: Literal["export", "import"]
    name: dict[str, str]
    zone_m: float
    cameras: tuple[str, ...]


class GateInfo(_Data):
    """The gate as the page needs it."""

    id: str
    name: dict[str, str]
    timezone: str
    lanes: tuple[LaneInfo, ...]
    cameras: tuple[str, ...]
    level_of_service_s: tuple[float, ...]


class Snapshot(_Data):
    """Everything current, and where in the stream it stands."""

    epoch: str = Field(description="Identity of the stream; another epoch means that positions cannot be compared.")
    position: str = Field(description="Stream position: messages after it follow.")
    resumed: bool = Field(description="False when the wanted position is not in the stream: messages may be missing.")
    server_t: float = Field(description="The server's clock when this was made.")
    config_hash: str
    info: GateInfo
    lanes: dict[str, Measurement]
    vehicles: dict[str, Vehicles]
    statuses: dict[str, LaneData]
    cameras: dict[str, CameraData]
    alerts: tuple[AlertData, ...] = Field(description="Pending and firing, and those resolved in the last hour.")
    alarms: dict[str, AlarmData]
    simulation: Simulation | None = Field(default=None, description="A simulated gate's truth; null at a real one.")


class GateSnapshot(_Message):
    """The first message of a WebSocket."""

    type: Literal["gate.snapshot"] = "gate.snapshot"
    data: Snapshot


class GateTruth(_Message):
    """1 Hz at a simulated gate, never at a real one; on the WebSocket only, in no stream, history, alert or webhook."""

    type: Literal["gate.truth"] = "gate.truth"
    data: Simulation


Message = Annotated[
    LaneMeasured
    | LaneVehicles
    | VisitStarted
    | VisitEnded
    | LaneChanged
    | CameraMessage
    | CameraMeasured
    | AlertChanged
    | AlarmChanged
    | ServiceHeartbeat
    | GateSnapshot
    | GateTruth,
    Field(discriminator="type"),
]
MESSAGE: Final[TypeAdapter[Message]] = TypeAdapter(Message)


def message_id(gate: str, type_: str, subject: str, t: float) -> UUID:
    """The deterministic id of a message: UUIDv5 of gate, type, subject and t (to 1 ms)."""
    return uuid5(_NAMESPACE, f"{gate}|{type_}|{subject}|{round(t * 1000)}")


def lane_changed(gate: str, data: LaneData) -> LaneChanged:
    """The message that a lane's status makes: the same one wherever it is made, live, from history or in a replay."""
    id_ = message_id(gate, "lane.changed", data.lane_id, data.t)
    return LaneChanged(id=id_, timestamp=timestamp_of(data.t), gate=gate, data=data)


def timestamp_of(t: float) -> datetime:
    """POSIX seconds as an aware UTC datetime, exact to 1 ms."""
    seconds, ms = divmod(round(t * 1000), 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=ms * 1000)


def t_of(message: Message) -> float:
    """The event time of a message in POSIX seconds, exact to 1 ms."""
    return round(message.timestamp.timestamp(), 3)
