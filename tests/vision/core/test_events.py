"""Values that cannot be right are refused where they are built."""

import numpy as np
import pytest

from vision.core.detections import Detections
from vision.core.events import Tick

GOOD = [10.0, 10.0, 20.0, 20.0]


def detections(box: list[float], score: float = 0.5, class_id: int = 0) -> Detections:
    return Detections(np.array([box], np.float32), np.array([score], np.float32), np.array([class_id], np.int16))


@pytest.mark.parametrize(
    ("box", "score", "class_id", "words"),
    [
        ([20, 10, 10, 20], 0.5, 0, "reversed"),
        ([10, 10, 10, 20], 0.5, 0, "without area"),
        ([float("nan"), 10, 20, 20], 0.5, 0, "not finite"),
        ([0, 0, 1e9, 20], 0.5, 0, "beyond"),
        (GOOD, 1.5, 0, "score"),
        (GOOD, float("nan"), 0, "score"),
        (GOOD, 0.5, 3, "class_id"),
        ([10, 10, 20], 0.5, 0, "shape"),
    ],
)
def test_wrong_detections_are_refused(box: list[float], score: float, class_id: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        detections(box, score, class_id)


def test_columns_must_have_one_value_a_box() -> None:
    with pytest.raises(ValueError, match=r"score must have shape \(1,\)"):
        Detections(np.array([GOOD], np.float32), np.zeros(2, np.float32), np.zeros(1, np.int16))
    assert len(Detections.empty()) == 0
    assert len(detections(GOOD)) == 1


def test_a_tick_is_a_whole_second() -> None:
    with pytest.raises(ValueError, match="whole second"):
        Tick(1.5)
