"""Messages made from what the core measured: the envelope, deterministic ids, rounding. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from vision.core.events import CameraChanged, LaneStatus
from vision.core.lanes.data_quality import CameraHealth
from vision.core.lanes.lane_history import level_of_service
from vision.core.lanes.lane_measures import Figures, Shares
from vision.core.lanes.lane_queue import LaneQueue
from vision.core.lanes.vehicle import Visit
from vision.messages import (
    Audit,
    CameraData,
    CameraMeasured,
    CameraMeasurement,
    CameraMessage,
    LaneChanged,
    LaneData,
    LaneMeasured,
    LaneVehicles,
    Measurement,
    Percentiles,
    VehicleData,
    Vehicles,
    VisitData,
    VisitEnded,
    VisitStarted,
    lane_changed,
    message_id,
    timestamp_of,
)
from vision.vocabulary import Quality, QualityReason

__all__ = [
    "camera_measured",
    "camera_message",
    "lane_message",
    "measured_message",
    "vehicles_message",
    "visit_ended",
    "visit_started",
]

SEEN_S: Final = 2.0
"""Seen in a recent frame: this long ago at most."""


def measured_message(
    gate: str,
    lane_queue: LaneQueue,
    t: float,
    found: Figures | None,
    *,
    quality: Quality,
    reasons: tuple[QualityReason, ...],
    frame_age_s: float | None,
    limits: tuple[float, ...],
) -> LaneMeasured:
    """lane.measured; every figure is None where `found` is None."""
    history = lane_queue.history
    expected = found.expected_wait_s if found else (None, None, None)
    known = found is not None
    data = Measurement(
        lane_id=lane_queue.lane.id,
        t=t,
        queue_vehicles=found.queue_vehicles if found else None,
        queue_low=found.queue_interval[0] if found else None,
        queue_high=found.queue_interval[1] if found else None,
        queue_m=found.queue_m if found else None,
        standing_vehicles=found.standing_vehicles if found else None,
        standing_m=found.standing_m if found else None,
        vehicles=found.vehicles if found else None,
        in_service=found.in_service if found else None,
        longest_wait_s=found.longest_wait_s if found else None,
        expected_wait_s=expected[0],
        expected_wait_low_s=expected[1],
        expected_wait_high_s=expected[2],
        arrival_rate_vph=_rounded(history.arrival_rate_vph(t)) if known else None,
        discharge_rate_vph=_rounded(history.discharge_rate_vph(t)) if known else None,
        headway_s=_rounded(history.headway_s()) if known else None,
        wait_s=_percentiles(found.wait_s if found else None),
        service_s=_percentiles(found.service_s if found else None),
        dwell_s=_percentiles(found.dwell_s if found else None),
        level_of_service=level_of_service(expected[0], limits),
        quality=quality,
        quality_reasons=reasons,
        censored=found.censored if found else False,
        frame_age_s=frame_age_s,
        audit=_audit(lane_queue),
    )
    return LaneMeasured(
        id=message_id(gate, "lane.measured", lane_queue.lane.id, t), timestamp=timestamp_of(t), gate=gate, data=data
    )


def vehicles_message(gate: str, lane_queue: LaneQueue, t: float, *, known: bool) -> LaneVehicles:
    """lane.vehicles; None instead of the vehicles where it is not known."""
    data = Vehicles(lane_id=lane_queue.lane.id, t=t, vehicles=_vehicles(lane_queue, t) if known else None)
    return LaneVehicles(
        id=message_id(gate, "lane.vehicles", lane_queue.lane.id, t), timestamp=timestamp_of(t), gate=gate, data=data
    )


def visit_started(gate: str, visit: Visit, t: float) -> VisitStarted:
    """visit.started, published at tick t."""
    subject = visit.visit_id
    return VisitStarted(
        id=message_id(gate, "visit.started", subject, t), timestamp=timestamp_of(t), gate=gate, data=_visit(visit)
    )


def visit_ended(gate: str, visit: Visit, t: float) -> VisitEnded:
    """visit.ended, published at tick t."""
    subject = visit.visit_id
    return VisitEnded(id=message_id(gate, "visit.ended", subject, t), timestamp=timestamp_of(t), gate=gate, data=_visit(visit))


def camera_message(gate: str, event: CameraChanged, health: CameraHealth) -> CameraMessage:
    """camera.changed."""
    rate = health.rate_fps(event.t)
    data = CameraData(
        camera_id=event.camera,
        t=event.t,
        state=event.state,
        reason=event.reason,
        session=event.session,
        width=health.width,
        height=health.height,
        rate_fps=None if rate is None else round(rate, 2),
        load_step=event.load_step,
    )
    return CameraMessage(
        id=message_id(gate, "camera.changed", event.camera, event.t),
        timestamp=timestamp_of(event.t),
        gate=gate,
        data=data,
    )


def camera_measured(
    gate: str, camera: str, t: float, health: CameraHealth, *, innovation: float | None, unexplained_share: float | None
) -> CameraMeasured:
    """camera.measured."""
    rate = health.rate_fps(t)
    data = CameraMeasurement(
        camera_id=camera,
        t=t,
        rate_fps=None if rate is None else round(rate, 2),
        frame_age_s=None if health.last_t is None else round(t - health.last_t, 3),
        innovation=None if innovation is None else round(innovation, 3),
        unexplained_share=None if unexplained_share is None else round(unexplained_share, 4),
    )
    return CameraMeasured(id=message_id(gate, "camera.measured", camera, t), timestamp=timestamp_of(t), gate=gate, data=data)


def lane_message(gate: str, event: LaneStatus) -> LaneChanged:
    """lane.changed, the same as the one that the status came from."""
    data = LaneData(lane_id=event.lane, t=event.t, status=event.status, by=event.by, reason=event.reason)
    return lane_changed(gate, data)


def _vehicles(lane_queue: LaneQueue, t: float) -> tuple[VehicleData, ...]:
    metric = lane_queue.calibrated
    return tuple(
        VehicleData(
            visit_id=v.visit.visit_id,
            vehicle_class=v.vehicle_class,
            front_m=round(v.front, 1) if metric else None,
            rear_m=round(v.rear, 1) if metric else None,
            standing=v.standing(t),
            in_service=v.visit.in_service,
            seen=t - v.seen_t <= SEEN_S,
            dwell_s=round(max(t - (v.first_seen_t if v.visit.arrived_t is None else v.visit.arrived_t), 0.0), 1),
            censored=v.visit.start_censored,
        )
        for v in lane_queue.vehicles
        if v.visit is not None
    )


def _visit(visit: Visit) -> VisitData:
    return VisitData(**asdict(visit))


def _audit(lane_queue: LaneQueue) -> Audit:
    ledger = lane_queue.ledger
    return Audit(
        visits=ledger.departures + ledger.changes_out + ledger.lost,
        both_ends_seen=ledger.both_ends_seen,
        identity_breaks=ledger.lost,
        residue=lane_queue.conservation_residual,
    )


def _percentiles(values: Shares | None) -> Percentiles:
    return Percentiles() if values is None else Percentiles(p50=values[0], p90=values[1], p95=values[2])


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
