"""Bodies that the OpenAPI description shows, made of the sample messages and checked against the models by tests. Pure."""

from __future__ import annotations

from typing import Any, Final

from vision.sample_messages import ALERT_CHANGED, GATE_SNAPSHOT, LANE_INFO, LANE_MEASURED, LANE_VEHICLES, VISIT_ENDED

__all__ = ["ALERTS", "HISTORY", "LANE", "SNAPSHOT", "VISITS"]

SNAPSHOT: Final[dict[str, Any]] = GATE_SNAPSHOT.model_dump(mode="json")
ALERTS: Final[dict[str, Any]] = {"alerts": [ALERT_CHANGED.data.model_dump(mode="json")], "next": None}
LANE: Final[dict[str, Any]] = {
    "info": LANE_INFO.model_dump(mode="json"),
    "measurement": LANE_MEASURED.data.model_dump(mode="json"),
    "vehicles": LANE_VEHICLES.data.model_dump(mode="json"),
    "status": None,
}
VISITS: Final[dict[str, Any]] = {
    "visits": [VISIT_ENDED.data.model_dump(mode="json")],
    "next": f"{VISIT_ENDED.data.first_seen_t}~{VISIT_ENDED.data.visit_id}",
}
HISTORY: Final[dict[str, Any]] = {
    "lane_id": "IM2",
    "from_t": 1767225540,
    "to_t": 1767225600,
    "step_s": 30,
    "points": [
        {
            "t": 1767225540,
            "queue_vehicles": 3.4,
            "queue_vehicles_max": 4,
            "queue_low": 3.1,
            "queue_high": 4.2,
            "queue_m": 61.52,
            "queue_m_max": 74.3,
            "vehicles": 4.7,
            "longest_wait_s": 412.6,
            "expected_wait_s": 498.1,
            "arrival_rate_vph": 31.0,
            "discharge_rate_vph": 27.5,
            "censored": False,
            "samples": 30,
            "unknown": 0,
        },
        {
            "t": 1767225570,
            "queue_vehicles": None,
            "queue_vehicles_max": None,
            "queue_low": None,
            "queue_high": None,
            "queue_m": None,
            "queue_m_max": None,
            "vehicles": None,
            "longest_wait_s": None,
            "expected_wait_s": None,
            "arrival_rate_vph": None,
            "discharge_rate_vph": None,
            "censored": False,
            "samples": 30,
            "unknown": 30,
        },
    ],
}
