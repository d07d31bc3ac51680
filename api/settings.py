"""Where the api and the commands run and their secrets: each variable documented here and nowhere else.

What the gate is stands in the gate file (`vision.config`). `docs/settings.md` is made from the descriptions below.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from vision.settings import EnvironmentSettings, setting

__all__ = [
    "BusSettings",
    "DatabaseSettings",
    "GateSettings",
    "LogSettings",
    "ProgramSettings",
    "Settings",
    "SimulationSettings",
    "WorkerSettings",
]

_ROOT: Final = Path(__file__).resolve().parent.parent
_GATE_FILE: Final = "The gate file (YAML) that describes the gate."
_REDIS_SERVER: Final = (
    "The Redis (7 or later) or Valkey server: redis://, rediss:// or unix://. `lanewatch run` starts its own without it."
)


def _require_url(url: SecretStr, *schemes: str) -> SecretStr:
    """Raises ValueError in words of our own: those of urllib may hold a piece of a password."""
    text = url.get_secret_value()
    if not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise ValueError(f"must be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    try:
        urlsplit(text).port  # noqa: B018 - it is parsed when it is asked for
    except ValueError:
        raise ValueError("its host or port is none: brackets belong to an IPv6 address, a port is 1 to 65535") from None
    return url


def _webhook(url: SecretStr) -> SecretStr:
    if not urlsplit(_require_url(url, "http", "https").get_secret_value()).hostname:
        raise ValueError("the URL names no host; give for example https://receiver.example/alerts")
    return url


def _long(token: SecretStr) -> SecretStr:
    if len(token.get_secret_value()) < 16:
        raise ValueError("must have at least 16 characters; make one with: openssl rand -hex 32")
    return token


def _signing_key(secret: SecretStr) -> SecretStr:
    try:
        decoded = base64.b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)
    except binascii.Error:
        decoded = b""
    if not 24 <= len(decoded) <= 64:
        raise ValueError("must be whsec_ and 24 to 64 bytes in base64; make one with: openssl rand -base64 32")
    return secret


def _login(login: SecretStr) -> SecretStr:
    user, _, password = login.get_secret_value().partition(":")
    if not user or not password:
        raise ValueError("must be USER:PASSWORD")
    return login


def _names(value: object) -> object:
    return tuple(part.strip().lower() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


RedisUrl = Annotated[SecretStr, AfterValidator(lambda url: _require_url(url, "redis", "rediss", "unix"))]
DatabaseUrl = Annotated[SecretStr, AfterValidator(lambda url: _require_url(url, "postgresql", "postgresql+psycopg"))]
WebhookUrl = Annotated[SecretStr, AfterValidator(_webhook)]
Token = Annotated[SecretStr, AfterValidator(_long)]
SigningKey = Annotated[SecretStr, AfterValidator(_signing_key)]
Login = Annotated[SecretStr, AfterValidator(_login)]


class GateSettings(EnvironmentSettings):
    """Which gate a command works on, where none is named."""

    gate: Path | None = setting("LANEWATCH_GATE", None, _GATE_FILE)


class BusSettings(EnvironmentSettings):
    """The bus that a command uses, where there is one."""

    redis_url: RedisUrl | None = setting("REDIS_URL", None, _REDIS_SERVER)


class DatabaseSettings(EnvironmentSettings):
    """Where history and state are stored."""

    database_url: DatabaseUrl | None = setting(
        "DATABASE_URL", None, "postgresql://user:password@host/name. Not set: SQLite in the data folder."
    )


class ProgramSettings(EnvironmentSettings):
    """What programs show to the api."""

    api_token: Token | None = setting(
        "LANEWATCH_API_TOKEN", None, "What programs send as `Authorization: Bearer ...`; at least 16 characters."
    )


class LogSettings(EnvironmentSettings):
    """How a program logs."""

    log_format: Literal["console", "json"] = setting(
        "LANEWATCH_LOG_FORMAT", "console", "console for people, json for programs."
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "LANEWATCH_LOG_LEVEL", "info", "Least level that is logged."
    )


class WorkerSettings(BusSettings):
    """What the worker needs."""

    sources: SecretStr | None = setting(
        "LANEWATCH_SOURCES", None, "How `lanewatch run` tells the worker its sources, as JSON; do not set it."
    )


class SimulationSettings(EnvironmentSettings):
    """What the simulated gate needs for a login of its cameras and for telling the api which lanes are open."""

    login: Login | None = setting(
        "LANEWATCH_SIMULATION_LOGIN", None, "USER:PASSWORD that `lanewatch simulate --auth basic` (or `digest`) asks for."
    )
    api_token: Token | None = setting(
        "LANEWATCH_API_TOKEN", None, "The api's token, with which `lanewatch simulate --api URL` closes and opens lanes."
    )


class Settings(LogSettings, ProgramSettings, DatabaseSettings):
    """The api's settings."""

    gate: Path = Field(validation_alias="LANEWATCH_GATE", description=_GATE_FILE)
    data: Path = setting(
        "LANEWATCH_DATA", Path(".lanewatch"), "Folder for history and state; one folder per gate is made in it."
    )
    redis_url: RedisUrl = setting("REDIS_URL", SecretStr("redis://127.0.0.1:6379/0"), _REDIS_SERVER)
    host: str = setting("LANEWATCH_HOST", "127.0.0.1", "Address to listen on; 0.0.0.0 for all of the machine's.")
    port: int = setting("LANEWATCH_PORT", 8080, "Port to listen on; 0 takes a free one.", ge=0, le=65535)
    allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(_names)] = setting(
        "LANEWATCH_ALLOWED_HOSTS",
        (),
        "Names, separated by commas, under which browsers and programs may reach it. IP addresses and localhost always may.",
    )
    sign_in_token: Token | None = setting(
        "LANEWATCH_SIGN_IN_TOKEN", None, "Token of the first one-time sign-in link; `lanewatch run` makes it."
    )
    session_hours: float = setting(
        "LANEWATCH_SESSION_HOURS", 12.0, "How long a browser stays signed in after it was last used.", gt=0, le=720
    )
    webhook_url: WebhookUrl | None = setting(
        "LANEWATCH_WEBHOOK_URL", None, "Where alert.changed is posted. Private and loopback addresses are allowed."
    )
    webhook_secret: SigningKey | None = setting(
        "LANEWATCH_WEBHOOK_SECRET",
        None,
        "Key of the webhook's signature: whsec_ and 24 to 64 bytes in base64 (Standard Webhooks).",
    )
    history_days: float = setting(
        "LANEWATCH_HISTORY_DAYS", 60.0, "Measurements and states older than this are deleted; visits and alerts are kept.", gt=0
    )
    dashboard: Path = setting(
        "LANEWATCH_DASHBOARD", _ROOT / "dashboard" / "dist", "Folder of the built page. Not set: dashboard/dist."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.webhook_url is not None and self.webhook_secret is None:
            raise ValueError("LANEWATCH_WEBHOOK_URL is set but LANEWATCH_WEBHOOK_SECRET is not; webhooks are always signed")
        return self
