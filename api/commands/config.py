"""`lanewatch config export`: the configuration in use, from the database, as a gate file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.settings import DatabaseSettings
from vision.config import GateConfig
from vision.errors import ConfigError
from vision.settings import read_settings
from vision.whole_file import whole_file

__all__ = ["config_app", "config_in_use"]

config_app = typer.Typer(help="The gate's configuration in use.", rich_markup_mode=None, no_args_is_help=False)


@config_app.callback()
def _config() -> None:
    """The gate's configuration in use."""


@config_app.command("export")
def export_command(
    gate: Annotated[str | None, typer.Option(help="Id of the gate. Default: the only one in the data folder.")] = None,
    data: Annotated[Path, typer.Option(envvar="LANEWATCH_DATA", help="Folder of history and state.")] = Path(".lanewatch"),
    out: Annotated[Path | None, typer.Option(help="Gate file to write. Default: standard output.")] = None,
) -> None:
    """Write the configuration in use as a gate file."""
    from api.history.config_versions import current_config, export_config
    from api.history.store import open_store, sqlite_url

    url = _database_url()
    gate_id = gate or _only_gate(data, has_database=bool(url))
    if not url and not (data / gate_id / "history.db").is_file():
        raise ConfigError(f"there is no history of gate '{gate_id}' in {data}; name the folder with --data")
    store = open_store(url or sqlite_url(data, gate_id), gate_id)
    try:
        current = current_config(store)
    finally:
        store.close()
    if current is None:
        raise ConfigError(f"no configuration of gate '{gate_id}' is stored yet; start `lanewatch run` once")
    text = export_config(current.config)
    if out is None:
        sys.stdout.write(text)
    else:
        _write(out, text)


def config_in_use(config: GateConfig, data: Path, *, import_changed: bool) -> GateConfig:
    """The configuration that the database holds, seeded by the gate file. Raises ConfigError for a changed file."""
    from api.history.config_versions import sync_config
    from api.history.store import open_store, sqlite_url

    store = open_store(_database_url() or sqlite_url(data, config.id), config.id)
    try:
        return sync_config(store, config, import_changed).config
    finally:
        store.close()


def _database_url() -> str | None:
    url = read_settings(DatabaseSettings).database_url
    return url.get_secret_value() if url else None


def _only_gate(data: Path, *, has_database: bool) -> str:
    found = sorted(path.parent.name for path in data.glob("*/history.db")) if data.is_dir() else []
    if has_database or len(found) != 1:
        here = f"; {data} has {', '.join(found)}" if found else ""
        raise ConfigError(f"say which gate's configuration with --gate ID{here}")
    return found[0]


def _write(path: Path, text: str) -> None:
    try:
        with whole_file(path) as part:
            part.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}; give another place with --out") from None
