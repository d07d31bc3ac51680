"""The one policy for trying again."""

import pytest

from vision.backoff import Backoff


def test_pauses_grow_to_the_longest_and_begin_anew_after_a_success() -> None:
    backoff = Backoff(0.5, 10.0)
    for expected in (0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0):
        assert expected / 2 <= backoff.next_s() <= expected
    backoff.reset()
    assert backoff.next_s() <= 0.5


def test_a_count_of_failures_that_was_kept_gives_the_same_pauses() -> None:
    backoff = Backoff(2.0, 100.0, factor=3.0, jitter=0.0)
    assert [backoff.after_s(failures) for failures in (1, 2, 3, 4, 5, 10_000)] == [2.0, 6.0, 18.0, 54.0, 100.0, 100.0]
    assert [backoff.next_s() for _ in range(3)] == [2.0, 6.0, 18.0]


@pytest.mark.parametrize(("first_s", "longest_s", "factor"), [(0.0, 1.0, 2.0), (2.0, 1.0, 2.0), (1.0, 2.0, 0.5)])
def test_pauses_that_do_not_grow_are_refused(first_s: float, longest_s: float, factor: float) -> None:
    with pytest.raises(ValueError, match="growing"):
        Backoff(first_s, longest_s, factor)
