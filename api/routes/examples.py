"""Bodies that the OpenAPI description shows, checked against the models by tests. Pure."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["ALERTS", "HISTORY", "LANE", "SNAPSHOT", "VISITS"]

_T: Final = 1767225605
_MEASUREMENT: Final[dict[str, Any]] = {
    "lane_id": "IM2",
    "t": _T,
    "queue_vehicles": 4,
    "queue_m": 74.3,
    "standing_vehicles": 3,
    "standing_m": 58.1,
    "vehicles": 5,
    "in_service": True,
    "longest_wait_s": 412.6,
    "expected_wait_s": 520.0,
    "expected_wait_low_s": 360.0,
    "expected_wait_high_s": 735.0,
    "arrival_rate_vph": 31.0,
    "discharge_rate_vph": 27.5,
    "headway_s": 131.2,
    "wait_s": {"p50": 388.0, "p90": 610.5, "p95": 702.0},
    "service_s": {"p50": 96.4, "p90": 140.0, "p95": None},
    "dwell_s": {"p50": 521.7, "p90": 790.2, "p95": None},
    "level_of_service": "C",
    "quality": "ok",
    "quality_reasons": [],
    "censored": False,
    "frame_age_s": 0.21,
    "audit": {"visits": 212, "both_ends_seen": 209, "identity_breaks": 1, "residue": 0},
}
_VEHICLES: Final[dict[str, Any]] = {
    "lane_id": "IM2",
    "t": _T,
    "vehicles": [
        {
            "visit_id": "6b1f6d0e-4c5f-5f0c-9a53-0d8f3f1f7a11",
            "vehicle_class": "truck",
            "front_m": 1.4,
            "rear_m": 17.9,
            "standing": True,
            "in_service": True,
            "seen": True,
            "dwell_s": 655.2,
            "censored": False,
        }
    ],
}
_ALERT: Final[dict[str, Any]] = {
    "alert_id": "0f6ad2ec-0a6e-5a4b-8f0e-2f6f7a0f7a52",
    "rule": "queue-long",
    "scope": "lane",
    "subject": "IM2",
    "severity": "warning",
    "state": "firing",
    "t": 1767225600,
    "value": 6.0,
    "measure": "queue_vehicles",
    "unit": "vehicles",
    "threshold": 5.0,
    "since": 1767225540,
    "sequence": 1,
    "quality": "ok",
    "stale": False,
    "config_hash": "3f0c6b1b8a1d9e44",
    "action": {"en": "Long queue. Send arriving trucks to an emptier lane of the same direction."},
}
_INFO: Final[dict[str, Any]] = {
    "id": "IM2",
    "direction": "import",
    "name": {"vi": "Làn nhập 2", "en": "Import lane 2", "zh": "进口2道"},
    "zone_m": 120.0,
    "cameras": ["import"],
}
LANE: Final[dict[str, Any]] = {"info": _INFO, "measurement": _MEASUREMENT, "vehicles": _VEHICLES, "status": None}
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
VISITS: Final[dict[str, Any]] = {
    "visits": [
        {
            "visit_id": "6b1f6d0e-4c5f-5f0c-9a53-0d8f3f1f7a11",
            "lane_id": "IM2",
            "vehicle_class": "truck",
            "first_seen_t": 1767224949.8,
            "arrived_t": 1767224949.8,
            "joined_t": 1767225010.4,
            "service_t": 1767225508.0,
            "left_t": 1767225604.4,
            "outcome": "departed",
            "start_censored": False,
            "end_censored": False,
            "previous_visit_id": None,
        }
    ],
    "next": "1767224949.8~6b1f6d0e-4c5f-5f0c-9a53-0d8f3f1f7a11",
}
ALERTS: Final[dict[str, Any]] = {"alerts": [_ALERT], "next": None}
SNAPSHOT: Final[dict[str, Any]] = {
    "id": "4f6f3c1e-3a0e-5c53-8f7e-0c0e3c7f2b10",
    "timestamp": "2026-01-01T00:00:05.312Z",
    "gate": "kim-thanh",
    "type": "gate.snapshot",
    "data": {
        "epoch": "5d41402abc4b2a76b9719d911017c592",
        "position": "1767225605108-3",
        "resumed": False,
        "server_t": 1767225605.312,
        "config_hash": "3f0c6b1b8a1d9e44",
        "info": {
            "id": "kim-thanh",
            "name": {"vi": "Cửa khẩu Kim Thành", "en": "Kim Thanh border gate", "zh": "金城口岸"},
            "timezone": "Asia/Ho_Chi_Minh",
            "lanes": [_INFO],
            "cameras": ["import"],
            "level_of_service_s": [120.0, 300.0, 600.0, 1200.0, 2400.0],
        },
        "lanes": {"IM2": _MEASUREMENT},
        "vehicles": {"IM2": _VEHICLES},
        "statuses": {},
        "cameras": {
            "import": {
                "camera_id": "import",
                "t": 1767222000.2,
                "state": "online",
                "reason": "",
                "session": 0,
                "width": 1920,
                "height": 1080,
                "rate_fps": 5.0,
                "load_step": 0,
            }
        },
        "alerts": [_ALERT],
        "alarms": {},
        "simulation": None,
    },
}
