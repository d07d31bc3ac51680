"""Boxes at the border of the core: whatever a file or a detector gives, it is a box of the picture's order or an error."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vision.core.detections import MAX_COORDINATE_PX, Detections
from vision.errors import RecordingError
from vision.replay.recording import read_recording

ANY = st.floats(allow_nan=True, allow_infinity=True, width=32)
NEAR = st.floats(-2000, 4000, width=32)
BOX = st.tuples(*[ANY | NEAR] * 4)
HEADER = {"kind": "recording", "version": 1, "gate": "g", "cameras": {"cam": {"width": 1920, "height": 1080}}}
HEADER |= {"classes": ["truck"], "ticks": False}


def is_box(box: tuple[float, ...]) -> bool:
    """Whether it is one as the core wants it: finite, in reach, corners in order."""
    return all(math.isfinite(c) and abs(c) <= MAX_COORDINATE_PX for c in box) and box[0] < box[2] and box[1] < box[3]


@given(box=BOX, score=ANY, kind=st.integers(-40, 40))
@example(box=(0.0, 0.0, math.nan, 1.0), score=0.5, kind=0)
@example(box=(5.0, 5.0, 5.0, 9.0), score=0.5, kind=0)
@example(box=(9.0, 5.0, 5.0, 9.0), score=0.5, kind=0)
@example(box=(0.0, 0.0, 1e30, 9.0), score=0.5, kind=0)
def test_detections_take_boxes_and_nothing_else(box: tuple[float, ...], score: float, kind: int) -> None:
    arrays = np.array([box], np.float32), np.array([score], np.float32), np.array([kind], np.int16)
    if is_box(box) and 0 <= score <= 1 and 0 <= kind < 3:
        assert len(Detections(*arrays)) == 1
    else:
        with pytest.raises(ValueError, match="Detections"):
            Detections(*arrays)


@given(box=BOX)
@example(box=(1.0, 2.0, 1.04, 9.0))
@example(box=(0.0, 0.0, math.inf, 9.0))
@example(box=(700.0, 10.0, 300.0, 90.0))
def test_a_recording_with_a_bad_box_is_refused_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, box: tuple[float, ...]
) -> None:
    path = tmp_path_factory.mktemp("border") / "r.jsonl"
    seen = {"kind": "seen", "camera": "cam", "session": 0, "t": 1.0, "boxes": [[*box, 0.5, 0]]}
    path.write_text("\n".join(json.dumps(line) for line in (HEADER, seen)))
    rounded = tuple(float(np.float32(np.round(c, 1))) if math.isfinite(c) else c for c in box)
    if is_box(rounded):
        assert sum(len(getattr(event, "detections", ())) for event in read_recording(path).events) == 1
    else:
        with pytest.raises(RecordingError, match="line 2: "):
            list(read_recording(path).events)


@pytest.mark.parametrize(
    "text", ["[[1, 2, 3]]", '[["a", 2, 3, 4, 0.5, 0]]', "[[1, 2, 3, 4, 0.5, 7]]", "null", "[[1, 2, 3, 4, -1, 0]]"]
)
def test_what_is_no_box_at_all_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    line = f'{{"kind": "seen", "camera": "cam", "session": 0, "t": 1.0, "boxes": {text}}}'
    path = tmp_path / "r.jsonl"
    path.write_text(f"{json.dumps(HEADER)}\n{line}\n")
    with pytest.raises(RecordingError, match="line 2: "):
        list(read_recording(path).events)
