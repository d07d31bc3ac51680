"""The numbers of the tracking filter that are set by hand, with what they mean and where they come from.

They stand here so that a gate file can override them (`tracking:`) and a sweep can vary them; numbers that still stand in the
code of the filter are counted by a test. What is fitted is made by a command (docs/tracking.md).
"""

from __future__ import annotations

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

__all__ = ["TrackingParameters"]


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class TrackingParameters:
    """Numbers of the tracking filter; a gate file gives those that are different at its gate."""

    free_speed_mps: float = 8.0
    """Speed at which vehicles come to the zone until the lane has shown its own, m/s: a gate area's usual limit, 30 km/h."""
    halt_m: float = 1.0
    """Metres upstream of the stop line at which the first vehicle halts, until the lane has shown its own."""
    halt_sigma_m: float = 1.0
    """Spread of that place, m."""
    gap_m: float = 2.5
    """Gap that drivers leave to a standing vehicle, m (SUMO's default); none moves up by less, nor reverses by more."""
    gap_sigma_m: float = 0.8
    """Spread of that gap, m."""
    brake_mps2: float = 2.5
    """Comfortable braking of a loaded truck, m/s2; at most it does twice this (UN Regulation 13 asks for 5)."""
    speed_up_mps2: float = 1.0
    """Acceleration of a loaded truck, m/s2, and the spread of what a driver does besides following."""
    reaction_s: float = 1.2
    """A driver's reaction time, s (Krauss 1998)."""
    strong_score: float = 0.8
    """A box is strong from this share of the score that is usual for vehicles of its size on; set by hand."""
    fit_memory_s: float = 60.0
    """Time over which it is judged how well a camera's boxes and the vehicles agree, s: some vehicles' way through the zone."""
    standing_mps: float = 0.5
    """Below this speed a vehicle is in the standing mode; the spread of its speed there, m/s."""
    rest_time_s: float = 3.0
    """How long an error in a standing vehicle's speed lasts, s."""
    offset_sigma_m: float = 0.4
    """Spread of vehicles about the middle of their lane, m."""
    offset_time_s: float = 20.0
    """Time in which a driver comes back to the lane's middle, s."""
    hide_per_s: float = 0.1
    """Rate at which a detector begins to miss a vehicle in plain sight, whatever the picture shows of it."""
    show_per_s: float = 0.3
    """Rate at which it finds such a vehicle again."""
    found_at_most: float = 0.97
    """Chance at most with which a vehicle in plain sight is found in a frame."""
    vanish_per_s: float = 0.0005
    """Rate at which a vehicle leaves the place where it is thought to be without being seen to."""
    confirm_nats: float = 2.0
    """Logarithm of the odds from which on something followed in the picture is a vehicle."""
    close_up_s: float = 4.0
    """Time in which a driver who stands with room before him would have closed up: that he does not tells of somebody there."""
    image_edge_sd: float = 0.02
    """Noise of an edge of a box in the picture, share of the box's size (yolo11n on steady vehicles: 0.01 to 0.03)."""
    image_failure_share: float = 0.05
    """How often a detector fails: share of edges that lie elsewhere, of time in which a vehicle in sight is not found, of
    frames in which nothing is, and false boxes a frame where one of the vehicle's size could be."""
    image_missed_s: float = 2.0
    """Mean time for which a detector goes on missing a vehicle in sight, s."""
    image_moving_s: float = 20.0
    """Mean time for which a vehicle in the picture moves until it halts or has gone, s."""
    image_standing_s: float = 300.0
    """Mean time for which a vehicle stands until it moves, or is gone without anybody having seen it move, s."""
    image_even_score: float = 0.3
    """Score of a box that is as often that of something else as a vehicle's (yolo11n's false boxes rarely pass it)."""
    image_vehicle_odds: float = 0.1
    """Odds that something new in the picture is a vehicle, before its score is known."""
    image_look_s: float = 0.5
    """Scores of one thing so far apart in time are independent, s."""
    drop_below: float = 0.1
    """Existence probability below which a vehicle is given up."""
