"""The simulated day: its clock at a speed, its light, the faults that people ask for, the lines they write."""

import os
import threading

import cv2
import numpy as np
import pytest

from vision.camera.image_quality import PictureHealth
from vision.errors import ConfigError
from vision.simulation.demand import under_way
from vision.simulation.layouts import LAYOUTS
from vision.simulation.live.control import LONGEST_ORDER, named_pipe, written_lines
from vision.simulation.live.daylight import weather_at
from vision.simulation.live.faults import FaultOrder, Spoiler, parse_order
from vision.simulation.scenarios import SCENARIOS, at_speed

CAMERAS = ("export", "import")


def test_a_faster_day_has_its_closures_sooner_and_long_enough_to_be_seen():
    daily = SCENARIOS["daily"]
    faster = at_speed(daily, 6.0)
    assert at_speed(daily, 1.0) == daily
    assert faster.demand.base_vph == daily.demand.base_vph, "vehicles an hour of our time"
    for before, after in zip(daily.closures, faster.closures, strict=True):
        assert after.from_s == pytest.approx(before.from_s / 6)
        assert after.every_s == pytest.approx(before.every_s / 6)
        assert 120 <= after.to_s - after.from_s <= before.to_s - before.from_s
    hours = [faster.demand.rate_vph("import", 1e9, hour) for hour in (3.0, 9.0)]
    assert hours[0] < hours[1] / 5


def test_what_comes_again_comes_for_ever():
    assert [under_way(10, 20, 60, t) for t in (9, 10, 19, 20, 70, 79, 80, 6010)] == [
        False,
        True,
        True,
        False,
        True,
        True,
        False,
        True,
    ]
    assert [under_way(10, 20, None, t) for t in (10, 70)] == [True, False]


def test_the_light_follows_the_day():
    assert [weather_at(hour) for hour in (3, 6, 9, 13.5, 18, 21.5, 27)] == [
        "night",
        "dusk",
        "day",
        "rain",
        "dusk",
        "night-rain",
        "night",
    ]


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("stall export", FaultOrder("export", stream="stall")),
        ("locked import 5\n", FaultOrder("import", stream="locked", for_s=5.0)),
        ("freeze export 2.5", FaultOrder("export", picture="freeze", for_s=2.5)),
        ("heal import", FaultOrder("import")),
    ],
)
def test_lines_ask_for_faults(line, order):
    assert parse_order(line, CAMERAS) == order


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("freeze", "say FAULT CAMERA"),
        ("freeze mast", "there are export, import"),
        ("melt export", "there is no fault 'melt'"),
        ("stall export soon", "no number of seconds"),
        ("stall export -1", "not between 0 and a day"),
    ],
)
def test_what_cannot_be_done_is_refused(line, words):
    with pytest.raises(ConfigError, match=words):
        parse_order(line, CAMERAS)


def picture(seed):
    image = np.random.default_rng(seed).integers(0, 256, (45, 80, 3), dtype=np.uint8)
    return np.ascontiguousarray(cv2.resize(image, (640, 360), interpolation=cv2.INTER_NEAREST))


@pytest.mark.parametrize(("fault", "state"), [(None, "online"), ("black", "dark"), ("blur", "blurred"), ("freeze", "frozen")])
def test_a_spoilt_picture_is_what_the_product_calls_it(fault, state):
    spoiler, health = Spoiler(LAYOUTS["two-masts"].cameras[0], 640, 360), PictureHealth()
    spoiler.spoilt(picture(0))
    spoiler.fault = fault
    for k in range(26):
        found, _ = health.update(k * 0.5, spoiler.spoilt(picture(k))[..., ::-1])
    assert found == state


def test_a_picture_freezes_even_before_the_first_was_shown():
    spoiler = Spoiler(LAYOUTS["two-masts"].cameras[0], 640, 360)
    spoiler.fault = "freeze"
    first = spoiler.spoilt(picture(0))
    assert spoiler.spoilt(picture(1)) is first


def test_a_camera_that_was_knocked_shows_the_scene_elsewhere():
    spoiler = Spoiler(LAYOUTS["two-masts"].cameras[0], 640, 360)
    image = np.zeros((360, 640, 3), np.uint8)
    cv2.circle(image, (320, 180), 6, (255, 255, 255), -1)
    spoiler.fault = "moved"
    rows, columns = np.nonzero(spoiler.spoilt(image)[..., 0] > 128)
    assert np.hypot(rows.mean() - 180, columns.mean() - 320) > 50


def test_lines_come_from_a_pipe_that_anybody_may_write_to_again(tmp_path):
    path, seen, ended = tmp_path / "faults", [], threading.Event()
    with named_pipe(path) as fd:
        assert oct(path.stat().st_mode)[-3:] == "600"
        lines = written_lines([fd], ended.is_set)
        for text in ("stall export\n", "heal ex", "port\n\n"):
            with path.open("w") as pipe:
                pipe.write(text)
        seen = [next(lines), next(lines)]
        ended.set()
        assert list(lines) == []
    assert seen == ["stall export", "heal export"]
    assert not path.exists()


def test_a_line_without_an_end_does_not_deafen_it():
    reading, writing = os.pipe()
    calls = iter([*[False] * 4, True])
    os.write(writing, b"x" * 3 * LONGEST_ORDER)
    os.write(writing, b" the rest of it\nheal export\n")
    assert list(written_lines([reading], lambda: next(calls)))[-1] == "heal export"
    os.close(writing)
    os.close(reading)


def test_an_input_at_its_end_is_left_out():
    reading, writing = os.pipe()
    os.write(writing, b"freeze import\n")
    os.close(writing)
    calls = iter([False, False, False, True])
    assert list(written_lines([reading], lambda: next(calls))) == ["freeze import"]
    os.close(reading)


def test_a_pipe_that_cannot_be_made_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be made"), named_pipe(tmp_path / "none" / "faults"):
        pass
