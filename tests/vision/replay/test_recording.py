"""Recordings: what is written is read back, what others wrote is understood, what is broken is refused with its line."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.config import GateConfig, parse_gate
from vision.core.detections import Detections
from vision.core.events import CameraChanged, ConfigChanged, LaneStatus, Seen, Tick, Unchanged
from vision.errors import RecordingError
from vision.replay import recording as recording_file
from vision.replay.recording import Checkpoint, Recorded, RecordingWriter, read_recording

T0 = 1_767_225_600.0
HEADER = {
    "kind": "recording",
    "version": 1,
    "gate": "g",
    "cameras": {"cam": {"width": 640, "height": 360}},
    "classes": ["car", "bus", "truck"],
    "ticks": False,
}


def gate() -> GateConfig:
    view = {"lane": "L1", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    data = {
        "id": "g",
        "name": {"en": "G"},
        "lanes": [{"id": "L1", "direction": "export", "name": {"en": "1"}}],
        "cameras": [{"id": "cam", "views": [view]}],
    }
    return parse_gate(data, "test")


def seen(t: float, *boxes: list[object]) -> dict[str, object]:
    return {"kind": "seen", "camera": "cam", "session": 0, "t": t, "boxes": boxes}


def write(path: Path, *lines: object) -> Path:
    text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def detections(*boxes: tuple[float, float, float, float, float, int]) -> Detections:
    table = np.array(boxes, np.float32).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 4], table[:, 5].astype(np.int16))


EVENTS: list[Recorded] = [
    Checkpoint("cam", T0, {"t": T0, "lanes": {"L1": [1.5, None]}}),
    CameraChanged("cam", 0, T0, "online", 640, 360),
    Seen("cam", 0, T0 + 0.2, detections((1.1, 2.2, 30.3, 40.4, 0.875, 0), (5, 6, 7, 8, 0.1, 2))),
    Tick(T0 + 1),
    Seen("cam", 0, T0 + 0.9, Detections.empty()),
    LaneStatus("L1", T0 + 1.5, "closed", "operator", "đóng làn"),
    ConfigChanged(T0 + 1.6, gate()),
    CameraChanged("cam", 1, T0 + 1.7, "stalled", 0, 0, "no packets for 5 s", 2),
]


def same(a: object, b: object) -> bool:
    if not (isinstance(a, Seen) and isinstance(b, Seen)):
        return a == b
    return (a.camera, a.session, a.t) == (b.camera, b.session, b.t) and all(
        np.array_equal(getattr(a.detections, name), getattr(b.detections, name)) for name in ("xyxy", "score", "class_id")
    )


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
def test_what_is_written_is_read_back_and_the_bytes_are_always_the_same(tmp_path: Path, name: str) -> None:
    for folder in ("a", "b"):
        path = tmp_path / folder / name
        with RecordingWriter(path, gate(), {"cam": (640, 360)}) as writer:
            for event in EVENTS:
                writer.write(event)
            assert not path.exists()
        assert [file.name for file in path.parent.iterdir()] == [name]
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    recording = read_recording(tmp_path / "a" / name)
    assert recording.header.config == gate()
    assert recording.header.ticks
    read = list(recording.events)
    assert len(read) == len(EVENTS)
    assert all(map(same, read, EVENTS))
    assert recording.fraction() == 1.0


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
def test_an_error_while_writing_leaves_nothing(tmp_path: Path, name: str) -> None:
    def fail() -> None:
        with RecordingWriter(tmp_path / name, gate(), {}) as writer:
            writer.write(EVENTS[1])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not list(tmp_path.iterdir())


def test_an_unfinished_recording_is_marked(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r.jsonl", gate(), {})
    assert [file.name for file in tmp_path.iterdir()] == ["r.jsonl.part"]
    writer.close()
    writer.close()
    writer.discard()
    assert [file.name for file in tmp_path.iterdir()] == ["r.jsonl"]


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
def test_what_a_crash_leaves_unfinished_can_be_read(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for bytes_name in ("BLOCK_BYTES", "MEMBER_BYTES"):
        monkeypatch.setattr(recording_file, bytes_name, 4000)
    writer = RecordingWriter(tmp_path / name, gate(), {"cam": (640, 360)})
    for i in range(200):
        writer.write(Seen("cam", 0, T0 + i, Detections.empty()))
    read = list(read_recording(tmp_path / f"{name}.part").events)
    assert [event.t for event in read] == [T0 + i for i in range(len(read))]
    assert 100 < len(read) < 200
    writer.close()
    assert len(list(read_recording(tmp_path / name).events)) == 200


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="cannot be written"):
        RecordingWriter(tmp_path / "file" / "r.jsonl", gate(), {})


def test_a_recording_made_elsewhere_gets_ticks_and_camera_states(tmp_path: Path) -> None:
    lines = [HEADER, seen(T0 + 0.5, [10.04, 20, 30, 40, 0.12345, 2]), seen(T0 + 1.0), "\n", seen(T0 + 3.2)]
    events = list(read_recording(write(tmp_path / "r.jsonl.gz", *lines)).events)
    kinds = [(type(event).__name__, event.t - T0) for event in events]
    assert [(kind, round(t, 3)) for kind, t in kinds] == [
        ("CameraChanged", 0.5),
        ("Seen", 0.5),
        ("Seen", 1.0),
        ("Tick", 1.0),
        ("Tick", 2.0),
        ("Tick", 3.0),
        ("Seen", 3.2),
    ]
    assert events[0] == CameraChanged("cam", 0, T0 + 0.5, "online", 640, 360)
    assert same(events[1], Seen("cam", 0, T0 + 0.5, detections((10.0, 20, 30, 40, 0.123, 0))))


def test_the_last_second_gets_its_tick(tmp_path: Path) -> None:
    events = list(read_recording(write(tmp_path / "r.jsonl", HEADER, seen(T0), seen(T0 + 1.0))).events)
    assert [event.t - T0 for event in events if isinstance(event, Tick)] == [0.0, 1.0]
    assert isinstance(events[-1], Tick)


def test_a_new_session_is_announced(tmp_path: Path) -> None:
    later = seen(T0 + 0.2) | {"session": 1}
    events = list(read_recording(write(tmp_path / "r.jsonl", HEADER, seen(T0), later)).events)
    assert [event.session for event in events if isinstance(event, CameraChanged)] == [0, 1]


BAD_LINES = {
    "nan": seen(T0, [float("nan"), 0, 1, 1, 0.5, 0]),
    "reversed": seen(T0, [10, 0, 1, 1, 0.5, 0]),
    "huge": seen(T0, [0, 0, 1e9, 1, 0.5, 0]),
    "score": seen(T0, [0, 0, 1, 1, 1.5, 0]),
    "class": seen(T0, [0, 0, 1, 1, 0.5, 3]),
    "five values": seen(T0, [0, 0, 1, 1, 0.5]),
    "text": seen(T0, ["0", 0, 1, 1, 0.5, 0]),
    "camera": seen(T0) | {"camera": "other"},
    "time": seen(-1.0),
    "kind": {"kind": "frame", "t": T0},
    "tick": {"kind": "tick", "t": T0 + 0.5},
    "not json": '{"kind":"seen","cam',
    "not an object": "[1, 2]\n",
    "jump": seen(T0 + 900_000),
    "unchanged in version 1": {"kind": "unchanged", "camera": "cam", "session": 0, "t": T0 + 0.2},
    "unchanged with boxes missing its camera": {"kind": "unchanged", "session": 0, "t": T0 + 0.2},
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_a_bad_line_is_named_by_its_number(tmp_path: Path, case: str) -> None:
    path = write(tmp_path / "r.jsonl", HEADER, seen(T0), BAD_LINES[case])
    with pytest.raises(RecordingError, match=r"r\.jsonl: line 3") as caught:
        list(read_recording(path).events)
    assert "\n" not in str(caught.value)


UNCHANGED = [
    CameraChanged("cam", 0, T0, "online", 640, 360),
    Seen("cam", 0, T0 + 0.2, Detections.empty()),
    Unchanged("cam", 0, T0 + 0.4),
    Tick(T0 + 1),
]


def test_frames_without_change_are_kept_by_version_2(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with RecordingWriter(path, gate(), {"cam": (640, 360)}, version=2) as writer:
        for event in UNCHANGED:
            writer.write(event)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0]["version"] == 2
    assert lines[3] == {"kind": "unchanged", "camera": "cam", "session": 0, "t": T0 + 0.4}
    assert list(map(type, read_recording(path).events)) == [CameraChanged, Seen, Unchanged, Tick]


def test_version_1_takes_none_of_them(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r.jsonl", gate(), {"cam": (640, 360)})
    with pytest.raises(RecordingError, match="write version 2"):
        writer.write(UNCHANGED[2])
    writer.discard()


def test_a_version_1_recording_with_one_says_what_is_wrong(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", HEADER, seen(T0), {"kind": "unchanged", "camera": "cam", "session": 0, "t": T0 + 1})
    with pytest.raises(RecordingError, match='line 3: an entry "unchanged" needs a header with "version": 2'):
        list(read_recording(path).events)


def test_one_made_elsewhere_gets_its_ticks_and_sessions(tmp_path: Path) -> None:
    still = [{"kind": "unchanged", "camera": "cam", "session": 1, "t": T0 + s} for s in (1.5, 2.0)]
    path = write(tmp_path / "r.jsonl", HEADER | {"version": 2}, seen(T0 + 0.5), *still)
    events = [(type(event).__name__, event.t - T0) for event in read_recording(path).events]
    assert events == [
        ("CameraChanged", 0.5),
        ("Seen", 0.5),
        ("Tick", 1.0),
        ("CameraChanged", 1.5),
        ("Unchanged", 1.5),
        ("Unchanged", 2.0),
        ("Tick", 2.0),
    ]


BAD_HEADERS = {
    "empty": "",
    "no header": seen(T0),
    "version": HEADER | {"version": 3},
    "class": HEADER | {"classes": ["lorry"]},
    "config": HEADER | {"config": {"id": "g"}},
}


@pytest.mark.parametrize("case", BAD_HEADERS)
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, case: str) -> None:
    with pytest.raises(RecordingError, match="line 1"):
        read_recording(write(tmp_path / "r.jsonl", BAD_HEADERS[case]))


def test_absent_and_unreadable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="does not exist"):
        read_recording(tmp_path / "none.jsonl")
    with pytest.raises(RecordingError, match="cannot be read"):
        read_recording(tmp_path)


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_cut_gzip_is_said_to_be_cut(tmp_path: Path, keep: float) -> None:
    rng = np.random.default_rng(1)
    lines = [seen(T0 + i / 5, [*rng.uniform(0, 9, 2), *rng.uniform(10, 600, 2), 0.5, 0]) for i in range(3000)]
    path = write(tmp_path / "r.jsonl.gz", HEADER, *lines)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(RecordingError, match=r"cut or damaged after line [1-9]"):
        list(read_recording(path).events)
    path.write_bytes(b"no gzip at all")
    with pytest.raises(RecordingError, match="cut or damaged"):
        read_recording(path)


def test_a_recording_can_be_left_half_read(tmp_path: Path) -> None:
    recording = read_recording(write(tmp_path / "r.jsonl", HEADER, *(seen(T0 + i) for i in range(1000))))
    next(recording.events)
    assert 0 < recording.fraction() <= 1
    recording.close()


boxes = st.lists(
    st.tuples(
        st.integers(0, 999),
        st.integers(0, 999),
        st.integers(1, 999),
        st.integers(1, 999),
        st.integers(0, 1000),
        st.sampled_from([0, 1, 2]),
    ),
    max_size=5,
)


@given(boxes)
def test_any_rounded_boxes_survive_the_file(tmp_path_factory: pytest.TempPathFactory, table: list[tuple[int, ...]]) -> None:
    path = tmp_path_factory.mktemp("r") / "r.jsonl"
    found = detections(*((x / 10, y / 10, (x + w) / 10, (y + h) / 10, s / 1000, c) for x, y, w, h, s, c in table))
    event = Seen("cam", 0, T0, found)
    with RecordingWriter(path, gate(), {"cam": (640, 360)}) as writer:
        writer.write(event)
    (read,) = read_recording(path).events
    assert same(read, event)
