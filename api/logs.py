"""The logs of the api: structlog to standard error, for people or as JSON, with credentials taken out of every value."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, Literal

import structlog

from vision.redaction import redact_url

__all__ = ["redacted", "set_up_logs"]

_QUIET: Final = ("httpx", "httpcore", "alembic", "websockets", "asyncio")


def redacted(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: the event with every text in it redacted."""
    return {key: _clean(value) for key, value in event.items()}


def _clean(value: object) -> object:
    match value:
        case str():
            return redact_url(value)
        case BaseException():
            return redact_url(f"{type(value).__name__}: {value}")
        case dict():
            return {_clean(key): _clean(part) for key, part in value.items()}
        case list() | tuple():
            return [_clean(part) for part in value]
        case None | bool() | int() | float():
            return value
    return redact_url(repr(value))


def set_up_logs(form: Literal["console", "json"], level: str) -> None:
    """Sends structlog and the standard library's loggers, uvicorn's among them, to standard error in one form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redacted,
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared[:3]],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redacted,
                last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(number)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
