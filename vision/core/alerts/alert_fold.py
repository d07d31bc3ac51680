"""Alerts as a fold over messages: the same class runs live in the api and in a replay. Pure; the last stage.

It reads lane.measured, lane.changed, camera.changed and service.heartbeat, and emits alert.changed. Rules over a direction
or the gate add up counts and metres and take the longest wait; they are evaluated for a second once every lane that counts
has reported it, so that the result does not depend on how the workers' messages interleave. Nor does it on whether a lane's
status stands before or after a measurement of the same second: see STATUS_COUNTS_AFTER_S.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Self

from vision.config import AlertRule, GateConfig, config_hash
from vision.core.alerts.alert_state import LONGEST_HOLE_S, AlertLife, Reading, advance
from vision.messages import (
    AlertChanged,
    AlertData,
    CameraData,
    CameraMessage,
    LaneChanged,
    LaneData,
    LaneMeasured,
    Measurement,
    Message,
    ServiceHeartbeat,
    message_id,
    timestamp_of,
)

__all__ = ["AlertFold"]

SILENT_AFTER_S: Final = 10.0
STATUS_COUNTS_AFTER_S: Final = 1.0
"""A status counts for measurements of this much later times; for earlier ones the status before it does.

The api appends a status within milliseconds of its t, a worker the measurement of t up to a second after it. Which of the
two comes first is chance where their times are close, and certain where they are a second apart.
"""
STATUSES_KEPT: Final = 20  # of each lane: enough for the seconds that a sum waits for its lanes
_WAITS: Final = ("longest_wait_s", "expected_wait_s")
_LANE_MEASURES: Final = ("queue_vehicles", "queue_m", "standing_vehicles", "standing_m", "vehicles", *_WAITS)
_Quality = Literal["ok", "degraded", "unknown"]


@dataclass(frozen=True, slots=True)
class _Sample:
    """What one lane measured at one second, as far as rules can ask for it."""

    quality: _Quality
    censored: bool
    values: dict[str, float | None]

    def value(self, measure: str) -> float | None:
        """The measure's value; a wait that nobody has is 0 where the queue is known to be empty."""
        value = self.values[measure]
        if value is None and measure in _WAITS and self.quality != "unknown" and self.values["queue_vehicles"] == 0:
            return 0.0
        return value


_UNKNOWN: Final = _Sample("unknown", censored=False, values=dict.fromkeys(_LANE_MEASURES))


@dataclass(slots=True)
class _Watch:
    """One rule on one subject: the lanes that count, the last second evaluated, the alert if there is one."""

    rule: AlertRule
    subject: str
    lanes: tuple[str, ...]
    done_t: float = 0.0
    life: AlertLife | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What must stay the same for an alert to live on under another config."""
        return (self.rule.name, self.rule.scope, self.rule.measure, self.subject)


class AlertFold:
    """The alerts of one gate; `step` takes each message once, in the stream's order, and returns the changes it makes."""

    def __init__(self, config: GateConfig) -> None:
        self._use(config)
        self._watches = {watch.key: watch for watch in _watches(config)}
        self._orphans: list[_Watch] = []
        self._samples: dict[str, dict[float, _Sample]] = {}
        self._statuses: dict[str, list[tuple[float, str]]] = {}
        self._down_since: dict[str, float | None] = {}

    def step(self, message: Message) -> list[AlertChanged]:
        """The changes that this message makes; messages of other types, and repeated ones, make none."""
        match message:
            case LaneMeasured(data=data):
                return [*self._bury(data.t), *self._measured(data)]
            case LaneChanged(data=data):
                self._told(data)
            case CameraMessage(data=data):
                self._camera(data)
            case ServiceHeartbeat(data=data):
                return self._silent(data.t)
        return []

    def reconfigure(self, config: GateConfig) -> None:
        """Goes on with other rules; alerts whose rule or subject is gone are resolved at the next measurement."""
        before = self._watches
        self._use(config)
        self._watches = {watch.key: watch for watch in _watches(config)}
        for key, watch in before.items():
            self._adopt(key, watch)

    def state(self) -> dict[str, Any]:
        """Everything needed to go on, as plain JSON data."""
        return {
            "watches": [_plain(watch) for watch in (*self._watches.values(), *self._orphans)],
            "samples": {
                lane: [[t, asdict(sample)] for t, sample in samples.items()] for lane, samples in self._samples.items()
            },
            "statuses": {lane: [list(told) for told in statuses] for lane, statuses in self._statuses.items()},
            "down_since": dict(self._down_since),
        }

    @classmethod
    def restore(cls, config: GateConfig, state: dict[str, Any]) -> Self:
        """The fold that goes on from `state`, under the same config or another (then as `reconfigure` does)."""
        fold = cls(config)
        fold._samples = {lane: {t: _Sample(**sample) for t, sample in samples} for lane, samples in state["samples"].items()}
        told = state.get("statuses", {lane: [(0.0, "closed")] for lane in state.get("closed", ())})
        fold._statuses = {lane: [(t, status) for t, status in statuses] for lane, statuses in told.items()}
        fold._down_since = dict(state["down_since"])
        for plain in state["watches"]:
            watch = _watch_of(plain)
            fold._adopt(watch.key, watch)
        return fold

    def _use(self, config: GateConfig) -> None:
        self._config = config
        self._hash = config_hash(config)

    def _adopt(self, key: tuple[str, str, str, str], before: _Watch) -> None:
        if key in self._watches:
            self._watches[key].done_t, self._watches[key].life = before.done_t, before.life
        elif before.life is not None:
            self._orphans.append(before)

    def _bury(self, t: float) -> list[AlertChanged]:
        gone, self._orphans = self._orphans, []
        not_meant = Reading(None, "unknown", applies=False)
        return [message for watch in gone for message in self._apply(watch, max(t, watch.done_t + 0.001), not_meant)]

    def _told(self, data: LaneData) -> None:
        statuses = self._statuses.setdefault(data.lane_id, [])
        if (data.t, data.status) not in statuses:
            self._statuses[data.lane_id] = sorted([*statuses, (data.t, data.status)])[-STATUSES_KEPT:]

    def _status(self, lane: str, t: float) -> str:
        """What holds for the lane's measurement of t."""
        known = [status for told_t, status in self._statuses.get(lane, ()) if told_t + STATUS_COUNTS_AFTER_S <= t]
        return known[-1] if known else "open"

    def _camera(self, data: CameraData) -> None:
        if data.state == "online":
            self._down_since[data.camera_id] = None
        elif self._down_since.get(data.camera_id) is None:
            self._down_since[data.camera_id] = data.t

    def _measured(self, data: Measurement) -> list[AlertChanged]:
        samples = self._samples.setdefault(data.lane_id, {})
        if data.t <= max(samples, default=0.0):
            return []
        samples[data.t] = _sample(data)
        for old in [t for t in samples if t < data.t - LONGEST_HOLE_S]:
            del samples[old]
        touched = [watch for watch in self._watches.values() if data.lane_id in watch.lanes]
        return [message for watch in touched for t in self._due(watch, data.t) for message in self._evaluate(watch, t)]

    def _due(self, watch: _Watch, t: float) -> list[float]:
        if watch.rule.scope in ("lane", "camera"):
            return [t] if t > watch.done_t else []
        latest = [max(self._samples.get(lane, {}), default=0.0) for lane in watch.lanes]
        ready = max(min(latest), max(latest) - LONGEST_HOLE_S)
        times = {time for lane in watch.lanes for time in self._samples.get(lane, {})}
        return sorted(time for time in times if watch.done_t < time <= ready)

    def _silent(self, now: float) -> list[AlertChanged]:
        """A lane that stopped reporting (its worker is gone) is unknown, not as it last was."""
        silent = {lane for lane, samples in self._samples.items() if max(samples, default=0.0) < now - SILENT_AFTER_S}
        watches = [watch for watch in self._watches.values() if watch.life and silent.issuperset(watch.lanes)]
        unknown = Reading(None, "unknown")
        return [message for watch in watches if now > watch.done_t for message in self._apply(watch, now, unknown)]

    def _evaluate(self, watch: _Watch, t: float) -> list[AlertChanged]:
        rule = watch.rule
        if rule.scope == "camera":
            return self._apply(watch, t, self._availability(watch.subject, t))
        counted = [lane for lane in watch.lanes if rule.when in ("always", self._status(lane, t))]
        samples = [self._samples.get(lane, {}).get(t, _UNKNOWN) for lane in counted]
        return self._apply(watch, t, _combined(rule, samples))

    def _availability(self, camera: str, t: float) -> Reading:
        if camera not in self._down_since:
            return Reading(None, "unknown")
        since = self._down_since[camera]
        return Reading(0.0 if since is None else max(0.0, t - since), "ok")

    def _apply(self, watch: _Watch, t: float, reading: Reading) -> list[AlertChanged]:
        before, after = watch.life, advance(watch.life, watch.rule, t, reading)
        watch.done_t = t
        watch.life = None if after is not None and after.state == "resolved" else after
        if after is None or (before is not None and before.sequence == after.sequence):
            return []
        return [self._message(watch, after, reading)]

    def _message(self, watch: _Watch, life: AlertLife, reading: Reading) -> AlertChanged:
        rule, gate = watch.rule, self._config.id
        alert_id = str(message_id(gate, f"alert:{rule.name}", watch.subject, life.since))
        data = AlertData(
            alert_id=alert_id,
            rule=rule.name,
            scope=rule.scope,
            subject=watch.subject,
            severity=life.severity,
            state=life.state,
            t=life.t,
            value=reading.value,
            measure=rule.measure,
            unit=_unit(rule.measure),
            threshold=rule.fire_at,
            since=life.since,
            sequence=life.sequence,
            quality=reading.quality,
            stale=life.stale,
            config_hash=self._hash,
            action=dict(rule.action),
        )
        id_ = message_id(gate, "alert.changed", alert_id, life.t)
        return AlertChanged(id=id_, timestamp=timestamp_of(life.t), gate=gate, data=data)


def _watches(config: GateConfig) -> Iterator[_Watch]:
    for rule in config.alerts:
        lanes = [lane for lane in config.lanes if rule.lanes == "all" or lane.id in rule.lanes]
        match rule.scope:
            case "lane":
                yield from (_Watch(rule, lane.id, (lane.id,)) for lane in lanes)
            case "direction":
                for direction in dict.fromkeys(lane.direction for lane in lanes):
                    yield _Watch(rule, direction, tuple(lane.id for lane in lanes if lane.direction == direction))
            case "gate":
                yield _Watch(rule, config.id, tuple(lane.id for lane in lanes))
            case "camera":
                ids = {lane.id for lane in lanes}
                for camera in config.cameras:
                    seen = tuple(view.lane for view in camera.views if view.lane in ids)
                    yield from [_Watch(rule, camera.id, seen)] if seen else []


def _combined(rule: AlertRule, samples: list[_Sample]) -> Reading:
    """One reading of all lanes that count. Where some are unknown, what is known can only raise the alert."""
    if not samples:
        return Reading(None, "unknown", applies=False)
    known = [(sample, value) for sample in samples if (value := _known(sample, rule.measure)) is not None]
    if not known:
        return Reading(None, "unknown")
    values = [value for _, value in known]
    total = max(values) if rule.measure in _WAITS else sum(values)
    if len(known) < len(samples):
        return Reading(total, "degraded" if total >= rule.fire_at else "unknown", lower_bound=True)
    worst: _Quality = "degraded" if any(sample.quality == "degraded" for sample, _ in known) else "ok"
    bounded = rule.measure not in _WAITS and any(sample.censored for sample, _ in known)
    return Reading(total, worst, lower_bound=bounded)


def _known(sample: _Sample, measure: str) -> float | None:
    return None if sample.quality == "unknown" else sample.value(measure)


def _sample(data: Measurement) -> _Sample:
    return _Sample(data.quality, data.censored, {measure: getattr(data, measure) for measure in _LANE_MEASURES})


def _unit(measure: str) -> Literal["vehicles", "m", "s"]:
    return "m" if measure.endswith("_m") else "s" if measure.endswith("_s") else "vehicles"


def _plain(watch: _Watch) -> dict[str, Any]:
    life = None if watch.life is None else asdict(watch.life)
    rule = watch.rule.model_dump(mode="json")
    return {"rule": rule, "subject": watch.subject, "lanes": list(watch.lanes), "done_t": watch.done_t, "life": life}


def _watch_of(plain: dict[str, Any]) -> _Watch:
    life = None if plain["life"] is None else AlertLife(**plain["life"])
    return _Watch(AlertRule.model_validate(plain["rule"]), plain["subject"], tuple(plain["lanes"]), plain["done_t"], life)
