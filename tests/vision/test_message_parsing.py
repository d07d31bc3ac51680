"""Readers understand what a newer writer adds, and say what they do not understand."""

import json
from typing import Any

import pytest

from tests.support.messages import camera_changed, lane_changed, measured
from vision.message_parsing import Unreadable, tolerant_data, tolerant_message
from vision.messages import MESSAGE, LaneData


def changed(text: str, **data: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(text)
    body["data"] |= data
    return body


def test_fields_that_are_not_known_are_ignored_at_every_depth() -> None:
    message = measured("EX1", 5, queue_vehicles=1)
    body = changed(message.model_dump_json(), axles=9) | {"trace": "abc"}
    body["data"]["audit"]["checked"] = True
    assert tolerant_message(json.dumps(body)) == message
    with pytest.raises(ValueError, match="Extra inputs"):
        MESSAGE.validate_json(json.dumps(body))


@pytest.mark.parametrize(
    ("text", "reason", "type_"),
    [
        (measured("EX1", 5).model_dump_json()[:60], "not_json", None),
        ("", "not_json", None),
        ("[1]", "no_message", None),
        ('{"type":5}', "no_message", None),
        ('{"data":{}}', "no_message", None),
        ('{"type":"lane.weighed","data":{}}', "unknown_type", "lane.weighed"),
        (json.dumps(changed(camera_changed("c", 1, "online").model_dump_json(), state="fogged")), "unknown_content", None),
        ('{"type":"lane.measured"}', "unknown_content", "lane.measured"),
    ],
)
def test_what_is_not_understood_is_said(text: str, reason: str, type_: str | None) -> None:
    found = tolerant_message(text)
    assert isinstance(found, Unreadable)
    assert found.reason == reason
    assert found.type_ == (type_ or ("camera.changed" if "fogged" in text else None))
    assert "fogged" not in found.detail


def test_data_alone_is_read_the_same_way() -> None:
    data = lane_changed("EX1", 5, "closed").data
    newer = json.dumps(json.loads(data.model_dump_json()) | {"shift": "night"})
    assert tolerant_data(LaneData, newer) == data
    assert tolerant_data(LaneData, "{") is None
    assert tolerant_data(LaneData, '{"lane_id":"EX1"}') is None
