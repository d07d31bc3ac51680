"""A picture that was redrawn only where something moved is that of drawing everything anew."""

import numpy as np
import pytest

from vision.simulation.layouts import LAYOUTS
from vision.simulation.render.light import WEATHERS
from vision.simulation.render.painter import drawing_order
from vision.simulation.render.stage import Stage
from vision.simulation.scenarios import SCENARIOS
from vision.simulation.traffic import Traffic


@pytest.mark.parametrize(("name", "camera"), [("two-masts", 1), ("upstream", 0)])
def test_redrawing_in_part_gives_the_picture_drawn_whole(name, camera):
    layout = LAYOUTS[name]
    plan, light = layout.cameras[camera], WEATHERS["day"]
    stage = Stage(layout, plan, light, 3)
    traffic = Traffic(layout.road, SCENARIOS["jam"], 6)
    while traffic.t < 60:
        traffic.step()
        if traffic.steps % 12 == 0:
            stage.show(traffic.places(traffic.t))
    fresh = Stage.__new__(Stage)
    fresh.__dict__.update(stage.__dict__)
    fresh.image, fresh.ids = stage.backdrop.image.copy(), stage.backdrop.ids.copy()
    fresh.shown, fresh._cutouts = {}, {}
    fresh.show([one.seat.place for one in stage.shown.values()])
    assert set(fresh.shown) == set(stage.shown)
    difference = np.abs(stage.image.astype(int) - fresh.image.astype(int))
    assert (difference > 2).mean() < 2e-3, "only soft edges that a redrawn part cut may differ"
    same = {fresh.shown[number].mark: one.mark for number, one in stage.shown.items()}
    renamed = np.array([same.get(mark, mark) for mark in range(256)], np.uint8)[fresh.ids]
    assert (renamed == stage.ids).mean() > 0.999


def test_of_two_things_the_one_on_the_cameras_side_is_drawn_later():
    camera = (0.0, -30.0)
    spans = np.array([(-1, 0, 1, 10), (-1, 12, 1, 20), (4, 2, 6, 30), (8, 0, 10, 40), (-1, 22, 1, 26)], float)
    order = drawing_order(spans, camera)
    place = {thing: k for k, thing in enumerate(order)}
    assert place[4] < place[1] < place[0]
    assert place[3] < place[2]
    assert sorted(order) == list(range(5))
