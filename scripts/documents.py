"""The generated parts of docs/: tables of fields and settings made from the models, bodies from the sample messages.

`python scripts/documents.py` writes what stands between `<!-- generated: NAME -->` and `<!-- end -->` in the pages;
`--check` writes nothing and ends with 1 where a page is not what the code says. A field that nobody described is an error.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from api.settings import Settings, SimulationSettings
from vision import config, messages
from vision.messages import Message
from vision.sample_messages import SAMPLES
from vision.settings import CacheSettings, settings_table
from vision.tracking_parameters import TrackingParameters

__all__ = ["generated", "main"]

ROOT: Final = Path(__file__).resolve().parent.parent
DOCS: Final = ROOT / "docs"
WIDTH: Final = 120
MARKED: Final = re.compile(r"(<!-- generated: (?P<name>[a-z-]+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)

# The data of these is described under the message that carries it.
HEADINGS: Final = {
    "Measurement": "lanemeasured",
    "Vehicles": "lanevehicles",
    "LaneData": "lanechanged",
    "CameraData": "camerachanged",
    "CameraMeasurement": "camerameasured",
    "AlertData": "alertchanged",
    "AlarmData": "alarmchanged",
    "Simulation": "gatetruth",
}

# Words that mean the same wherever they occur; a field's own description goes before.
WORDS: Final = {
    "t": "Event time, POSIX seconds UTC, whole seconds in measurements.",
    "lane_id": "The lane.",
    "camera_id": "The camera.",
    "visit_id": "The vehicle's stay in this lane; the same in every message about it.",
    "alert_id": "The alert, from its firing to its end.",
    "vehicle_class": "truck, bus or car, voted over the whole track.",
    "front_m": "Metres upstream of the stop line, of the end that leads in the direction of travel.",
    "rear_m": "Metres upstream of the stop line, of the other end.",
    "standing": "Slower than 5 km/h for more than 1 s.",
    "in_service": "Stands with its front within service_m of the stop line, until it moves off.",
    "standing_m": "Front of the first to rear of the last of each run of standing vehicles, gaps included, summed.",
    "expected_wait_high_s": "Upper end of the 80 % interval.",
    "arrival_rate_vph": "Arrivals per hour over the window.",
    "discharge_rate_vph": "Departures per hour over the part of the window in which a queue existed.",
    "wait_s": "Waiting times of the window: service start - joining.",
    "service_s": "Service times of the window: departure - service start.",
    "dwell_s": "Dwell times of the window: departure - arrival.",
    "level_of_service": "A to F by the waiting-time limits of the gate file; our own scale.",
    "quality": "ok, degraded (figures are shown with care) or unknown (not measured).",
    "quality_reasons": "Why it is not ok.",
    "audit": "The lane's count of its own mistakes, see Audit.",
    "vehicles": "The vehicles in order from the stop line; null when unknown.",
    "first_seen_t": "When it was first seen in this lane.",
    "arrived_t": "When its front passed s = zone_m.",
    "joined_t": "When it stood for the first time in the zone: it has joined the queue.",
    "service_t": "When its service began.",
    "left_t": "When its front passed the stop line.",
    "outcome": "open, departed, changed_lane or lost.",
    "start_censored": "It was there before it was first seen.",
    "end_censored": "Its end was not seen.",
    "previous_visit_id": "After a lane change: the visit in the lane that it came from.",
    "status": "open or closed.",
    "by": "Who did it.",
    "reason": "Why.",
    "state": "The state it has now.",
    "session": "Counts the camera's uninterrupted stretches of time from 0.",
    "width": "Of the analysed picture, pixels; 0 when unknown.",
    "height": "Of the analysed picture, pixels; 0 when unknown.",
    "rule": "The name of the rule in the gate file.",
    "scope": "What the alert is about: a lane, a direction, the gate or a camera.",
    "severity": "info, warning or critical.",
    "value": "The measured value now; null when it is not measured.",
    "measure": "What is measured: a field of lane.measured, or unavailable_s of a camera.",
    "unit": "Of value and threshold.",
    "threshold": "The rule's fire_at.",
    "config_hash": "Which configuration held: first 16 hex digits of its SHA-256.",
    "until": "When shelving ends.",
    "version": "The software's version.",
    "p50": "Half are shorter.",
    "p90": "90 % are shorter.",
    "p95": "95 % are shorter.",
    "info": "What the gate is: lanes, names, cameras.",
    "lanes": "By lane: the last Measurement.",
    "statuses": "By lane: its status, where one was set.",
    "cameras": "By camera: its last state.",
    "alarms": "By alert: what people did with it.",
}


GATE_WORDS: Final = {
    "id": "Its id in the gate file.",
    "direction": "export or import.",
    "name": "What people call it, by language.",
    "timezone": "IANA name, for people's eyes.",
    "zone_m": "Length of the lane zone.",
    "lanes": "The lanes, in the order of the gate file.",
    "cameras": "Ids of the cameras that see it.",
    "level_of_service_s": "Upper waiting-time limits of levels A to E.",
}


def generated(name: str) -> str:
    """The generated text of that name. Raises KeyError for a name that no page may use, ValueError for an undescribed field."""
    return GENERATORS[name]()


def _rows(model: type[object], words: dict[str, str]) -> Iterator[str]:
    schema = TypeAdapter(model).json_schema(mode="serialization")
    fields: dict[str, FieldInfo] = model.model_fields if issubclass(model, BaseModel) else vars(model)["__pydantic_fields__"]
    for name, field in fields.items():
        description = field.description or words.get(name)
        if not description:
            raise ValueError(f"{model.__name__}.{name} has no description")
        default = "" if field.is_required() else f" Default: {_default(field.get_default(call_default_factory=True))}."
        shown = "" if "efault" in description else default
        yield f"| `{name}` | {_type(schema['properties'][name])} | {_cell(description)}{_cell(shown)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _default(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, BaseModel | TrackingParameters):
        return "as in its own table"
    plain = list(value) if isinstance(value, tuple) else value
    return f"`{json.dumps(plain, ensure_ascii=False)}`"


def _type(schema: dict[str, Any]) -> str:
    match schema:
        case {"$ref": str() as ref}:
            name = ref.rsplit("/", 1)[-1]
            return f"[{name}](#{HEADINGS.get(name, name.lower())})"
        case {"anyOf": parts}:
            return " or ".join(dict.fromkeys(_type(part) for part in parts))
        case {"enum": values}:
            return ", ".join(f"`{value}`" for value in values)
        case {"const": value}:
            return f"`{value}`"
        case {"type": "array", "prefixItems": parts}:
            return f"[{', '.join(_type(part) for part in parts)}]"
        case {"type": "array", "items": item}:
            return f"list of {_type(item)}"
        case {"type": "object", "additionalProperties": dict() as item}:
            return f"map to {_type(item)}"
        case {"type": str() as kind}:
            return {"integer": "integer", "number": "number", "string": "text", "boolean": "yes/no"}.get(kind, kind)
    return "any"


def _table(model: type[object], words: dict[str, str]) -> str:
    lines = ["| field | type | meaning |", "|---|---|---|", *_rows(model, words)]
    return "\n".join(lines) + "\n"


def _gate_file() -> str:
    parts: tuple[type[object], ...] = (
        config.GateConfig,
        config.Lane,
        config.Camera,
        config.GroundPoint,
        config.Lens,
        config.View,
        config.AlertRule,
        config.Statistics,
        config.DetectorConfig,
        TrackingParameters,
    )
    return "\n".join(f"### {part.__name__}\n\n{_intro(part)}\n\n{_table(part, {})}" for part in parts)


def _intro(model: type[object]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _json(value: object, indent: str = "") -> str:
    """JSON for reading: what fits on a line stays on one."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= WIDTH or not isinstance(value, dict | list):
        return line
    deeper = indent + " "
    if isinstance(value, dict):
        parts = [f"{deeper}{json.dumps(key, ensure_ascii=False)}: {_json(each, deeper)}" for key, each in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    return "[\n" + ",\n".join(deeper + _json(each, deeper) for each in value) + f"\n{indent}]"


def _messages() -> str:
    text = []
    for model in get_args(get_args(Message)[0]):
        type_ = model.model_fields["type"].default
        data = model.model_fields["data"].annotation
        text.append(f"### {type_}\n\n{_intro(model)}\n\n{_intro(data)}\n\n{_table(data, WORDS)}\n")
        text.append(f"```json\n{_json(SAMPLES[type_].model_dump(mode='json'))}\n```\n")
    parts = (
        messages.Percentiles,
        messages.Audit,
        messages.VehicleData,
        messages.TrueLane,
        messages.GateInfo,
        messages.LaneInfo,
    )
    text += [f"### {part.__name__}\n\n{_intro(part)}\n\n{_table(part, WORDS | GATE_WORDS)}" for part in parts]
    return "\n".join(text)


GENERATORS: Final[dict[str, Callable[[], str]]] = {
    "gate-file": _gate_file,
    "messages": _messages,
    "settings": lambda: settings_table(Settings),
    "simulation-settings": lambda: settings_table(SimulationSettings),
    "worker-settings": lambda: settings_table(CacheSettings),
}


def _page(path: Path) -> tuple[str, str]:
    old = path.read_text(encoding="utf-8")
    return old, MARKED.sub(lambda found: f"{found[1]}\n{generated(found['name'])}\n{found[4]}", old)


def main(arguments: list[str]) -> int:
    """Writes or checks the pages under docs/. Returns 1 when --check finds one that is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 where a page is out of date")
    check = parser.parse_args(arguments).check
    stale = []
    for path in sorted(DOCS.glob("*.md")):
        old, new = _page(path)
        if old != new:
            stale.append(path.name)
            if not check:
                path.write_text(new, encoding="utf-8")
    if check and stale:
        print(f"docs: {', '.join(stale)} are not what the code says: run make docs and commit them", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
