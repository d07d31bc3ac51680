"""The fit finds again what samples were made with, writes it once, and the fitted models are what the filter needs."""

import dataclasses

import numpy as np
import pytest

from scripts.fit.__main__ import FITTED_ON
from scripts.fit.edges import edge_errors
from scripts.fit.finding import Finding, blindness, finding, recovery_per_s, spread
from scripts.fit.samples import Boxes, Samples, joined
from scripts.fit.scores import scores
from scripts.fit.written import PLACE, changes, read_values, write_values
from vision.core.tracking.fitted import FITTED, clutter_per_frame, detection_probability, log_score_ratio

SURFACE = Finding(ceiling=0.92, half_px=18.0, size_width=0.15, half_share=0.14, share_width=0.03)
AGAIN_PER_S, SPREAD = 0.8, 0.6


def made(vehicles=160, frames=600, seed=1):
    """Vehicles with edges of noise .015 + 0.4 px, drift .02 over 3 s, and misses of a chain; false boxes that stay 2 s."""
    random = np.random.default_rng(seed)
    vehicle, frame = np.repeat(np.arange(vehicles), frames), np.tile(np.arange(frames), vehicles)
    side = np.repeat(np.exp(random.uniform(np.log(8), np.log(150), vehicles)), frames)
    share = np.repeat(np.where(random.random(vehicles) < 0.6, 1.0, random.uniform(0.02, 0.5, vehicles)), frames)
    shift = np.repeat(random.normal(0, SPREAD, vehicles), frames)
    p = np.clip(SURFACE.chance(side, share), 1e-6, 1 - 1e-6)
    p = 1 / (1 + np.exp(-(np.log(p / (1 - p)) * np.sqrt(1 + 0.35 * SPREAD**2) + shift)))
    hit = np.zeros((vehicles, frames), bool)
    p2, dice = p.reshape(vehicles, frames), random.random((vehicles, frames))
    odds = np.exp(-0.2 * AGAIN_PER_S / p2)
    hit[:, 0] = dice[:, 0] < p2[:, 0]
    drift = np.zeros((vehicles, frames, 4))
    drift[:, 0] = random.normal(0, 0.02, (vehicles, 4))
    kept = np.exp(-0.2 / 3.0)
    for k in range(1, frames):
        hit[:, k] = dice[:, k] < p2[:, k] + odds[:, k] * (hit[:, k - 1] - p2[:, k])
        drift[:, k] = kept * drift[:, k - 1] + np.sqrt(1 - kept**2) * random.normal(0, 0.02, (vehicles, 4))
    sides = side[:, None]
    off = drift.reshape(-1, 4) + 0.015 * random.normal(size=(len(side), 4)) + 0.4 / sides * random.normal(size=(len(side), 4))
    true = np.column_stack([np.full(len(side), 500.0), np.full(len(side), 400.0), 500 + side, 400 + side])
    blind = frame % 100 < 3
    hits = hit.reshape(-1) & ~blind
    score = np.where(hits, 0.1 + 0.9 * random.beta(6, 3, len(side)), np.nan)
    found = np.where(hits[:, None], true + sides * off, np.nan)
    opened = np.ones((len(side), 4), bool)
    return Samples(vehicle, frame, side, share, true, found, opened, blind, score, staying(random, frames), frames)


def staying(random, frames):
    boxes = []
    for begins in range(0, frames, 3):
        corner = random.uniform(0, 900, 2)
        length = int(random.exponential(10.0)) + 1
        boxes += [(begins + k, *corner, *(corner + 30)) for k in range(length) if random.random() < 0.8]
    rows = np.array(boxes)
    score = 0.1 + 0.9 * random.beta(1.5, 5, len(rows))
    return Boxes(rows[:, 0].astype(np.int64), np.full(len(rows), 30.0), score, rows[:, 1:])


@pytest.fixture(scope="module")
def samples():
    return made()


def test_the_errors_of_edges_are_found_again(samples):
    found = edge_errors(samples)
    assert found.noise_share == pytest.approx(0.015, rel=0.06)
    assert found.noise_px == pytest.approx(0.4, rel=0.15)
    assert found.drift_share == pytest.approx(0.02, rel=0.06)
    assert found.drift_s == pytest.approx(3.0, rel=0.12)
    assert found.outlier_share < 0.001


def test_what_is_found_by_size_and_share_is_found_again(samples):
    surface = finding(samples)
    assert surface.half_px == pytest.approx(18.0, rel=0.1)
    assert surface.half_share == pytest.approx(0.14, abs=0.03)
    assert surface.ceiling == pytest.approx(0.92, abs=0.02)
    assert spread(samples, surface) == pytest.approx(SPREAD, abs=0.25)
    assert recovery_per_s(samples, surface) == pytest.approx(AGAIN_PER_S, rel=0.15)
    assert blindness(samples).share == pytest.approx(0.03)
    assert blindness(samples).run_s == pytest.approx(0.6)


def test_scores_and_false_boxes_are_found_again(samples):
    found = scores(samples)
    assert found.vehicles[-1] == pytest.approx((6, 3), rel=0.05)
    assert found.clutter[2] == pytest.approx((1.5, 5), rel=0.3)
    assert found.clutter_per_frame[2] == pytest.approx(10.5 / 3 * 0.8, rel=0.2)
    assert found.clutter_s == pytest.approx(2.0, rel=0.3)


def test_samples_of_two_recordings_keep_their_vehicles_apart(samples):
    both = joined([samples, samples])
    assert len(np.unique(both.vehicle)) == 2 * len(np.unique(samples.vehicle))
    assert both.frames == 2 * samples.frames
    assert edge_errors(both).drift_s == pytest.approx(edge_errors(samples).drift_s, rel=0.05)


def test_what_is_written_is_read_again_and_stands_in_the_filter(tmp_path):
    values = read_values()
    assert values == dataclasses.asdict(FITTED)
    place = tmp_path / "fitted.py"
    place.write_text(PLACE.read_text(encoding="utf-8"), encoding="utf-8")
    write_values(values | {"clutter_s": 9.87654321}, "from nowhere", place)
    assert read_values(place) == values | {"clutter_s": 9.877}
    assert "# from nowhere\n" in place.read_text(encoding="utf-8")
    assert changes(values, values | {"clutter_s": 1.0})[-2].endswith(f"(was {values['clutter_s']})")
    place.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="fitted:begin"):
        write_values(values, "", place)


def test_fitted_seeds_are_not_judged():
    assert min(held.seed for held in FITTED_ON) > 100


def test_larger_and_barer_vehicles_are_found_more_often_and_scores_speak_for_them():
    sizes, shares = np.array([8.0, 16, 32, 64]), np.full(4, 1.0)
    assert (np.diff(detection_probability(sizes, shares)) > 0).all()
    assert (np.diff(detection_probability(np.full(4, 60.0), np.array([0.05, 0.15, 0.3, 0.9]))) > 0).all()
    assert detection_probability(np.array([200.0]), np.ones(1)) == pytest.approx(FITTED.found_ceiling, rel=0.01)
    for size in sizes:
        ratio = log_score_ratio(np.linspace(0.12, 0.95, 20), np.full(20, size))
        assert (np.diff(ratio) > 0).all()
        assert ratio[0] < 0 < ratio[-1]
    grid, width = np.linspace(0.1, 1, 2001)[1:-1], 0.9 / 2000
    vehicle, clutter = FITTED.vehicle_scores[1], FITTED.clutter_scores[1]
    x = (grid - 0.1) / 0.9
    density = x ** (clutter[0] - 1) * (1 - x) ** (clutter[1] - 1)
    density /= density.sum() * width
    told = np.exp(log_score_ratio(grid, np.full(len(grid), 20.0))) * density
    assert told.sum() * width == pytest.approx(1.0, abs=0.02), vehicle
    assert clutter_per_frame(np.array([10.0, 500.0])) == pytest.approx(
        [FITTED.clutter_per_frame[0], FITTED.clutter_per_frame[-1]]
    )
