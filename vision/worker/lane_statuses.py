"""What a section knows of its lanes' statuses, and up to where in the stream: a part of its checkpoint. Pure.

A status is heard once, waits in the tick sequencer until its time, and then holds. The checkpoint has all three, the place
in the stream, what waits and what holds, so that a restarted worker misses none and repeats none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from vision.core.events import LaneStatus
from vision.worker.status_follower import StreamPlace

__all__ = ["LaneStatuses"]


class LaneStatuses:
    """The statuses of some lanes; saved: what `as_data` described before. Raises KeyError, TypeError for what it did not."""

    def __init__(self, lanes: Iterable[str], saved: dict[str, Any] | None = None) -> None:
        self._lanes = frozenset(lanes)
        self.place = None if saved is None or saved["place"] is None else StreamPlace(**saved["place"])
        self.waiting = [LaneStatus(**status) for status in (saved or {}).get("waiting", []) if status["lane"] in self._lanes]
        held = [LaneStatus(**status) for status in (saved or {}).get("holding", []) if status["lane"] in self._lanes]
        self._holding = {status.lane: status for status in held}

    @property
    def holding(self) -> list[LaneStatus]:
        """The newest status of each lane that has one, in order of time."""
        return sorted(self._holding.values(), key=lambda status: (status.t, status.lane))

    def heard(self, statuses: Iterable[LaneStatus], place: StreamPlace) -> list[LaneStatus]:
        """The statuses of these lanes that are new; they wait until `fed`. All before `place` has then been heard."""
        self.place = place
        fresh = []
        for status in statuses:
            if status.lane in self._lanes and status not in self.waiting and self._holding.get(status.lane) != status:
                fresh.append(status)
                self.waiting.append(status)
        return fresh

    def fed(self, status: LaneStatus) -> None:
        """The status has gone to the pipeline."""
        if status in self.waiting:
            self.waiting.remove(status)
        held = self._holding.get(status.lane)
        if held is None or held.t <= status.t:
            self._holding[status.lane] = status

    def as_data(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {
            "place": None if self.place is None else asdict(self.place),
            "waiting": [asdict(status) for status in self.waiting],
            "holding": [asdict(status) for status in self.holding],
        }
