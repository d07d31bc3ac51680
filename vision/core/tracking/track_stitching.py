"""Lost vehicles found again: whether a new body on a lane is one that was known and out of sight. Pure."""

from __future__ import annotations

import math
from typing import Final, Literal

import numpy as np

from vision.core.geometry.vehicle_projection import LENGTH, D, S, V
from vision.core.tracking.existence import OBSERVABLE
from vision.core.tracking.initial_state import Guess
from vision.core.tracking.scene_state import SEEN_RECENTLY_S, SceneState

__all__ = ["LOST_FOUND", "adopt", "changed_vehicle", "clash", "lost_vehicle"]

OVERLAP_SHARE: Final = 0.4
"""Two vehicles of a lane that share this much of the shorter one's length are one."""
LOST_FOUND: Final = 0.5
"""Chance that an unseen vehicle of the lane is the one that is found where it may be."""
BESIDE_M: Final = 5.0
CHANGED: Final = 0.01
"""Of the vehicles that are missed so many changed lanes: the rate of changes, 0.001/s, beside that of being missed. The
axis of the other lane is this near."""
REGULAR: Final = 0.8
"""Who was found in so large a share of the frames, but not after the new body was found, is missed at once."""
DRIVEN_S: Final = 3.0
"""Who was not seen for long did not drive all the time."""


def clash(scene: SceneState, guess: Guess, t: float) -> int | Literal["taken"] | None:
    """The unseen vehicle whose place the guess takes; "taken" if a seen one is there; None if the place is free."""
    states = scene.states
    front, rear = guess.x[S], guess.x[S] + guess.x[LENGTH]
    found: int | None = None
    for row in np.flatnonzero(states.lane == guess.lane).tolist():
        other, length = states.x[row, S], states.x[row, LENGTH]
        shared = min(rear, other + length) - max(front, other)
        if shared < OVERLAP_SHARE * min(length, guess.x[LENGTH]):
            continue
        number = int(states.number[row])
        if t - scene.vehicles[number].seen_t < SEEN_RECENTLY_S:
            return "taken"
        found = number
    return found


def lost_vehicle(scene: SceneState, guess: Guess, t: float) -> tuple[float, int] | None:
    """The unseen vehicle of the lane that most likely came here with nobody seen between, after how likely it did."""
    states = scene.states
    found = []
    for row in np.flatnonzero(states.lane == guess.lane).tolist():
        vehicle = scene.vehicles[int(states.number[row])]
        unseen = t - vehicle.seen_t
        if unseen >= SEEN_RECENTLY_S and not vehicle.gone and not _someone_between(scene, row, guess):
            found.append((LOST_FOUND * _reached(scene, row, float(states.x[row, S]), guess, unseen), vehicle.number))
    return max(found, default=None)


def changed_vehicle(scene: SceneState, guess: Guess, t: float, first_t: float) -> tuple[float, int] | None:
    """The vehicle missed beside this place, in a neighbouring lane of the same direction, that most likely came over unseen.

    It comes after how likely it did. first_t: when the new body was found first.
    """
    axis, states = scene.axes[guess.lane], scene.states
    if axis is None:
        return None
    s, d = axis.locate(scene.table.at(states.lane, states.x[:, S]))
    found = []
    for row in np.flatnonzero((states.lane != guess.lane) & (np.abs(d) < BESIDE_M)).tolist():
        vehicle = scene.vehicles[int(states.number[row])]
        unseen = t - vehicle.seen_t
        same_way = scene.line(guess.lane).lane.direction == scene.line(int(states.lane[row])).lane.direction
        if same_way and vehicle.well_known and not vehicle.gone and unseen > 0.0:
            hidden = 1.0 - float(states.chain[row, OBSERVABLE]) if unseen >= SEEN_RECENTLY_S else 0.0
            missed = max(hidden, float(vehicle.regular > REGULAR and vehicle.seen_t <= first_t))
            found.append((CHANGED * missed * _reached(scene, row, float(s[row]), guess, unseen), vehicle.number))
    return max(found, default=None)


def adopt(scene: SceneState, number: int, guess: Guess, t: float) -> None:
    """Finds a lost vehicle again at another place: its size stays, its place and speed begin anew."""
    states = scene.states
    row = int(np.flatnonzero(states.number == number)[0])
    if states.lane[row] != guess.lane:
        scene.take_to(guess.lane, float(guess.x[S]), float(guess.x[D]), row, t)
    states.x[row, [S, D]] = guess.x[[S, D]]
    spread = states.p[row].copy()
    spread[[S, V, D], :] = 0.0
    spread[:, [S, V, D]] = 0.0
    for state in (S, V, D):
        spread[state, state] = guess.p[state, state]
    states.p[row] = spread
    states.most[row, S] = np.inf
    vehicle = scene.vehicles[number]
    vehicle.seen_t = t


def _someone_between(scene: SceneState, row: int, guess: Guess) -> bool:
    states = scene.states
    low, high = sorted((float(states.x[row, S]), float(guess.x[S])))
    between = (states.lane == guess.lane) & (states.x[:, S] > low) & (states.x[:, S] < high)
    between[row] = False
    return bool(between.any())


def _reached(scene: SceneState, row: int, s: float, guess: Guess, unseen: float) -> float:
    """How likely, beside the likeliest place, a vehicle that was at s (m on the guess's lane) drove to where the guess is.

    It drove at up to the lane's free speed, and did not reverse; what is not known of both places blurs that.
    """
    far = scene.states.driving(guess.lane).free_mps * min(unseen, DRIVEN_S)
    way = s - float(guess.x[S])
    variance = float(scene.states.p[row, S, S] + guess.p[S, S])
    return math.exp(-0.5 * (way - min(max(way, 0.0), far)) ** 2 / variance)
