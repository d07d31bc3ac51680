"""Who is let in: links, sessions, the token, other sites, other names, too many failures."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.api import Api, running_api, settings_for
from tests.support.messages import alert_gate
from tests.support.redis import Valkey, valkey

CONFIG = alert_gate()
LINK = "first-link-token-of-enough-length"


@pytest.fixture
def api(bus: Valkey, tmp_path: Path) -> Iterator[Api]:
    with running_api(settings_for(CONFIG, tmp_path, bus.url, sign_in_token=LINK, allowed_hosts="gate.example")) as running:
        yield running


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An api that tests only ask, without changing it."""
    settings = {"sign_in_token": LINK, "allowed_hosts": "gate.example"}
    with valkey() as bus, running_api(settings_for(CONFIG, tmp_path_factory.mktemp("access"), bus.url, **settings)) as running:
        yield running


def browser(api: Api) -> httpx.Client:
    return httpx.Client(base_url=f"http://{api.address}", trust_env=False, timeout=10)


def test_a_link_works_once_and_gives_a_session(api: Api) -> None:
    with browser(api) as first, browser(api) as second:
        assert first.get("/api/v1/gate").status_code == 401
        answer = first.get("/sign-in", params={"token": LINK})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert first.get("/api/v1/gate").status_code == 200
        refused = second.get("/sign-in", params={"token": LINK})
        assert (refused.status_code, "was used" in refused.json()["detail"]) == (401, True)
        assert first.post("/api/v1/sign-out").status_code == 204
        assert first.get("/api/v1/gate").status_code == 401


@pytest.mark.parametrize("other", ['seen={"a":1}', "place=gate 5", "näme=1", "flag"])
def test_cookies_of_other_programs_at_the_same_host_sign_nobody_out(api: Api, other: str) -> None:
    with browser(api) as client:
        client.get("/sign-in", params={"token": LINK})
        own = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        client.cookies.clear()
        for cookies in (f"{other}; {own}", f"{own}; {other}"):
            assert client.get("/api/v1/gate", headers={b"Cookie": cookies.encode()}).status_code == 200
        assert client.post("/api/v1/sign-out", headers={b"Cookie": f"{other}; {own}".encode()}).status_code == 204
        assert client.get("/api/v1/gate", headers={"Cookie": own}).status_code == 401


def test_sessions_and_used_links_survive_a_restart(bus: Valkey, tmp_path: Path) -> None:
    settings = settings_for(CONFIG, tmp_path, bus.url, sign_in_token=LINK)
    with running_api(settings) as api, browser(api) as first:
        first.get("/sign-in", params={"token": LINK})
        session = dict(first.cookies)
    with running_api(settings) as api, browser(api) as again:
        assert again.get("/sign-in", params={"token": LINK}).status_code == 401
        again.cookies.update(session)
        assert again.get("/api/v1/gate").status_code == 200


def test_a_program_gets_new_links_and_a_browser_does_not(api: Api) -> None:
    made = api.http.post("/api/v1/sign-in-links")
    assert made.status_code == 201
    with browser(api) as client:
        assert client.get(made.json()["path"]).status_code == 303
        assert client.post("/api/v1/sign-in-links").status_code == 403


@pytest.mark.parametrize(
    "path", ["/api/v1/gate", "/api/v1/openapi.json", "/metrics", "/api/v1/visits", "/api", "/api/v1/schema"]
)
def test_nothing_is_told_to_strangers(asked: Api, path: str) -> None:
    with browser(asked) as client:
        answer = client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
        assert client.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_health_is_open_and_headers_protect(asked: Api) -> None:
    with browser(asked) as client:
        answer = client.get("/healthz")
    assert answer.json() == {"status": "alive"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("gate.example", 200),
        ("localhost:1", 200),
        ("10.0.0.5:80", 200),
        ("[::1]:80", 200),
        ("", 421),
        ("[", 421),
    ],
)
def test_other_names_are_refused(asked: Api, host: str, status: int) -> None:
    assert asked.http.get("/healthz", headers={"Host": host}).status_code == status


def test_other_sites_pages_are_refused(asked: Api) -> None:
    own, other = f"http://{asked.address}", "http://evil.example"
    for origin in (other, "null", "http://["):
        assert asked.http.post("/api/v1/sign-in-links", headers={"Origin": origin}).status_code == 403
    assert asked.http.post("/api/v1/sign-in-links", headers={"Origin": own}).status_code == 201
    with pytest.raises(InvalidStatus):
        asked.socket(origin=other)
    with asked.socket(origin=own) as client:
        assert json.loads(client.recv(timeout=10))["message"]["type"] == "gate.snapshot"


@pytest.mark.parametrize("path", ["/api/v1/stream", "/api/v1/cameras/cam-EX1/watch"])
def test_a_socket_without_a_session_is_closed_with_a_code(asked: Api, path: str) -> None:
    with asked.socket(path=path, additional_headers={}) as client:
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


def test_many_failures_are_stopped_but_sessions_go_on(api: Api) -> None:
    with browser(api) as client, browser(api) as attacker:
        client.get("/sign-in", params={"token": LINK})
        codes = [attacker.get("/sign-in", params={"token": str(n)}).status_code for n in range(12)]
        assert codes == [401] * 10 + [429] * 2
        assert client.get("/api/v1/gate").status_code == 200
