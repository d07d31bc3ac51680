"""The bodies of REST requests and answers that are not messages themselves. Pure."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.alarms.alarm_states import LONGEST_SHELVING_S
from vision.messages import AlarmData, AlertData, LaneData, LaneInfo, Measurement, Vehicles, VisitData

__all__ = [
    "Acknowledgement",
    "AlarmAnswer",
    "AlertPage",
    "CallerAnswer",
    "HistoryAnswer",
    "HistoryStep",
    "LaneAnswer",
    "LaneList",
    "LaneStatusAnswer",
    "LaneStatusRequest",
    "LinkAnswer",
    "Readiness",
    "Shelving",
    "TruthAnswer",
    "TruthStep",
    "VisitPage",
]

By = Field(default="", max_length=64, description="Who does it; for the record.")
Reason = Field(default="", max_length=500, description="Why; for the record.")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LaneAnswer(_Body):
    """A lane: what it is, and what is known of it now; null where nothing is."""

    info: LaneInfo
    measurement: Measurement | None
    vehicles: Vehicles | None
    status: LaneData | None = Field(description="Null where nobody set one: the lane counts as open.")


class LaneList(_Body):
    """All lanes in the order in which people see them."""

    lanes: list[LaneAnswer]


class HistoryStep(BaseModel):
    """One step of a lane's past: means of what was measured in it, null where nothing was."""

    model_config = ConfigDict(from_attributes=True)

    t: int = Field(description="Where the step begins, POSIX seconds.")
    queue_vehicles: float | None = Field(description="Mean of the seconds in which it was measured.")
    queue_vehicles_max: int | None
    queue_low: float | None = Field(description="Mean of the lower ends of its 90 % interval.")
    queue_high: float | None = Field(description="Mean of the upper ends of its 90 % interval.")
    queue_m: float | None
    queue_m_max: float | None
    vehicles: float | None
    longest_wait_s: float | None = Field(description="Largest in the step.")
    expected_wait_s: float | None
    arrival_rate_vph: float | None
    discharge_rate_vph: float | None
    censored: bool = Field(description="At some second the queue's tail was beyond the view: figures are lower bounds.")
    samples: int = Field(description="Seconds recorded in the step.")
    unknown: int = Field(description="Of those, seconds of quality unknown.")


class HistoryAnswer(_Body):
    """A lane's past: every step from from_t up to, not including, to_t."""

    lane_id: str
    from_t: int
    to_t: int
    step_s: int
    points: list[HistoryStep]


class TruthStep(_Body):
    """One step of a simulated lane's past."""

    t: int = Field(description="Where the step begins, POSIX seconds.")
    queue_vehicles_max: int = Field(description="The longest true queue of the step.")


class TruthAnswer(_Body):
    """What truly was in a lane of a simulated gate during the last hour, as far as this process heard of it."""

    lane_id: str
    step_s: int
    points: list[TruthStep]


class VisitPage(_Body):
    """Visits, newest first."""

    visits: list[VisitData]
    next: str | None = Field(description="Give it as `after` to get the next page; null on the last.")


class AlertPage(_Body):
    """Alerts, newest first."""

    alerts: list[AlertData]
    next: str | None = Field(description="Give it as `after` to get the next page; null on the last.")


class LaneStatusRequest(_Body):
    """Opening or closing a lane."""

    status: Literal["open", "closed"]
    by: str = By
    reason: str = Reason

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"status": "closed", "by": "Trần Minh", "reason": "scanner repair"}]}
    )


class LaneStatusAnswer(_Body):
    """The lane's new status; it is on its way to the stream."""

    status: LaneData


class Acknowledgement(_Body):
    """Acknowledging an alert."""

    by: str = By
    reason: str = Reason

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"by": "Trần Minh", "reason": "IM3 is being opened"}]}
    )


class Shelving(_Body):
    """Shelving an alert, and whatever else its rule says of the same subject meanwhile."""

    for_s: int = Field(ge=60, le=LONGEST_SHELVING_S, description="How long, seconds.")
    by: str = By
    reason: str = Field(min_length=1, max_length=500, description="Why; for the record.")

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"for_s": 1800, "by": "Trần Minh", "reason": "convoy, as planned"}]}
    )


class AlarmAnswer(_Body):
    """What people did with the alert."""

    alarm: AlarmData | None


class CallerAnswer(_Body):
    """Who asks: somebody at a browser, or a program."""

    kind: Literal["operator", "program"]


class LinkAnswer(_Body):
    """A one-time sign-in link: the path is to be put behind the server's address."""

    path: str = Field(examples=["/sign-in?token=..."])
    valid_s: float


class Readiness(_Body):
    """Whether everything works, and if not, what does not and why."""

    ready: bool
    problems: list[str] = Field(examples=[["history: not recorded: OperationalError"]])

    @classmethod
    def of(cls, problems: list[str]) -> Readiness:
        """The readiness with these problems."""
        return cls(ready=not problems, problems=problems)
