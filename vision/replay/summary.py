"""The summary of a replay: what happened in each lane, from the messages alone. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vision.config import GateConfig, config_hash
from vision.core.lanes.vehicle import Visit
from vision.messages import AlertChanged, Audit, LaneMeasured, Measurement, Message, VisitEnded

__all__ = ["Summary"]


@dataclass(slots=True)
class _LaneTotals:
    seconds: int = 0
    qualities: Counter[str] = field(default_factory=Counter)
    censored_s: int = 0
    queue_seconds: int = 0
    queue_sum: int = 0
    queue_max: int | None = None
    queue_max_m: float | None = None
    outcomes: Counter[str] = field(default_factory=Counter)
    dwells: list[float] = field(default_factory=list)
    arrivals_inferred: int = 0
    audit: Audit | None = None


class Summary:
    """Adds up messages and tells what they amount to."""

    def __init__(self, config: GateConfig) -> None:
        self._config = config
        self._types: Counter[str] = Counter()
        self._fired: dict[str, set[str]] = {}
        self._lanes = {lane.id: _LaneTotals() for lane in config.lanes}
        self._first_t: float | None = None
        self._last_t: float | None = None

    def add(self, message: Message) -> None:
        """Counts one message."""
        self._types[message.type] += 1
        match message:
            case LaneMeasured(data=data):
                self._measured(data)
            case VisitEnded(data=data):
                totals = self._lane(data.lane_id)
                totals.outcomes[data.outcome] += 1
                totals.arrivals_inferred += data.arrived_inferred
                if data.outcome != "departed" or data.arrived_inferred:
                    return
                if data.arrived_t is not None and data.left_t is not None:
                    totals.dwells.append(data.left_t - data.arrived_t)
            case AlertChanged(data=data) if data.state == "firing":
                self._fired.setdefault(data.rule, set()).add(data.alert_id)
            case _:
                pass

    def as_data(self, open_visits: Iterable[Visit], **about: object) -> dict[str, Any]:
        """The summary as plain JSON data; `about` (sources, software, ...) goes first."""
        for visit in open_visits:
            self._lane(visit.lane_id).outcomes[visit.outcome] += 1
            self._lane(visit.lane_id).arrivals_inferred += visit.arrived_inferred
        duration_s = None if self._first_t is None or self._last_t is None else self._last_t - self._first_t
        return {
            "gate": self._config.id,
            "config_hash": config_hash(self._config),
            **about,
            "first_tick_t": self._first_t,
            "last_tick_t": self._last_t,
            "duration_s": duration_s,
            "messages": dict(sorted(self._types.items())),
            "alerts_fired": {rule: len(ids) for rule, ids in sorted(self._fired.items())},
            "lanes": {lane: _lane_data(totals) for lane, totals in self._lanes.items()},
        }

    def _lane(self, lane_id: str) -> _LaneTotals:
        return self._lanes.setdefault(lane_id, _LaneTotals())

    def _measured(self, data: Measurement) -> None:
        self._first_t = data.t if self._first_t is None else min(self._first_t, data.t)
        self._last_t = data.t if self._last_t is None else max(self._last_t, data.t)
        totals = self._lane(data.lane_id)
        totals.seconds += 1
        totals.qualities[data.quality] += 1
        totals.censored_s += data.censored
        totals.audit = data.audit
        if data.queue_vehicles is not None:
            totals.queue_seconds += 1
            totals.queue_sum += data.queue_vehicles
            totals.queue_max = max(totals.queue_max or 0, data.queue_vehicles)
        if data.queue_m is not None:
            totals.queue_max_m = max(totals.queue_max_m or 0.0, data.queue_m)


def _lane_data(totals: _LaneTotals) -> dict[str, Any]:
    dwells = totals.dwells
    return {
        "seconds": totals.seconds,
        "quality_share": {name: round(n / totals.seconds, 4) for name, n in sorted(totals.qualities.items())},
        "censored_s": totals.censored_s,
        "queue_vehicles_mean": round(totals.queue_sum / totals.queue_seconds, 3) if totals.queue_seconds else None,
        "queue_vehicles_max": totals.queue_max,
        "queue_m_max": totals.queue_max_m,
        "visits": {name: totals.outcomes[name] for name in ("departed", "changed_lane", "lost", "open")},
        "arrivals_inferred": totals.arrivals_inferred,
        "dwell_s_mean": round(float(np.mean(dwells)), 3) if dwells else None,
        "dwell_s_p50": round(float(np.quantile(dwells, 0.5)), 3) if dwells else None,
        "dwell_s_p90": round(float(np.quantile(dwells, 0.9)), 3) if dwells else None,
        "audit": None if totals.audit is None else _audit_data(totals.audit),
    }


def _audit_data(audit: Audit) -> dict[str, Any]:
    share = round(audit.both_ends_seen / audit.visits, 4) if audit.visits else None
    breaks = round(audit.identity_breaks / audit.visits, 4) if audit.visits else None
    return audit.model_dump() | {"both_ends_seen_share": share, "identity_breaks_per_visit": breaks}
