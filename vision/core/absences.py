"""Vehicles that should be found and are not: how long each is missed, and when it is taken to have gone. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.core.cuboid import S
from vision.core.eye import Boxes, Eye
from vision.core.road import Road
from vision.core.sight import Sight, detectability
from vision.core.vehicle import Vehicle

__all__ = ["lose_everyone", "miss"]

PATIENCE_S: Final = 6.0
"""A vehicle that should be in plain sight for so long, and is not found, has gone."""
PATIENCE_NEW_S: Final = 2.0
NEW_HITS: Final = 15
LEFT_WITHIN_M: Final = 10.0
"""The first vehicle of a line that vanishes this near to the stop line has left."""
OUTAGE_EXPECTED: Final = 1.5
"""An empty frame in which so many vehicles should be found says nothing about them."""


def miss(road: Road, eye: Eye, sight: Sight, boxes: Boxes, *, allowed: NDArray[np.bool_], found: NDArray[np.intp]) -> None:
    """Counts the time for which vehicles that should be found are not; those with too much of it have gone.

    allowed: (N,) vehicles that the camera measures; found: rows of those that it found. The rows of `sight` are void after it.
    """
    chance = detectability(sight.look)
    numbers = road.bodies.number.tolist()
    for number, share in zip(numbers, sight.look.visible.tolist(), strict=True):
        road.vehicles[number].visible = share
    if eye.last_t is None or (not len(boxes.score) and float(chance[allowed].sum()) > OUTAGE_EXPECTED):
        return
    dt = min(max(boxes.t - eye.last_t, 0.0), 1.0)
    missed = allowed.copy()
    missed[found] = False
    keep = np.ones(len(numbers), bool)
    for row in np.flatnonzero(missed).tolist():
        vehicle = road.vehicles[numbers[row]]
        vehicle.missed_s += dt * float(chance[row])
        if vehicle.missed_s > (PATIENCE_NEW_S if vehicle.hits < NEW_HITS else PATIENCE_S):
            keep[row] = False
            _forget(road, vehicle, float(road.bodies.x[row, S]))
    road.bodies.keep(keep)


def lose_everyone(road: Road) -> None:
    """Ends all visits as lost: after a gap in which several vehicles may have left nobody can be told from his successor."""
    for vehicle in road.vehicles.values():
        if vehicle.visit is not None:
            road.lines[vehicle.lane_id].lose(vehicle, vehicle.seen_t)
    road.vehicles.clear()
    road.bodies.keep(np.zeros(len(road.bodies), bool))
    road.began_t = None


def _forget(road: Road, vehicle: Vehicle, s: float) -> None:
    del road.vehicles[vehicle.number]
    if vehicle.visit is None:
        return
    line = road.lines[vehicle.lane_id]
    if line.vehicles[0] is vehicle and s < LEFT_WITHIN_M:
        line.depart(vehicle, vehicle.seen_t)
    else:
        line.lose(vehicle, vehicle.seen_t)
