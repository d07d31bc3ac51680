"""The lines of a recording: their shape as JSON, and how they become the core's events and back. Pure.

Boxes are checked here, at the border: a coordinate that is not finite, reversed or huge never reaches the core.
Version 2 differs from version 1 by the entries "unchanged", nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Any, Final, Literal, cast

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from vision.config import GateConfig, config_hash
from vision.core.detections import Detections
from vision.core.events import CameraChanged, ConfigChanged, Event, LaneStatus, Seen, Tick, Unchanged
from vision.vocabulary import VEHICLE_CLASSES, CameraState, LaneState

__all__ = ["Checkpoint", "Header", "Recorded", "Version", "event_of", "header_record", "record_of"]

Version = Literal[1, 2]
_Time = Annotated[float, Field(ge=0, le=4_102_444_800), AfterValidator(lambda t: round(t, 3))]
_Pixels = Annotated[int, Field(ge=0, le=65_536)]
_Session = Annotated[int, Field(ge=0, le=2**53)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)


class _Size(_Record):
    width: _Pixels
    height: _Pixels


class Header(_Record):
    """The first line: which gate, which cameras with their size in pixels, what a box's class index means."""

    kind: Literal["recording"]
    version: Version
    gate: str
    cameras: dict[str, _Size]
    classes: tuple[str, ...]
    ticks: bool
    config: GateConfig | None = None
    config_hash: str | None = None
    software: str | None = None


class _SeenRecord(_Record):
    kind: Literal["seen"]
    camera: str
    session: _Session
    t: _Time
    boxes: tuple[tuple[float, float, float, float, float, int], ...]


class _UnchangedRecord(_Record):
    kind: Literal["unchanged"]
    camera: str
    session: _Session
    t: _Time


class _CameraRecord(_Record):
    kind: Literal["camera"]
    camera: str
    session: _Session
    t: _Time
    state: CameraState
    width: _Pixels
    height: _Pixels
    reason: str = ""
    load_step: int = 0


class _TickRecord(_Record):
    kind: Literal["tick"]
    t: _Time


class _ConfigRecord(_Record):
    kind: Literal["config"]
    t: _Time
    config: GateConfig
    section: str | None = None


class _LaneRecord(_Record):
    kind: Literal["lane"]
    lane: str
    t: _Time
    status: LaneState
    by: str = ""
    reason: str = ""


class _CheckpointRecord(_Record):
    kind: Literal["checkpoint"]
    section: str
    t: _Time
    data: dict[str, Any]


_Body = Annotated[
    _SeenRecord | _UnchangedRecord | _CameraRecord | _TickRecord | _ConfigRecord | _LaneRecord | _CheckpointRecord,
    Field(discriminator="kind"),
]
_BODY: Final[TypeAdapter[_Body]] = TypeAdapter(_Body)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A section's state at t, where a live recording begins in mid-life: `Pipeline.restore` takes its data."""

    section: str
    t: float
    data: dict[str, Any]


Recorded = Event | Checkpoint


def event_of(line: bytes, header: Header) -> Recorded:
    """The event of one line after the header. Raises pydantic's ValidationError or another ValueError."""
    match _BODY.validate_json(line):
        case _SeenRecord() as seen:
            _check_camera(seen.camera, header)
            return Seen(seen.camera, seen.session, seen.t, _detections(seen.boxes, header))
        case _UnchangedRecord() as unchanged:
            _check_version(header)
            _check_camera(unchanged.camera, header)
            return Unchanged(unchanged.camera, unchanged.session, unchanged.t)
        case _CameraRecord() as camera:
            _check_camera(camera.camera, header)
            return CameraChanged(**camera.model_dump(exclude={"kind"}))
        case _TickRecord() as tick:
            return Tick(tick.t)
        case _ConfigRecord() as changed:
            return ConfigChanged(changed.t, changed.config, changed.section)
        case _LaneRecord() as lane:
            return LaneStatus(lane.lane, lane.t, lane.status, lane.by, lane.reason)
        case _CheckpointRecord() as checkpoint:
            return Checkpoint(checkpoint.section, checkpoint.t, checkpoint.data)


def header_record(config: GateConfig, cameras: Mapping[str, tuple[int, int]], version_: Version) -> dict[str, Any]:
    """The header of a recording made here; cameras: (width, height) in pixels, 0 where not known yet."""
    return {
        "kind": "recording",
        "version": version_,
        "gate": config.id,
        "cameras": {camera: {"width": width, "height": height} for camera, (width, height) in cameras.items()},
        "classes": list(VEHICLE_CLASSES),
        "ticks": True,
        "config": config.model_dump(mode="json"),
        "config_hash": config_hash(config),
        "software": f"lanewatch {version('lanewatch')}",
    }


def record_of(event: Recorded) -> dict[str, Any]:
    """The line of one event, as plain data."""
    match event:
        case Seen(camera, session, t, detections):
            return {"kind": "seen", "camera": camera, "session": session, "t": t, "boxes": _boxes(detections)}
        case Unchanged(camera, session, t):
            return {"kind": "unchanged", "camera": camera, "session": session, "t": t}
        case CameraChanged(camera, session, t, state, width, height, reason, load_step):
            record = {"kind": "camera", "camera": camera, "session": session, "t": t, "state": state}
            optional = {"reason": reason} if reason else {}
            return record | {"width": width, "height": height} | optional | ({"load_step": load_step} if load_step else {})
        case Tick(t):
            return {"kind": "tick", "t": t}
        case ConfigChanged(t, config, section):
            record = {"kind": "config", "t": t, "config": config.model_dump(mode="json")}
            return record | ({} if section is None else {"section": section})
        case LaneStatus(lane, t, status, by, reason):
            return {"kind": "lane", "lane": lane, "t": t, "status": status, "by": by, "reason": reason}
        case Checkpoint(section, t, data):
            return {"kind": "checkpoint", "section": section, "t": t, "data": data}


def _boxes(detections: Detections) -> list[list[float | int]]:
    corners = np.round(detections.xyxy.astype(np.float64), 1).tolist()
    scores = np.round(detections.score.astype(np.float64), 3).tolist()
    classes = detections.class_id.tolist()
    return [[*xyxy, score, index] for xyxy, score, index in zip(corners, scores, classes, strict=True)]


def _check_version(header: Header) -> None:
    if header.version < 2:
        raise ValueError('an entry "unchanged" needs a header with "version": 2, this one says 1; correct it there')


def _check_camera(camera: str, header: Header) -> None:
    if camera not in header.cameras:
        known = ", ".join(header.cameras) or "none"
        raise ValueError(f"camera '{camera}' is not in the header, which lists {known}; add it there with its size")


def _detections(boxes: tuple[tuple[float, ...], ...], header: Header) -> Detections:
    if not boxes:
        return Detections.empty()
    table = np.array(boxes)
    ours = [VEHICLE_CLASSES.index(cast("Any", name)) for name in header.classes]
    index = table[:, 5].astype(int)
    if (index < 0).any() or (index >= len(ours)).any():
        raise ValueError(f"a box's class index must lie in 0..{len(ours) - 1}, an index into the header's classes")
    return Detections(
        np.round(table[:, :4], 1).astype(np.float32),
        np.round(table[:, 4], 3).astype(np.float32),
        np.array(ours, np.int16)[index],
    )
