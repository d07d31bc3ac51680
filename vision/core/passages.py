"""Passages of vehicles on the ground: arrivals at the zone's entry, changes of lane, departures at the stop line. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np

from vision.core.cuboid import LENGTH, D, S, V
from vision.core.geometry import LaneAxis
from vision.core.line import LaneLine
from vision.core.road import FREE_SPEED, Road
from vision.core.vehicle import Vehicle

__all__ = ["change_lanes", "pass_lines", "publish"]

STANDING_MPS: Final = 5 / 3.6
"""Slower than 5 km/h is standing (SUMO's E2 detector)."""
PAST_M: Final = -0.7
"""A front this far past the stop line has passed it."""
SURELY_PAST_M: Final = -9.0
"""Vehicles halt at the stop line: one that stands a little past it is still there, only seen badly; not so far past it."""
FORGET_PAST_M: Final = -25.0
FORGET_BEYOND_M: Final = 300.0
"""A vehicle without a visit is out of reach so far past the stop line, or so far upstream of it."""
ASIDE_M: Final = 1.2
CHANGE_MARGIN_M: Final = 0.5
"""A vehicle so far aside of its axis changes lanes once it is nearer to another axis by this margin."""


def change_lanes(road: Road, t: float) -> None:
    """Moves vehicles that came nearer to another lane's axis to that lane."""
    bodies = road.bodies
    for row in np.flatnonzero(np.abs(bodies.x[:, D]) > ASIDE_M).tolist():
        axis = road.axes[int(bodies.lane[row])]
        if axis is not None:
            _change_lane(road, row, axis, t)


def pass_lines(road: Road, t: float) -> None:
    """Lets vehicles arrive at the zone's entry and depart at the stop line, and forgets those that are out of reach."""
    bodies = road.bodies
    keep = np.ones(len(bodies), bool)
    for row, number in enumerate(bodies.number.tolist()):
        vehicle = road.vehicles[number]
        s = float(bodies.x[row, S])
        _pass(road.lines[vehicle.lane_id], vehicle, s, float(bodies.x[row, V]), t)
        if vehicle.visit is None and not FORGET_PAST_M < s < FORGET_BEYOND_M:
            keep[row] = False
            del road.vehicles[number]
    if not keep.all():
        bodies.keep(keep)


def publish(road: Road, t: float) -> None:
    """Hands the vehicles' places to their lanes' lines."""
    bodies = road.bodies
    for number, x in zip(bodies.number.tolist(), bodies.x.tolist(), strict=True):
        vehicle = road.vehicles[number]
        vehicle.front, vehicle.rear, vehicle.speed = x[S], x[S] + x[LENGTH], x[V]
        vehicle.set_slow(x[V] < STANDING_MPS, t)
    for line in road.lines.values():
        line.update(t)


def _change_lane(road: Road, row: int, axis: LaneAxis, t: float) -> None:
    lane = int(road.bodies.lane[row])
    s, d = float(road.bodies.x[row, S]), float(road.bodies.x[row, D])
    along = axis.direction(s)
    point = axis.at(np.array([s]))[0] + np.array([along[1], -along[0]]) * d
    for other, beside in enumerate(road.axes):
        if other == lane or beside is None:
            continue
        new_s, new_d = (float(a[0]) for a in beside.locate(point[None]))
        if abs(new_d) < abs(d) - CHANGE_MARGIN_M:
            _move(road, row, other, (new_s, new_d), t)
            return


def _move(road: Road, row: int, lane: int, place: tuple[float, float], t: float) -> None:
    bodies = road.bodies
    vehicle = road.vehicles[int(bodies.number[row])]
    bodies.lane[row], bodies.x[row, [S, D]] = lane, place
    if vehicle.visit is None:
        vehicle.lane_id = road.ids[lane]
    else:
        road.lines[road.ids[lane]].change_from(road.lines[vehicle.lane_id], vehicle, t)


def _pass(line: LaneLine, vehicle: Vehicle, s: float, v: float, t: float) -> None:
    if vehicle.visit is not None:
        if s < PAST_M and (v > STANDING_MPS or s < SURELY_PAST_M):
            line.depart(vehicle, round(max(t + s / max(v, 1.0), vehicle.first_seen_t), 3))
            vehicle.gone = True
    elif not vehicle.gone:
        if s < PAST_M:
            vehicle.gone = True
        elif s <= line.lane.zone_m:
            _arrive(vehicle, line, s, v, t)


def _arrive(vehicle: Vehicle, line: LaneLine, s: float, v: float, t: float) -> None:
    zone = line.lane.zone_m
    if vehicle.front > zone:
        vehicle.present_at_start = False
        line.enter(vehicle, round(t - (zone - s) / max(v, 1.0), 3), start_censored=False)
    elif vehicle.present_at_start:
        line.enter(vehicle, None, start_censored=True)
    else:
        ahead = [other.visit.arrived_t for other in line.vehicles if other.visit and other.front < s]
        earliest = max([a for a in ahead if a is not None], default=-np.inf)
        guess = vehicle.first_seen_t - (zone - s) / FREE_SPEED
        line.enter(vehicle, round(max(guess, min(earliest + 2.0, vehicle.first_seen_t)), 3), start_censored=zone - s > 60)
