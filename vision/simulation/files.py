"""Writes a scene to a folder: video of each camera, a recording of exact boxes, truth files, the gate file. A shell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import yaml

from vision.core.detections import Detections
from vision.core.events import CameraChanged, Seen
from vision.core.ticks import TickSeries
from vision.errors import ConfigError
from vision.replay.recording import RecordingWriter
from vision.simulation.layouts import LAYOUTS
from vision.simulation.render.light import WEATHERS, Weather
from vision.simulation.render.renderer import Renderer
from vision.simulation.render.sight import Sight
from vision.simulation.scenarios import SCENARIOS
from vision.simulation.scene import START_T, Scene
from vision.simulation.truth_files import write_truth
from vision.simulation.video import VideoWriter
from vision.vocabulary import VEHICLE_CLASSES
from vision.whole_file import whole_file

__all__ = ["FPS", "Order", "check_names", "simulate"]

FPS: Final = 25
ANALYSIS_FPS: Final = 5
_SMALLEST_PX: Final = 4.0
_LEAST_VISIBLE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Order:
    """What to simulate. Raises ConfigError for a layout, scenario, weather or length that does not exist."""

    out: Path
    seed: int = 1
    minutes: float = 10.0
    layout: str = "two-masts"
    scenario: str = "rush"
    weather: str = "day"
    video: bool = True
    start_t: float = START_T

    def __post_init__(self) -> None:
        check_names(self.layout, self.scenario, self.weather)
        if not 0 < self.minutes <= 1440:
            raise ConfigError(f"minutes must be above 0 and at most 1440, not {self.minutes:g}")
        if self.seed < 0:
            raise ConfigError(f"seed must be 0 or more, not {self.seed}")


def check_names(layout: str, scenario: str, weather: str | None) -> None:
    """Raises ConfigError for a layout, scenario or weather that does not exist."""
    for what, name, known in (("layout", layout, LAYOUTS), ("scenario", scenario, SCENARIOS), ("weather", weather, WEATHERS)):
        if name is not None and name not in known:
            raise ConfigError(f"{what} '{name}' is not known; choose one of {', '.join(known)}")


def simulate(order: Order, progress: Callable[[float], None] = lambda _: None) -> Path:
    """Writes everything and returns the folder; progress hears the share that is done, 0..1.

    Raises ConfigError, RecordingError or StreamError where something cannot be written. Every file has its name only
    when it is whole.
    """
    layout = LAYOUTS[order.layout]
    gate = layout.gate()
    with _written(order.out):
        order.out.mkdir(parents=True, exist_ok=True)
        plain = gate.model_dump(mode="json", exclude_none=True)
        with whole_file(order.out / "gate.yaml") as part:
            part.write_text(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False), encoding="utf-8")
    scene = Scene(layout, SCENARIOS[order.scenario], order.seed, order.start_t)
    sizes = {camera.id: (layout.width, layout.height) for camera in layout.cameras}
    with ExitStack() as stack:
        recording = stack.enter_context(RecordingWriter(order.out / "recording.jsonl.gz", gate, sizes))
        cameras = [_camera(order, k, stack) for k in range(len(layout.cameras))]
        _run(order, scene, recording, cameras, progress)
    until = int(order.minutes * 60)
    scene.advance(until + 2.0)
    with _written(order.out):
        write_truth(scene.truth, order.out, order.start_t, until)
        _write_meta(order, scene)
    return order.out


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    """Turns what keeps a file from being written into a sentence."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"folder {folder} cannot be written: {error.strerror}; give another place") from None


@dataclass(frozen=True, slots=True)
class _Camera:
    id: str
    renderer: Renderer
    video: VideoWriter | None


def _camera(order: Order, index: int, stack: ExitStack) -> _Camera:
    layout = LAYOUTS[order.layout]
    plan = layout.cameras[index]
    weather: Weather = next(name for name in WEATHERS if name == order.weather)
    renderer = Renderer(layout, plan, weather, order.seed, order.start_t)
    video = None
    if order.video:
        video = stack.enter_context(VideoWriter(order.out / f"{plan.id}.mp4", layout.width, layout.height, FPS))
    return _Camera(plan.id, renderer, video)


def _run(
    order: Order, scene: Scene, recording: RecordingWriter, cameras: list[_Camera], progress: Callable[[float], None]
) -> None:
    for camera in cameras:
        recording.write(CameraChanged(camera.id, 0, order.start_t, "online", scene.layout.width, scene.layout.height))
    every = FPS // ANALYSIS_FPS
    frames = round(order.minutes * 60 * FPS)
    ticks = TickSeries(order.start_t)
    for k in range(0, frames + 1, 1 if order.video else every):
        t = k / FPS
        for status in scene.advance(t):
            recording.write(status)
        places = scene.places(t)
        due = k % every == 0
        for camera in cameras:
            shot = camera.renderer.shoot(places, t, k, boxes=due)
            if camera.video is not None:
                camera.video.write(shot.image)
            if due:
                recording.write(Seen(camera.id, 0, round(order.start_t + t, 3), exact_detections(shot.sights)))
        for tick in ticks.upto(order.start_t + t):
            recording.write(tick)
            progress(k / max(1, frames))


def exact_detections(sights: tuple[Sight, ...]) -> Detections:
    """What a perfect detector would find: every vehicle of which enough is in sight."""
    seen = [s for s in sights if s.shorter_px >= _SMALLEST_PX and s.share >= _LEAST_VISIBLE]
    if not seen:
        return Detections.empty()
    return Detections(
        np.array([s.box for s in seen], np.float32),
        np.full(len(seen), 0.99, np.float32),
        np.array([VEHICLE_CLASSES.index(s.vehicle_class) for s in seen], np.int16),
    )


def _write_meta(order: Order, scene: Scene) -> None:
    meta = {
        "layout": order.layout,
        "scenario": order.scenario,
        "weather": order.weather,
        "seed": order.seed,
        "start_t": order.start_t,
        "duration_s": int(order.minutes * 60),
        "fps": FPS,
        "vehicles": max((v.vehicle.number for v in scene.truth.visits + scene.truth.open_visits), default=0),
        "waiting_outside": scene.traffic.waiting_outside,
    }
    with whole_file(order.out / "scene.json") as part:
        part.write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")
