"""`lanewatch link`: a new sign-in link for the page of a running `lanewatch run`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from vision.errors import ConfigError

__all__ = ["forget_run", "link_command", "note_run"]

NOTE: Final = "run.json"


def note_run(home: Path, page: str, token: str) -> None:
    """Writes where a run's page is and the token of its api, for this user's eyes only."""
    path = home / NOTE
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({"page": page, "token": token}, file)


def forget_run(home: Path) -> None:
    """Removes what `note_run` wrote."""
    (home / NOTE).unlink(missing_ok=True)


def link_command(
    *,
    gate: Annotated[str | None, typer.Option(help="Gate id. Default: the only one that runs.")] = None,
    data: Annotated[Path, typer.Option(envvar="LANEWATCH_DATA", help="Data folder of the run.")] = Path(".lanewatch"),
) -> None:
    """Print a new one-time sign-in link for the page of a `lanewatch run` on this machine."""
    found = _runs(data)
    if gate is not None:
        found = {name: note for name, note in found.items() if name == gate}
    if not found:
        what = "no LaneWatch" if gate is None else f"no LaneWatch of gate {gate}"
        raise ConfigError(f"{what} runs on the data folder {data}; start it with lanewatch run, or give its --data")
    if len(found) > 1:
        raise ConfigError(f"several gates run on {data}: {', '.join(sorted(found))}; give one with --gate")
    ((name, note),) = found.items()
    sys.stdout.write(_new_link(name, note) + "\n")


def _runs(data: Path) -> dict[str, dict[str, Any]]:
    notes = {}
    for path in sorted(data.glob(f"*/{NOTE}")):
        try:
            notes[path.parent.name] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise ConfigError(f"{path} cannot be read; run this as the user who started LaneWatch") from None
    return notes


def _new_link(gate: str, note: dict[str, Any]) -> str:
    import httpx

    page, headers = note["page"], {"Authorization": f"Bearer {note['token']}"}
    try:
        answer = httpx.post(f"{page}/api/v1/sign-in-links", headers=headers, timeout=5.0, trust_env=False)
    except httpx.HTTPError:
        raise ConfigError(f"LaneWatch of gate {gate} does not answer at {page}; is it still running?") from None
    if not answer.is_success:
        raise ConfigError(f"LaneWatch at {page} refused to make a link (HTTP {answer.status_code}); start it again")
    made = answer.json()
    return f"{page}{made['path']} (works once, within {made['valid_s'] / 60:.0f} minutes)"
