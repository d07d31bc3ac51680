"""What Prometheus gets from /metrics: lanes, ages, clients, webhooks, how far behind the stream reading is."""

from __future__ import annotations

import time
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from api.stream.hub import Hub
from vision.messages import AlertChanged, CameraMessage, LaneMeasured, Measurement, Message
from vision.vocabulary import CAMERA_STATES

__all__ = ["Metrics"]

_GAUGES: Final = {
    "queue_vehicles": "Vehicles that have joined the queue and not departed",
    "queue_m": "Length of the queue in metres",
    "vehicles": "Vehicles in the lane zone",
    "longest_wait_s": "Longest waiting time now",
    "expected_wait_s": "Expected waiting time of a vehicle that joins now",
    "frame_age_s": "Age of the last analysed frame",
}
_QUALITIES: Final = ("ok", "degraded", "unknown")
_AUDIT: Final = ("visits", "both_ends_seen", "identity_breaks", "residue")


class Metrics:
    """The gauges and counters of one gate. A value that is not measured is absent, never 0."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._measures = {name: self._gauge(name, text, "lane") for name, text in _GAUGES.items()}
        self._quality = self._gauge("quality", "1 for the lane's quality of measurement", "lane", "quality")
        self._audit = self._gauge("audit", "The lane's self-audit", "lane", "what")
        self._measured_t = self._gauge("measured_timestamp_seconds", "Event time of the last measurement", "lane")
        self._cameras = self._gauge("camera_state", "1 for the camera's state", "camera", "state")
        self._alerts = self._counter("alert_changes", "Changes of alerts", "rule", "state")
        self._messages = self._counter("messages", "Messages read from the stream", "type")
        self._clients = self._gauge("websocket_clients", "Clients of the stream")
        self._dropped = self._gauge("websocket_clients_dropped", "Clients dropped as too slow")
        self._webhooks = self._gauge("webhook_results", "Webhook attempts by result", "result")
        self._lag = self._gauge("recorder_lag_seconds", "Age of what the recorder saved last")
        self._recorded = self._gauge("recorded_messages", "Messages saved since the start")
        self._rejected = self._gauge("rejected_entries", "Stream entries that were no message")

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"lanewatch_{name}", text, labels, registry=self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"lanewatch_{name}", text, labels, registry=self._registry)

    def observe(self, message: Message) -> None:
        """Takes a message of the stream in."""
        self._messages.labels(message.type).inc()
        match message:
            case LaneMeasured(data=data):
                self._measured(data)
            case CameraMessage(data=camera):
                for state in CAMERA_STATES:
                    self._cameras.labels(camera.camera_id, state).set(state == camera.state)
            case AlertChanged(data=alert):
                self._alerts.labels(alert.rule, alert.state).inc()

    def render(self, hub: Hub, webhooks: dict[str, int], recorder: tuple[str | None, int, int]) -> bytes:
        """The exposition text. recorder: its position, messages saved, entries rejected."""
        position, recorded, rejected = recorder
        self._clients.set(len(hub))
        self._dropped.set(hub.dropped)
        for result, count in webhooks.items():
            self._webhooks.labels(result).set(count)
        if position is not None:
            self._lag.set(max(0.0, time.time() - int(position.split("-", maxsplit=1)[0]) / 1000))
        self._recorded.set(recorded)
        self._rejected.set(rejected)
        return generate_latest(self._registry)

    def _measured(self, data: Measurement) -> None:
        for name, gauge in self._measures.items():
            value = getattr(data, name)
            if value is None:
                gauge.remove_by_labels({"lane": data.lane_id})
            else:
                gauge.labels(data.lane_id).set(value)
        for quality in _QUALITIES:
            self._quality.labels(data.lane_id, quality).set(quality == data.quality)
        for what in _AUDIT:
            self._audit.labels(data.lane_id, what).set(getattr(data.audit, what))
        self._measured_t.labels(data.lane_id).set(data.t)
