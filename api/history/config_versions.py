"""Versions of the gate's configuration: the file seeds the first, then the database's newest is the truth. Blocking.

`config:{gate}` in Redis carries the current version to running workers as `config_document` writes it.
"""

from __future__ import annotations

import difflib
import json
import time
from dataclasses import dataclass
from typing import Final

import yaml
from sqlalchemy import Connection, RowMapping, select

from api.history.store import Store
from api.history.tables import config_versions
from vision.config import GateConfig, config_hash, parse_gate
from vision.errors import ConfigError

__all__ = ["ConfigVersion", "config_document", "current_config", "export_config", "sync_config"]

SHOWN_LINES: Final = 60


@dataclass(frozen=True, slots=True)
class ConfigVersion:
    """One version of a gate's configuration."""

    version: int
    config: GateConfig

    @property
    def hash(self) -> str:
        """The configuration's hash."""
        return config_hash(self.config)


def current_config(store: Store) -> ConfigVersion | None:
    """The newest version; None where none was stored yet."""
    with store.read() as connection:
        return _newest(connection, store.gate)


def sync_config(store: Store, file_config: GateConfig, import_changed: bool) -> ConfigVersion:
    """The version that holds: the store's, seeded or (import_changed) replaced by the file's.

    Raises ConfigError, which shows the difference, for a changed file that was not asked to be imported.
    """
    with store.write() as connection:
        current = _newest(connection, store.gate)
        if current is None:
            return _insert(connection, store.gate, ConfigVersion(1, file_config))
        if config_hash(file_config) == current.hash:
            return current
        if not import_changed:
            raise ConfigError(_changed(current, file_config))
        return _insert(connection, store.gate, ConfigVersion(current.version + 1, file_config))


def config_document(version: ConfigVersion) -> str:
    """The JSON under `vision.redis_keys.config_key`: {"version", "hash", "config"}."""
    config = version.config.model_dump(mode="json")
    return json.dumps({"version": version.version, "hash": version.hash, "config": config}, ensure_ascii=False)


def export_config(config: GateConfig) -> str:
    """The configuration as a gate file (YAML) that reads back as the same configuration."""
    plain = config.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, default_flow_style=None, width=120)


def _newest(connection: Connection, gate: str) -> ConfigVersion | None:
    query = select(config_versions).where(config_versions.c.gate == gate).order_by(config_versions.c.version.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _version(row)


def _version(row: RowMapping) -> ConfigVersion:
    config = parse_gate(json.loads(row["config"]), where=f"configuration {row['version']} in the database")
    return ConfigVersion(row["version"], config)


def _insert(connection: Connection, gate: str, made: ConfigVersion) -> ConfigVersion:
    values = {"gate": gate, "version": made.version, "hash": made.hash, "origin": "file", "created_t": time.time()}
    connection.execute(config_versions.insert().values(values | {"config": made.config.model_dump_json()}))
    return made


def _changed(current: ConfigVersion, file_config: GateConfig) -> str:
    old, new = (_lines(config) for config in (current.config, file_config))
    lines = list(difflib.unified_diff(old, new, f"in use (version {current.version})", "gate file", lineterm="", n=2))
    if len(lines) > SHOWN_LINES:
        lines = [*lines[:SHOWN_LINES], f"... and {len(lines) - SHOWN_LINES} more lines"]
    return (
        f"the gate file differs from the configuration in use (version {current.version});"
        " start with --import to use the file, or write the one in use with: lanewatch config export\n" + "\n".join(lines)
    )


def _lines(config: GateConfig) -> list[str]:
    text = yaml.safe_dump(config.model_dump(mode="json", exclude_none=True), allow_unicode=True, sort_keys=False, width=120)
    return str(text).splitlines()
