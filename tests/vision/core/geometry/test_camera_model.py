"""A camera's pose is found again from the ground points that it would see, through a lens too; contradictions are told."""

import numpy as np
import pytest

from vision.config import Camera, GroundPoint, Lens, View
from vision.core.geometry.camera_model import CameraPose, fit_pose
from vision.errors import ConfigError

WIDTH, HEIGHT = 1920, 1080
GRID = np.array([[x, y, 0.0] for x in (-4.0, 0.0, 5.0) for y in (5.0, 20.0, 45.0, 70.0)])
LENSES = [None, Lens(k1=-0.12, k2=0.02)]
BOXES = np.array([[300.0, 250.0, 700.0, 800.0], [1200.0, 100.0, 1850.0, 1000.0]])


def pose(lens: Lens | None = None, *, focal_px: float = 1500.0, height_m: float = 9.0, down: float = 0.25) -> CameraPose:
    """A camera above the origin that looks along +y and downwards by `down` rad."""
    rotation = np.array([[1.0, 0.0, 0.0], [0.0, -np.sin(down), -np.cos(down)], [0.0, np.cos(down), -np.sin(down)]])
    return CameraPose(WIDTH, HEIGHT, focal_px, rotation, -rotation @ np.array([0.0, -6.0, height_m]), lens)


def camera(image: np.ndarray, metres: np.ndarray, **more: object) -> Camera:
    ground = tuple(GroundPoint(image=tuple(i), metres=tuple(m)) for i, m in zip(image, metres, strict=True))
    view = View(lane="L1", polygon=((0, 0), (1, 0), (1, 1), (0, 1)))
    return Camera(id="mast", ground=ground, views=(view,), **more)


@pytest.mark.parametrize("lens", LENSES)
def test_a_pose_is_found_again_with_its_focal_length_given(lens: Lens | None) -> None:
    true = pose(lens)
    seen = true.picture_points(GRID)
    inside = ((seen > 0) & (seen < 1)).all(1)
    assert inside.sum() >= 6
    half = camera(seen[inside], GRID[inside, :2], lens=lens, focal_px=750.0, native_width=960)
    found = fit_pose(half, WIDTH, HEIGHT)
    assert found.focal_px == pytest.approx(1500.0)
    assert found.centre == pytest.approx(true.centre, abs=0.01)
    assert found.rotation == pytest.approx(true.rotation, abs=1e-3)


def test_the_focal_length_is_recovered_where_none_is_given() -> None:
    true = pose()
    seen = true.picture_points(GRID)
    inside = ((seen > 0) & (seen < 1)).all(1)
    found = fit_pose(camera(seen[inside], GRID[inside, :2]), WIDTH, HEIGHT)
    assert found.focal_px == pytest.approx(1500.0, rel=0.001)
    assert found.centre == pytest.approx(true.centre, abs=0.05)


def test_a_map_whose_y_goes_the_other_way_still_has_its_camera_above_the_ground() -> None:
    seen = pose().picture_points(GRID)
    inside = ((seen > 0) & (seen < 1)).all(1)
    mirrored = GRID[inside, :2] * [-1.0, 1.0]
    assert fit_pose(camera(seen[inside], mirrored, focal_px=1500.0), WIDTH, HEIGHT).centre[2] > 0


def test_points_that_contradict_each_other_are_told() -> None:
    seen = pose().picture_points(GRID)
    inside = ((seen > 0) & (seen < 1)).all(1)
    shuffled = np.roll(GRID[inside, :2], 3, axis=0)
    with pytest.raises(ConfigError, match="mast: ground: the points do not fit"):
        fit_pose(camera(seen[inside], shuffled, focal_px=1500.0), WIDTH, HEIGHT)


@pytest.mark.parametrize("lens", LENSES)
def test_boxes_of_a_lens_are_those_of_a_pinhole_once_straightened(lens: Lens | None) -> None:
    bent = pose(lens)
    straight = bent.pinhole_boxes(BOXES)
    for box, seen in zip(straight, BOXES, strict=True):
        middle_x, middle_y = (seen[0] + seen[2]) / 2, (seen[1] + seen[3]) / 2
        edges = np.array([[seen[0], middle_y], [middle_x, seen[1]], [seen[2], middle_y], [middle_x, seen[3]]])
        pinhole = bent._straighten(edges)
        assert box == pytest.approx([pinhole[0, 0], pinhole[1, 1], pinhole[2, 0], pinhole[3, 1]])
        world = np.column_stack([bent.on_plane(pinhole, 0.0), np.zeros(4)])
        below = np.isfinite(world).all(1)
        assert below.any()
        assert bent.picture_points(world[below]) * [WIDTH, HEIGHT] == pytest.approx(edges[below], abs=0.05)
    assert bent.pinhole_boxes(np.empty((0, 4))).shape == (0, 4)


def test_a_ray_above_the_horizon_meets_no_ground() -> None:
    assert np.isnan(pose().on_plane(np.array([[960.0, 0.0]]), 0.0)).all()
