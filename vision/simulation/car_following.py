"""Car following: the Intelligent Driver Model. Pure.

Treiber, Hennecke, Helbing: Congested traffic states in empirical observations and microscopic simulations (2000).
"""

from __future__ import annotations

import math
from typing import Final

from vision.simulation.bodies import Driving

__all__ = ["acceleration", "gap_is_safe"]

_HARDEST_MPS2: Final = 6.0


def acceleration(driving: Driving, speed_mps: float, gap_m: float, leader_mps: float) -> float:
    """What the driver does in m/s2, given the gap to what is ahead and its speed; gap_m may be infinite."""
    free = 1.0 - (speed_mps / driving.free_mps) ** 4
    if math.isinf(gap_m):
        return driving.accelerate_mps2 * free
    closing = speed_mps * (speed_mps - leader_mps) / (2.0 * math.sqrt(driving.accelerate_mps2 * driving.brake_mps2))
    wanted_m = driving.gap_m + max(0.0, speed_mps * driving.headway_s + closing)
    return max(-_HARDEST_MPS2, driving.accelerate_mps2 * (free - (wanted_m / max(gap_m, 0.1)) ** 2))


def gap_is_safe(driving: Driving, speed_mps: float, gap_m: float, leader_mps: float) -> bool:
    """Whether a driver with that gap ahead would need no more than comfortable braking."""
    return gap_m > driving.gap_m and acceleration(driving, speed_mps, gap_m, leader_mps) > -driving.brake_mps2
