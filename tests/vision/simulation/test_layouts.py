"""Every layout is a gate that the product can measure, and its cameras see its lanes large enough."""

import numpy as np
import pytest

from vision.config import sections
from vision.core.geometry.camera_model import fit_pose
from vision.simulation.bodies import Body, Driving
from vision.simulation.layouts import LAYOUTS
from vision.simulation.render.renderer import Renderer
from vision.simulation.vehicle import Place

DRIVING = Driving(8, 1.7, 2, 0.9, 1.5, 1)
NETWORK_PX = 640


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_a_gate_with_every_lane_in_one_section(name):
    gate = LAYOUTS[name].gate()
    lanes = [lane for section in sections(gate) for lane in section.lanes]
    assert sorted(lanes) == ["EX1", "EX2", "IM1", "IM2", "IM3"]
    assert all(len(camera.ground) >= 8 for camera in gate.cameras)


@pytest.mark.parametrize("name", LAYOUTS)
def test_ground_points_say_where_the_camera_stands(name):
    layout = LAYOUTS[name]
    for plan, camera in zip(layout.cameras, layout.gate().cameras, strict=True):
        found = fit_pose(camera, layout.width, layout.height)
        assert found.centre == pytest.approx(plan.place, abs=0.05), plan.id


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_zones_last_truck_is_at_least_16_px_on_its_shorter_side(name):
    layout = LAYOUTS[name]
    body = Body("rigid7", 7.0, 2.2, 3.0, DRIVING, 1)
    for plan in layout.cameras:
        far_s = layout.zone_m if plan.place[1] * layout.lane(plan.lanes[0]).upstream < 0 else 1.0
        lane = layout.lane(plan.lanes[-1])
        corners = [
            (lane.x_m + side * body.width_m / 2, (far_s + along) * lane.upstream, z)
            for side in (-1, 1)
            for along in (0.0, body.length_m)
            for z in (0.0, body.height_m)
        ]
        pixels, depth = plan.project(np.array(corners), NETWORK_PX, 360)
        assert (depth > 0).all()
        assert min(np.ptp(pixels, axis=0)) >= 16, (plan.id, np.ptp(pixels, axis=0))


def test_a_box_lies_where_the_projection_says_and_a_hidden_vehicle_has_none():
    layout = LAYOUTS["two-masts"]
    renderer = Renderer(layout, layout.cameras[1], "overcast", 1, 1767225600.0)
    semi = Body("semi", 16.0, 2.5, 4.0, DRIVING, 3)
    car = Body("car", 4.5, 1.8, 1.5, DRIVING, 4)
    places = [Place(1, semi, "IM2", "IM2", 0.0, 10.0, 0.0, False), Place(2, car, "IM2", "IM2", 0.0, 28.0, 0.0, False)]
    seen = {sight.number: sight for sight in renderer.shoot(places, 0.0, 0).sights if sight.number}
    assert 2 not in seen, "the car stands behind the semi-trailer"
    x_m = layout.lane("IM2").x_m
    corners = [(x_m + u, 10.0 + r, z) for u in (-1.25, 1.25) for r in (0, 16.0) for z in (0, 4.0)]
    pixels, _ = layout.cameras[1].project(np.array(corners), 640, 360)
    expected = (*pixels.min(0), *pixels.max(0))
    assert seen[1].box[:3] == pytest.approx(expected[:3], abs=1.6)
    assert expected[3] - 5 < seen[1].box[3] < expected[3], "bumper and tyres end a little above the ground under the front"
    assert renderer.shoot(places[1:], 0.0, 0).sights[-1].number == 2


def test_the_same_seed_gives_the_same_picture_and_another_weather_another():
    layout = LAYOUTS["one-mast"]
    places = [Place(1, Body("rigid12", 12, 2.5, 3.6, DRIVING, 3), "EX1", "EX1", 0.0, 20.0, 5.0, False)]
    shots = [Renderer(layout, layout.cameras[0], w, 7, 0.0).shoot(places, 3.0, 75).image for w in ("night", "night", "dusk")]
    assert (shots[0] == shots[1]).all()
    assert abs(float(shots[0].mean()) - float(shots[2].mean())) > 5
