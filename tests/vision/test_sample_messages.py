"""The sample messages are what the product sends: one of every type, valid, with the ids that they have on the bus."""

from typing import get_args

import pytest

from tests.support.messages import subject_of
from vision.messages import MESSAGE, Message, message_id, t_of
from vision.sample_messages import GATE_SNAPSHOT, LANE_MEASURED, LANE_VEHICLES, SAMPLES

TYPES = [model.model_fields["type"].default for model in get_args(get_args(Message)[0])]


def test_there_is_one_of_every_type_in_the_contract_s_order() -> None:
    assert list(SAMPLES) == TYPES


@pytest.mark.parametrize("type_", TYPES)
def test_each_is_valid_and_survives_its_json(type_: str) -> None:
    assert MESSAGE.validate_json(SAMPLES[type_].model_dump_json()) == SAMPLES[type_]
    assert SAMPLES[type_].type == type_


@pytest.mark.parametrize("type_", sorted(set(TYPES) - {"service.heartbeat", "gate.snapshot"}))
def test_ids_are_those_of_the_subject(type_: str) -> None:
    message = SAMPLES[type_]
    assert message.id == message_id(message.gate, type_, subject_of(message), t_of(message))


def test_they_agree_with_each_other() -> None:
    line, measured = LANE_VEHICLES.data.vehicles or (), LANE_MEASURED.data
    assert (measured.vehicles, measured.standing_vehicles) == (len(line), sum(vehicle.standing for vehicle in line))
    assert measured.queue_m == line[0].rear_m
    assert GATE_SNAPSHOT.data.lanes == {measured.lane_id: measured}
    assert {lane.id for lane in GATE_SNAPSHOT.data.info.lanes} >= set(GATE_SNAPSHOT.data.statuses)
