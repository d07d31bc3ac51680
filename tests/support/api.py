"""A real api for tests: the app in uvicorn on a free port, in a thread of the test or as a process to be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml
from websockets.sync.client import ClientConnection, connect

from api.app import create_app
from api.server import bound_socket, server_of
from api.settings import Settings
from tests.support.parent_death import die_with_parent
from vision.config import GateConfig

__all__ = ["BEARER", "SECRET", "TOKEN", "Api", "api_process", "eventually", "running_api", "settings_for", "write_gate"]

TOKEN = "test-token-of-32-characters-or-so"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def write_gate(config: GateConfig, folder: Path) -> Path:
    """The gate as a file."""
    path = folder / f"{config.id}.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json", exclude_none=True), allow_unicode=True), encoding="utf-8")
    return path


def settings_for(config: GateConfig, folder: Path, redis_url: str, **more: Any) -> Settings:
    """Settings with a gate file and data in `folder`."""
    given = {"gate": write_gate(config, folder), "data": folder / "data", "redis_url": redis_url, "api_token": TOKEN}
    return Settings.model_validate(given | more)


class Api:
    """A running api: an HTTP client with the token, WebSockets."""

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self.http = httpx.Client(base_url=f"http://{self.address}", headers=BEARER, timeout=10, trust_env=False)

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a successful GET."""
        answer = self.http.get(path, params={key.rstrip("_"): value for key, value in query.items()})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def socket(self, query: str = "", path: str = "/api/v1/stream", **more: Any) -> ClientConnection:
        """A WebSocket."""
        more.setdefault("additional_headers", BEARER)
        return connect(f"ws://{self.address}{path}{query}", proxy=None, open_timeout=10, **more)

    def wait_ready(self) -> None:
        """Returns when the api says that it is ready."""
        eventually(lambda: self.http.get("/readyz").status_code == 200, lambda: self.http.get("/readyz").text)


def frames(socket: ClientConnection, count: int, timeout: float = 10) -> list[dict[str, Any]]:
    """The next frames of a WebSocket."""
    return [json.loads(socket.recv(timeout=timeout)) for _ in range(count)]


def eventually(condition: Callable[[], Any], why: Callable[[], object] = lambda: "", timeout: float = 15) -> Any:
    """What the condition gives once it is true."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            value = condition()
        except httpx.TransportError:
            value = None
        if value:
            return value
        assert time.monotonic() < deadline, why()
        time.sleep(0.01)


@contextmanager
def running_api(settings: Settings, ready: bool = True, port: int = 0) -> Iterator[Api]:
    """The api in a thread; port 0 takes a free one."""
    server = server_of(create_app(settings))
    listening = bound_socket("127.0.0.1", port)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    api = Api(listening.getsockname()[1])
    try:
        eventually(lambda: server.started or not thread.is_alive())
        assert server.started
        if ready:
            api.wait_ready()
        yield api
    finally:
        api.http.close()
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()
        assert not thread.is_alive()


@contextmanager
def api_process(settings: Settings) -> Iterator[tuple[Api, subprocess.Popen[str]]]:
    """The api as a process of its own."""
    given = {"LANEWATCH_GATE": settings.gate, "LANEWATCH_DATA": settings.data, "LANEWATCH_API_TOKEN": TOKEN}
    given |= {"REDIS_URL": settings.redis_url.get_secret_value(), "LANEWATCH_PORT": 0, "LANEWATCH_LOG_FORMAT": "json"}
    if settings.webhook_url and settings.webhook_secret:
        given["LANEWATCH_WEBHOOK_URL"] = settings.webhook_url.get_secret_value()
        given["LANEWATCH_WEBHOOK_SECRET"] = settings.webhook_secret.get_secret_value()
    code = (
        "from api.server import run_api; from api.settings import Settings; from vision.settings import read_settings;"
        " run_api(read_settings(Settings))"
    )
    environment = os.environ | {key: str(value) for key, value in given.items()}
    command = [sys.executable, "-c", code]
    pipes = {"stderr": subprocess.PIPE, "text": True, "preexec_fn": die_with_parent}
    process: subprocess.Popen[str] = subprocess.Popen(command, env=environment, **pipes)  # type: ignore[call-overload]
    assert process.stderr is not None
    reader = None
    try:
        line = next(line for line in process.stderr if '"listening"' in line)
        reader = threading.Thread(target=process.stderr.read)
        reader.start()
        api = Api(json.loads(line)["port"])
        try:
            api.wait_ready()
            yield api, process
        finally:
            api.http.close()
    finally:
        process.kill()
        process.wait()
        if reader:
            reader.join()
        process.stderr.close()
