"""Settings from environment variables: how every program reads those that it needs, and those of vision itself. A shell.

A program's settings are a subclass of `EnvironmentSettings`, so that a variable that it does not need cannot stop it. Nothing
but the environment is read: no .env file, no folder of secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from vision.errors import ConfigError
from vision.redaction import redact_url

__all__ = ["CacheSettings", "EnvironmentSettings", "read_settings", "setting", "settings_table"]

_ROOT: Final = Path(__file__).resolve().parent.parent


class EnvironmentSettings(BaseSettings):
    """Settings of one program; an empty variable counts as not set. Secrets are SecretStr: they print as stars."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, case_sensitive=True, env_ignore_empty=True, enable_decoding=False
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings passes these by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What was given on the command line, then the environment."""
        return init_settings, env_settings


SettingsT = TypeVar("SettingsT", bound=EnvironmentSettings)


def setting(name: str, default: object, description: str, **limits: Any) -> Any:  # noqa: ANN401 - as pydantic types Field
    """A field that is read from the variable of that name."""
    return Field(default, validation_alias=name, description=description, **limits)


class CacheSettings(EnvironmentSettings):
    """Where a detector keeps what it made from weights."""

    cache: Path | None = setting("LANEWATCH_CACHE", None, "Folder of exported models. Not set: `~/.cache/lanewatch`.")


def read_settings(kind: type[SettingsT], given: Mapping[str, object] | None = None) -> SettingsT:
    """The settings of a program; what is given by a variable's name goes before the variable, unless it is None.

    Raises ConfigError, a sentence that names the variable.
    """
    try:
        values: dict[str, Any] = {name: value for name, value in (given or {}).items() if value is not None}
        return kind(**values)
    except ValidationError as error:
        raise ConfigError("; ".join(_problem(kind, detail) for detail in error.errors(include_url=False))) from None


def settings_table(kind: type[EnvironmentSettings]) -> str:
    """A table of docs/settings.md, what must be set first."""
    fields = sorted(_fields(kind).items(), key=lambda item: not item[1].is_required())
    rows = [f"| `{name}` | {_default(field.get_default())} | {field.description} |" for name, field in fields]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows]) + "\n"


def _fields(kind: type[EnvironmentSettings]) -> dict[str, FieldInfo]:
    return {str(field.validation_alias): field for field in kind.model_fields.values()}


def _default(default: object) -> str:
    match default:
        case SecretStr():
            return f"`{default.get_secret_value()}`"
        case Path() if default.is_absolute():
            return f"`{default.relative_to(_ROOT)}`"
        case str() | float() | int() | Path():
            return f"`{default}`"
    return ""


def _problem(kind: type[EnvironmentSettings], detail: ErrorDetails) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    field = _fields(kind).get(name)
    if field is not None and detail["type"] == "missing":
        return f"setting {name} is not set: {field.description}"
    open_to_all = field is not None and "SecretStr" not in str(field.annotation)
    shown = f" (found {redact_url(str(detail['input']))!r})" if open_to_all and isinstance(detail["input"], str) else ""
    return f"setting {name}: {message}{shown}" if name else message
