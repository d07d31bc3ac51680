"""Truth as a simulated gate knows it, for tests."""

from __future__ import annotations

from typing import Any

from vision.simulation.truth import LaneTruth

__all__ = ["true_row"]


def true_row(lane: str = "EX1", **changed: Any) -> LaneTruth:
    """One lane's truth: three vehicles queue over 52.25 m, a fourth comes."""
    values = {"t": 7, "lane_id": lane, "queue_vehicles": 3, "queue_m": 52.25, "standing_vehicles": 2, "standing_m": 33.5}
    return LaneTruth(**(values | {"vehicles": 4, "in_service": 1, "censored": False} | changed))
