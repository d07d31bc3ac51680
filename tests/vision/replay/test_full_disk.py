"""A disk that is full: nothing stays open, a live recording keeps what is whole, a replay leaves nothing."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.full_disk import open_files, small_disk
from tests.support.gates import single_gate
from vision.core.detections import Detections
from vision.core.events import CameraChanged, Seen
from vision.core.ticks import with_ticks
from vision.errors import ConfigError, RecordingError
from vision.replay.recording import RecordingWriter, read_recording
from vision.replay.replay import replay

T0 = 1_767_225_600.0
NAMES = ["r.jsonl", "r.jsonl.gz"]


def events(count: int) -> list[Seen | CameraChanged]:
    """Frames full of boxes that gzip makes little smaller: about 4 KiB each."""
    rng = np.random.default_rng(1)
    corners = rng.integers(0, 3000, (count, 100, 2)) / 10
    boxes = np.concatenate([corners, corners + rng.integers(10, 3000, (count, 100, 2)) / 10], 2).astype(np.float32)
    scores = (rng.integers(100, 1000, (count, 100)) / 1000).astype(np.float32)
    kinds = np.zeros(100, np.int16)
    frames = [Seen("cam", 0, round(T0 + i / 5, 3), Detections(boxes[i], scores[i], kinds)) for i in range(count)]
    return [CameraChanged("cam", 0, T0, "online", 640, 360), *frames]


def write_all(writer: RecordingWriter, frames: list[Seen | CameraChanged]) -> None:
    for event in frames:
        writer.write(event)


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_on_a_full_disk_is_let_go_and_what_is_whole_is_kept(tmp_path: Path, name: str) -> None:
    with small_disk(tmp_path / "disk", 1024) as disk:
        writer = RecordingWriter(disk / name, single_gate(), {"cam": (640, 360)})
        with pytest.raises(RecordingError, match=r"cannot be written: .*; make room"):
            write_all(writer, events(1000))
        assert open_files(disk) == []
        writer.close()
        assert [file.name for file in disk.iterdir()] == [name]
        kept = list(read_recording(disk / name).events)
    assert 20 < len(kept) < 1000
    assert [event.t for event in kept] == [event.t for event in events(1000)[: len(kept)]]


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_that_never_had_room_leaves_nothing(tmp_path: Path, name: str) -> None:
    with small_disk(tmp_path / "disk", 4) as disk:
        writer = RecordingWriter(disk / name, single_gate(), {})
        write_all(writer, events(8))
        with pytest.raises(RecordingError, match="cannot be written"):
            writer.close()
        assert open_files(disk) == []
        writer.close()
        assert list(disk.iterdir()) == []


@pytest.mark.parametrize("count", [8, 1000])
@pytest.mark.parametrize("name", NAMES)
def test_a_replay_that_cannot_be_recorded_to_its_end_leaves_nothing(tmp_path: Path, name: str, count: int) -> None:
    def run(disk: Path) -> None:
        with RecordingWriter(disk / name, single_gate(), {"cam": (640, 360)}) as recorder:
            replay(events(count), single_gate(), tmp_path / "out", recorder=recorder)

    with small_disk(tmp_path / "disk", 4 if count == 8 else 256) as disk:
        with pytest.raises(RecordingError, match="cannot be written"):
            run(disk)
        assert open_files(disk) == []
        assert list(disk.iterdir()) == []


def test_results_on_a_full_disk_leave_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 8) as disk:
        with pytest.raises(ConfigError, match=r"cannot write into .*; make room"):
            replay(with_ticks(events(200), last_second=True), single_gate(), disk / "out")
        assert open_files(disk) == []
        assert list(disk.iterdir()) == []
