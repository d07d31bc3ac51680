"""One recorded session of a running gate, folded: the same end as the running api had, and as the page has."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from api.stream.gate_view import GateView
from tests.api.stream.record_session import SESSION, present, the_gate
from vision.messages import MESSAGE, Message

FRAMES = [json.loads(line) for line in (SESSION / "frames.jsonl").read_text(encoding="utf-8").splitlines()]
END = json.loads((SESSION / "end.json").read_text(encoding="utf-8"))
MESSAGES = [MESSAGE.validate_json(json.dumps(frame["message"])) for frame in FRAMES]


def folded(messages: list[Message]) -> dict[str, Any]:
    view = GateView(the_gate())
    for message in messages:
        view.apply(message)
    told_t = view.simulation.t if view.simulation else 0.0
    return present(json.loads(view.snapshot("", "0-0", False, told_t).model_dump_json())["data"])


def test_the_session_ends_as_the_running_api_had_it() -> None:
    assert folded(MESSAGES) == END


@pytest.mark.parametrize("cut", range(0, len(MESSAGES), 10))
def test_what_comes_again_later_changes_nothing(cut: int) -> None:
    """All but the truth, which no stream repeats."""
    again = [message for message in MESSAGES[cut:] if message.type != "gate.truth"]
    assert folded([*MESSAGES, *again]) == END
    assert folded([*MESSAGES, *again[::-1]]) == END


def test_everything_happens_in_the_session() -> None:
    types = Counter(message.type for message in MESSAGES)
    assert set(types) == {model["message"]["type"] for model in FRAMES} >= {"gate.truth", "lane.changed", "camera.changed"}
    assert types["gate.snapshot"] == 2, "one connection was lost"
    assert {m.data.state for m in MESSAGES if m.type == "alert.changed"} == {"pending", "firing", "resolved"}
    assert {m.data.state for m in MESSAGES if m.type == "alarm.changed"} >= {"acknowledged", "shelved", "unacknowledged"}
    ids = Counter(str(message.id) for message in MESSAGES)
    assert max(ids.values()) > 1, "messages came twice"
    told = {m.data.alert_id for m in MESSAGES if m.type == "alert.changed"}
    assert set(END["alerts"]) < told, "an alert was forgotten"
    assert {alert["state"] for alert in END["alerts"].values()} == {"firing", "resolved"}
    assert any(m.type == "lane.measured" and m.data.lane_id not in END["lanes"] for m in MESSAGES), (
        "of a lane that is not there"
    )
