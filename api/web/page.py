"""The operators' page: the files of the built dashboard. They hold no data, so they are open to all."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

__all__ = ["Page"]

_NOT_BUILT: Final = "The operators' page is not built. Run `make run`, or `npm ci && npm run build` in dashboard/.\n"


class Page(StaticFiles):
    """dashboard/dist at /: hashed assets may be kept by browsers, the page itself not; a sentence where it is not built."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, html=True, check_dir=False)
        self._folder = folder

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file of that path."""
        if not (self._folder / "index.html").is_file():
            return PlainTextResponse(_NOT_BUILT, status_code=404)
        response = await super().get_response(path, scope)
        kept = isinstance(response, FileResponse) and path.startswith("assets/")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
        return response
