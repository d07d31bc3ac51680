"""The gate as it is now: a fold of messages into what an operator's page shows first. Pure.

The page folds the same messages by the same rules (`dashboard/src/store.ts`); docs/messages.md has them, and a recorded
session (`tests/api/stream/session/`) is folded by both.
"""

from __future__ import annotations

import math
from typing import Protocol, TypeVar

from api.alarms.alarm_states import RESOLVED_KEPT_S
from vision.config import GateConfig, config_hash
from vision.messages import (
    AlarmChanged,
    AlarmData,
    AlertChanged,
    AlertData,
    CameraData,
    CameraMessage,
    GateInfo,
    GateSnapshot,
    GateTruth,
    LaneChanged,
    LaneData,
    LaneInfo,
    LaneMeasured,
    LaneVehicles,
    Measurement,
    Message,
    Simulation,
    Snapshot,
    Vehicles,
    message_id,
    timestamp_of,
)
from vision.redis_keys import TRUTH_S

__all__ = ["GateView", "gate_info"]


class _Timed(Protocol):
    @property
    def t(self) -> float: ...


T = TypeVar("T", bound=_Timed)


class GateView:
    """Everything current about one gate. What is older than what is held changes nothing, so messages may be repeated."""

    def __init__(self, config: GateConfig) -> None:
        self.lanes: dict[str, Measurement] = {}
        self.vehicles: dict[str, Vehicles] = {}
        self.statuses: dict[str, LaneData] = {}
        self.cameras: dict[str, CameraData] = {}
        self.alerts: dict[str, AlertData] = {}
        self.alarms: dict[str, AlarmData] = {}
        self.simulation: Simulation | None = None
        self._newest_t = -math.inf
        self.reconfigure(config)

    def reconfigure(self, config: GateConfig) -> None:
        """Shows another version of the gate: lanes and cameras that are gone are dropped."""
        self.config = config
        self.hash = config_hash(config)
        self._lane_ids = {lane.id for lane in config.lanes}
        self._camera_ids = {camera.id for camera in config.cameras}
        for held in (self.lanes, self.vehicles, self.statuses):
            for gone in held.keys() - self._lane_ids:
                del held[gone]
        for gone in self.cameras.keys() - self._camera_ids:
            del self.cameras[gone]

    def apply(self, message: Message) -> None:
        """Takes one message in; those that say nothing about the present, or of strange lanes and cameras, are ignored."""
        match message:
            case LaneMeasured(data=data) if data.lane_id in self._lane_ids:
                self.take_measurement(data)
            case LaneVehicles(data=vehicles) if vehicles.lane_id in self._lane_ids:
                _newer(self.vehicles, vehicles.lane_id, vehicles)
            case LaneChanged(data=status) if status.lane_id in self._lane_ids:
                self.take_status(status)
            case CameraMessage(data=camera) if camera.camera_id in self._camera_ids:
                self.take_camera(camera)
            case AlertChanged(data=alert):
                self.take_alert(alert)
            case AlarmChanged(data=alarm):
                self.take_alarm(alarm)
            case GateTruth(data=simulation):
                self.simulation = simulation

    def take_measurement(self, data: Measurement) -> None:
        """Takes a lane's measurement in unless a later one is held."""
        _newer(self.lanes, data.lane_id, data)
        self._forget(data.t)

    def take_status(self, data: LaneData) -> None:
        """Takes a lane's status in unless a later one is held."""
        _newer(self.statuses, data.lane_id, data)

    def take_camera(self, data: CameraData) -> None:
        """Takes a camera's state in unless a later one is held."""
        _newer(self.cameras, data.camera_id, data)

    def take_alert(self, alert: AlertData, *, recorded: bool = False) -> None:
        """Takes an alert in unless this change of it or a later one is held, or the alert was forgotten.

        recorded: it is the alert's last change as history has it, which may be of any age where the alert still fires.
        """
        held = self.alerts.get(alert.alert_id)
        forgotten = not recorded and alert.t <= self._newest_t - RESOLVED_KEPT_S
        late = forgotten if held is None else held.sequence >= alert.sequence
        if not late:
            self.alerts[alert.alert_id] = alert
            self._forget(alert.t)

    def take_alarm(self, alarm: AlarmData) -> None:
        """Takes in what people did with an alert, if the alert is held."""
        if alarm.alert_id in self.alerts:
            _newer(self.alarms, alarm.alert_id, alarm)

    def snapshot(self, epoch: str, position: str, resumed: bool, server_t: float) -> GateSnapshot:
        """The first message of a WebSocket."""
        data = Snapshot(
            epoch=epoch,
            position=position,
            resumed=resumed,
            server_t=round(server_t, 3),
            config_hash=self.hash,
            info=gate_info(self.config),
            lanes=dict(self.lanes),
            vehicles=dict(self.vehicles),
            statuses=dict(self.statuses),
            cameras=dict(self.cameras),
            alerts=tuple(self.alerts.values()),
            alarms=dict(self.alarms),
            simulation=self._fresh_truth(server_t),
        )
        gate = self.config.id
        id_ = message_id(gate, "gate.snapshot", f"{epoch}|{position}", server_t)
        return GateSnapshot(id=id_, timestamp=timestamp_of(server_t), gate=gate, data=data)

    def _fresh_truth(self, server_t: float) -> Simulation | None:
        held = self.simulation
        return held if held is not None and abs(server_t - held.t) <= TRUTH_S else None

    def _forget(self, t: float) -> None:
        """Forgets alerts that were resolved an hour before the newest time that is known, and what people did with them."""
        self._newest_t = max(self._newest_t, t)
        edge = self._newest_t - RESOLVED_KEPT_S
        for old in [one for one in self.alerts.values() if one.state == "resolved" and one.t <= edge]:
            del self.alerts[old.alert_id]
            self.alarms.pop(old.alert_id, None)


def gate_info(config: GateConfig) -> GateInfo:
    """What the page needs to know of the gate's configuration."""
    lanes = tuple(
        LaneInfo(
            id=lane.id,
            direction=lane.direction,
            name=dict(lane.name),
            zone_m=lane.zone_m,
            cameras=tuple(camera.id for camera in config.cameras if any(view.lane == lane.id for view in camera.views)),
        )
        for lane in config.lanes
    )
    return GateInfo(
        id=config.id,
        name=dict(config.name),
        timezone=config.timezone,
        lanes=lanes,
        cameras=tuple(camera.id for camera in config.cameras),
        level_of_service_s=config.statistics.level_of_service_s,
    )


def _newer(held: dict[str, T], key: str, value: T) -> None:
    if key not in held or held[key].t <= value.t:
        held[key] = value
