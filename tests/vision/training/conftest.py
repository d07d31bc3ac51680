from pathlib import Path

import pytest

from vision.training.frames import FrameOrder, write_frames


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of `data`."""
    return 4


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory, seed: int) -> Path:
    """The data.yaml of a few rendered frames, to be read only."""
    return write_frames(FrameOrder(tmp_path_factory.mktemp("frames"), 6, 3, seed=seed))
