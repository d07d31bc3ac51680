"""The bench's own sums: which round counts, and when a bound holds."""

from tests.benchmarks.bounds import Verdict, live_verdicts, path_verdicts
from tests.benchmarks.measured import Cost, quietest


def cost(name, cpu_ms, peak_mb=100.0):
    return Cost(contender=name, frames=1000, analysed=200, cpu_ms=cpu_ms, wall_ms=cpu_ms, peak_mb=peak_mb, found=0)


def test_the_quietest_round_counts_with_the_median_of_memory():
    best = quietest([cost("worker", 30, 210), cost("worker", 25, 190), cost("worker", 40, 200)])
    assert (best.cpu_ms, best.peak_mb) == (25, 200)


def costs(worker_ms=20.0, worker_mb=200.0):
    peers = {"track-pt": cost("track-pt", 84, 850), "track-openvino": cost("track-openvino", 40, 990)}
    floors = {"decode": cost("decode", 3), "detect": cost("detect", 17)}
    return {"worker": cost("worker", worker_ms, worker_mb), **peers, **floors}


def test_bounds_are_those_of_the_better_peer_and_of_the_floors():
    assert [verdict.bound for verdict in path_verdicts(costs())] == [0.65 * 40, 1.25 * 20, 0.25 * 850]
    assert all(verdict.holds for verdict in path_verdicts(costs()))


def test_a_worker_that_is_too_dear_fails():
    assert [verdict.holds for verdict in path_verdicts(costs(worker_ms=26.5, worker_mb=213))] == [False, False, False]


def test_live_bounds_and_lost_frames():
    good = {"analysed_fps": 25.0, "frame_age_p95_ms": 500.0, "worker_peak_mb": 300.0, "tick_to_client_p95_ms": 800.0}
    assert all(verdict.holds for verdict in live_verdicts(good))
    assert not any(
        verdict.holds
        for verdict in live_verdicts(
            {"analysed_fps": 20.0, "frame_age_p95_ms": 501.0, "worker_peak_mb": 301.0, "tick_to_client_p95_ms": 801.0}
        )
    )


def test_a_verdict_says_pass_or_fail():
    assert str(Verdict("age", 400, 500, "ms")) == "pass  age: 400.0 ms (at most 500.0)"
    assert str(Verdict("rate", 20, 25, "a second", at_least=True)) == "FAIL  rate: 20.0 a second (at least 25.0)"
