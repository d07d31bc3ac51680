"""Many questions of history at once: recording, people and readiness go on; who goes costs nothing; what lags is said."""

import re
import select
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.history.questions import ANSWERED_AT_ONCE, MOST_WAITING
from api.history.store import Store
from api.history.writing import save_messages
from tests.support.api import BEARER, Api, eventually, running_api, settings_for
from tests.support.gate_messages import visit_ended
from tests.support.messages import alert_gate, measured
from tests.support.redis import Valkey
from vision.config import AlertRule
from vision.redis_keys import stream_key

CONFIG = alert_gate(AlertRule(name="long", measure="queue_vehicles", fire_at=5, clear_at=3, for_s=0))
LINK = "sign-in-link-of-enough-characters"
ENDLESS = {
    "sqlite": "WITH RECURSIVE n(s) AS (SELECT 1 UNION ALL SELECT s + 1 FROM n) SELECT k.* FROM n CROSS JOIN visits_kept k",
    "postgresql": "SELECT k.* FROM visits_kept k, (SELECT generate_series(1, 1000000000000) AS s) n",
}


@pytest.fixture
def database(store: Store, tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    """The settings by which an api uses this store's database."""
    if "postgresql" in request.node.callspec.id:
        return {"data": tmp_path, "database_url": request.getfixturevalue("_postgres")}
    return {"data": tmp_path}


@contextmanager
def endless_visits(store: Store) -> Iterator[None]:
    """Makes a listing of visits take forever: what really takes that long, an old slow disk under years of history.

    For an api that runs: one that starts asks for the visits that are open.
    """
    with store.write() as connection:
        save_messages(connection, store.gate, [visit_ended("a", "EX1", 5, 9)])
        connection.exec_driver_sql("ALTER TABLE visits RENAME TO visits_kept")
        connection.exec_driver_sql(f"CREATE VIEW visits AS {ENDLESS[connection.dialect.name]}")
    try:
        yield
    finally:
        with store.write() as connection:
            connection.exec_driver_sql("DROP VIEW visits")
            connection.exec_driver_sql("ALTER TABLE visits_kept RENAME TO visits")


@contextmanager
def lock(store: Store) -> Iterator[None]:
    """Keeps others from writing, as a backup or a forgotten session does."""
    with store.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("LOCK TABLE recorder_state IN EXCLUSIVE MODE")
        yield


def asking(api: Api) -> socket.socket:
    """A client that has asked and waits."""
    host, port = api.address.split(":")
    client = socket.create_connection((host, int(port)))
    head = f"GET /api/v1/visits HTTP/1.1\r\nHost: {api.address}\r\nAuthorization: {BEARER['Authorization']}\r\n\r\n"
    client.sendall(head.encode())
    return client


def metric(api: Api, name: str) -> float:
    found = re.search(rf"^lanewatch_{re.escape(name)} (\S+)$", api.http.get("/metrics").text, re.MULTILINE)
    assert found, name
    return float(found[1])


def test_many_questions_delay_neither_recording_nor_people(
    store: Store, database: dict[str, Any], bus: Valkey, tmp_path: Path
) -> None:
    settings = settings_for(CONFIG, tmp_path, bus.url, sign_in_token=LINK, **database)
    with running_api(settings) as api, endless_visits(store):
        bus.add("g", measured("EX1", 1000, queue_vehicles=9))
        alert_id = eventually(lambda: api.get("/api/v1/alerts")["alerts"])[0]["alert_id"]
        clients = [asking(api) for _ in range(ANSWERED_AT_ONCE + MOST_WAITING + 8)]
        eventually(lambda: len(select.select(clients, [], [], 0)[0]) == 8)
        refused = select.select(clients, [], [], 0)[0]
        answers = [client.recv(65_536).decode().lower() for client in refused]
        assert all("503 service unavailable" in answer and "retry-after: 5" in answer for answer in answers)
        assert all("too many questions of history are waiting; ask again in 5 seconds" in answer for answer in answers)
        assert metric(api, "history_questions") == ANSWERED_AT_ONCE + MOST_WAITING
        lags = []
        for t in range(1001, 1021):
            bus.add("g", *(measured(lane, t, queue_vehicles=9) for lane in ("EX1", "EX2", "IM1")))
            time.sleep(0.1)
            lags.append(metric(api, "recorder_lag_seconds"))
            assert api.http.get("/readyz").status_code == 200
        assert statistics.median(lags) < 2
        acknowledged = api.http.post(f"/api/v1/alerts/{alert_id}/acknowledge", json={}).json()["alarm"]
        assert acknowledged["state"] == "acknowledged"
        with httpx.Client(base_url=f"http://{api.address}", timeout=10, trust_env=False) as browser:
            assert browser.get("/sign-in", params={"token": LINK}).status_code == 303
            assert browser.get("/api/v1/gate").status_code == 200
        assert metric(api, "history_questions") == ANSWERED_AT_ONCE + MOST_WAITING
        for client in clients:
            client.close()
        eventually(lambda: metric(api, "history_questions") == 0)
        assert len(api.get("/api/v1/alerts")["alerts"]) == 3
        assert metric(api, 'history_question_results{result="gone"}') == ANSWERED_AT_ONCE + MOST_WAITING


def test_a_question_that_takes_too_long_is_a_problem_in_words(
    store: Store, database: dict[str, Any], bus: Valkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.history.questions.Questions.__init__.__defaults__", (0.3,))
    with running_api(settings_for(CONFIG, tmp_path, bus.url, **database)) as api, endless_visits(store):
        answer = api.http.get("/api/v1/visits")
        assert answer.status_code == 504
        assert answer.json()["detail"].startswith("history did not answer within 0.3 s; ask for a shorter time")
        eventually(lambda: metric(api, "history_questions") == 0)


def test_a_recorder_that_lags_is_not_ready(store: Store, database: dict[str, Any], bus: Valkey, tmp_path: Path) -> None:
    with running_api(settings_for(CONFIG, tmp_path, bus.url, **database)) as api:
        bus.add("g", measured("EX1", 1000))
        eventually(lambda: metric(api, "recorded_messages") >= 1)
        with lock(store):
            (position,) = bus.add("g", measured("EX1", 1001))
            later = f"{int(position.split('-')[0]) + 40_000}-0"
            bus.client.xadd(stream_key("g"), {"m": measured("EX1", 1041).model_dump_json()}, id=later)
            answer = eventually(lambda: (found := api.http.get("/readyz")).status_code == 503 and found).json()
            assert re.fullmatch(r"history: what is recorded is 4\d s behind the stream; see whether .*", answer["problems"][0])
            assert metric(api, "recorder_lag_seconds") >= 40
            assert api.get("/api/v1/lanes/EX1")["measurement"]["t"] == 1041, "the live view waits for nobody"
        api.wait_ready()
        assert metric(api, "recorder_lag_seconds") < 30
