"""Video files as sources: times, due frames, determinism, states of the picture, and what bad files say."""

import itertools
import threading
import wave
from pathlib import Path

import pytest

from tests.support.model import tiny_model
from tests.support.video import Mover, make_video, still
from vision.camera.capture_time import NO_TIME_T
from vision.camera.file_source import FileSource
from vision.camera.open_source import open_source
from vision.config import Camera, DetectorConfig, View
from vision.core.events import CameraChanged, Seen, Tick
from vision.detection.open_detector import open_detector
from vision.errors import StreamError
from vision.ports import Frame
from vision.replay.video_events import events_of

VIEW = View(lane="L1", polygon=((0, 0), (1, 0), (1, 1), (0, 1)))


def camera(name="cam", fps=5.0) -> Camera:
    return Camera(id=name, views=(VIEW,), analysis_fps=fps)


def shape(width: int, height: int) -> tuple[int, int]:
    return 360, 640


def opened(path, *, name="cam", fps=5.0, live=False, once=False, start=0.0):
    if live:
        return open_source(camera(name, fps), str(path), once=once, input_shape=shape)
    return FileSource(name, str(path), fps=fps, start=start, shape=shape)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    movers = [still(200, 150), Mover(((0, -60, 250), (4, 700, 250)))]
    metadata = {"creation_time": "2024-12-04T01:02:03.000000Z"}
    return make_video(tmp_path_factory.mktemp("clips") / "clip.mp4", movers, seconds=4, metadata=metadata)


def test_due_frames_come_at_the_analysis_rate_with_their_times(clip):
    first, *frames = opened(clip, start=1000.0)
    assert first == CameraChanged("cam", 0, 1000.0, "online", 640, 360)
    assert [frame.t for frame in frames] == [round(1000 + i * 0.2, 3) for i in range(20)]
    assert frames[0].image.shape == (360, 640, 3)
    jpeg, width, height = frames[3].picture.jpeg(320)
    assert jpeg[:2] == b"\xff\xd8"
    assert (width, height) == (320, 180)


def test_without_start_the_creation_time_counts(clip):
    source = opened(clip, start=None)
    assert source.time_known
    assert next(iter(source)).t == 1733274123.0


def test_a_file_without_time_begins_in_2000(tmp_path):
    source = opened(make_video(tmp_path / "v.mp4", seconds=0.4), start=None)
    assert not source.time_known
    assert next(iter(source)).t == NO_TIME_T


def test_events_are_merged_by_time_with_ticks_after_equal_times(clip, tmp_path):
    detector = open_detector(DetectorConfig(min_score=0.5), tiny_model(tmp_path / "m"))
    sources = [opened(clip, name="a"), opened(clip, name="b", start=0.5)]
    events = list(events_of(sources, detector))
    times = [event.t for event in events]
    assert times == sorted(times)
    assert [event.t for event in events if isinstance(event, Tick)] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    at_one = [type(event) for event in events if event.t == 1.0]
    assert at_one == [Seen, Tick]
    counts = [len(event.detections) for event in events if isinstance(event, Seen) and event.camera == "a"]
    assert set(counts) == {1, 2}
    again = list(events_of([opened(clip, name="a"), opened(clip, name="b", start=0.5)], detector))
    assert [repr(event) for event in again] == [repr(event) for event in events]


@pytest.mark.parametrize(
    ("level", "state"), [(6, "dark"), (250, "overexposed"), (110, "blurred")], ids=["dark", "overexposed", "blurred"]
)
def test_a_picture_that_cannot_be_measured_is_a_state(tmp_path, level, state):
    path = make_video(tmp_path / "v.mp4", seconds=5, fps=5, level=level, noise=1.0, marks=False)
    states = [item.state for item in opened(path) if isinstance(item, CameraChanged)]
    assert states == ["online", state]


def test_a_frozen_picture_is_a_state_and_ends_when_it_moves(tmp_path):
    movers = [Mover(((0, 100, 100), (1, 200, 100), (14, 200, 100), (19, 600, 100)))]
    path = make_video(tmp_path / "v.mp4", movers, seconds=18, fps=5, noise=0.0)
    changes = [item for item in opened(path) if isinstance(item, CameraChanged)]
    assert [change.state for change in changes] == ["online", "frozen", "online"]
    assert 10.5 <= changes[1].t <= 12.5
    assert "has not changed" in changes[1].reason


def test_noise_or_a_moving_truck_is_not_frozen(tmp_path):
    path = make_video(tmp_path / "v.mp4", [still(200, 150)], seconds=15, fps=5, noise=2.0)
    assert [item.state for item in opened(path) if isinstance(item, CameraChanged)] == ["online"]


def test_a_live_file_plays_at_its_pace_and_loops_in_new_sessions(tmp_path):
    source = opened(make_video(tmp_path / "v.mp4", seconds=0.6), live=True)
    items = list(itertools.takewhile(lambda item: item.session < 2, source))
    frames = [item for item in items if isinstance(item, Frame)]
    assert [frame.session for frame in frames] == [0] * 3 + [1] * 3
    assert frames[1].t - frames[0].t == pytest.approx(0.2, abs=0.002)
    assert 0.55 < frames[3].t - frames[0].t < 1.0
    source.close()


def test_a_live_file_once_ends_offline(tmp_path):
    *_, last = opened(make_video(tmp_path / "v.mp4", seconds=0.4), live=True, once=True)
    assert (last.state, last.reason) == ("offline", "the video is over")


def test_closing_ends_a_live_file_at_once(clip):
    source = opened(clip, live=True)
    threading.Timer(0.3, source.close).start()
    assert len(list(source)) < 8


def test_a_camera_without_a_stream_is_offline():
    source = open_source(camera(), None, input_shape=shape)
    threading.Timer(0.05, source.close).start()
    (changed,) = source
    assert changed.state == "offline"
    assert "not set" in changed.reason


def test_a_file_that_is_cut_off_gives_what_it_has(clip, tmp_path):
    path = make_video(tmp_path / "v.ts", seconds=4)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    frames = [item for item in opened(path) if isinstance(item, Frame)]
    assert 5 <= len(frames) <= 12


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("absent.mp4", None, "does not exist"),
        ("empty.mp4", b"", "is empty"),
        ("text.mp4", b"this is no video " * 100, "is not a video that FFmpeg can read"),
        (".", None, "is a folder"),
    ],
)
def test_bad_files_say_so(tmp_path, name, content, sentence):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StreamError, match=sentence):
        list(opened(path))


def test_an_mp4_cut_in_the_middle_says_so(clip, tmp_path):
    path = tmp_path / "cut.mp4"
    path.write_bytes(clip.read_bytes()[:20_000])
    with pytest.raises(StreamError, match="is not a video that FFmpeg can read, or is cut off"):
        list(opened(path))


def test_an_unknown_codec_and_a_file_without_video_say_so(clip, tmp_path):
    path = tmp_path / "codec.mp4"
    path.write_bytes(clip.read_bytes().replace(b"avc1", b"zzz1"))
    with pytest.raises(StreamError, match="unknown to FFmpeg"):
        list(opened(path))
    sound = tmp_path / "sound.wav"
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16_000))
    with pytest.raises(StreamError, match="has no video in it"):
        list(opened(sound))
