"""Files that are whole or absent: on a full disk nothing half-written stays, under no name."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from api.commands.schema import schema_command
from tests.support.full_disk import small_disk
from vision.commissioning.contact_sheet import save_sheet
from vision.commissioning.lane_drawing import save_picture
from vision.errors import LaneWatchError
from vision.simulation.files import Order, simulate
from vision.whole_file import whole_file

NOISE = np.random.default_rng(1).integers(0, 256, (400, 600, 3), np.uint8)
WRITERS: dict[str, Callable[[Path], object]] = {
    "sheet": lambda folder: save_sheet(NOISE, folder / "sheet.png"),
    "picture": lambda folder: save_picture(Image.fromarray(NOISE), folder / "lanes.png"),
    "schema": lambda folder: schema_command(folder / "schema.json"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_what_does_not_fit_on_the_disk_leaves_nothing(tmp_path: Path, name: str) -> None:
    with small_disk(tmp_path / "disk", 8) as disk:
        with pytest.raises(LaneWatchError, match="cannot be written"):
            WRITERS[name](disk)
        assert list(disk.iterdir()) == []
    WRITERS[name](tmp_path)
    [written] = [path for path in tmp_path.iterdir() if path.is_file()]
    assert written.stat().st_size > 8192


def test_a_simulation_that_does_not_fit_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 12) as disk:
        with pytest.raises(LaneWatchError, match="cannot be written"):
            simulate(Order(disk, minutes=0.5, video=False))
        assert not list(disk.glob("*.part"))
    simulate(Order(tmp_path / "whole", minutes=0.5, video=False))
    assert not list((tmp_path / "whole").glob("*.part"))


def test_a_file_that_was_there_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with whole_file(path) as part:
        part.write_text("first")

    def interrupted() -> None:
        with whole_file(path) as part:
            part.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert path.read_text() == "first"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
