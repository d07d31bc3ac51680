"""What a section's checkpoint keeps of its lanes' statuses: none is missed or taken twice over a restart."""

import json

from hypothesis import given
from hypothesis import strategies as st

from vision.core.events import LaneStatus
from vision.worker.lane_statuses import LaneStatuses
from vision.worker.status_follower import StreamPlace


def status(lane: str, t: float, state: str = "closed") -> LaneStatus:
    return LaneStatus(lane, t, "closed" if state == "closed" else "open", "ann", "")


def place(number: int) -> StreamPlace:
    return StreamPlace("e", f"{number}-0")


def test_a_status_is_taken_once_and_only_of_the_sections_lanes() -> None:
    statuses = LaneStatuses(["A", "B"])
    first, late = status("A", 5.0), status("A", 3.0, "open")
    assert statuses.heard([first, status("C", 5.0)], place(1)) == [first]
    assert statuses.heard([first], place(2)) == []
    statuses.fed(first)
    assert statuses.heard([first, late], place(3)) == [late], "one that is late is news, but does not hold"
    statuses.fed(late)
    assert (statuses.holding, statuses.waiting) == ([first], [])


def test_of_a_checkpoint_lanes_that_are_gone_are_left_out() -> None:
    statuses = LaneStatuses(["A", "B"])
    for one in statuses.heard([status("A", 1.0), status("B", 1.0)], place(1)):
        statuses.fed(one)
    statuses.heard([status("A", 9.0), status("B", 9.0)], place(2))
    again = LaneStatuses(["B"], statuses.as_data())
    assert (again.holding, again.waiting) == ([status("B", 1.0)], [status("B", 9.0)])


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 5), st.booleans()), max_size=12), st.data())
def test_a_restart_anywhere_takes_each_status_once(told: list[tuple[str, int, bool]], data: st.DataObject) -> None:
    stream = [status(lane, float(number), "open" if is_open else "closed") for number, (lane, _, is_open) in enumerate(told)]
    statuses, fed = LaneStatuses("AB"), list[LaneStatus]()
    for number, one in enumerate(stream):
        statuses.heard([one], place(number))
        while statuses.waiting and data.draw(st.booleans()):
            fed.append(statuses.waiting[0])
            statuses.fed(statuses.waiting[0])
        if data.draw(st.booleans()):
            statuses = LaneStatuses("AB", json.loads(json.dumps(statuses.as_data())))
        assert statuses.place == place(number)
    fed += statuses.waiting
    assert fed == stream
