"""A configuration that changes nothing changes nothing: what was counted before is counted once."""

import json

import pytest

from tests.support.roads import T0, Truck, drive, gate, section
from vision.core.events import ConfigChanged
from vision.core.pipeline import Pipeline

TRUCKS = [Truck("A", 2.0, 24.0), Truck("A", 8.0, 28.0, halt_m=20.0), Truck("B", 4.0, 20.0)]


@pytest.mark.parametrize("ground", [True, False])
def test_taking_the_same_configuration_again_leaves_the_checkpoint_as_it_was(ground: bool) -> None:
    config = gate(ground=ground)
    pipeline = Pipeline(config, section(config))
    for event in drive(TRUCKS, 26.0):
        pipeline.step(event)
    before = json.dumps(pipeline.checkpoint())
    for _ in range(2):
        pipeline.step(ConfigChanged(T0 + 26.1, config))
    assert json.loads(json.dumps(pipeline.checkpoint())) == json.loads(before)
    assert pipeline.rate_fps("cam", T0 + 26.0) == 5.0
