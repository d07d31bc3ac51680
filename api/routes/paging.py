"""What listings have in common: a span of time, a page's size, and where the next page begins. Pure."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import Query

from api.history.queries import Cursor
from api.web.problems import Problem

__all__ = ["After", "FromTime", "Limit", "ToTime", "cursor_of", "cursor_text", "given"]

FromTime = Annotated[float, Query(alias="from", ge=0, le=1e12, description="POSIX seconds.")]
ToTime = Annotated[float, Query(ge=0, le=1e12, description="POSIX seconds, not included.")]
After = Annotated[str | None, Query(max_length=128, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=500, description="Most items on a page.")]


def given(**filters: str | None) -> dict[str, str]:
    """The filters that were given."""
    return {name: value for name, value in filters.items() if value is not None}


def cursor_text(cursor: Cursor | None) -> str | None:
    """Where the next page begins, as `next` of this one."""
    return None if cursor is None else f"{cursor[0]!r}~{cursor[1]}"


def cursor_of(text: str | None) -> Cursor | None:
    """What `cursor_text` wrote. Raises Problem for anything else."""
    if text is None:
        return None
    time, _, key = text.partition("~")
    try:
        t = float(time)
    except ValueError:
        t = math.nan
    if not (math.isfinite(t) and key):
        raise Problem(422, "after: give `next` of the page before, unchanged")
    return t, key
