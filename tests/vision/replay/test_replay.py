"""The replay's own rules: mid-life recordings, changes of config and lane status, events of strangers."""

from pathlib import Path

import pytest

from tests.support.crossroads import crossroads, frames
from tests.support.gate_scene import T0, scene_events, scene_gate, write_scene
from tests.support.roads import T0 as ROAD_T0
from tests.support.roads import Truck
from vision.config import GateConfig, sections
from vision.core.events import CameraChanged, ConfigChanged, Event, LaneStatus, Seen, Tick, Unchanged
from vision.core.pipeline import Pipeline
from vision.errors import RecordingError
from vision.messages import Message
from vision.replay.recording import Checkpoint, Recorded, RecordingWriter, read_recording
from vision.replay.replay import Replay, merged, replay

EVENTS = list(scene_events(seconds=40))


def run(replayed: Replay, events: list[Recorded] | list[Event]) -> list[Message]:
    return [message for event in events for message in replayed.step(event)]


def without(config: GateConfig, **changes: object) -> GateConfig:
    return GateConfig.model_validate(config.model_dump() | changes)


def test_a_recording_that_begins_in_mid_life_goes_on_as_the_whole_did(tmp_path: Path) -> None:
    whole = run(Replay(scene_gate()), EVENTS)
    pipelines = {section.id: Pipeline(scene_gate(), section) for section in sections(scene_gate())}
    cut = EVENTS.index(Tick(T0 + 20)) + 1
    for event in EVENTS[:cut]:
        for name, pipeline in pipelines.items():
            if getattr(event, "camera", name) == name:
                pipeline.step(event)
    path = tmp_path / "tail.jsonl"
    with RecordingWriter(path, scene_gate(), {"north": (1920, 1080), "south": (1920, 1080)}) as writer:
        for name, pipeline in pipelines.items():
            writer.write(Checkpoint(name, T0 + 20, pipeline.checkpoint()))
        for event in EVENTS[cut:]:
            writer.write(event)
    tail = run(Replay(scene_gate()), list(read_recording(path).events))
    wanted = [m for m in whole if m.type != "alert.changed" and m.timestamp.timestamp() > T0 + 20]
    assert [m for m in tail if m.type != "alert.changed"] == wanted
    assert len(wanted) > 80


def test_another_config_in_the_recording_counts_from_there_on() -> None:
    rule = {"name": "one", "measure": "vehicles", "fire_at": 1, "clear_at": 0, "for_s": 0}
    changed = without(scene_gate(), alerts=[rule])
    middle = EVENTS.index(Tick(T0 + 30)) + 1
    events: list[Recorded] = [*EVENTS[:middle], ConfigChanged(T0 + 30.5, changed), *EVENTS[middle:]]
    messages = run(Replay(scene_gate()), events)
    rules = {m.data.rule: m.timestamp.timestamp() - T0 for m in messages if m.type == "alert.changed"}
    assert rules["one"] > 30
    assert [m for m in messages if m.type == "lane.measured"] == [
        m for m in run(Replay(scene_gate()), EVENTS) if m.type == "lane.measured"
    ]
    kept = Replay(scene_gate(), keep_config=True)
    assert not kept.takes(events[middle])
    assert kept.takes(events[0])


def test_each_section_takes_another_config_when_it_took_it_live(tmp_path: Path) -> None:
    """Two workers' recordings: each hears of a configuration by itself, a tick may lie between."""
    uncalibrated = [camera.model_copy(update={"ground": None}) for camera in scene_gate().cameras]
    before = without(scene_gate(), cameras=[camera.model_dump() for camera in uncalibrated])
    files, live = [], list[Message]()
    for section, at in zip(sections(before), (20.9, 21.1), strict=True):
        own = [event for event in EVENTS if isinstance(event, Tick) or getattr(event, "camera", "") in section.cameras]
        place = next(i for i, event in enumerate(own) if event.t > T0 + at)
        own.insert(place, ConfigChanged(T0 + at, scene_gate(), section.id))
        pipeline = Pipeline(before, section)
        live += [message for event in own for message in pipeline.step(event)]
        files.append(tmp_path / f"{section.id}.jsonl")
        with RecordingWriter(files[-1], before, dict.fromkeys(section.cameras, (1920, 1080))) as writer:
            for event in own:
                writer.write(event)
    both = list(merged([read_recording(path).events for path in files]))
    again = run(Replay(before), both)
    assert sorted(m.model_dump_json() for m in again if m.type != "alert.changed") == sorted(m.model_dump_json() for m in live)
    with RecordingWriter(tmp_path / "both.jsonl", before, {"north": (1920, 1080), "south": (1920, 1080)}) as writer:
        for event in both:
            writer.write(event)
    assert run(Replay(before), list(read_recording(tmp_path / "both.jsonl").events)) == again


def test_another_config_may_change_the_sections() -> None:
    north = [camera for camera in scene_gate().cameras if camera.id == "north"]
    smaller = without(scene_gate(), cameras=north, lanes=scene_gate().lanes[:1])
    replayed = Replay(scene_gate())
    run(replayed, EVENTS[:200])
    run(replayed, [ConfigChanged(T0 + 30.5, smaller)])
    lanes = {m.data.lane_id for m in run(replayed, [Tick(T0 + 31)]) if m.type == "lane.measured"}
    assert lanes == {"EX1"}
    with pytest.raises(RecordingError, match="camera 'south'"):
        run(replayed, [CameraChanged("south", 0, T0 + 32, "online", 1920, 1080)])


def test_visits_of_a_section_that_goes_end_as_lost() -> None:
    cut = EVENTS.index(Tick(T0 + 30)) + 1
    south = [camera for camera in scene_gate().cameras if camera.id == "south"]
    lanes = {view.lane for camera in south for view in camera.views}
    smaller = without(scene_gate(), cameras=south, lanes=[lane for lane in scene_gate().lanes if lane.id in lanes])
    replayed = Replay(scene_gate())
    run(replayed, EVENTS[:cut])
    before = {visit.visit_id for visit in replayed.open_visits()}
    gone = {visit.visit_id for visit in replayed.open_visits() if visit.lane_id not in lanes}
    assert gone
    run(replayed, [ConfigChanged(T0 + 30.5, smaller)])
    assert {visit.visit_id for visit in replayed.open_visits()} == before
    messages = run(replayed, [Tick(T0 + 31)])
    assert {(m.data.visit_id, m.data.outcome) for m in messages if m.type == "visit.ended"} == {(v, "lost") for v in gone}
    assert {visit.visit_id for visit in replayed.open_visits()} == before - gone
    assert not [m for m in run(replayed, [Tick(T0 + 32)]) if m.type == "visit.ended"]


def test_a_section_that_keeps_its_cameras_keeps_the_visits_of_its_other_lanes() -> None:
    waiting = [Truck("A", 2.0, 500.0), Truck("B", 5.0, 500.0)]
    replayed = Replay(crossroads())
    run(replayed, frames(waiting, 20.0))
    before = {visit.visit_id: visit.lane_id for visit in replayed.open_visits()}
    assert set(before.values()) == {"A", "B", "C"}
    run(replayed, [ConfigChanged(ROAD_T0 + 20.5, crossroads(lanes=("A", "B"))), Tick(ROAD_T0 + 21)])
    assert {visit.visit_id for visit in replayed.open_visits()} == {key for key, lane in before.items() if lane != "C"}


def test_a_lane_that_is_closed() -> None:
    messages = run(Replay(scene_gate()), [LaneStatus("EX1", T0, "closed", "operator", "repair")])
    assert [(m.type, m.data.status) for m in messages if m.type == "lane.changed"] == [("lane.changed", "closed")]


def test_a_lane_that_is_told_again_says_so_once() -> None:
    status = LaneStatus("EX1", T0, "closed", "operator", "repair")
    messages = run(Replay(scene_gate()), [status, Tick(T0 + 1), status, LaneStatus("EX1", T0 + 2, "open", "operator", "")])
    assert [m.data.status for m in messages if m.type == "lane.changed"] == ["closed", "open"]


def test_a_checkpoint_counts_where_its_source_goes_on() -> None:
    before = [CameraChanged("north", 0, T0, "online", 1, 1), Tick(T0 + 1), CameraChanged("north", 0, T0 + 1.5, "dark", 1, 1)]
    held = LaneStatus("EX1", T0 - 60, "closed", "operator", "")
    after = [Checkpoint("north", T0 + 1, {}), held, CameraChanged("north", 1, T0 + 4.5, "online", 1, 1), Tick(T0 + 5)]
    assert list(merged([after, before])) == [*before, *after]
    assert list(merged([before, after[:2]])) == [*before[:2], *after[:2], before[2]], "it never goes on"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (LaneStatus("XX", T0, "closed", "x", ""), "a lane 'XX'"),
        (Checkpoint("east", T0, {}), "a section 'east'"),
        (CameraChanged("east", 0, T0, "online", 1, 1), "its cameras are north, south"),
    ],
)
def test_strangers_are_named(event: Recorded, said: str) -> None:
    with pytest.raises(RecordingError, match=said):
        run(Replay(scene_gate()), [event])


def test_a_failing_source_leaves_nothing(tmp_path: Path) -> None:
    text = write_scene(tmp_path / "scene.jsonl").read_text()
    (tmp_path / "scene.jsonl").write_text(text[: len(text) // 2])
    with pytest.raises(RecordingError, match="cut or damaged"):
        replay(merged([read_recording(tmp_path / "scene.jsonl").events]), scene_gate(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_frames_without_change_of_two_recordings_go_where_their_cameras_are(tmp_path: Path) -> None:
    """Merged and recorded again they are the same, and every lane goes on as with its own recording."""

    def still(event: Recorded) -> Recorded:
        quiet = isinstance(event, Seen) and 30 <= event.t - T0 < 40
        return Unchanged(event.camera, event.session, event.t) if quiet else event

    streams, live = [], list[Message]()
    for section in sections(scene_gate()):
        own = [still(e) for e in EVENTS if isinstance(e, Tick) or getattr(e, "camera", "") in section.cameras]
        pipeline = Pipeline(scene_gate(), section)
        live += [message for event in own for message in pipeline.step(event)]
        streams.append(own)
    both = list(merged(streams))
    assert sum(isinstance(event, Unchanged) for event in both) > 80
    again = run(Replay(scene_gate()), both)
    assert sorted(m.model_dump_json() for m in again if m.type != "alert.changed") == sorted(m.model_dump_json() for m in live)
    sizes = {"north": (1920, 1080), "south": (1920, 1080)}
    with RecordingWriter(tmp_path / "both.jsonl", scene_gate(), sizes, version=2) as writer:
        for event in both:
            writer.write(event)
    assert run(Replay(scene_gate()), list(read_recording(tmp_path / "both.jsonl").events)) == again
