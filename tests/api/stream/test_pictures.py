"""Watching cameras: the key for the worker, newest pictures only, JPEG."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.api import Api, eventually, running_api, settings_for
from tests.support.messages import alert_gate, camera_changed
from tests.support.redis import Valkey
from vision.messages import FrameEvent, PictureEvent
from vision.redis_keys import pictures_channel, watch_key

CAMERA = "cam-EX1"
JPEG = b"\xff\xd8 not quite a picture \xff\xd9"


@pytest.fixture
def api(bus: Valkey, tmp_path: Path) -> Iterator[Api]:
    with running_api(settings_for(alert_gate(), tmp_path, bus.url)) as running:
        yield running


def picture(t: float) -> str:
    frame = FrameEvent(camera_id=CAMERA, session=0, t=t, boxes=(), tails=())
    text = base64.b64encode(JPEG).decode()
    return PictureEvent(frame=frame, width=4, height=3, jpeg_base64=text, polygons={}).model_dump_json()


@contextmanager
def worker(bus: Valkey, make: Callable[[float], str] = picture) -> Iterator[None]:
    """Publishes pictures for as long as the watch key is there, as a worker does."""
    stopped = threading.Event()

    def run() -> None:
        t = 0
        while not stopped.wait(0.05):
            if bus.client.exists(watch_key("g", CAMERA)):
                bus.client.publish(pictures_channel("g", CAMERA), make(t))
                t += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def test_pictures_come_while_somebody_watches(api: Api, bus: Valkey) -> None:
    path = f"/api/v1/cameras/{CAMERA}/watch"
    with worker(bus), api.socket(path=path) as one, api.socket(path=path) as other:
        times = [json.loads(one.recv(timeout=10))["frame"]["t"] for _ in range(3)]
        assert times == sorted(set(times))
        assert json.loads(other.recv(timeout=10))["jpeg_base64"]
    eventually(lambda: bus.client.pubsub_numsub(pictures_channel("g", CAMERA))[0][1] == 0)


def test_a_picture_is_a_jpeg(api: Api, bus: Valkey) -> None:
    with worker(bus):
        answer = api.http.get(f"/api/v1/cameras/{CAMERA}/picture")
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "image/jpeg", JPEG)
    assert answer.headers["cache-control"] == "no-store"


def test_a_picture_of_a_newer_worker_is_a_jpeg_too(api: Api, bus: Valkey) -> None:
    def newer(t: float) -> str:
        return json.dumps(json.loads(picture(t)) | {"depth": []}) if t else "nonsense"

    with worker(bus, newer):
        assert api.http.get(f"/api/v1/cameras/{CAMERA}/picture").content == JPEG


def test_a_camera_that_gives_none_is_said_to_be_offline(api: Api, bus: Valkey) -> None:
    bus.add("g", camera_changed(CAMERA, 10, "offline"))
    eventually(lambda: api.get("/api/v1/gate")["data"]["cameras"])
    answer = api.http.get(f"/api/v1/cameras/{CAMERA}/picture")
    assert answer.status_code == 503
    assert answer.json()["detail"] == f"camera '{CAMERA}' gave no picture within 3 s: it is offline"


def test_an_unknown_camera_is_closed_with_a_code(api: Api) -> None:
    with api.socket(path="/api/v1/cameras/none/watch") as client:
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4404
