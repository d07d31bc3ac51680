"""The service itself: is it alive, is it ready, its metrics, its description."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.routes.bodies import Readiness
from api.services import ServicesOf
from api.web.metrics import ReadingCounts

__all__ = ["router"]

router = APIRouter(tags=["service"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Alive: the event loop answers."""
    return {"status": "alive"}


@router.get("/readyz", responses={503: {"model": Readiness}})
async def readyz(services: ServicesOf, response: Response) -> Readiness:
    """Ready: the live view is current and history is recorded, 30 s late at most; otherwise 503, saying what is not and why."""
    readiness = Readiness.of(services.problems())
    response.status_code = 200 if readiness.ready else 503
    return readiness


@router.get("/metrics", response_class=Response)
async def metrics(services: ServicesOf) -> Response:
    """Prometheus' text format."""
    recorder, questions = services.recorder, services.store.questions
    results = services.webhooks.results if services.webhooks else {}
    counts = ReadingCounts(
        services.recorder_lag_s(),
        recorder.recorded,
        services.source.parser.parsed,
        recorder.set_aside,
        len(questions),
        questions.results,
    )
    return Response(services.metrics.render(services.live.hub, results, counts), media_type=CONTENT_TYPE_LATEST)
