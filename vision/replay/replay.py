"""A replay: events from recordings and video files through the same pipelines and the same alert fold as live. A shell.

Several sources are merged between ticks, so that every section gets its events in its own order and every lane of the gate
has a measurement at every tick. What was merged can be recorded; replaying that gives the same messages, byte for byte.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from vision.config import GateConfig, Section, sections
from vision.core.alerts.alert_fold import AlertFold
from vision.core.events import CameraChanged, ConfigChanged, Event, LaneStatus, Seen, Tick, Unchanged
from vision.core.lanes.message_builders import lane_message
from vision.core.lanes.vehicle import Visit
from vision.core.pipeline import Pipeline
from vision.core.ticks import tick_at
from vision.errors import RecordingError
from vision.messages import Message
from vision.replay.recording import Checkpoint, Recorded, RecordingWriter
from vision.replay.result_files import OutputWriter
from vision.replay.summary import Summary

__all__ = ["Replay", "merged", "replay"]


class Replay:
    """A gate's pipelines, one a section, and its alerts: events in, messages out. Reads no clock and no file.

    keep_config: recorded changes of config and checkpoints are passed over, because another config was asked for.
    """

    def __init__(self, config: GateConfig, *, keep_config: bool = False) -> None:
        self._keep_config = keep_config
        self._alerts = AlertFold(config)
        self._statuses: set[UUID] = set()
        self._pipelines: dict[str, Pipeline] = {}
        self._sections: dict[str, Section] = {}
        self._ending: list[Pipeline] = []  # of sections that are no more: their visits end at the next tick
        self._use(config)

    def takes(self, event: Recorded) -> bool:
        """Whether the event counts in this replay."""
        return not (self._keep_config and isinstance(event, Checkpoint | ConfigChanged))

    def step(self, event: Recorded) -> Iterator[Message]:
        """The messages that follow from one event, alerts after what raised them. Raises RecordingError for a stranger."""
        if isinstance(event, Checkpoint):
            self._restore(event)
            return
        receivers = self._receivers(event)
        if isinstance(event, LaneStatus):
            yield from self._told(event)
        for pipeline in receivers:
            for message in pipeline.step(event):
                yield message
                yield from self._alerts.step(message)

    def open_visits(self) -> list[Visit]:
        """The visits that have not ended."""
        return [visit for pipeline in (*self._ending, *self._pipelines.values()) for visit in pipeline.open_visits()]

    def _told(self, status: LaneStatus) -> Iterator[Message]:
        """The lane.changed that a status came from, once: a recording made after a restart tells again what holds."""
        message = lane_message(self._config.id, status)
        if message.id not in self._statuses:
            self._statuses.add(message.id)
            yield message
            yield from self._alerts.step(message)

    def _use(self, config: GateConfig) -> None:
        """Takes a configuration: sections of the same id go on, as they do live; the others end their visits as lost."""
        before, was = self._pipelines, self._sections
        self._config, self._sections = config, {section.id: section for section in sections(config)}
        self._pipelines = {
            key: before[key] if was.get(key) == section else _going_on(config, section, before.get(key))
            for key, section in self._sections.items()
        }
        gone = [(was[key], pipeline) for key, pipeline in before.items() if key not in self._sections]
        self._ending += [_going_on(config, Section(id=s.id, cameras=(), lanes=()), pipeline) for s, pipeline in gone]

    def _receivers(self, event: Event) -> list[Pipeline]:
        match event:
            case Seen(camera=camera) | Unchanged(camera=camera) | CameraChanged(camera=camera):
                return [self._pipeline("camera", camera, lambda section: section.cameras)]
            case LaneStatus(lane=lane):
                return [self._pipeline("lane", lane, lambda section: section.lanes)]
            case ConfigChanged(config=config, section=section):
                self._alerts.reconfigure(config)
                if section in self._sections and tuple(self._sections.values()) == sections(config):
                    self._config = config
                    return [self._pipelines[section]]
                self._use(config)
            case Tick():
                ending, self._ending = self._ending, []
                return [*ending, *self._pipelines.values()]
        return list(self._pipelines.values())

    def _pipeline(self, what: str, name: str, members: Callable[[Section], tuple[str, ...]]) -> Pipeline:
        for key, section in self._sections.items():
            if name in members(section):
                return self._pipelines[key]
        raise _stranger(self._config, what, name)

    def _restore(self, checkpoint: Checkpoint) -> None:
        if checkpoint.section not in self._sections:
            raise _stranger(self._config, "section", checkpoint.section)
        section = self._sections[checkpoint.section]
        self._pipelines[section.id] = Pipeline.restore(self._config, section, checkpoint.data)


def replay(
    events: Iterable[Recorded],
    config: GateConfig,
    out: Path,
    *,
    recorder: RecordingWriter | None = None,
    keep_config: bool = False,
    about: dict[str, Any] | None = None,
    on_event: Callable[[Recorded], None] = lambda _: None,
) -> dict[str, Any]:
    """Runs events through the core, writes the files of `vision.replay.result_files` into `out` and returns the summary.

    The events come with their ticks, merged (see `merged`); on_event is called after each one, to show progress. Raises
    what the events raise, RecordingError for a camera that the gate does not have, ConfigError where `out` cannot be
    written; then nothing is left in `out`.
    """
    run = Replay(config, keep_config=keep_config)
    summary = Summary(config)
    with OutputWriter(out) as output:
        for event in filter(run.takes, events):
            if recorder is not None:
                recorder.write(event)
            for message in run.step(event):
                output.write(message)
                summary.add(message)
            on_event(event)
        still_open = run.open_visits()
        result = summary.as_data(still_open, **(about or {}))
        output.finish(still_open, result)
    return result


def merged(streams: Sequence[Iterable[Recorded]]) -> Iterator[Recorded]:
    """The events of several sources, each with ticks of its own, as one: each source keeps its order, each tick comes once.

    What a source has between two ticks stays between them; there, and only there, sources are merged by t. A checkpoint counts
    where its source goes on, not at its own t: a recording from before the restart may have seen more than was saved.
    """
    last_tick = -math.inf
    for _, event in heapq.merge(*(_keyed(stream, i) for i, stream in enumerate(streams)), key=lambda pair: pair[0]):
        if isinstance(event, Tick):
            if event.t <= last_tick:
                continue
            last_tick = event.t
        yield event


def _going_on(config: GateConfig, section: Section, before: Pipeline | None) -> Pipeline:
    """A section's pipeline that goes on where another one of the same id ended."""
    return Pipeline(config, section) if before is None else Pipeline.restore(config, section, before.checkpoint())


def _keyed(stream: Iterable[Recorded], index: int) -> Iterator[tuple[tuple[float, int, float, int], Recorded]]:
    tick = latest = -math.inf
    resumed: list[Recorded] = []  # a checkpoint and the statuses that held at it
    for event in stream:
        if isinstance(event, Checkpoint) or (resumed and isinstance(event, LaneStatus) and event.t <= resumed[0].t):
            resumed.append(event)
            continue
        if isinstance(event, Tick):
            tick = max(tick, event.t)
            key = (tick, 0, tick, index)
        else:
            latest = max(latest, event.t)
            key = (max(tick, tick_at(latest) - 1.0), 1, latest, index)
        yield from ((key, before) for before in resumed)
        resumed.clear()
        yield key, event
    if resumed:  # it never went on
        yield from (((max(tick, resumed[0].t), 1, max(latest, resumed[0].t), index), before) for before in resumed)


def _stranger(config: GateConfig, what: str, name: str) -> RecordingError:
    known = {
        "camera": [camera.id for camera in config.cameras],
        "lane": [lane.id for lane in config.lanes],
        "section": [section.id for section in sections(config)],
    }[what]
    return RecordingError(
        f"the source has a {what} '{name}' that gate {config.id} does not have; its {what}s are {', '.join(known)};"
        " give the gate file that belongs to the source with --gate"
    )
