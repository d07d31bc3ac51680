"""Lost vehicles found again: whether a new body on a lane is one that was known and out of sight. Pure."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from vision.core.geometry.vehicle_projection import LENGTH, D, S, V
from vision.core.tracking.existence import OBSERVABLE
from vision.core.tracking.initial_state import Guess
from vision.core.tracking.scene_state import SEEN_RECENTLY_S, SceneState

__all__ = ["adopt", "changed_vehicle", "clash", "lost_vehicle"]

OVERLAP_SHARE: Final = 0.4
"""Two vehicles of a lane that share this much of the shorter one's length are one."""
ADOPT_M: Final = 10.0
ADOPT_MPS: Final = 6.0
BESIDE_M: Final = 5.0
MISSED_S: Final = 1.0
OBSERVABLE_STILL: Final = 0.3
"""A vehicle on an axis this near, out of sight for so long and hardly observable any more, may have changed lanes unseen."""
FOLLOWED_S: Final = 2.0
"""So may one that was found regularly, however little of it can be seen, if the new box came this soon before or after."""


def clash(road: SceneState, guess: Guess, t: float) -> int | Literal["taken"] | None:
    """The unseen vehicle whose place the guess takes; "taken" if a seen one is there; None if the place is free."""
    bodies = road.bodies
    front, rear = guess.x[S], guess.x[S] + guess.x[LENGTH]
    found: int | None = None
    for row in np.flatnonzero(bodies.lane == guess.lane).tolist():
        other, length = bodies.x[row, S], bodies.x[row, LENGTH]
        shared = min(rear, other + length) - max(front, other)
        if shared < OVERLAP_SHARE * min(length, guess.x[LENGTH]):
            continue
        number = int(bodies.number[row])
        if t - road.vehicles[number].seen_t < SEEN_RECENTLY_S:
            return "taken"
        found = number
    return found


def lost_vehicle(road: SceneState, guess: Guess, t: float) -> int | None:
    """An unseen vehicle of the lane that can have come here with nobody seen between."""
    bodies = road.bodies
    best: tuple[float, int] | None = None
    for row in np.flatnonzero(bodies.lane == guess.lane).tolist():
        number = int(bodies.number[row])
        unseen = t - road.vehicles[number].seen_t
        away = abs(float(bodies.x[row, S] - guess.x[S]))
        if unseen < SEEN_RECENTLY_S or away > ADOPT_M + ADOPT_MPS * min(unseen, 3.0):
            continue
        if not _someone_between(road, row, guess) and (best is None or away < best[0]):
            best = away, number
    return None if best is None else best[1]


def changed_vehicle(road: SceneState, guess: Guess, t: float, first_t: float) -> int | None:
    """A vehicle that is missed beside this place, in a neighbouring lane of the same direction: it came over unseen.

    first_t: when the box was found first that shows the new body.
    """
    axis, bodies = road.axes[guess.lane], road.bodies
    if axis is None:
        return None
    s, d = axis.locate(road.table.at(bodies.lane, bodies.x[:, S]))
    best: tuple[float, int] | None = None
    for row in np.flatnonzero((bodies.lane != guess.lane) & (np.abs(d) < BESIDE_M)).tolist():
        number = int(bodies.number[row])
        vehicle = road.vehicles[number]
        unseen, away = t - vehicle.seen_t, abs(float(s[row] - guess.x[S]))
        followed = abs(first_t - vehicle.seen_t) < FOLLOWED_S
        missed = (unseen >= MISSED_S and bodies.chain[row, OBSERVABLE] < OBSERVABLE_STILL) or (
            followed and vehicle.regular * unseen >= MISSED_S
        )
        if vehicle.gone or not missed or away > ADOPT_M + ADOPT_MPS * min(unseen, 3.0):
            continue
        same_way = road.line(guess.lane).lane.direction == road.line(int(bodies.lane[row])).lane.direction
        if same_way and vehicle.well_known and (best is None or away < best[0]):
            best = away, number
    return None if best is None else best[1]


def adopt(road: SceneState, number: int, guess: Guess, t: float) -> None:
    """Finds a lost vehicle again at another place: its size stays, its place and speed begin anew."""
    bodies = road.bodies
    row = int(np.flatnonzero(bodies.number == number)[0])
    if bodies.lane[row] != guess.lane:
        road.take_to(guess.lane, float(guess.x[S]), float(guess.x[D]), row, t)
    bodies.x[row, [S, D]] = guess.x[[S, D]]
    spread = bodies.p[row].copy()
    spread[[S, V, D], :] = 0.0
    spread[:, [S, V, D]] = 0.0
    for state in (S, V, D):
        spread[state, state] = guess.p[state, state]
    bodies.p[row] = spread
    bodies.most[row, S] = np.inf
    vehicle = road.vehicles[number]
    vehicle.seen_t = t


def _someone_between(road: SceneState, row: int, guess: Guess) -> bool:
    bodies = road.bodies
    low, high = sorted((float(bodies.x[row, S]), float(guess.x[S])))
    between = (bodies.lane == guess.lane) & (bodies.x[:, S] > low) & (bodies.x[:, S] < high)
    between[row] = False
    return bool(between.any())
