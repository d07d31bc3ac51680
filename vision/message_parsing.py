"""Messages as a reader takes them from others: tolerant of what a newer writer adds. Pure.

Writers are strict: `vision.messages` forbids fields that it does not describe. Readers ignore such fields, and what they
cannot understand at all they get as `Unreadable`, so that they can keep it aside instead of losing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from vision.messages import MESSAGE, Message

__all__ = ["UNREADABLE_REASONS", "Unreadable", "UnreadableReason", "tolerant_data", "tolerant_message"]

UnreadableReason = Literal["not_json", "no_message", "unknown_type", "unknown_content"]
UNREADABLE_REASONS: Final[tuple[UnreadableReason, ...]] = get_args(UnreadableReason)
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What came as a message and is none that is known here.

    type_: the message's type where it is an object that names one. detail: what is not understood, for people; it holds
    no value of the message.
    """

    reason: UnreadableReason
    type_: str | None
    detail: str


def tolerant_message(text: str | bytes) -> Message | Unreadable:
    """The message in a JSON text; fields that are not known here are ignored."""
    try:
        return MESSAGE.validate_json(text, extra="ignore")
    except ValidationError as error:
        return _unreadable(error)


def tolerant_data(model: type[M], text: str | bytes) -> M | None:
    """Any other model in a JSON text, such as a lane's status in Redis; None where the text does not hold it."""
    try:
        return model.model_validate_json(text, extra="ignore")
    except ValidationError:
        return None


def _unreadable(error: ValidationError) -> Unreadable:
    first = error.errors(include_url=False)[0]
    match first["type"]:
        case "json_invalid":
            return Unreadable("not_json", None, "it is not JSON")
        case "union_tag_invalid" if isinstance(first["input"]["type"], str):
            return Unreadable("unknown_type", first["input"]["type"], "its type is not known")
        case "dict_type" | "union_tag_invalid" | "union_tag_not_found":
            return Unreadable("no_message", None, "it is no object with a type")
    type_, *place = (str(part) for part in first["loc"])
    return Unreadable("unknown_content", type_, f"{'.'.join(place)}: {first['msg']}")
