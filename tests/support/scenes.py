"""Scenes of a gate as the messages that a worker would send at one second: what the page's tests push and look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from vision.config import GateConfig
from vision.messages import (
    Audit,
    CameraData,
    CameraMessage,
    LaneMeasured,
    LaneVehicles,
    Measurement,
    Message,
    Percentiles,
    VehicleData,
    Vehicles,
    message_id,
    timestamp_of,
)
from vision.vocabulary import CameraState, VehicleClass

__all__ = ["Lane", "Truck", "calm", "camera", "jam", "lane_messages"]

LENGTH_M: Final[dict[VehicleClass, float]] = {"truck": 16.0, "bus": 12.0, "car": 4.6}
GAP_M: Final = 3.5
LIMITS_S: Final = (120, 300, 600, 1200, 2400)


@dataclass(frozen=True)
class Truck:
    """A vehicle of a scene; front_m None stands it behind the one before."""

    dwell_s: float
    front_m: float | None = None
    kind: VehicleClass = "truck"
    standing: bool = True
    seen: bool = True
    censored: bool = False


@dataclass(frozen=True)
class Lane:
    """A lane of a scene."""

    id: str
    line: tuple[Truck, ...] = ()
    quality: Literal["ok", "degraded", "unknown"] = "ok"
    reasons: tuple[Any, ...] = ()
    censored: bool = False
    calibrated: bool = True
    zone_m: float = 120.0
    extra: dict[str, Any] = field(default_factory=dict)


ROUGHLY = {"queue_low": 3, "queue_high": 6, "quality": "degraded", "quality_reasons": ("queue_uncertain",)}
"""A queue whose number is not sure."""


def lane_messages(gate: GateConfig, t: float, lane: Lane) -> list[Message]:
    """The lane.measured and lane.vehicles of a lane at t."""
    vehicles = None if lane.quality == "unknown" else _vehicles(lane)
    measured = Measurement(**{**_figures(lane, t, vehicles), **lane.extra})
    common: dict[str, Any] = {"gate": gate.id, "timestamp": timestamp_of(t)}
    return [
        LaneMeasured(id=message_id(gate.id, "lane.measured", lane.id, t), data=measured, **common),
        LaneVehicles(
            id=message_id(gate.id, "lane.vehicles", lane.id, t),
            data=Vehicles(lane_id=lane.id, t=t, vehicles=vehicles),
            **common,
        ),
    ]


def camera(gate: GateConfig, t: float, camera_id: str, state: CameraState, reason: str = "") -> CameraMessage:
    """The camera.changed of a camera at t."""
    rate = 5.0 if state == "online" else None
    data = CameraData(camera_id=camera_id, t=t, state=state, reason=reason, session=0, width=1280, height=720, rate_fps=rate)
    id_ = message_id(gate.id, "camera.changed", camera_id, t)
    return CameraMessage(id=id_, timestamp=timestamp_of(t), gate=gate.id, data=data)


def calm(gate: GateConfig, t: float) -> list[Message]:
    """Light traffic on all five lanes, both cameras online."""
    lanes = (
        Lane("EX1", (Truck(75, 2.0), Truck(40))),
        Lane("EX2", (Truck(18, 64.0, standing=False),)),
        Lane("IM1", (Truck(130, 1.5), Truck(95), Truck(22, 71.0, standing=False, kind="bus"))),
        Lane("IM2"),
        Lane("IM3", (Truck(12, 38.0, standing=False, kind="car"),)),
    )
    online = [camera(gate, t - 5400, one.id, "online") for one in gate.cameras]
    return [*online, *(message for lane in lanes for message in lane_messages(gate, t, lane))]


def jam(gate: GateConfig, t: float) -> list[Message]:
    """A long queue that goes on beyond the view, a degraded lane, a camera offline and so two lanes not measured."""
    waits = (1420, 1180, 960, 730, 505, 240)
    lanes = (
        Lane("EX1", tuple(Truck(wait, seen=index not in {2, 4}) for index, wait in enumerate(waits)), censored=True),
        Lane(
            "EX2",
            (Truck(610, 1.0), Truck(420), Truck(300, kind="bus"), Truck(95), Truck(20, 98.0, standing=False)),
            extra=ROUGHLY,
        ),
        Lane("IM1", (Truck(200, 2.5), Truck(160, kind="car"), Truck(45, 52.0, standing=False)), "degraded", ("low_rate",)),
        Lane("IM2", quality="unknown", reasons=("offline",)),
        Lane("IM3", quality="unknown", reasons=("offline",)),
    )
    offline = camera(
        gate,
        t - 340,
        "import",
        "offline",
        "the camera at rtsp://10.8.0.12/import does not answer in time; check the address, the cable and the firewall",
    )
    cameras = [camera(gate, t - 5400, "export", "online"), offline]
    return [*cameras, *(message for lane in lanes for message in lane_messages(gate, t, lane))]


def _vehicles(lane: Lane) -> tuple[VehicleData, ...]:
    result: list[VehicleData] = []
    next_m = 1.5
    for index, truck in enumerate(lane.line):
        front = truck.front_m if truck.front_m is not None else next_m
        next_m = front + LENGTH_M[truck.kind] + GAP_M
        in_service = truck.standing and front < 4
        result.append(
            VehicleData(
                visit_id=f"{lane.id}-visit-{index}",
                vehicle_class=truck.kind,
                front_m=round(front, 1) if lane.calibrated else None,
                rear_m=round(next_m - GAP_M, 1) if lane.calibrated else None,
                standing=truck.standing,
                in_service=in_service,
                seen=truck.seen,
                dwell_s=truck.dwell_s,
                censored=truck.censored,
            )
        )
    return tuple(result)


def _figures(lane: Lane, t: float, vehicles: tuple[VehicleData, ...] | None) -> dict[str, Any]:
    queue = None if vehicles is None else [one for one in vehicles if one.standing]
    count = None if queue is None else len(queue)
    expected = None if count is None else count * 190.0
    tail = None if queue is None or not lane.calibrated else max([0.0, *(one.rear_m or 0.0 for one in queue)])
    level = None if expected is None else "ABCDEF"[sum(expected >= limit for limit in LIMITS_S)]
    return {
        "lane_id": lane.id,
        "t": t,
        "queue_vehicles": count,
        "queue_low": count,
        "queue_high": count,
        "queue_m": None if tail is None else min(tail, lane.zone_m),
        "standing_vehicles": count,
        "standing_m": None if tail is None else min(tail, lane.zone_m),
        "vehicles": None if vehicles is None else len(vehicles),
        "in_service": None if vehicles is None else any(one.in_service for one in vehicles),
        "longest_wait_s": None if queue is None else max((one.dwell_s or 0.0 for one in queue), default=0.0),
        "expected_wait_s": expected,
        "expected_wait_low_s": None if expected is None else expected * 0.7,
        "expected_wait_high_s": None if expected is None else expected * 1.4,
        "arrival_rate_vph": 14.0,
        "discharge_rate_vph": 18.0,
        "headway_s": 200.0,
        "wait_s": Percentiles(p50=240, p90=600, p95=700),
        "service_s": Percentiles(p50=180, p90=260, p95=300),
        "dwell_s": Percentiles(p50=420, p90=860, p95=1000),
        "level_of_service": level,
        "quality": lane.quality,
        "quality_reasons": lane.reasons,
        "censored": lane.censored,
        "frame_age_s": None if vehicles is None else 0.2,
        "audit": Audit(visits=41, both_ends_seen=39, identity_breaks=0, residue=0),
    }
