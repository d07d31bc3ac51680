"""Five live cameras in one worker, api beside it: how old a frame is when its result is out, and how late a client hears.

The parts are the real ones, each a process of its own: an embedded bus, `lanewatch worker`, `lanewatch api`. The cameras
are one clip played at its own pace; every lane is calibrated. Frame age is from capture to the arrival of the frame's boxes
on the bus; tick to client is from a measurement's t to its arrival at a WebSocket client.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import redis
import yaml
from websockets.asyncio.client import connect

from tests.benchmarks.measured import ROOT, ContenderError
from tests.support.embedded_bus import embedded_bus
from vision.redis_keys import frames_channel, watch_key

__all__ = ["live_run"]

CAMERAS = 5
GATE = "bench"
TOKEN = "a-token-for-the-bench"
START_S = 60.0
SETTLE_S = 5.0


def live_run(clip: Path, model: Path, folder: Path, *, seconds: float) -> dict[str, float]:
    """The figures of one run. Raises ContenderError where a part does not start or ends."""
    gate = folder / "gate.yaml"
    gate.write_text(yaml.safe_dump(_gate(clip), allow_unicode=True), encoding="utf-8")
    port = _free_port()
    with embedded_bus(folder / "bus") as url:
        env = {**os.environ, "REDIS_URL": url, "LANEWATCH_GATE": str(gate), "LANEWATCH_DATA": str(folder / "data")}
        env |= {"LANEWATCH_PORT": str(port), "LANEWATCH_API_TOKEN": TOKEN, "LANEWATCH_LOG_LEVEL": "warning"}
        with _part("api", [], env, folder) as api, _part("worker", ["--weights", str(model)], env, folder) as worker:
            _wait(lambda: _answers(port), (api, worker), folder)
            ages = _FrameAges(url)
            time.sleep(SETTLE_S)
            ages.start()
            began, cpu = time.monotonic(), _cpu_s(worker.pid)
            delays = asyncio.run(_delays(port, seconds))
            took, cpu = time.monotonic() - began, _cpu_s(worker.pid) - cpu
            ages.stop()
            if worker.poll() is not None or api.poll() is not None:
                raise ContenderError("a part of the live run ended: " + _last_lines(folder))
            peaks = _peak_mb(worker.pid), _peak_mb(api.pid)
    return {
        "frame_age_p50_ms": 1000 * _quantile(ages.seen, 0.5),
        "frame_age_p95_ms": 1000 * _quantile(ages.seen, 0.95),
        "analysed_fps": len(ages.seen) / took,
        "worker_cpu_cores": cpu / took,
        "worker_peak_mb": peaks[0],
        "api_peak_mb": peaks[1],
        "tick_to_client_p50_ms": 1000 * _quantile(delays, 0.5),
        "tick_to_client_p95_ms": 1000 * _quantile(delays, 0.95),
        "measurements": float(len(delays)),
    }


def _gate(clip: Path) -> dict[str, object]:
    """Five lanes, each with a camera of its own that looks up it."""
    corners = [[0.3975, 0.8351], [0.6025, 0.8351], [0.5222, 0.2881], [0.4778, 0.2881]]
    metres = [[0.0, 0.0], [3.75, 0.0], [3.75, 60.0], [0.0, 60.0]]
    ground = [{"image": image, "metres": place} for image, place in zip(corners, metres, strict=True)]
    lanes = [f"L{number}" for number in range(1, CAMERAS + 1)]
    return {
        "id": GATE,
        "name": {"en": "Bench"},
        "lanes": [{"id": lane, "direction": "import", "name": {"en": lane}, "zone_m": 60} for lane in lanes],
        "cameras": [
            {"id": f"cam{lane}", "url": str(clip.resolve()), "ground": ground, "views": [{"lane": lane, "polygon": corners}]}
            for lane in lanes
        ],
        "alerts": [{"name": "queue-long", "measure": "queue_vehicles", "fire_at": 3, "clear_at": 1}],
    }


@contextlib.contextmanager
def _part(name: str, options: list[str], env: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{name}.log").open("wb") as log:
        command = [sys.executable, "-m", "api.cli", name, *options]
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class _FrameAges:
    """Seconds from capture to the arrival of a frame's boxes on the bus, of every camera, while it listens."""

    def __init__(self, url: str) -> None:
        self.seen: list[float] = []
        self._redis = redis.Redis.from_url(url)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._watch()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(timeout=10)
        self._redis.close()

    def _watch(self) -> None:
        for number in range(1, CAMERAS + 1):
            self._redis.set(watch_key(GATE, f"camL{number}"), "bench", ex=15)

    def _listen(self) -> None:
        renewed = time.monotonic()
        with self._redis.pubsub(ignore_subscribe_messages=True) as listener:
            listener.subscribe(*(frames_channel(GATE, f"camL{number}") for number in range(1, CAMERAS + 1)))
            while not self._stopped.is_set():
                message = listener.get_message(timeout=0.5)
                if message is not None:
                    self.seen.append(time.time() - json.loads(message["data"])["t"])
                if time.monotonic() - renewed > 5:
                    self._watch()
                    renewed = time.monotonic()


async def _delays(port: int, seconds: float) -> list[float]:
    """Seconds from t to arrival of each measurement at a client of the WebSocket."""
    delays: list[float] = []
    headers = {"Authorization": f"Bearer {TOKEN}"}
    address = f"ws://127.0.0.1:{port}/api/v1/stream?types=lane.measured"
    async with connect(address, additional_headers=headers, proxy=None) as client:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for text in client:
                    arrived, message = time.time(), json.loads(text)["message"]
                    if message["type"] == "lane.measured":
                        delays.append(arrived - message["data"]["t"])
    return delays


def _wait(done: object, parts: tuple[subprocess.Popen[bytes], ...], folder: Path) -> None:
    deadline = time.monotonic() + START_S
    while not done():  # type: ignore[operator]
        if time.monotonic() > deadline or any(part.poll() is not None for part in parts):
            raise ContenderError("the live run does not start: " + _last_lines(folder))
        time.sleep(0.1)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _last_lines(folder: Path) -> str:
    return " | ".join(line for log in sorted(folder.glob("*.log")) for line in log.read_text().splitlines()[-3:])


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def _quantile(values: list[float], share: float) -> float:
    if not values:
        raise ContenderError("the live run gave no figures")
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
