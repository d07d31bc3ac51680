"""The interval of a queue's vehicles, queue_low..queue_high, against the truth: how often it holds it and how wide it is. Pure.

A lane-second counts where an interval was told for it. Where no interval is told at all there are no figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from scripts.accuracy.figures import INTERVAL_FIGURES, Row
from scripts.accuracy.measured import MeasuredLane
from scripts.accuracy.truth import Scene

__all__ = ["HELD", "HELD_POOLED", "MAX_WIDTH", "interval_row", "pooled_row"]

HELD: Final = 0.85
"""Least share of a recording's lane-seconds whose interval has to hold the truth."""
HELD_POOLED: Final = (0.85, 0.97)
"""The same over all recordings' seconds with a true queue of three and more; more would be an interval that is too wide."""
MAX_WIDTH: Final = {"clean": 2.0, "typical": 2.0, "hard": 4.0}
"""Most vehicles from low to high, on average, by level."""
BUSY: Final = 3


def interval_row(scene: Scene, lanes: Mapping[str, MeasuredLane]) -> Row:
    """Shares of lane-seconds, overall and with a true queue of three and more, that hold the truth, and the mean width."""
    told = [
        (low, true[round(t)], high)
        for lane_id, line in scene.lanes.items()
        if (lane := lanes.get(lane_id)) is not None
        for true in [{second.t: second.queue_vehicles for second in line}]
        for t, low, high in zip(lane.t, lane.queue_low, lane.queue_high, strict=True)
        if low is not None and high is not None and round(t) in true and t < scene.duration_s
    ]
    if not told:
        return dict.fromkeys(_NAMES)
    held = [low <= true <= high for low, true, high in told]
    busy = [one for one, (_, true, _) in zip(held, told, strict=True) if true >= BUSY]
    return {
        "interval_held": sum(held) / len(held),
        "interval_held_busy": sum(busy) / len(busy) if busy else None,
        "interval_width": sum(high - low for low, _, high in told) / len(told),
        "interval_busy_s": float(len(busy)),
    }


def pooled_row(rows: Iterable[Row]) -> Row:
    """The same over the lane-seconds of several recordings: the busy ones pooled, the others as the mean of recordings."""
    known = [row for row in rows if row.get("interval_held") is not None]
    if not known:
        return dict.fromkeys(_NAMES)
    busy = [(row.get("interval_held_busy") or 0.0, row.get("interval_busy_s") or 0.0) for row in known]
    seconds = sum(weight for _, weight in busy)
    return {
        "interval_held": sum(row["interval_held"] or 0.0 for row in known) / len(known),
        "interval_held_busy": sum(share * weight for share, weight in busy) / seconds if seconds else None,
        "interval_width": sum(row["interval_width"] or 0.0 for row in known) / len(known),
        "interval_busy_s": seconds,
    }


_NAMES: Final = (*(figure.name for figure in INTERVAL_FIGURES), "interval_busy_s")
