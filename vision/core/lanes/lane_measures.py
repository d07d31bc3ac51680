"""What one lane measures at one whole second, from its queue and its history. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from vision.core.lanes.lane_history import MOVE_UP_S, LaneHistory, What, kaplan_meier, span_of
from vision.core.lanes.lane_queue import LaneQueue
from vision.core.lanes.queue_interval import queue_interval
from vision.core.lanes.vehicle import Vehicle
from vision.core.lanes.wait_forecast import HeadOfQueue, expected_wait, server_times

__all__ = ["Figures", "Shares", "figures"]

PUBLISHED_SHARES: Final = (0.5, 0.9, 0.95)
Shares = tuple[float | None, ...]
Wait = tuple[float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a lane; metres are None in an uncalibrated one."""

    queue_vehicles: int
    queue_interval: tuple[int, int]
    queue_m: float | None
    standing_vehicles: int
    standing_m: float | None
    vehicles: int
    in_service: bool | None
    longest_wait_s: float | None
    expected_wait_s: Wait
    wait_s: Shares
    service_s: Shares
    dwell_s: Shares
    censored: bool


def figures(lane_queue: LaneQueue, t: float, others: Iterable[LaneHistory] = ()) -> Figures:
    """The lane at t. others: the other lanes' histories, from which a wait is expected while this one's says little."""
    zone = lane_queue.lane.zone_m
    metric = lane_queue.calibrated
    queue = [v for v in lane_queue.vehicles if v.visit is not None and v.visit.joined_t is not None and v.visit.joined_t <= t]
    runs = _runs(lane_queue.vehicles, t)
    reach = max((v.rear for v in queue), default=0.0)
    jam = sum(min(run[-1].rear, zone) - max(run[0].front, 0.0) for run in runs)
    waits = [t - v.visit.joined_t for v in queue if v.visit and v.visit.joined_t is not None and v.visit.service_t is None]
    return Figures(
        queue_vehicles=len(queue),
        queue_interval=queue_interval([v.existence for v in queue], lane_queue.undetected, len(queue)),
        queue_m=round(min(max(reach, 0.0), zone), 1) if metric else None,
        standing_vehicles=sum(len(run) for run in runs),
        standing_m=round(max(jam, 0.0), 1) if metric else None,
        vehicles=len(lane_queue.vehicles),
        in_service=any(v.visit is not None and v.visit.in_service for v in lane_queue.vehicles) if metric else None,
        longest_wait_s=_rounded(max(waits)) if waits else None,
        expected_wait_s=_expected(lane_queue, queue, t, others),
        wait_s=_percentiles(lane_queue, t, "wait"),
        service_s=_percentiles(lane_queue, t, "service"),
        dwell_s=_percentiles(lane_queue, t, "dwell"),
        censored=bool(queue) and reach >= (zone if metric else 0.97),
    )


def _runs(vehicles: list[Vehicle], t: float) -> list[list[Vehicle]]:
    runs: list[list[Vehicle]] = []
    broken = True
    for vehicle in vehicles:
        if not vehicle.standing(t):
            broken = True
        elif broken:
            runs.append([vehicle])
            broken = False
        else:
            runs[-1].append(vehicle)
    return runs


def _expected(lane_queue: LaneQueue, queue: list[Vehicle], t: float, others: Iterable[LaneHistory]) -> Wait:
    if lane_queue.closed:  # nobody is to join
        return None, None, None
    if not queue:
        return expected_wait(None, 0, HeadOfQueue(None))
    mean, low, high = expected_wait(server_times(lane_queue.history, others), len(queue), _head(lane_queue, queue[0], t))
    return _rounded(mean), _rounded(low), _rounded(high)


def _head(lane_queue: LaneQueue, head: Vehicle, t: float) -> HeadOfQueue:
    """How far the first of the queue is: moving up, in service (where that is not seen: since it could be), or leaving."""
    left_t = lane_queue.history.left_t
    since = None if left_t is None else t - left_t
    visit = head.visit
    if visit is None or visit.joined_t is None:
        return HeadOfQueue(None, since)
    if visit.service_t is not None:
        return HeadOfQueue(max(t - visit.service_t, 0.0), since, leaving=head.slow_since is None)
    if lane_queue.calibrated:
        return HeadOfQueue(None, since)
    start_t = visit.joined_t if left_t is None else max(visit.joined_t, left_t + MOVE_UP_S)
    return HeadOfQueue(t - start_t if t >= start_t else None, since)


def _percentiles(lane_queue: LaneQueue, t: float, what: What) -> Shares:
    """Percentiles of the window's visits (Kaplan-Meier).

    Those that are open or lost, and dwell times that began unseen, count as longer than what was seen of them.
    """
    ended: list[float] = []
    censored: list[float] = []
    for end in lane_queue.history.ends:
        value = {"wait": end.wait_s, "service": end.service_s, "dwell": end.dwell_s}[what]
        if value is not None:
            (censored if end.censored(what) else ended).append(value)
    for visit in lane_queue.open_visits():
        span = span_of(visit, what)
        if span is not None:
            (censored if span.end_t is None else ended).append(
                max((t if span.end_t is None else span.end_t) - span.start_t, 0.0)
            )
    return tuple(_rounded(value) for value in kaplan_meier(ended, censored, PUBLISHED_SHARES))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
