"""`lanewatch api`: history, alerts, REST, WebSocket, webhooks and the page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.gates import checked_gate

__all__ = ["api_command"]


def api_command(
    *,
    gate: Annotated[Path | None, typer.Option(help="Gate file. Default: LANEWATCH_GATE.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder for history and state. Default: LANEWATCH_DATA.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: LANEWATCH_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. Default: LANEWATCH_PORT.")] = None,
    import_: Annotated[
        bool, typer.Option("--import", help="Use the gate file though another configuration is in use.")
    ] = False,
) -> None:
    """Serve history, alerts, REST, WebSocket, webhooks and the page; everything else is set by environment variables."""
    from api.server import run_api
    from api.settings import Settings
    from vision.settings import read_settings

    given = {"LANEWATCH_GATE": gate, "LANEWATCH_DATA": data, "LANEWATCH_HOST": host, "LANEWATCH_PORT": port}
    settings = read_settings(Settings, given)
    checked_gate(settings.gate)
    run_api(settings, import_changed=import_)
