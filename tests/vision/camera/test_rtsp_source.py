"""A live source against a real RTSP server: every fault becomes a state with a reason, and heals; no credential leaks."""

import itertools
import socket
import threading
import time
from pathlib import Path

import av
import pytest

from tests.support.file_media import FileMedia
from tests.support.rtsp import closing, is_frame, read_until, serve, state_is
from tests.support.video import make_video, still
from vision.camera.decoding import open_video
from vision.camera.rtsp_source import LiveSource
from vision.clock import now
from vision.core.events import CameraChanged
from vision.errors import StreamError
from vision.ports import Frame
from vision.simulation.rtsp.auth import Credentials
from vision.simulation.rtsp.server import RtspServer

SECRET = "s3cret!"


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return make_video(tmp_path_factory.mktemp("clips") / "clip.mp4", [still(200, 150)], seconds=2)


def live(url: str, fps: float = 5.0) -> LiveSource:
    return LiveSource("cam", url, fps=fps, shape=lambda width, height: (360, 640))


def test_frames_come_with_capture_times_near_now(clip):
    with serve(clip) as server:
        items = closing(live(server.url("cam")))
        first = read_until(items, is_frame)
        assert (first[0].state, first[0].width, first[0].height) == ("online", 640, 360)
        frames = [item for item in (next(items) for _ in range(12)) if isinstance(item, Frame)]
        assert len(frames) >= 10
        assert all(-0.05 < now() - frame.t < 3.5 for frame in frames)
        steps = [b.t - a.t for a, b in itertools.pairwise(frames)]
        assert steps == pytest.approx([0.2] * len(steps), abs=0.01)
        assert {frame.session for frame in frames} == {0}, "a clip that loops is one stream"
        items.close()


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_credentials_open_the_stream(clip, scheme):
    with serve(clip, credentials=Credentials("gate", SECRET, scheme)) as server:
        video = open_video(server.url("cam", user="gate", password=SECRET))
        assert video.size == (640, 360)
        video.close()


@pytest.mark.parametrize(("user", "password"), [("gate", "wrong-pw"), ("", "")])
def test_wrong_credentials_are_said_and_not_shown(clip, user, password):
    with (
        serve(clip, credentials=Credentials("gate", SECRET)) as server,
        pytest.raises(StreamError, match="refuses the user name or password") as caught,
    ):
        open_video(server.url("cam", user=user, password=password))
    assert "wrong-pw" not in str(caught.value)


def test_an_unknown_path_and_a_closed_port_are_said(clip):
    with serve(clip) as server:
        with pytest.raises(StreamError, match="has no stream of that path"):
            open_video(server.url("other"))
        url = server.url("cam", user="gate", password=SECRET)
    with pytest.raises(StreamError, match="refuses the connection") as caught:
        open_video(url)
    assert SECRET not in str(caught.value)


def test_a_host_without_a_name_is_said():
    with pytest.raises(StreamError, match="cannot be opened"):
        open_video(f"rtsp://gate:{SECRET}@camera.invalid/1")


@pytest.mark.parametrize("fault", ["noise", "mute"])
def test_what_is_no_rtsp_server_is_said(clip, fault):
    with serve(clip) as server:
        server.fail("cam", fault)
        with pytest.raises(StreamError, match=r"answers, but not with a stream|does not answer in time"):
            open_video(server.url("cam"))


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        ("stall", "stalled", "sends nothing"),
        ("reset", "offline", "hung up"),
        ("fin", "offline", "hung up"),
        ("garbage", "stalled", "cannot be decoded"),
    ],
)
def test_a_fault_is_a_state_and_recovers_in_a_new_session(clip, fault, state, reason):
    with serve(clip) as server:
        items = closing(live(server.url("cam", user="gate", password=SECRET)))
        read_until(items, is_frame)
        server.fail("cam", fault)
        lost = read_until(items, state_is(state), within_s=8)[-1]
        assert reason in lost.reason
        assert SECRET not in lost.reason
        server.heal("cam")
        back = read_until(items, is_frame, within_s=20)[-1]
        assert back.session > 0
        items.close()


def test_a_camera_that_comes_up_late_is_found(clip):
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        port = placeholder.getsockname()[1]
    source = live(f"rtsp://127.0.0.1:{port}/cam")
    items = closing(source)
    first = next(items)
    assert (first.state, first.session) == ("offline", 0)
    with RtspServer({"cam": FileMedia(clip)}, port=port):
        assert isinstance(read_until(items, is_frame, within_s=20)[-2], CameraChanged)
        items.close()


def test_a_stream_played_once_goes_offline_and_starts_again(clip):
    with serve(clip, loop=False) as server:
        items = closing(live(server.url("cam")))
        read_until(items, state_is("offline"))
        again = read_until(items, is_frame)
        assert [type(item).__name__ for item in again] == ["CameraChanged", "Frame"]
        items.close()


def test_several_clients_get_the_stream_at_once(clip):
    with serve(clip, "one", "two") as server:
        counts = []

        def read(path: str) -> None:
            source = live(server.url(path))
            counts.append(len(read_until(closing(source), lambda item: is_frame(item) and item.t - start > 1.0)))

        start = now()
        threads = [threading.Thread(target=read, args=(path,)) for path in ("one", "two", "one")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(counts) == 3


def test_closing_ends_the_iteration_soon(clip):
    with serve(clip) as server:
        source = live(server.url("cam"))
        thread = threading.Thread(target=lambda: list(source))
        thread.start()
        threading.Timer(0.4, source.close).start()
        began = time.monotonic()
        thread.join(10)
        assert not thread.is_alive()
        assert time.monotonic() - began < 3


def test_a_server_with_a_wrong_clock_is_not_believed(clip):
    with serve(clip) as server:
        server.clock_offset_s = 3600.0
        items = closing(live(server.url("cam")))
        frame = read_until(items, is_frame)[-1]
        assert abs(frame.t - now()) < 3
        items.close()


def test_ffmpeg_prints_nothing_itself(clip, capfd):
    with serve(clip, credentials=Credentials("gate", SECRET)) as server, pytest.raises(StreamError):
        open_video(server.url("cam", user="gate", password="wrong-pw"))
    captured = capfd.readouterr()
    assert captured.err + captured.out == ""
    assert av.logging.get_level() is None


def test_a_reader_that_is_too_slow_skips_to_key_frames_and_stays_near_now(clip):
    with serve(clip) as server:
        source = live(server.url("cam"), fps=25)
        items, ages = closing(source), []
        end = time.monotonic() + 5
        while time.monotonic() < end:
            item = next(items)
            if is_frame(item):
                time.sleep(0.2)  # what decoding a large picture on a busy machine takes
                ages.append(now() - item.t)
        assert source.packets_skipped > 20
        assert max(ages[-5:]) < 3.0
        items.close()


def test_load_shedding_steps_lower_the_rate(clip):
    with serve(clip) as server:
        source = live(server.url("cam"), fps=10)
        items = closing(source)
        read_until(items, is_frame)
        source.shed(5)
        frames = [item for item in (next(items) for _ in range(3)) if is_frame(item)]
        steps = [b.t - a.t for a, b in itertools.pairwise(frames)]
        assert steps[-1] == pytest.approx(1.0, abs=0.05), "key frames only, and the clip has one a second"
        source.shed(0)
        read_until(items, is_frame)
        frames = [next(items) for _ in range(14)][-4:]
        assert frames[-1].t - frames[0].t == pytest.approx(0.3, abs=0.05)
        items.close()
