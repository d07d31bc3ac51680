"""What one lane measures at one whole second, from its line and its history. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vision.core.line import LaneLine
from vision.core.statistics import expected_wait, kaplan_meier
from vision.core.types import Visit
from vision.core.vehicle import Vehicle

__all__ = ["Figures", "Shares", "figures"]

SHARES: Final = (0.5, 0.9, 0.95)
Shares = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a lane; metres are None in an uncalibrated one."""

    queue_vehicles: int
    queue_m: float | None
    standing_vehicles: int
    standing_m: float | None
    vehicles: int
    in_service: bool | None
    longest_wait_s: float | None
    expected_wait_s: tuple[float | None, float | None, float | None]
    wait_s: Shares
    service_s: Shares
    dwell_s: Shares
    censored: bool


def figures(line: LaneLine, t: float, cycles: list[float]) -> Figures:
    """The lane at t. cycles: booth times per vehicle from which the wait of one that joins now is expected."""
    zone = line.lane.zone_m
    metric = line.calibrated
    queue = [v for v in line.vehicles if v.visit is not None and v.visit.joined_t is not None and v.visit.joined_t <= t]
    runs = _runs(line.vehicles, t)
    reach = max((v.rear for v in queue), default=0.0)
    jam = sum(min(run[-1].rear, zone) - max(run[0].front, 0.0) for run in runs)
    head = next((v for v in line.vehicles if v.visit is not None and v.visit.in_service), None)
    elapsed = None if head is None or head.visit is None or head.visit.service_t is None else t - head.visit.service_t
    waits = [t - v.visit.joined_t for v in queue if v.visit and v.visit.joined_t is not None and v.visit.service_t is None]
    return Figures(
        queue_vehicles=len(queue),
        queue_m=round(min(max(reach, 0.0), zone), 1) if metric else None,
        standing_vehicles=sum(len(run) for run in runs),
        standing_m=round(max(jam, 0.0), 1) if metric else None,
        vehicles=len(line.vehicles),
        in_service=(head is not None) if metric else None,
        longest_wait_s=_rounded(max(waits)) if waits else None,
        expected_wait_s=_three(expected_wait(cycles, len(queue), elapsed)),
        wait_s=_percentiles(line, t, "wait"),
        service_s=_percentiles(line, t, "service"),
        dwell_s=_percentiles(line, t, "dwell"),
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


def _percentiles(line: LaneLine, t: float, what: str) -> Shares:
    """Percentiles of the window's visits, the open ones counted as longer than what they have reached (Kaplan-Meier)."""
    ended: list[float] = []
    censored: list[float] = []
    for end in line.history.ends:
        value = {"wait": end.wait_s, "service": end.service_s, "dwell": end.dwell_s}[what]
        if value is not None:
            (ended if end.departed else censored).append(value)
    for visit in line.open_visits():
        since, finished = _open_span(visit, what)
        if since is not None:
            (censored if finished is None else ended).append((t if finished is None else finished) - since)
    return tuple(_rounded(value) for value in kaplan_meier(ended, censored, SHARES))


def _open_span(visit: Visit, what: str) -> tuple[float | None, float | None]:
    """Start and, if it is over already, end of an open visit's wait, service or dwell."""
    match what:
        case "wait":
            return visit.joined_t, visit.service_t
        case "service":
            return visit.service_t, None
        case _:
            return visit.arrived_t, None


def _three(
    values: tuple[float | None, float | None, float | None],
) -> tuple[float | None, float | None, float | None]:
    mean, low, high = values
    return _rounded(mean), _rounded(low), _rounded(high)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
