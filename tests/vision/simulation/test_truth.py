"""The truth files say what docs/glossary.md's words mean: recomputed here in the plainest way from the whole history."""

import csv

import pytest

from vision.replay.result_files import LANE_COLUMNS, VISIT_COLUMNS
from vision.simulation.layouts import LAYOUTS
from vision.simulation.scenarios import SCENARIOS
from vision.simulation.traffic import Traffic
from vision.simulation.truth import Truth
from vision.simulation.truth_files import write_truth

SLOW = 5.0 / 3.6


@pytest.fixture(scope="module", params=[("jam", 4), ("surge", 8)], ids=["jam", "surge"])
def scene(request):
    """(traffic, truth, history): history[step][number] = lane, front, rear, speed."""
    layout = LAYOUTS["two-masts"]
    name, seed = request.param
    traffic = Traffic(layout.road, SCENARIOS[name], seed)
    truth = Truth(traffic, dict.fromkeys(traffic.rows, layout.zone_m))
    history = []
    for step in range(3001):
        if step:
            traffic.step()
            truth.observe()
        history.append({v.number: (v.lane_now, v.s, v.rear_s, v.speed_mps) for v in traffic.vehicles})
    return traffic, truth, history


def standing_since(history, number, step):
    """The step from which a vehicle has been slow without a break, or None; who stands at the start stood before."""
    since = None
    for k in range(step, -1, -1):
        state = history[k].get(number)
        if state is None or state[3] >= SLOW:
            return since
        since = k
    return -10 if since == 0 else since


def test_standing_is_slower_than_5_kmh_for_more_than_a_second(scene):
    _, truth, history = scene
    rows = {(row.t, row.lane_id): row for row in truth.lanes}
    checked = 0
    for second in range(5, 290, 15):
        for lane in ("EX1", "IM1", "IM3"):
            inside = [
                (front, rear, number)
                for number, (where, front, rear, _) in history[second * 10].items()
                if where == lane and 0 < front <= 80
            ]
            standing = []
            for front, rear, number in sorted(inside):
                since = standing_since(history, number, second * 10)
                standing.append((front, rear, since is not None and second * 10 - since >= 10))
            runs, metres = [], 0.0
            for front, rear, stands in standing:
                if stands and runs and runs[-1] is not None:
                    runs[-1] = (runs[-1][0], rear)
                elif stands:
                    runs.append((front, rear))
                elif runs:
                    runs.append(None)
            metres = sum(min(rear, 80) - front for front, rear in (run for run in runs if run))
            row = rows[second, lane]
            assert row.vehicles == len(inside)
            assert row.standing_vehicles == sum(stands for *_, stands in standing), (second, lane)
            assert row.standing_m == pytest.approx(metres, abs=0.02)
            checked += row.standing_vehicles
    assert checked > 20


def test_the_queue_is_who_has_joined_and_not_departed(scene):
    _, truth, history = scene
    visits = truth.visits + truth.open_visits
    for row in truth.lanes[::37]:
        here = history[row.t * 10]
        joined = [
            v
            for v in visits
            if v.lane_id == row.lane_id
            and v.joined_t is not None
            and v.joined_t <= row.t
            and v.vehicle.number in here
            and here[v.vehicle.number][0] == row.lane_id
            and here[v.vehicle.number][1] > 0
        ]
        assert row.queue_vehicles == len(joined)
        tail = max((here[v.vehicle.number][2] for v in joined), default=0.0)
        assert row.queue_m == pytest.approx(min(tail, 80), abs=0.02)
        assert row.censored == (tail >= 80)
        assert row.queue_vehicles <= row.vehicles
        assert row.in_service in {0, 1}


def test_times_of_a_visit_are_in_order_and_its_dwell_is_departure_less_arrival(scene):
    _, truth, history = scene
    departed = [v for v in truth.visits if v.outcome == "departed"]
    assert len(departed) > 10
    for visit in departed:
        times = [visit.arrived_t, visit.joined_t, visit.service_t, visit.moved_off_t, visit.left_t]
        known = [t for t in times if t is not None]
        assert known == sorted(known), visit
        assert visit.left_t is not None
        assert (visit.arrived_t is not None) != visit.start_censored
        k = round(visit.left_t * 10 + 0.5)
        assert history[k - 2][visit.vehicle.number][1] > 0 >= history[k + 1][visit.vehicle.number][1]


def test_nobody_is_lost_from_the_books(scene):
    _, truth, history = scene
    visits = truth.visits + truth.open_visits
    for lane in ("EX1", "EX2", "IM1", "IM2", "IM3"):
        began = sum(v.lane_id == lane and (v.arrived_t is not None or v.start_censored) for v in visits)
        ended = sum(v.lane_id == lane and v.outcome in {"departed", "changed_lane"} for v in visits)
        inside = sum(where == lane and 0 < s <= 80 for where, s, *_ in history[-1].values())
        assert began - ended == inside


def test_files_have_the_columns_of_the_products_own(scene, tmp_path):
    _, truth, _ = scene
    write_truth(truth, tmp_path, 1767225600.0, 200)
    lanes = list(csv.DictReader((tmp_path / "truth_lanes.csv").read_text().splitlines()))
    visits = list(csv.DictReader((tmp_path / "truth_visits.csv").read_text().splitlines()))
    assert tuple(lanes[0]) == LANE_COLUMNS
    assert tuple(visits[0]) == VISIT_COLUMNS
    assert len(lanes) == 201 * 5
    assert lanes[0]["expected_wait_s"] == ""
    assert float(lanes[0]["t"]) == 1767225600.0
    assert len({v["visit_id"] for v in visits}) == len(visits)
