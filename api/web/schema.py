"""The JSON Schema of everything that the page receives, made from the messages. Pure but for `main`.

`python -m api.web.schema FILE` writes it; the page's TypeScript types are generated from that file (`make schema`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from vision.messages import Message, PictureEvent

__all__ = ["main", "message_schema", "page_schema", "to_text"]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def message_schema() -> dict[str, Any]:
    """The schema of `Message`: the contract of Redis, WebSocket, webhook and JSONL."""
    return {"$schema": _DIALECT, "title": "Message", **TypeAdapter(Message).json_schema(mode="serialization")}


def page_schema() -> dict[str, Any]:
    """The schema of what the page receives: a `Message` or a watched camera's `PictureEvent`."""
    schema = TypeAdapter(Message | PictureEvent).json_schema(mode="serialization")
    union = TypeAdapter(Message).json_schema(mode="serialization")
    definitions = {**schema["$defs"], "Message": {"title": "Message", "oneOf": union["oneOf"]}}
    return {
        "$schema": _DIALECT,
        "title": "PageInput",
        "anyOf": [{"$ref": "#/$defs/Message"}, {"$ref": "#/$defs/PictureEvent"}],
        "$defs": dict(sorted(definitions.items())),
    }


def to_text(schema: dict[str, Any]) -> str:
    """A schema as the text that is committed: indented, keys in the order given, with a newline at its end."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Writes the page's schema to the file that is named, or to standard output."""
    text = to_text(page_schema())
    if arguments:
        Path(arguments[0]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
