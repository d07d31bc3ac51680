"""What Prometheus gets from /metrics: lanes, ages, clients, webhooks, how far behind the stream recording is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from api.stream.hub import Hub
from api.stream.window import ParsedEntry
from vision.message_parsing import UNREADABLE_REASONS, Unreadable
from vision.messages import AlertChanged, CameraMeasured, CameraMeasurement, CameraMessage, LaneMeasured, Measurement
from vision.vocabulary import CAMERA_STATES

__all__ = ["Metrics", "ReadingCounts"]

_GAUGES: Final = {
    "queue_vehicles": "Vehicles that have joined the queue and not departed",
    "queue_low": "Lower end of the 90 % interval of queue_vehicles",
    "queue_high": "Upper end of the 90 % interval of queue_vehicles",
    "queue_m": "Length of the queue in metres",
    "vehicles": "Vehicles in the lane zone",
    "longest_wait_s": "Longest waiting time now",
    "expected_wait_s": "Expected waiting time of a vehicle that joins now",
    "frame_age_s": "Age of the last analysed frame",
}
_CAMERA_GAUGES: Final = {
    "rate_fps": "Analysed frames per second",
    "frame_age_s": "Age of the camera's last analysed frame",
    "innovation": "Mean normalised innovation squared of the vehicles' edges, 1 where the filter's variances are right",
    "unexplained_share": "Share of the strong boxes in the camera's lanes that no vehicle explains",
}
_QUALITIES: Final = ("ok", "degraded", "unknown")
_AUDIT: Final = ("visits", "both_ends_seen", "identity_breaks", "residue")


@dataclass(frozen=True, slots=True)
class ReadingCounts:
    """What is counted of reading and recording the stream and of asking history."""

    lag_s: float | None
    recorded: int
    parsed: int
    set_aside: Mapping[str, int]
    questions: int
    question_results: Mapping[str, int]


class Metrics:
    """The gauges and counters of one gate. A value that is not measured is absent, never 0."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._measures = {name: self._gauge(name, text, "lane") for name, text in _GAUGES.items()}
        self._quality = self._gauge("quality", "1 for the lane's quality of measurement", "lane", "quality")
        self._audit = self._gauge("audit", "The lane's self-audit", "lane", "what")
        self._measured_t = self._gauge("measured_timestamp_seconds", "Event time of the last measurement", "lane")
        self._camera_measures = {name: self._gauge(f"camera_{name}", text, "camera") for name, text in _CAMERA_GAUGES.items()}
        self._cameras = self._gauge("camera_state", "1 for the camera's state", "camera", "state")
        self._alerts = self._counter("alert_changes", "Changes of alerts", "rule", "state")
        self._messages = self._counter("messages", "Messages read from the stream", "type")
        self._clients = self._gauge("websocket_clients", "Clients of the stream")
        self._dropped = self._gauge("websocket_clients_dropped", "Clients dropped as too slow")
        self._webhooks = self._gauge("webhook_results", "Webhook attempts by result", "result")
        self._lag = self._gauge("recorder_lag_seconds", "How much older the newest saved entry of the stream is than its last")
        self._recorded = self._gauge("recorded_messages", "Messages saved since the start")
        self._parsed = self._gauge("parsed_entries", "Stream entries parsed since the start")
        self._set_aside = self._gauge("set_aside_entries", "Stream entries that were not understood and kept aside", "reason")
        self._questions = self._gauge("history_questions", "Questions of history that are being answered or wait")
        self._question_results = self._gauge("history_question_results", "Questions of history by how they ended", "result")

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"lanewatch_{name}", text, labels, registry=self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"lanewatch_{name}", text, labels, registry=self._registry)

    def observe(self, entry: ParsedEntry) -> None:
        """Takes an entry of the stream in."""
        if isinstance(entry.content, Unreadable):
            return
        self._messages.labels(entry.content.type).inc()
        match entry.content:
            case LaneMeasured(data=data):
                self._measured(data)
            case CameraMessage(data=camera):
                for state in CAMERA_STATES:
                    self._cameras.labels(camera.camera_id, state).set(state == camera.state)
            case CameraMeasured(data=fit):
                _set(self._camera_measures, fit, {"camera": fit.camera_id})
            case AlertChanged(data=alert):
                self._alerts.labels(alert.rule, alert.state).inc()

    def render(self, hub: Hub, webhooks: Mapping[str, int], counts: ReadingCounts) -> bytes:
        """The exposition text."""
        self._clients.set(len(hub))
        self._dropped.set(hub.dropped)
        for result, count in webhooks.items():
            self._webhooks.labels(result).set(count)
        self._show(counts)
        return generate_latest(self._registry)

    def _show(self, counts: ReadingCounts) -> None:
        if counts.lag_s is not None:
            self._lag.set(counts.lag_s)
        self._recorded.set(counts.recorded)
        self._parsed.set(counts.parsed)
        for reason in (*UNREADABLE_REASONS, "refused"):
            self._set_aside.labels(reason).set(counts.set_aside.get(reason, 0))
        self._questions.set(counts.questions)
        for result, count in counts.question_results.items():
            self._question_results.labels(result).set(count)

    def _measured(self, data: Measurement) -> None:
        _set(self._measures, data, {"lane": data.lane_id})
        for quality in _QUALITIES:
            self._quality.labels(data.lane_id, quality).set(quality == data.quality)
        for what in _AUDIT:
            self._audit.labels(data.lane_id, what).set(getattr(data.audit, what))
        self._measured_t.labels(data.lane_id).set(data.t)


def _set(gauges: Mapping[str, Gauge], data: Measurement | CameraMeasurement, labels: dict[str, str]) -> None:
    for name, gauge in gauges.items():
        value = getattr(data, name)
        if value is None:
            gauge.remove_by_labels(labels)
        else:
            gauge.labels(**labels).set(value)
