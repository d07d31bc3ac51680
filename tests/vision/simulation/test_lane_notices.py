"""A simulated gate opens and closes its lanes in the product: a real api, which may be away, new, or refuse."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.api import TOKEN, Api, eventually, running_api, settings_for
from tests.support.cli import lanewatch
from tests.support.redis import Valkey, valkey
from vision.errors import ConfigError
from vision.simulation.lane_notices import LaneNotices
from vision.simulation.layouts import LAYOUTS

CONFIG = LAYOUTS["two-masts"].gate()


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


@pytest.fixture
def bus(server: Valkey) -> Valkey:
    server.client.flushall()
    return server


@pytest.fixture
def api(bus: Valkey, tmp_path: Path) -> Iterator[Api]:
    with running_api(settings_for(CONFIG, tmp_path, bus.url)) as running:
        yield running


def notices(api: Api, token: str = TOKEN) -> LaneNotices:
    return LaneNotices(f"http://{api.address}", token)


def closed(api: Api) -> dict[str, Any]:
    """Who closed which lanes and why."""
    statuses = {lane["info"]["id"]: lane["status"] for lane in api.get("/api/v1/lanes")["lanes"]}
    return {lane: (s["by"], s["reason"]) for lane, s in statuses.items() if s is not None and s["status"] == "closed"}


def test_lanes_close_and_open_as_the_simulation_says(api: Api, bus: Valkey) -> None:
    with notices(api) as told:
        told.tell(frozenset({"EX2", "IM3"}))
        eventually(lambda: closed(api).keys() == {"EX2", "IM3"})
        assert closed(api)["IM3"] == ("simulation", "the scenario's plan")
        told.tell(frozenset({"IM3"}))
        eventually(lambda: closed(api).keys() == {"IM3"})
    said = [json.loads(text)["data"]["lane_id"] for text in bus.messages(CONFIG.id) if '"lane.changed"' in text]
    assert set(said) == {"EX2", "IM3"}, "lanes that never closed are not told of"


def test_a_new_simulation_opens_what_the_one_before_left_closed_and_nothing_else(api: Api) -> None:
    with notices(api) as before:
        before.tell(frozenset({"EX1", "IM1"}))
        eventually(lambda: closed(api).keys() == {"EX1", "IM1"})
    api.http.post("/api/v1/lanes/IM2/status", json={"status": "closed", "by": "Trần Minh", "reason": "scanner repair"})
    with notices(api) as after:
        after.tell(frozenset({"IM1"}))
        eventually(lambda: closed(api).keys() == {"IM1", "IM2"})
    assert closed(api)["IM2"] == ("Trần Minh", "scanner repair")


def test_it_waits_for_an_api_that_is_not_there_yet(bus: Valkey, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    with LaneNotices(f"http://127.0.0.1:{port}", TOKEN) as told:
        told.tell(frozenset({"EX1"}))
        with running_api(settings_for(CONFIG, tmp_path, bus.url), port=port) as api:
            eventually(lambda: closed(api).keys() == {"EX1"})


def test_a_refusal_is_said_once_and_without_the_token(api: Api) -> None:
    with capture_logs() as logs, notices(api, token="not-the-token-that-it-wants") as told:
        told.tell(frozenset({"EX1"}))
        eventually(lambda: logs)
        told.tell(frozenset({"EX2"}))
    assert [(line["log_level"], line["status"]) for line in logs] == [("error", 401)]
    assert "not-the-token" not in str(logs)
    assert closed(api) == {}


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://127.0.0.1", "http://[::1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="no address of an api"):
        LaneNotices(url, TOKEN)


def test_the_command_needs_the_token_and_addresses_that_are_some(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LANEWATCH_API_TOKEN", raising=False)
    refused = lanewatch(capsys, "simulate", "--port", "0", "--api", "http://127.0.0.1:8080")
    assert (refused.code, "LANEWATCH_API_TOKEN" in refused.err) == (2, True)
    refused = lanewatch(capsys, "simulate", "--port", "0", "--redis", "redis://:hunter2/x@host")
    assert (refused.code, "REDIS_URL: its host or port is none" in refused.err, "hunter2" in refused.err) == (2, True, False)
