"""The source code of what runs here: `GET /source.tar.gz`, open to all; the page's link leads to it."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response

from api.web.source_archive import source_archive

__all__ = ["router"]

router = APIRouter(tags=["service"])


@router.get("/source.tar.gz", response_class=Response, responses={200: {"content": {"application/gzip": {}}}})
async def get_source() -> Response:
    """The source code of this service, under the AGPL-3.0."""
    archive = await asyncio.to_thread(source_archive)
    named = {"Content-Disposition": 'attachment; filename="lanewatch-source.tar.gz"', "Cache-Control": "no-cache"}
    return Response(archive, media_type="application/gzip", headers=named)
