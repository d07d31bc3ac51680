"""Where the api runs and its secrets: settings from environment variables, each documented here and nowhere else. Pure.

What the gate is stands in the gate file (`vision.config`). `docs/settings.md` is made from the descriptions below.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from vision.errors import ConfigError
from vision.redaction import redact_url

__all__ = ["Settings", "checked_redis_url", "setting_names", "settings_from", "settings_table"]

_ROOT: Final = Path(__file__).resolve().parent.parent
_REDIS: Final = ("redis", "rediss", "unix")


def _names(value: object) -> object:
    return tuple(part.strip().lower() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _setting(name: str, default: object, description: str, **limits: Any) -> Any:  # noqa: ANN401 - as pydantic types Field
    return Field(default, validation_alias=name, description=description, **limits)


class Settings(BaseModel):
    """The api's settings. Secrets are SecretStr: they print as stars."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    gate: Path = Field(validation_alias="LANEWATCH_GATE", description="The gate file (YAML) that describes the gate.")
    data: Path = _setting(
        "LANEWATCH_DATA", Path(".lanewatch"), "Folder for history and state; one folder per gate is made in it."
    )
    redis_url: SecretStr = _setting(
        "REDIS_URL",
        SecretStr("redis://127.0.0.1:6379/0"),
        "The Redis (7 or later) or Valkey server: redis://, rediss:// or unix://. `lanewatch run` starts its own without it.",
    )
    database_url: SecretStr | None = _setting(
        "DATABASE_URL", None, "postgresql://user:password@host/name. Not set: SQLite in the data folder."
    )
    host: str = _setting("LANEWATCH_HOST", "127.0.0.1", "Address to listen on; 0.0.0.0 for all of the machine's.")
    port: int = _setting("LANEWATCH_PORT", 8080, "Port to listen on; 0 takes a free one.", ge=0, le=65535)
    allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(_names)] = _setting(
        "LANEWATCH_ALLOWED_HOSTS",
        (),
        "Names, separated by commas, under which browsers and programs may reach it. IP addresses and localhost always may.",
    )
    api_token: SecretStr | None = _setting(
        "LANEWATCH_API_TOKEN", None, "What programs send as `Authorization: Bearer ...`; at least 16 characters."
    )
    sign_in_token: SecretStr | None = _setting(
        "LANEWATCH_SIGN_IN_TOKEN", None, "Token of the first one-time sign-in link; `lanewatch run` makes it."
    )
    session_hours: float = _setting(
        "LANEWATCH_SESSION_HOURS", 12.0, "How long a browser stays signed in after it was last used.", gt=0, le=720
    )
    webhook_url: SecretStr | None = _setting(
        "LANEWATCH_WEBHOOK_URL", None, "Where alert.changed is posted. Private and loopback addresses are allowed."
    )
    webhook_secret: SecretStr | None = _setting(
        "LANEWATCH_WEBHOOK_SECRET",
        None,
        "Key of the webhook's signature: whsec_ and 24 to 64 bytes in base64 (Standard Webhooks).",
    )
    history_days: float = _setting(
        "LANEWATCH_HISTORY_DAYS", 60.0, "Measurements and states older than this are deleted; visits and alerts are kept.", gt=0
    )
    dashboard: Path = _setting(
        "LANEWATCH_DASHBOARD", _ROOT / "dashboard" / "dist", "Folder of the built page. Not set: dashboard/dist."
    )
    log_format: Literal["console", "json"] = _setting(
        "LANEWATCH_LOG_FORMAT", "console", "console for people, json for programs."
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "LANEWATCH_LOG_LEVEL", "info", "Least level that is logged."
    )

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, url: SecretStr) -> SecretStr:
        _require_url(url, _REDIS)
        return url

    @field_validator("database_url")
    @classmethod
    def _database(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            _require_url(url, ("postgresql", "postgresql+psycopg"))
        return url

    @field_validator("webhook_url")
    @classmethod
    def _webhook(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            _require_url(url, ("http", "https"))
            if not urlsplit(url.get_secret_value()).hostname:
                raise ValueError("the URL names no host; give for example https://receiver.example/alerts")
        return url

    @field_validator("api_token", "sign_in_token")
    @classmethod
    def _long(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < 16:
            raise ValueError("must have at least 16 characters; make one with: openssl rand -hex 32")
        return token

    @field_validator("webhook_secret")
    @classmethod
    def _signing_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not 24 <= len(_decoded(secret.get_secret_value())) <= 64:
            raise ValueError("must be whsec_ and 24 to 64 bytes in base64; make one with: openssl rand -base64 32")
        return secret

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.webhook_url is not None and self.webhook_secret is None:
            raise ValueError("LANEWATCH_WEBHOOK_URL is set but LANEWATCH_WEBHOOK_SECRET is not; webhooks are always signed")
        return self


def settings_from(environment: Mapping[str, str]) -> Settings:
    """The settings that these variables give; an empty one counts as not set. Raises ConfigError naming the variable."""
    given = {name: environment[name] for name in setting_names() if environment.get(name)}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise ConfigError("; ".join(_problem(detail) for detail in error.errors(include_url=False))) from None


def checked_redis_url(url: str) -> str:
    """A REDIS_URL as it is. Raises ConfigError where it is none."""
    try:
        _require_url(SecretStr(url), _REDIS)
    except ValueError as error:
        raise ConfigError(f"setting REDIS_URL: {error}") from None
    return url


def setting_names() -> tuple[str, ...]:
    """Every environment variable that the api reads."""
    return tuple(str(field.validation_alias) for field in Settings.model_fields.values())


def settings_table() -> str:
    """The table of docs/settings.md."""
    rows = [
        f"| `{field.validation_alias}` | {_shown(field.get_default())} | {field.description} |"
        for field in Settings.model_fields.values()
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows]) + "\n"


def _shown(default: object) -> str:
    match default:
        case SecretStr():
            return f"`{default.get_secret_value()}`"
        case Path() if default.is_absolute():
            return f"`{default.relative_to(_ROOT)}`"
        case str() | float() | int() | Path():
            return f"`{default}`"
    return ""


def _require_url(url: SecretStr, schemes: tuple[str, ...]) -> None:
    """Raises ValueError in words of our own: those of urllib may hold a piece of a password."""
    text = url.get_secret_value()
    if not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise ValueError(f"must be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    try:
        urlsplit(text).port  # noqa: B018 - it is parsed when it is asked for
    except ValueError:
        raise ValueError("its host or port is none: brackets belong to an IPv6 address, a port is 1 to 65535") from None


def _decoded(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return b""


def _problem(detail: ErrorDetails) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "missing":
        return f"setting {name} is not set: {_description(name)}"
    shown = f" (found {redact_url(str(detail['input']))!r})" if _may_be_shown(name, detail["input"]) else ""
    return f"setting {name}: {message}{shown}" if name else message


def _may_be_shown(name: str, value: object) -> bool:
    fields = {str(field.validation_alias): field for field in Settings.model_fields.values()}
    return isinstance(value, str) and name in fields and "SecretStr" not in str(fields[name].annotation)


def _description(name: str) -> str:
    return next(str(field.description) for field in Settings.model_fields.values() if field.validation_alias == name)
