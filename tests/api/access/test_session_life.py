"""How long a session lasts: as long as it is used, over HTTP or a WebSocket, and not a moment after signing out."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import delete, select, update
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from api.history.store import Store
from api.history.tables import sessions
from tests.support.api import Api, eventually, running_api, settings_for
from tests.support.messages import alert_gate, measured
from tests.support.redis import Valkey

CONFIG = alert_gate()
SHORT_H = 0.002  # 7.2 s
LONGER_H = 0.004  # 14.4 s: looked up again every 3.6 s
SOCKETS = ("/api/v1/stream", "/api/v1/cameras/cam-EX1/watch")


class Browser:
    """A browser that signed in at an api."""

    def __init__(self, api: Api) -> None:
        self.http = httpx.Client(base_url=f"http://{api.address}", trust_env=False, timeout=20)
        link = api.http.post("/api/v1/sign-in-links").json()["path"]
        assert self.http.get(link).status_code == 303

    @property
    def cookies(self) -> dict[str, str]:
        """What it sends with a request."""
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())}

    def socket(self, api: Api, path: str = SOCKETS[0]) -> ClientConnection:
        """A WebSocket of its session."""
        return api.socket(path=path, additional_headers=self.cookies)

    def status(self, api: Api) -> int:
        """What an api answers its session with; the cookie's age plays no part."""
        return httpx.get(f"http://{api.address}/api/v1/lanes", headers=self.cookies, trust_env=False, timeout=20).status_code


@pytest.fixture
def serve(store: Store, bus: Valkey, tmp_path: Path) -> Iterator[Callable[..., Api]]:
    """Starts apis that share one database, of each kind."""
    url = store._engine.url
    own = {} if url.drivername == "sqlite" else {"database_url": url.render_as_string(hide_password=False)}
    with ExitStack() as stack:
        yield lambda ready=True, **more: stack.enter_context(
            running_api(settings_for(CONFIG, tmp_path, bus.url, **({"data": tmp_path} | own | more)), ready=ready)
        )


@contextmanager
def signed_in(api: Api) -> Iterator[Browser]:
    browser = Browser(api)
    yield browser
    browser.http.close()


def close_code(client: ClientConnection, within_s: float) -> int | None:
    """The code with which the server closes; None where it goes on that long."""
    deadline = time.monotonic() + within_s
    while (left := deadline - time.monotonic()) > 0:
        try:
            client.recv(timeout=left)
        except TimeoutError:
            return None
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 0
    return None


def first(client: ClientConnection) -> str:
    return str(json.loads(client.recv(timeout=10))["message"]["type"])


def test_a_browser_in_use_stays_signed_in_beyond_its_first_cookie(serve: Callable[..., Api]) -> None:
    api = serve(session_hours=SHORT_H)
    with signed_in(api) as browser:
        began, renewed, asked = time.monotonic(), 0, 0
        while time.monotonic() - began < 8.5:
            answer = browser.http.get("/api/v1/session")
            assert answer.status_code == 200
            asked += 1
            if "set-cookie" in answer.headers:
                renewed += 1
                cookie = answer.headers["set-cookie"].lower()
                assert "max-age=7;" in cookie
                assert "httponly" in cookie
                assert "samesite=strict" in cookie
            time.sleep(0.1)
    assert 2 <= renewed <= 6 < asked


def test_a_cookie_is_not_sent_again_with_every_answer(serve: Callable[..., Api]) -> None:
    api = serve()
    with signed_in(api) as browser:
        assert ["set-cookie" in browser.http.get("/api/v1/session").headers for _ in range(3)] == [False] * 3
    assert "set-cookie" not in api.http.get("/api/v1/session").headers


def test_a_session_used_only_over_a_websocket_is_in_use(serve: Callable[..., Api], bus: Valkey, store: Store) -> None:
    api = serve(session_hours=SHORT_H)
    with signed_in(api) as browser, browser.socket(api) as client:
        assert close_code(client, 8.5) is None
        bus.add("g", measured("EX1", 10))
        assert first(client)
        with store.read() as connection:
            assert connection.execute(select(sessions.c.expires_t)).scalar_one() > time.time()


@pytest.mark.parametrize("path", SOCKETS)
def test_signing_out_ends_the_sessions_websockets_at_once(serve: Callable[..., Api], path: str) -> None:
    api = serve()
    with signed_in(api) as browser, signed_in(api) as other, browser.socket(api, path) as client, other.socket(api) as stays:
        assert first(stays) == "gate.snapshot"
        assert close_code(client, 0.5) is None
        cookies = browser.cookies
        answer = browser.http.post("/api/v1/sign-out")
        assert (answer.status_code, "max-age=0" in answer.headers["set-cookie"].lower()) == (204, True)
        assert close_code(client, 5) == 4401
        with api.socket(path=path, additional_headers=cookies) as again:
            assert close_code(again, 5) == 4401
        with api.socket() as program:
            assert first(program) == "gate.snapshot"
            assert close_code(program, 1) is None
        assert close_code(stays, 1) is None


def test_signing_out_at_one_process_ends_what_the_others_serve(serve: Callable[..., Api]) -> None:
    one = serve(session_hours=LONGER_H)
    two = serve(ready=False, session_hours=LONGER_H)
    with signed_in(one) as browser, browser.socket(two) as client:
        assert (first(client), browser.status(two)) == ("gate.snapshot", 200)
        cookies = browser.cookies
        assert browser.http.post("/api/v1/sign-out").status_code == 204
        assert close_code(client, 25) == 4401
        assert httpx.get(f"http://{two.address}/api/v1/lanes", headers=cookies, trust_env=False).status_code == 401


@pytest.mark.parametrize("how", ["expired", "deleted"])
def test_a_session_that_ends_in_the_database_ends_its_websockets(serve: Callable[..., Api], store: Store, how: str) -> None:
    api = serve(session_hours=LONGER_H)
    with signed_in(api) as browser, browser.socket(api) as client, api.socket() as program:
        assert first(client) == "gate.snapshot"
        with store.write() as connection:
            connection.execute(delete(sessions) if how == "deleted" else update(sessions).values(expires_t=time.time() - 1))
        assert close_code(client, 25) == 4401
        assert browser.status(api) == 401
        assert close_code(program, 1) is None


@contextmanager
def refusing_connections(url: str) -> Iterator[None]:
    """A PostgreSQL database that takes no connections and has ended those it had."""
    with psycopg.connect(url, dbname="template1", autocommit=True) as other:
        other.execute("ALTER DATABASE postgres WITH ALLOW_CONNECTIONS false")
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres'")
        try:
            yield
        finally:
            other.execute("ALTER DATABASE postgres WITH ALLOW_CONNECTIONS true")


def test_a_database_that_does_not_answer_is_no_bug_and_signs_nobody_out(
    bus: Valkey, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url: str = request.getfixturevalue("_postgres")
    settings = settings_for(CONFIG, tmp_path, bus.url, database_url=url, session_hours=LONGER_H)
    with running_api(settings) as api, signed_in(api) as browser, browser.socket(api) as client:
        assert first(client) == "gate.snapshot"
        with refusing_connections(url), capture_logs() as logs:
            answer = httpx.get(f"http://{api.address}/api/v1/gate", headers={"Cookie": "lanewatch_g=unknown"}, trust_env=False)
            assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
            assert "history cannot be read" in answer.json()["detail"]
            with api.socket(additional_headers={"Cookie": "lanewatch_g=unknown"}) as stranger:
                assert close_code(stranger, 10) == 1013
            assert close_code(client, 5) is None
            assert browser.status(api) == 200
        assert {"/api/v1/gate", "/api/v1/stream"} <= {log.get("path") for log in logs}
        eventually(lambda: browser.http.post("/api/v1/sign-out").status_code == 204)
        assert close_code(client, 5) == 4401
