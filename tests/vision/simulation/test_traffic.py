"""The simulated traffic obeys what any traffic must: nobody drives into anybody, nobody vanishes, order is kept."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from vision.simulation.bodies import draw_body
from vision.simulation.car_following import acceleration
from vision.simulation.demand import Demand, Surge, arrivals, draw_service_s
from vision.simulation.layouts import LAYOUTS
from vision.simulation.road import Road
from vision.simulation.scenarios import SCENARIOS, Closure, Scenario
from vision.simulation.scene import Scene
from vision.simulation.traffic import Traffic

ROAD = Road((("EX1", "export"), ("EX2", "export"), ("IM1", "import"), ("IM2", "import"), ("IM3", "import")))


def states(traffic: Traffic) -> list[tuple[int, str, float, float]]:
    return [(v.number, v.lane, round(v.s, 9), round(v.speed_mps, 9)) for v in traffic.vehicles]


@examples(12)
@given(seed=st.integers(0, 2**32), name=st.sampled_from(sorted(SCENARIOS)))
def test_nobody_collides_reverses_or_overtakes(seed, name):
    traffic = Traffic(ROAD, SCENARIOS[name], seed)
    order: dict[str, list[int]] = {}
    for _ in range(1500):
        before = {v.number: v.s for v in traffic.vehicles}
        traffic.step()
        for lane, row in traffic.rows.items():
            assert all(b.s - a.rear_s >= 0.39 for a, b in pairwise(row)), (lane, traffic.t)
            now = [v.number for v in row]
            stayed = [n for n in order.get(lane, []) if n in now]
            assert [n for n in now if n in stayed] == stayed, "order in a lane"
            order[lane] = now
        assert all(v.s <= before.get(v.number, v.s) + 1e-9 for v in traffic.vehicles), "nobody goes backward"
        assert all(v.served or v.s >= 0.5 for v in traffic.vehicles), "nobody leaves unserved"


def test_every_vehicle_comes_and_goes_once():
    traffic = Traffic(ROAD, SCENARIOS["surge"], 5)
    seen: set[int] = set()
    gone: Counter[int] = Counter()
    here: set[int] = set()
    for _ in range(9000):
        traffic.step()
        now = {v.number for v in traffic.vehicles}
        gone.update(here - now)
        assert not now & set(gone), "nobody comes back"
        seen |= now
        here = now
    made = max(seen) + traffic.waiting_outside
    assert len(seen) == len(gone) + len(here)
    assert made >= len(seen) > 40


def test_the_same_seed_gives_the_same_traffic_at_any_frame_rate():
    first, second, other = (Traffic(ROAD, SCENARIOS["rush"], seed) for seed in (3, 3, 4))
    for _ in range(1200):
        for traffic in (first, second, other):
            traffic.step()
        second.places(second.t - 0.04)
    assert states(first) == states(second) != states(other)


def test_between_two_steps_vehicles_are_in_between():
    traffic = Traffic(ROAD, SCENARIOS["rush"], 1)
    while not any(v.speed_mps > 5 and v.s < 250 for v in traffic.vehicles):
        traffic.step()
    middle = {place.number: place.front_m for place in traffic.places(traffic.t - 0.05)}
    for vehicle in traffic.vehicles:
        assert middle[vehicle.number] == pytest.approx((vehicle.s + vehicle.previous_s) / 2)


def test_a_closed_lane_drains_and_a_booth_left_alone_serves_nobody():
    busy = Demand({"export": 150.0, "import": 200.0})
    closures = (Closure("IM1", 30.0, 900.0, drains=True), Closure("EX1", 30.0, 900.0, drains=False))
    traffic = Traffic(ROAD, Scenario(busy, closures, (3, 3)), 2)
    while traffic.t < 30:
        traffic.step()
    first = next(v for v in traffic.rows["EX1"] if not v.served)
    while traffic.t < 899:
        traffic.step()
    assert not [v for v in traffic.rows["IM1"] if v.s > 0], "those who waited were served, nobody came after"
    assert first in traffic.rows["EX1"]
    assert not first.served
    assert traffic.closed("IM1", drains_only=True)
    assert not traffic.closed("EX1", drains_only=True)


def test_a_scene_says_when_a_lanes_status_changes():
    closures = (Closure("IM1", 5.0, 9.0, drains=True), Closure("EX1", 1.0, 90.0, drains=False))
    scene = Scene(LAYOUTS["two-masts"], Scenario(Demand({"export": 0.0, "import": 0.0}), closures), 1, start_t=1000.0)
    assert scene.advance(4.0) == []
    (change,) = scene.advance(6.0)
    assert (change.lane, change.t, change.status, change.by) == ("IM1", 1005.0, "closed", "simulation")
    assert scene.closed_lanes == {"IM1"}, "a booth left alone is no closed lane"
    assert [(change.t, change.status) for change in scene.advance(20.0)] == [(1009.0, "open")]
    assert scene.closed_lanes == frozenset()


def test_three_of_four_choose_the_shorter_lane():
    traffic = Traffic(ROAD, Scenario(Demand({"export": 0.0, "import": 0.0})), 9)
    traffic.rows["EX1"].append(traffic._make("EX1", 100.0))
    chosen = Counter(traffic._choose("export") for _ in range(4000))
    assert chosen["EX2"] / 4000 == pytest.approx(0.75 + 0.125, abs=0.02)


def test_arrivals_follow_the_rate_and_the_surge():
    demand = Demand({"export": 360.0, "import": 0.0}, surges=(Surge(3600.0, 7200.0, 3.0),))
    random = np.random.default_rng(1)
    times = [t for t, _ in zip(arrivals(demand, "export", 8.0, random), range(1400), strict=False)]
    first, second = (sum(a <= t < a + 3600 for t in times) for a in (0, 3600))
    assert first == pytest.approx(360, abs=4 * 360**0.5)
    assert second == pytest.approx(1080, abs=4 * 1080**0.5)
    assert next(arrivals(demand, "import", 8.0, random), None) is None


def test_the_day_has_two_rushes_and_a_quiet_night():
    demand = Demand({"export": 100.0, "import": 100.0}, daily=True)
    rate = [demand.rate_vph("export", 0.0, hour) for hour in range(24)]
    assert max(rate) <= demand.peak_vph("export")
    assert min(rate) < 10
    assert rate[9] > 1.3 * rate[12] < rate[15]


def test_service_is_lognormal_with_a_median_of_58_s_for_trucks():
    random = np.random.default_rng(3)
    bodies = [draw_body(random) for _ in range(3000)]
    trucks = [draw_service_s(b, random) for b in bodies if b.vehicle_class == "truck"]
    assert np.median(trucks) == pytest.approx(58.0, rel=0.05)
    assert min(trucks) >= 22
    assert max(trucks) <= 180
    shares = Counter(b.shape for b in bodies)
    assert shares["semi"] / 3000 == pytest.approx(0.56, abs=0.04)
    assert set(shares) >= {"bus", "van", "car", "rigid7"}


def test_drivers_brake_for_a_wall_and_keep_the_speed_they_like():
    driving = draw_body(np.random.default_rng(0)).driving
    assert acceleration(driving, driving.free_mps, float("inf"), 0.0) == pytest.approx(0.0)
    assert acceleration(driving, 8.0, 10.0, 0.0) < -2.0
    assert acceleration(driving, 0.0, driving.gap_m, 0.0) == pytest.approx(0.0)
