"""Average precision by size: known cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.training.precision import Judged, average_precision, overlaps


def judged(true, found, *, true_class=None, found_class=None, score=None, let_off=None):
    return Judged(
        np.array(true, np.float32).reshape(-1, 4),
        np.array(true_class if true_class is not None else [0] * len(true), np.int16),
        np.array(let_off if let_off is not None else [False] * len(true), bool),
        np.array(found, np.float32).reshape(-1, 4),
        np.array(found_class if found_class is not None else [0] * len(found), np.int16),
        np.array(score if score is not None else [0.9] * len(found), np.float32),
    )


BOX, FAR, SMALL = [10, 10, 50, 50], [100, 100, 140, 140], [200, 10, 210, 20]


def test_all_found_is_one_and_nothing_found_is_nought():
    assert average_precision([judged([BOX, FAR], [FAR, BOX])]) == (1.0, 2)
    assert average_precision([judged([BOX], [])]) == (0.0, 1)
    assert average_precision([judged([], [BOX])]) == (None, 0)


def test_half_found_is_about_a_half_and_a_false_box_with_a_low_score_costs_nothing():
    ap, _ = average_precision([judged([BOX, FAR], [BOX, SMALL], score=[0.9, 0.1])])
    assert ap == pytest.approx(51 / 101)
    first, _ = average_precision([judged([BOX, FAR], [SMALL, BOX, FAR], score=[0.99, 0.5, 0.4])])
    assert first == pytest.approx(2 / 3)


def test_small_boxes_neither_count_nor_cost_when_only_large_ones_are_asked_for():
    assert average_precision([judged([BOX, SMALL], [BOX])], shorter_px=24) == (1.0, 1)
    assert average_precision([judged([BOX, SMALL], [SMALL, BOX], score=[0.99, 0.5])], shorter_px=24) == (1.0, 1)
    assert average_precision([judged([BOX], [SMALL, BOX], score=[0.99, 0.5])], shorter_px=24) == (1.0, 1)


def test_what_is_let_off_neither_counts_nor_costs():
    assert average_precision([judged([BOX, FAR], [BOX], let_off=[False, True])]) == (1.0, 1)
    assert average_precision([judged([BOX, FAR], [FAR, BOX], score=[0.99, 0.5], let_off=[False, True])]) == (1.0, 1)
    assert average_precision([judged([BOX], [BOX], let_off=[True])]) == (None, 0)


def test_of_two_vehicles_under_one_box_it_is_the_one_that_must_be_found():
    near = [12, 12, 52, 52]
    assert average_precision([judged([near, BOX], [near], let_off=[True, False])]) == (1.0, 1)


def test_a_box_called_by_another_name_is_a_vehicle_but_not_a_truck():
    picture = judged([BOX], [BOX], true_class=[0], found_class=[1])
    assert average_precision([picture]) == (1.0, 1)
    assert average_precision([picture], class_id=0) == (0.0, 1)


def test_a_vehicle_found_twice_is_one_hit_and_one_mistake():
    ap, _ = average_precision([judged([BOX, FAR], [BOX, BOX, FAR], score=[0.9, 0.8, 0.7])])
    assert ap == pytest.approx((51 + 50 * 2 / 3) / 101)


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(1, 30), st.integers(1, 30)), max_size=6))
def test_overlap_is_symmetric_and_one_with_itself(rows):
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in rows], np.float32).reshape(-1, 4)
    share = overlaps(boxes, boxes)
    assert np.allclose(share, share.T)
    assert np.allclose(np.diag(share), 1.0)
    assert ((share >= 0) & (share <= 1.0001)).all()
