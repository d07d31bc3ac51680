"""The source code of what runs here: `GET /source.tar.gz`, open to all; the page's link leads to it."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.services import ServicesOf

__all__ = ["router"]

router = APIRouter(tags=["service"])


@router.get("/source.tar.gz", response_class=Response, responses={200: {"content": {"application/gzip": {}}}})
async def get_source(services: ServicesOf) -> Response:
    """The source code of this service, under the AGPL-3.0."""
    archive = await services.source_archive.get()
    named = {"Content-Disposition": 'attachment; filename="lanewatch-source.tar.gz"', "Cache-Control": "no-cache"}
    return Response(archive, media_type="application/gzip", headers=named)
