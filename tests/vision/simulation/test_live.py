"""The live gate: real RTSP streams paced by the wall clock, whose times are those of the truth; faults on demand."""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.processes import until
from tests.support.rtsp import is_frame, read_until, state_is
from vision.camera.decoding import open_video
from vision.camera.rtsp_source import LiveSource
from vision.clock import now
from vision.errors import ConfigError, StreamError
from vision.simulation.live.faults import FaultOrder
from vision.simulation.live.gate import WARM_S, LiveGate, LiveOrder
from vision.simulation.rtsp.auth import Credentials
from vision.simulation.rtsp.server import Fault, Timeline
from vision.simulation.scene import Scene
from vision.simulation.truth import LaneTruth

ORDER = LiveOrder(seed=5, layout="one-mast", scenario="daily", weather="day", speed=4.0)  # IM3 closes 600 s from the start
LOGIN = Credentials("viewer", "s3cret", "digest")


class Lived:
    """A live gate in a thread of its own, and what it told: the truth, and the lanes that are closed."""

    def __init__(self) -> None:
        self.told: list[tuple[float, list[LaneTruth]]] = []
        self.closed: list[frozenset[str]] = []
        self.failed: Exception | None = None
        told, closed = (lambda t, rows: self.told.append((t, rows))), self.closed.append
        self.gate = LiveGate(ORDER, credentials=LOGIN, tell=told, tell_closed=closed)

    def run(self) -> None:
        try:
            self.gate.run()
        except StreamError as error:
            self.failed = error


@pytest.fixture(scope="module")
def lived() -> Iterator[Lived]:
    lived = Lived()
    thread = threading.Thread(target=lived.run)
    thread.start()
    yield lived
    lived.gate.close()
    thread.join()


@pytest.fixture
def source(lived: Lived) -> Iterator[LiveSource]:
    url = lived.gate.server.url("mast", user=LOGIN.user, password=LOGIN.password)
    source = LiveSource("mast", url, fps=25.0, shape=lambda width, height: (height, width))
    yield source
    source.close()
    lived.gate.break_(FaultOrder("mast"))


def test_frames_carry_the_time_of_the_gates_own_clock(lived: Lived) -> None:
    video = open_video(lived.gate.server.url("mast", user=LOGIN.user, password=LOGIN.password))
    frames = (found for packet in video.packets() for found in video.decode(packet))
    pts_s, frame = next((pts_s, frame) for pts_s, frame in frames if pts_s is not None)
    assert (frame.width, frame.height) == (640, 360)
    assert video.reported_offset is not None
    number = (pts_s + video.reported_offset - lived.gate.timeline.t) * 25
    assert number == pytest.approx(round(number), abs=0.05), "a frame is of a multiple of 40 ms after a whole second"
    assert 0 < number <= (now() - lived.gate.timeline.t) * 25
    video.close()


def test_a_second_client_joins_at_once_with_a_key_frame(lived: Lived, source: LiveSource) -> None:
    items = iter(source)
    read_until(items, is_frame)
    url = lived.gate.server.url("mast", user=LOGIN.user, password=LOGIN.password)
    other = LiveSource("other", url, fps=25.0, shape=lambda width, height: (height, width))
    assert read_until(iter(other), is_frame)[0].state == "online"
    other.close()
    read_until(items, is_frame)


def test_who_has_the_wrong_password_sees_nothing(lived: Lived) -> None:
    source = LiveSource(
        "mast", lived.gate.server.url("mast", user="viewer", password="wrong"), fps=5, shape=lambda w, h: (h, w)
    )
    found = read_until(iter(source), lambda item: not is_frame(item))
    source.close()
    assert "refuses the user name or password" in found[-1].reason


def test_the_truth_is_told_each_second_and_is_that_of_the_seed(lived: Lived) -> None:
    assert until(lambda: len(lived.told) >= 3)
    scene = Scene(lived.gate.layout, lived.gate._scene.traffic.scenario, ORDER.seed, hour=lived.gate._scene_hour)
    scene.advance(WARM_S + 5)
    expected: dict[int, list[LaneTruth]] = {}
    for row in scene.truth.taken():
        expected.setdefault(row.t, []).append(row)
    for k, (t, rows) in enumerate(lived.told[:3]):
        assert t == lived.gate.timeline.t + k
        assert rows == expected[WARM_S + k]


@pytest.mark.parametrize(("fault", "state"), [("stall", "stalled"), ("reset", "offline"), ("locked", "offline")])
def test_a_broken_stream_breaks_and_heals(lived: Lived, source: LiveSource, fault: Fault, state: str) -> None:
    items = iter(source)
    read_until(items, is_frame)
    lived.gate.break_(FaultOrder("mast", stream=fault))
    read_until(items, state_is(state))
    lived.gate.break_(FaultOrder("mast"))
    read_until(items, state_is("online"))


def test_a_fault_ends_by_itself(lived: Lived) -> None:
    lived.gate.break_(FaultOrder("mast", stream="stall", for_s=0.2))
    assert lived.gate.server.faults == {"mast": "stall"}
    assert until(lambda: not lived.gate.server.faults)


def test_who_is_late_leaves_frames_out_and_stays_on_the_clock(lived: Lived) -> None:
    before, timeline = lived.gate.dropped, lived.gate.timeline
    lived.gate.timeline = Timeline(timeline.monotonic_s - 4, timeline.t - 4)
    assert until(lambda: lived.gate.dropped >= before + 90)
    zero_s = lived.gate.timeline.monotonic_s
    assert until(lambda: abs(lived.gate._scene.traffic.t - WARM_S - (time.monotonic() - zero_s)) < 0.3)
    lived.gate.timeline = timeline
    assert lived.failed is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"speed": 0.5}, "speed must be"), ({"layout": "moon"}, "layout 'moon'"), ({"seed": -1}, "seed must be")],
)
def test_what_does_not_exist_is_refused(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        LiveOrder(**wrong)


def test_closed_lanes_are_told_at_the_beginning_and_at_each_change(lived: Lived) -> None:
    assert until(lambda: lived.closed == [{"IM3"}])
    timeline = lived.gate.timeline
    lived.gate.timeline = Timeline(timeline.monotonic_s - 121, timeline.t - 121)
    assert until(lambda: lived.closed == [{"IM3"}, frozenset()])


def test_a_clock_that_jumps_ends_it(lived: Lived) -> None:
    lived.gate.timeline = Timeline(lived.gate.timeline.monotonic_s, lived.gate.timeline.t - 5)
    assert until(lambda: lived.failed is not None)
    assert "must begin anew" in str(lived.failed)
