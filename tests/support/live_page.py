"""The real page under test: a real Valkey, the real api under uvicorn, a feeder in place of the worker."""

from __future__ import annotations

import base64
import contextlib
import io
import math
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import redis
import uvicorn
from PIL import Image, ImageDraw

from api.app import create_app
from api.server import bound_socket, server_of
from api.settings import Settings
from tests.support.api import eventually, settings_for
from tests.support.redis import valkey
from vision.config import GateConfig
from vision.messages import Box, FrameEvent, Message, PictureEvent, Tail
from vision.redis_keys import pictures_channel, stream_key, truth_channel, watch_key
from vision.simulation.truth import LaneTruth
from vision.simulation.truth_feed import gate_truth

__all__ = ["Feeder", "ServedApi", "picture", "served_gate"]

Scene = Callable[[GateConfig, float], list[Message]]


class ServedApi:
    """The api in a thread, always on the same port, so that it can go and come back."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        with bound_socket("127.0.0.1", 0) as found:
            self._port: int = found.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Serves; returns when it answers."""
        server = self._server = server_of(create_app(self._settings))
        listening = bound_socket("127.0.0.1", self._port)
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="api")
        self._thread.start()
        eventually(lambda: server.started, lambda: "the api did not start")

    def stop(self) -> None:
        """Ends the api as SIGTERM would; its data stays."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(40)
            assert not self._thread.is_alive(), "the api did not end"
        self._server = self._thread = None


class Feeder:
    """What a worker sends: a scene's messages once a second, pictures of the cameras that are watched. And a gate's truth."""

    def __init__(self, gate: GateConfig, client: redis.Redis) -> None:
        self.scene: Scene | None = None
        self.cameras: set[str] = set()
        self.truth: list[LaneTruth] | None = None
        self._gate = gate
        self._client = client
        self._sent: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feeder")
        self._thread.start()

    def send(self, messages: list[Message]) -> None:
        """Puts messages into the stream; each id once, as the worker does."""
        for message in messages:
            if str(message.id) not in self._sent:
                self._sent.add(str(message.id))
                self._client.xadd(stream_key(self._gate.id), {"m": message.model_dump_json()})

    def end(self) -> None:
        """Sends nothing more."""
        self._ended.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._ended.is_set():
            now = time.time()
            if self.scene is not None:
                self.send(self.scene(self._gate, math.floor(now)))
            if self.truth is not None:
                truth = gate_truth(self._gate.id, math.floor(now), self.truth)
                self._client.publish(truth_channel(self._gate.id), truth.model_dump_json())
            for camera in self.cameras:
                if self._client.exists(watch_key(self._gate.id, camera)):
                    event = picture(self._gate, camera, round(now - 0.1, 3))
                    self._client.publish(pictures_channel(self._gate.id, camera), event.model_dump_json())
            self._ended.wait(0.4)


@contextlib.contextmanager
def served_gate(folder: Path, gate: GateConfig) -> Iterator[tuple[ServedApi, Feeder]]:
    """The gate's api, started, and its feeder; all of it ended and gone in the end."""
    with valkey() as bus, bus.connect() as client:
        api = ServedApi(settings_for(gate, folder, bus.url))
        feeder = Feeder(gate, client)
        try:
            api.start()
            yield api, feeder
        finally:
            feeder.end()
            api.stop()


def picture(gate: GateConfig, camera_id: str, t: float) -> PictureEvent:
    """A picture of a grey road with two boxes of its first lane and that lane's tail."""
    views = next(camera.views for camera in gate.cameras if camera.id == camera_id)
    lane = views[0].lane
    image = Image.new("RGB", (640, 360), (96, 104, 110))
    draw = ImageDraw.Draw(image)
    for view in views:
        draw.polygon([(x * 640, y * 360) for x, y in view.polygon], fill=(62, 66, 70))
    boxes = [_box(lane, index, (0.35, 0.45 - 0.2 * index, 0.48, 0.75 - 0.25 * index)) for index in range(2)]
    for box in boxes:
        draw.rectangle([value * size for value, size in zip(box.xyxy, (640, 360, 640, 360), strict=True)], fill=(180, 70, 50))
    data = io.BytesIO()
    image.save(data, "JPEG")
    tail = Tail(lane_id=lane, line=((0.4, 0.3), (0.5, 0.3)), queue_vehicles=6, queue_m=115.0, censored=True)
    return PictureEvent(
        frame=FrameEvent(camera_id=camera_id, session=0, t=t, boxes=tuple(boxes), tails=(tail,)),
        width=640,
        height=360,
        jpeg_base64=base64.b64encode(data.getvalue()).decode(),
        polygons={view.lane: view.polygon for view in views},
    )


def _box(lane: str, index: int, xyxy: tuple[float, float, float, float]) -> Box:
    fields: dict[str, Any] = {"visit_id": f"{lane}-visit-{index}", "lane_id": lane, "vehicle_class": "truck"}
    return Box(xyxy=xyxy, track_id=index, standing=True, **fields)
