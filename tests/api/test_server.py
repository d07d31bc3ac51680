"""The process: its logs, its end, what stops it from starting."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from api.app import create_app
from api.history.config_versions import sync_config
from api.history.store import open_store, sqlite_url
from api.logs import set_up_logs
from api.server import bound_socket, run_api
from tests.support.api import api_process, settings_for
from tests.support.messages import alert_gate
from tests.support.redis import Valkey
from vision.config import AlertRule
from vision.errors import ConfigError


@dataclass
class _Address:
    url: str


@pytest.fixture
def logs() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers, root.level)
    yield
    root.handlers, root.level = before
    structlog.reset_defaults()


@pytest.mark.usefixtures("logs")
@pytest.mark.parametrize("form", ["json", "console"])
def test_no_credential_reaches_the_logs(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(form, "info")  # type: ignore[arg-type]
    log = structlog.stdlib.get_logger("lanewatch")
    log.warning(
        "failed", url="rtsp://u:hunter2@h/s", error=OSError("at redis://:hunter2@h"), more={"a": ["http://u:hunter2@h"]}
    )
    log.warning("failed", places={"rtsp://u:hunter2@h"}, raw=b"rtsp://u:hunter2@h")
    log.warning("failed", address=_Address("rtsp://u:hunter2@h/s"), seconds=1.5, known=None)
    logging.getLogger("uvicorn.error").warning("GET /sign-in?token=hunter2 from %s", "http://u:hunter2@h")
    try:
        raise OSError("cannot open rtsp://u:hunter2@h/s")
    except OSError:
        log.exception("a task failed")
    logging.getLogger("httpx").info("quiet")
    text = capsys.readouterr().err
    assert "hunter2" not in text
    assert "rtsp://***@h/s" in text
    assert "cannot open" in text
    assert "quiet" not in text
    if form == "json":
        assert all(json.loads(line)["level"] for line in text.splitlines())


@pytest.mark.usefixtures("logs")
def test_nobody_could_sign_in_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nobody could sign in: set LANEWATCH_API_TOKEN"):
        run_api(settings_for(alert_gate(), tmp_path, "redis://127.0.0.1:1/0", api_token=None))


def test_a_port_that_is_taken_is_said() -> None:
    with bound_socket("127.0.0.1", 0) as taken, pytest.raises(ConfigError, match=r"cannot listen on 127\.0\.0\.1 port"):
        bound_socket("127.0.0.1", taken.getsockname()[1])


def test_a_changed_gate_file_stops_the_start(tmp_path: Path) -> None:
    settings = settings_for(alert_gate(), tmp_path, "redis://127.0.0.1:1/0")
    store = open_store(sqlite_url(settings.data, "g"), "g")
    sync_config(store, alert_gate(AlertRule(name="x", measure="vehicles", fire_at=5, clear_at=1)), import_changed=False)
    store.close()
    with pytest.raises(ConfigError, match="differs from the configuration in use"):
        create_app(settings)
    assert create_app(settings, import_changed=True)


def test_it_ends_on_sigterm_with_sockets_open(tmp_path: Path, bus: Valkey) -> None:
    with api_process(settings_for(alert_gate(), tmp_path, bus.url)) as (api, process), api.socket() as client:
        client.recv(timeout=10)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) in (0, -signal.SIGTERM)
        assert time.monotonic() - began < 8
        assert bus.client.ping()


def test_importing_the_api_brings_no_detector() -> None:
    code = "import sys, api.server; print([m for m in ('torch', 'openvino', 'av', 'cv2', 'ultralytics') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert found.stdout.strip() == "[]"
