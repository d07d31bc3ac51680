"""The section's road: its lanes on the ground and the vehicles on them, as one state that the scene's stages share. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from vision.config import View
from vision.core.geometry.camera_model import CameraPose
from vision.core.geometry.lane_axis import LaneAxis, ground_axis
from vision.core.geometry.vehicle_projection import D, LaneTable, S
from vision.core.lanes.lane_queue import LaneQueue
from vision.core.lanes.vehicle import Vehicle
from vision.core.tracking.height_bias import HeightBias
from vision.core.tracking.undetected_vehicles import UndetectedVehicles
from vision.core.tracking.vehicle_states import VehicleStates
from vision.tracking_parameters import TrackingParameters

__all__ = ["ARRIVAL_SPEED", "SEEN_RECENTLY_S", "SceneState"]

ARRIVAL_SPEED: Final = 7.5
"""Speed of a vehicle on its way to the zone, m/s."""
SEEN_RECENTLY_S: Final = 1.0
"""A vehicle that was found within this time counts as seen."""
STRAIGHT: Final = LaneAxis(np.array([[0.0, 0.0], [0.0, 1.0]]))
"""Stands in for the axis of a lane that no camera has placed yet."""


@dataclass(slots=True)
class SceneState:
    """Lanes by index (`ids`, `axes`, `table`) and by id (`lines`); vehicles by row (`states`) and by number (`vehicles`)."""

    parameters: TrackingParameters
    lines: dict[str, LaneQueue]
    ids: list[str]
    axes: list[LaneAxis | None]
    table: LaneTable
    states: VehicleStates
    vehicles: dict[int, Vehicle]
    height_bias: HeightBias = field(default_factory=HeightBias)
    undetected: UndetectedVehicles = field(default_factory=UndetectedVehicles)
    began_t: float | None = None

    @classmethod
    def of(cls, lines: Mapping[str, LaneQueue], parameters: TrackingParameters) -> SceneState:
        """An empty road whose lanes have no place yet."""
        table, states = LaneTable([STRAIGHT] * len(lines)), VehicleStates(parameters)
        return cls(parameters, dict(lines), list(lines), [None] * len(lines), table, states, {})

    def index(self, view: View) -> int | None:
        """The index of a view's lane; None for a lane of another section."""
        return self.ids.index(view.lane) if view.lane in self.lines else None

    def line(self, lane: int) -> LaneQueue:
        """The line of a lane, by index."""
        return self.lines[self.ids[lane]]

    def zone_m(self, lane: int) -> float:
        """The length of a lane's zone, by index."""
        return self.lines[self.ids[lane]].lane.zone_m

    def place(self, views: tuple[View, ...], pose: CameraPose) -> None:
        """Lays the lanes where a camera's views have them; a view's own axis goes before one that was derived."""
        for view in views:
            index = self.index(view)
            if index is not None and (self.axes[index] is None or view.axis is not None):
                self.axes[index] = ground_axis(view, pose, self.zone_m(index))
        self.table = LaneTable([axis or STRAIGHT for axis in self.axes])

    def take_to(self, lane: int, s: float, d: float, row: int, t: float) -> None:
        """Takes a vehicle to another lane: its visit there ends, one here goes on."""
        states = self.states
        vehicle = self.vehicles[int(states.number[row])]
        vehicle.aside_since = None
        states.lane[row], states.x[row, [S, D]] = lane, (s, d)
        if vehicle.visit is None:
            vehicle.lane_id = self.ids[lane]
        else:
            self.lines[self.ids[lane]].change_from(self.lines[vehicle.lane_id], vehicle, t)

    def since_began_s(self, t: float) -> float:
        """Seconds since its first frame."""
        return t - (t if self.began_t is None else self.began_t)
