"""config/kim-thanh.yaml is a gate that loads, and its ground points are those of the cameras that its comment describes."""

import math
import re
from pathlib import Path

import pytest
import yaml

from vision.config import load_gate, parse_gate, sections

ROOT = Path(__file__).parents[1]
WIDTH, HEIGHT, FOCAL_PX = 1920, 1080, 2000
MAST_M, BEYOND_M, TILT = 8.0, 20.0, math.radians(13)


@pytest.fixture(scope="module")
def gate():
    return load_gate(ROOT / "config" / "kim-thanh.yaml")


def image(x, y, mast_x):
    """Where the camera on a mast at mast_x sees the ground point, 0..1: the formula of the file's comment."""
    dx, dy = x - mast_x, y + BEYOND_M
    depth = dy * math.cos(TILT) + MAST_M * math.sin(TILT)
    down = MAST_M * math.cos(TILT) - dy * math.sin(TILT)
    return 0.5 + FOCAL_PX * dx / depth / WIDTH, 0.5 + FOCAL_PX * down / depth / HEIGHT


def test_five_lanes_in_two_sections(gate):
    assert [(lane.id, lane.direction) for lane in gate.lanes] == [
        ("EX1", "export"),
        ("EX2", "export"),
        ("IM1", "import"),
        ("IM2", "import"),
        ("IM3", "import"),
    ]
    assert [section.lanes for section in sections(gate)] == [("EX1", "EX2"), ("IM1", "IM2", "IM3")]


@pytest.mark.parametrize(("camera", "mast_x"), [("export", 3.75), ("import", 14.625)])
def test_ground_points_are_those_of_the_described_camera(gate, camera, mast_x):
    points = gate.camera(camera).ground
    assert len(points) >= 8
    for point in points:
        assert point.image == pytest.approx(image(*point.metres, mast_x), abs=1e-6)


@pytest.mark.parametrize(("camera", "mast_x"), [("export", 3.75), ("import", 14.625)])
def test_a_lane_is_outlined_from_the_stop_line_to_the_end_of_its_zone(gate, camera, mast_x):
    left = {"EX1": 0.0, "EX2": 3.75, "IM1": 9.0, "IM2": 12.75, "IM3": 16.5}
    for view in gate.camera(camera).views:
        x = left[view.lane]
        corners = [(x, 0), (x + 3.75, 0), (x + 3.75, 120), (x, 120)]
        for corner, seen in zip(corners, view.polygon, strict=True):
            assert seen == pytest.approx(image(*corner, mast_x), abs=1e-6)


def test_every_alert_says_what_to_do_in_three_languages(gate):
    assert {rule.scope for rule in gate.alerts} == {"lane", "direction", "camera"}
    for rule in gate.alerts:
        assert set(rule.action) == {"vi", "en", "zh"}, rule.name


def test_the_gate_file_shown_in_the_documents_loads():
    text = (ROOT / "docs" / "gate-file.md").read_text(encoding="utf-8")
    shown = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert shown
    for block in shown:
        parse_gate(yaml.safe_load(block), "docs/gate-file.md")
