"""The gate's configuration: what the gate is. Read from YAML, checked, frozen. Pure but for `load_gate`.

Where the software runs and its secrets are settings of the environment, not part of this.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from vision.errors import ConfigError
from vision.redaction import redact_url
from vision.tracking_parameters import TrackingParameters
from vision.vocabulary import VehicleClass

__all__ = [
    "AlertRule",
    "Camera",
    "DetectorConfig",
    "GateConfig",
    "GroundPoint",
    "Lane",
    "Lens",
    "Section",
    "Statistics",
    "View",
    "config_hash",
    "load_gate",
    "parse_gate",
    "sections",
]

Language = Literal["vi", "en", "zh"]
Text = Annotated[dict[Language, str], Field(min_length=1)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_+-]{0,63}$")]
Fraction = Annotated[float, Field(ge=-0.5, le=1.5)]
ImagePoint = tuple[Fraction, Fraction]
GroundXY = tuple[float, float]
Direction = Literal["export", "import"]
LaneMeasure = Literal[
    "queue_vehicles",
    "queue_m",
    "standing_vehicles",
    "standing_m",
    "vehicles",
    "longest_wait_s",
    "expected_wait_s",
]
CameraMeasure = Literal["unavailable_s"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Lane(_Part):
    """A lane of the gate and the stretch of it that is measured."""

    id: Id = Field(description="Unique in the gate, for example EX1.")
    direction: Direction = Field(description="Which way its trucks cross the border.")
    name: Text = Field(description="What people call it, by language.")
    zone_m: float = Field(default=120.0, gt=0, le=2000, description="Length of the lane zone upstream of the stop line.")
    service_m: float = Field(
        default=4.0, gt=0, le=50, description="A standing vehicle whose front is this near the stop line is in service."
    )


class GroundPoint(_Part):
    """A point known both in the picture and on the ground plane common to the camera's lanes."""

    image: ImagePoint = Field(description="0..1 of the picture's width and height, from the upper left.")
    metres: GroundXY = Field(description="[x, y] on the ground plane.")


class Lens(_Part):
    """Radial distortion of the lens (Brown's model, k1 and k2)."""

    k1: float = Field(default=0.0, description="Coefficient of r squared; r in focal lengths from the picture's centre.")
    k2: float = Field(default=0.0, description="Coefficient of r to the fourth.")


class View(_Part):
    """What one camera sees of one lane."""

    lane: Id = Field(description="The lane's id.")
    polygon: tuple[ImagePoint, ...] = Field(min_length=3, description="The lane's surface in the picture, 0..1.")
    axis: tuple[GroundXY, ...] | None = Field(
        default=None,
        min_length=2,
        description="The lane axis from the stop line upstream: ground metres; in an uncalibrated view 0..1 of the picture."
        " Default: straight along +y through the foot of the polygon; uncalibrated: the polygon's long axis.",
    )
    covers_m: tuple[float, float] | None = Field(
        default=None, description="The interval of s that this view measures. Default: the whole lane zone."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_polygon(self.polygon)
        if self.covers_m is not None and not 0 <= self.covers_m[0] < self.covers_m[1]:
            raise ValueError(f"covers_m must be [from, to] with 0 <= from < to, not {list(self.covers_m)}")
        return self


class Camera(_Part):
    """A camera of the gate: where its stream is, how it maps to the ground, which lanes it sees."""

    id: Id = Field(description="Unique in the gate.")
    url_env: str | None = Field(
        default=None, pattern=r"^[A-Z][A-Z0-9_]*$", description="Environment variable that holds the stream's URL."
    )
    url: str | None = Field(default=None, description="The stream's URL or a file, without credentials.")
    analysis_fps: float = Field(default=5.0, gt=0, le=60, description="Analysed frames per second.")
    ground: tuple[GroundPoint, ...] | None = Field(
        default=None, min_length=4, description="Correspondences of picture and ground; without them: not calibrated."
    )
    focal_px: float | None = Field(
        default=None, gt=0, description="Focal length in pixels at native_width; default: recovered from `ground`."
    )
    native_width: int | None = Field(
        default=None, gt=0, description="Width in pixels to which focal_px refers; default: the analysed stream's."
    )
    lens: Lens | None = Field(default=None, description="Distortion of the lens; default: none.")
    views: tuple[View, ...] = Field(min_length=1, description="The lanes that it sees.")

    @model_validator(mode="before")
    @classmethod
    def _without_retired(cls, data: object) -> object:
        """Recordings and databases of version 0.1 hold `view_url_env`, always null; with a value it is an unknown field."""
        if isinstance(data, dict) and data.get("view_url_env", "") is None:
            return {name: value for name, value in data.items() if name != "view_url_env"}
        return data

    @field_validator("url")
    @classmethod
    def _no_credentials(cls, url: str | None) -> str | None:
        if url is not None and redact_url(url) != url:
            raise ValueError("url must not hold credentials; put the URL in an environment variable and name it in url_env")
        return url

    @model_validator(mode="after")
    def _check(self) -> Self:
        lanes = [view.lane for view in self.views]
        _unique("views: lane", lanes)
        if self.url is not None and self.url_env is not None:
            raise ValueError("give url or url_env, not both")
        return self


class AlertRule(_Part):
    """When an alert fires and when it ends: two thresholds, a hold, a keep-firing time."""

    name: Id = Field(description="Unique in the gate.")
    scope: Literal["lane", "direction", "gate", "camera"] = Field(
        default="lane", description="What one alert is about; direction and gate combine their lanes (sum or longest)."
    )
    lanes: Literal["all"] | tuple[Id, ...] = Field(default="all", description="The lanes that count.")
    when: Literal["open", "closed", "always"] = Field(default="always", description="Lane status it applies to.")
    measure: LaneMeasure | CameraMeasure = Field(description="The measured value it watches.")
    severity: Literal["info", "warning", "critical"] = Field(default="warning", description="How urgent it is for people.")
    fire_at: float = Field(description="Pending when the value is >= this.")
    clear_at: float = Field(description="Ends when the value is <= this; below fire_at.")
    for_s: float = Field(default=30.0, ge=0, description="Fires after the value held for so long.")
    keep_firing_for_s: float = Field(default=60.0, ge=0, description="Resolved after so long at or below clear_at.")
    action: dict[Language, str] = Field(default_factory=dict, description="What to do, by language.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.clear_at < self.fire_at:
            raise ValueError(f"clear_at ({self.clear_at:g}) must be below fire_at ({self.fire_at:g})")
        if (self.scope == "camera") != (self.measure == "unavailable_s"):
            raise ValueError("measure unavailable_s goes with scope camera, every other measure with lanes")
        return self


class Statistics(_Part):
    """How the windowed figures are made."""

    window_s: float = Field(default=1800.0, gt=0, le=86_400, description="Window of rates and percentiles.")
    level_of_service_s: tuple[float, float, float, float, float] = Field(
        default=(120, 300, 600, 1200, 2400), description="Upper waiting-time limits of levels A to E; our own scale."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        limits = self.level_of_service_s
        if not all(a < b for a, b in zip((0.0, *limits), limits, strict=False)):
            raise ValueError(f"level_of_service_s must rise from above 0, not {list(limits)}")
        return self


class DetectorConfig(_Part):
    """What runs before the core; a replay of a recording needs none of it."""

    weights: str = Field(default="yolo11n.pt", description="Weights: .pt, .onnx, .engine or an OpenVINO .xml or folder.")
    image_size: int = Field(default=640, ge=32, le=4096, description="Longer side of the network's input in pixels.")
    min_score: float = Field(default=0.1, ge=0, le=1, description="Detections below this score are dropped.")
    max_overlap: float = Field(
        default=0.65,
        gt=0,
        le=1,
        description="Of two boxes with a larger intersection over union the weaker is dropped; the simulated gate has 0.5.",
    )
    classes: tuple[VehicleClass, ...] = Field(
        default=("truck", "bus", "car"), min_length=1, description="Detections of other classes are dropped."
    )


class GateConfig(_Part):
    """A land border gate: its lanes, cameras, alert rules and statistics."""

    id: Id = Field(description="Unique among gates; part of every message and key.")
    name: Text = Field(description="What people call it, by language.")
    timezone: str = Field(default="UTC", description="IANA name, for people's eyes; all times are UTC.")
    lanes: tuple[Lane, ...] = Field(min_length=1, description="The lanes, in the order in which people see them.")
    cameras: tuple[Camera, ...] = Field(min_length=1, description="The cameras; those that share a lane form a section.")
    alerts: tuple[AlertRule, ...] = Field(default=(), description="The alert rules.")
    statistics: Statistics = Field(default=Statistics(), description="How the windowed figures are made.")
    detector: DetectorConfig = Field(default=DetectorConfig(), description="What finds the vehicles in the pictures.")
    tracking: TrackingParameters = Field(
        default=TrackingParameters(),
        description="Numbers of the tracking filter that differ from the usual ones.",
        exclude_if=lambda parameters: parameters == TrackingParameters(),
    )

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"'{name}' is not an IANA time zone, for example Asia/Ho_Chi_Minh") from None
        return name

    @model_validator(mode="after")
    def _check(self) -> Self:
        lanes = {lane.id: lane for lane in self.lanes}
        _unique("lanes: id", [lane.id for lane in self.lanes])
        _unique("cameras: id", [camera.id for camera in self.cameras])
        _unique("alerts: name", [rule.name for rule in self.alerts])
        for camera in self.cameras:
            for view in camera.views:
                if view.lane not in lanes:
                    raise ValueError(f"cameras: {camera.id}: views: no lane '{view.lane}'; lanes are {', '.join(lanes)}")
                if view.covers_m is not None and view.covers_m[1] > lanes[view.lane].zone_m:
                    raise ValueError(
                        f"cameras: {camera.id}: views: {view.lane}: covers_m ends at {view.covers_m[1]:g},"
                        f" beyond the lane's zone_m {lanes[view.lane].zone_m:g}"
                    )
        for rule in self.alerts:
            for lane_id in () if rule.lanes == "all" else rule.lanes:
                if lane_id not in lanes:
                    raise ValueError(f"alerts: {rule.name}: no lane '{lane_id}'; lanes are {', '.join(lanes)}")
        return self

    def lane(self, lane_id: str) -> Lane:
        """The lane of that id. Raises KeyError if there is none."""
        return {lane.id: lane for lane in self.lanes}[lane_id]

    def camera(self, camera_id: str) -> Camera:
        """The camera of that id. Raises KeyError if there is none."""
        return {camera.id: camera for camera in self.cameras}[camera_id]


class Section(_Part):
    """Cameras that share lanes, and those lanes: one Pipeline, one owner, one checkpoint."""

    id: str = Field(description="The ids of its cameras in the config's order, joined by '+'.")
    cameras: tuple[str, ...]
    lanes: tuple[str, ...]


def sections(config: GateConfig) -> tuple[Section, ...]:
    """The connected groups of cameras and lanes, in the config's order of cameras."""
    groups: list[set[str]] = []
    for camera in config.cameras:
        lanes = {view.lane for view in camera.views}
        touching = [group for group in groups if group & lanes]
        groups = [group for group in groups if not group & lanes] + [lanes.union(*touching)]
    result = []
    for group in groups:
        cameras = tuple(c.id for c in config.cameras if any(view.lane in group for view in c.views))
        lanes_ = tuple(lane.id for lane in config.lanes if lane.id in group)
        result.append(Section(id="+".join(cameras), cameras=cameras, lanes=lanes_))
    order = [camera.id for camera in config.cameras]
    return tuple(sorted(result, key=lambda section: order.index(section.cameras[0])))


def config_hash(config: GateConfig) -> str:
    """The first 16 hex digits of the SHA-256 of the config's canonical JSON."""
    return hashlib.sha256(config.model_dump_json().encode()).hexdigest()[:16]


def load_gate(path: Path) -> GateConfig:
    """The gate described by a YAML file. Raises ConfigError naming file, field, value and what would be right."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"gate file {path} does not exist; give the path of a gate file such as config/kim-thanh.yaml"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"gate file {path} cannot be read: {error}") from None
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"gate file {path} is not YAML: {' '.join(str(error).split())}") from None
    return parse_gate(data, where=f"gate file {path}")


def parse_gate(data: object, where: str, *, tolerant: bool = False) -> GateConfig:
    """The gate described by plain data; `where` begins the error's sentence. Raises ConfigError.

    tolerant: fields that are not known here are ignored, as in what a newer program wrote; in a file they are mistakes.
    """
    if not isinstance(data, dict):
        raise ConfigError(f"{where}: expected fields such as id, lanes and cameras, found {type(data).__name__}")
    try:
        return GateConfig.model_validate(data, extra="ignore" if tolerant else None)
    except ValidationError as error:
        raise ConfigError(f"{where}: " + "; ".join(_problems(error))) from None


def _problems(error: ValidationError) -> Iterator[str]:
    details = error.errors(include_url=False, include_context=False)
    places = [detail["loc"] for detail in details]
    details = [d for d in details if not any(len(p) > len(d["loc"]) and p[: len(d["loc"])] == d["loc"] for p in places)]
    for detail in details[:5]:
        path = ".".join(str(part) for part in detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        value = detail["input"]
        shown = f" (found {redact_url(repr(value))})" if isinstance(value, str | int | float | bool | None) else ""
        yield f"{path}: {message}{shown}" if path else message
    if len(details) > 5:
        yield f"and {len(details) - 5} more"


def _check_polygon(points: tuple[ImagePoint, ...]) -> None:
    n = len(points)
    area = sum(points[i - 1][0] * points[i][1] - points[i][0] * points[i - 1][1] for i in range(n)) / 2
    if abs(area) < 1e-5:
        raise ValueError("polygon has no area; give its corners in order round the lane")
    edges = [(points[i - 1], points[i]) for i in range(n)]
    for i, first in enumerate(edges):
        for j in range(i + 2, n):
            if (i, j) != (0, n - 1) and _cross(*first, *edges[j]):
                raise ValueError("polygon crosses itself; give its corners in order round the lane")


def _cross(a: ImagePoint, b: ImagePoint, c: ImagePoint, d: ImagePoint) -> bool:
    def side(p: ImagePoint, q: ImagePoint, r: ImagePoint) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def _unique(what: str, values: list[str]) -> None:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"{what}: '{twice[0]}' is used twice; each must be unique")
