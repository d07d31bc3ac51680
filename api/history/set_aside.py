"""What came on the stream and could not be taken into history: kept for a version that can. Blocking.

Bounded: each body by BODY_KEPT, their number by SET_ASIDE_KEPT, oldest go first; their age by `api.history.retention`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, select

from api.history.store import insert
from api.history.tables import set_aside

__all__ = ["BODY_KEPT", "SET_ASIDE_KEPT", "SetAside", "save_set_aside"]

SET_ASIDE_KEPT: Final = 10_000
BODY_KEPT: Final = 65_536


@dataclass(frozen=True, slots=True)
class SetAside:
    """An entry of the stream that could not be taken. t: when it was appended; reason: an `UnreadableReason`, or refused."""

    position: str
    t: float
    reason: str
    type_: str | None
    detail: str
    body: str


def save_set_aside(connection: Connection, gate: str, epoch: str, entries: Iterable[SetAside]) -> None:
    """Keeps the newest SET_ASIDE_KEPT, each once."""
    rows = [
        {
            "gate": gate,
            "epoch": epoch,
            "position": entry.position,
            "t": entry.t,
            "reason": entry.reason,
            "type": None if entry.type_ is None else _storable(entry.type_)[:64],
            "detail": _storable(entry.detail)[:500],
            "body": _storable(entry.body[:BODY_KEPT]),
        }
        for entry in entries
    ]
    if not rows:
        return
    connection.execute(insert(connection, set_aside).on_conflict_do_nothing(), rows)
    sequences = select(set_aside.c.sequence).where(set_aside.c.gate == gate).order_by(set_aside.c.sequence.desc())
    oldest = sequences.offset(SET_ASIDE_KEPT).limit(1).scalar_subquery()
    connection.execute(delete(set_aside).where(set_aside.c.gate == gate, set_aside.c.sequence <= oldest))


def _storable(text: str) -> str:
    """The text without what PostgreSQL keeps in no column."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
