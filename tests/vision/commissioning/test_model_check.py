"""`lanewatch check --model`: figures and a contact sheet of what a real detector finds in pictures and videos."""

import re

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.support.cli import lanewatch
from tests.support.model import tiny_model
from tests.support.video import make_video

TRUCK = (255, 0, 0)  # what the tests' model takes for a truck


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def pictures(tmp_path):
    """Three pictures of 640 x 360; the first has no vehicle."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for k in range(3):
        image = Image.new("RGB", (640, 360))
        if k:
            ImageDraw.Draw(image).rectangle((200, 100, 295, 155), TRUCK)
        image.save(folder / f"{k}.png")
    return folder


def test_it_counts_by_class_score_and_size_and_draws(model, pictures, tmp_path, capsys):
    sheet = tmp_path / "sheet.png"
    ended = lanewatch(capsys, "check", "--model", model, "--source", pictures, "--sheet", sheet)
    assert ended.code == 0, ended.err
    assert "3 pictures, 2 of them with a vehicle" in ended.out
    count = int(re.search(r"truck: (\d+),", ended.out)[1])
    assert count >= 2
    assert f"0 of 24-48 px, {count} from 48 px" in ended.out
    assert "bus: none" in ended.out
    with Image.open(sheet) as drawn:
        assert drawn.size == (3 * 640, 360)
        pixels = np.asarray(drawn)
    green = (pixels == (80, 220, 80)).all(axis=2)
    assert not green[:, :640].any(), "there is nothing in the first picture"
    assert green[90:110, 640 + 190 : 640 + 310].sum() > 60, "the upper edge of the box in the second"


def test_a_video_is_looked_at_evenly(model, tmp_path, capsys):
    video = make_video(tmp_path / "v.mp4", seconds=4.0, fps=10)
    ended = lanewatch(capsys, "check", "--model", model, "--source", video, "--pictures", "4")
    assert ended.code == 0, ended.err
    assert f"{video}: 4 pictures" in ended.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "give a gate file to check, or a detector"),
        (["--model", "MODEL"], "needs something to look at"),
        (["--model", "MODEL", "--source", "a.jsonl"], "is a recording, which holds no pictures"),
        (["--model", "MODEL", "--source", "no.mp4"], "does not exist"),
        (["--model", "no.xml", "--source", "PICTURES"], "weights no.xml do not exist"),
        (["--model", "MODEL", "--source", "PICTURES", "--sheet", "sheet.gif"], "ends in .jpg or .png"),
        (["--model", "MODEL", "--source", "EMPTY"], "holds no pictures"),
        (["--sheet", "sheet.png"], "--sheet needs --model"),
        (["--source", "PICTURES"], "--source needs --connect"),
    ],
)
def test_bad_input_is_one_sentence(model, pictures, capsys, options, words):
    (pictures.parent / "empty").mkdir()
    places = {"MODEL": model, "PICTURES": pictures, "EMPTY": pictures.parent / "empty"}
    ended = lanewatch(capsys, "check", *(places.get(option, option) for option in options))
    assert ended.code == 2
    assert words in ended.err
    assert ended.err.count("\n") == 1
