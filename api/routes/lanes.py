"""Lanes: what they measure now, their past, opening and closing them."""

from __future__ import annotations

import time
from typing import Annotated, Final

from fastapi import APIRouter, Query

from api.history.queries import lane_history
from api.routes.asking import AskHistory
from api.routes.bodies import (
    HistoryAnswer,
    HistoryStep,
    LaneAnswer,
    LaneList,
    LaneStatusAnswer,
    LaneStatusRequest,
    TruthAnswer,
    TruthStep,
)
from api.routes.examples import HISTORY, LANE
from api.services import CallerOf, Services, ServicesOf
from api.stream.gate_view import gate_info
from api.stream.truth_history import TRUTH_STEP_S
from api.web.problems import Problem
from vision.messages import LaneData, lane_changed

__all__ = ["router"]

MOST_POINTS: Final = 3000
STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400)
DAY_S: Final = 86_400
Time = Annotated[int | None, Query(ge=0, le=32_503_680_000)]

router = APIRouter(prefix="/api/v1/lanes", tags=["lanes"])


@router.get("", responses={200: {"content": {"application/json": {"example": {"lanes": [LANE]}}}}})
async def list_lanes(services: ServicesOf) -> LaneList:
    """All lanes with what is known of them now."""
    return LaneList(lanes=[_lane(services, lane.id) for lane in services.config.lanes])


@router.get("/{lane_id}", responses={200: {"content": {"application/json": {"example": LANE}}}})
async def get_lane(services: ServicesOf, lane_id: str) -> LaneAnswer:
    """One lane with what is known of it now."""
    _require_lane(services, lane_id)
    return _lane(services, lane_id)


@router.get("/{lane_id}/history", responses={200: {"content": {"application/json": {"example": HISTORY}}}})
async def get_history(
    services: ServicesOf,
    ask: AskHistory,
    lane_id: str,
    *,
    from_: Annotated[Time, Query(alias="from", description="POSIX seconds. Default: a day before `to`.")] = None,
    to: Annotated[Time, Query(description="POSIX seconds, not included. Default: now.")] = None,
    step: Annotated[
        int | None, Query(ge=1, le=DAY_S, description="Seconds. Default: so that there are at most 500 points.")
    ] = None,
) -> HistoryAnswer:
    """A lane's past in steps; a step in which nothing was measured is null, never 0."""
    _require_lane(services, lane_id)
    to_t = int(time.time()) + 1 if to is None else to
    from_t = to_t - DAY_S if from_ is None else from_
    if from_t >= to_t:
        raise Problem(422, f"from ({from_t}) must be before to ({to_t})")
    step_s = step or next((one for one in STEPS_S if (to_t - from_t) / one <= 500), DAY_S)
    if (to_t - from_t) / step_s > MOST_POINTS:
        raise Problem(422, f"that is more than {MOST_POINTS} points: choose a larger step or a shorter time")
    points = await ask(lane_history, lane_id, from_t, to_t, step_s)
    steps = [HistoryStep.model_validate(point) for point in points]
    return HistoryAnswer(lane_id=lane_id, from_t=from_t, to_t=to_t, step_s=step_s, points=steps)


@router.get("/{lane_id}/truth")
async def get_truth(services: ServicesOf, lane_id: str) -> TruthAnswer:
    """What truly was in a lane of a simulated gate; 404 at a real gate, where nobody knows."""
    _require_lane(services, lane_id)
    live = services.live
    points = [TruthStep(t=t, queue_vehicles_max=vehicles) for t, vehicles in live.truths.of(lane_id)]
    if live.view.simulation is None:
        raise Problem(404, "this gate is not simulated, or its simulation has told nothing yet: there is no truth")
    return TruthAnswer(lane_id=lane_id, step_s=TRUTH_STEP_S, points=points)


@router.post("/{lane_id}/status")
async def set_status(services: ServicesOf, caller: CallerOf, lane_id: str, request: LaneStatusRequest) -> LaneStatusAnswer:
    """Opens or closes a lane: a lane.changed goes to the stream."""
    _require_lane(services, lane_id)
    t = round(time.time(), 3)
    data = LaneData(lane_id=lane_id, t=t, status=request.status, by=request.by or caller.kind, reason=request.reason)
    await services.emitter.emit(lane_changed(services.config.id, data))
    return LaneStatusAnswer(status=data)


def _require_lane(services: Services, lane_id: str) -> None:
    known = [lane.id for lane in services.config.lanes]
    if lane_id not in known:
        raise Problem(404, f"there is no lane '{lane_id[:64]}'; lanes are {', '.join(known)}")


def _lane(services: Services, lane_id: str) -> LaneAnswer:
    view = services.live.view
    info = next(lane for lane in gate_info(services.config).lanes if lane.id == lane_id)
    measurement, vehicles = view.lanes.get(lane_id), view.vehicles.get(lane_id)
    return LaneAnswer(info=info, measurement=measurement, vehicles=vehicles, status=view.statuses.get(lane_id))
