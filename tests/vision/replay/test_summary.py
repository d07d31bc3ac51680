"""A summary's dwell times are those that were measured from end to end; inferred arrivals are counted apart."""

from tests.support.gate_messages import visit_ended
from tests.support.messages import alert_gate
from vision.replay.summary import Summary


def test_a_dwell_time_from_an_inferred_arrival_is_not_averaged() -> None:
    summary = Summary(alert_gate())
    summary.add(visit_ended("a", "EX1", 5.0, left_t=65.0, arrived_t=5.0))
    summary.add(visit_ended("b", "EX1", 9.0, left_t=909.0, arrived_t=3.0, arrived_inferred=True))
    summary.add(visit_ended("c", "EX1", 9.0, left_t=80.0, outcome="lost", arrived_t=9.0))
    lane = summary.as_data([])["lanes"]["EX1"]
    assert (lane["dwell_s_mean"], lane["arrivals_inferred"]) == (60.0, 1)
    assert (lane["visits"]["departed"], lane["visits"]["lost"]) == (2, 1)
