"""`lanewatch schema`: the JSON Schema of the messages."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from vision.errors import ConfigError
from vision.whole_file import whole_file

__all__ = ["schema_command"]


def schema_command(
    out: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Default: standard output.")] = None,
) -> None:
    """Write the JSON Schema of all messages: the contract of Redis, WebSocket, webhook and JSON Lines."""
    from api.web.schema import message_schema, to_text

    text = to_text(message_schema())
    if out is None:
        sys.stdout.write(text)
        return
    try:
        with whole_file(out) as part:
            part.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}; give another place") from None
