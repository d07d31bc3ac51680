"""The simulated gate, live: traffic and pictures paced by the wall clock, streamed over RTSP, its truth told. A shell.

One thread runs it. Frame k is of the moment k / 25 s after the zero of its timeline, a whole second of the wall clock; the
sender reports and the truth carry that time. Who is late leaves frames out: the traffic never drifts from the clock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from types import TracebackType
from typing import Final, Self

import cv2
import structlog

from vision.clock import now
from vision.errors import ConfigError, StreamError
from vision.simulation.files import FPS, check_names
from vision.simulation.layouts import LAYOUTS, Layout
from vision.simulation.live.daylight import DAY_START_H, weather_at
from vision.simulation.live.faults import FaultOrder, Spoiler
from vision.simulation.live.stream import LiveStream
from vision.simulation.render.light import WEATHERS, Weather
from vision.simulation.render.renderer import Renderer
from vision.simulation.rtsp.auth import Credentials
from vision.simulation.rtsp.server import RtspServer, Timeline
from vision.simulation.scenarios import SCENARIOS, at_speed
from vision.simulation.scene import Scene
from vision.simulation.truth import LaneTruth

__all__ = ["LiveGate", "LiveOrder", "TellClosed", "TellTruth"]

TellTruth = Callable[[float, list[LaneTruth]], None]
TellClosed = Callable[[frozenset[str]], None]
WARM_S: Final = 600
FASTEST: Final = 60.0
JUMP_S: Final = 1.0
LOOK_EVERY: Final = FPS
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LiveOrder:
    """What to show. Raises ConfigError for what does not exist.

    weather: None follows the simulated day; speed: how many times as fast as ours the day's clock goes (demand, surges,
    closures, light), never the vehicles.
    """

    seed: int = 1
    layout: str = "two-masts"
    scenario: str = "daily"
    weather: str | None = None
    speed: float = 1.0

    def __post_init__(self) -> None:
        check_names(self.layout, self.scenario, self.weather)
        if not 1 <= self.speed <= FASTEST:
            raise ConfigError(f"speed must be from 1 to {FASTEST:g}, not {self.speed:g}")
        if self.seed < 0:
            raise ConfigError(f"seed must be 0 or more, not {self.seed}")


@dataclass(slots=True)
class _Camera:
    renderer: Renderer
    spoiler: Spoiler
    stream: LiveStream


class LiveGate:
    """A gate with WARM_S seconds of traffic behind it; `run` lets it live until `stop`. A context manager.

    tell: is given each second of all lanes as it becomes known, and its time in POSIX seconds. tell_closed: is given the
    lanes whose status is closed, at the beginning and at each change.
    """

    def __init__(
        self,
        order: LiveOrder,
        *,
        port: int = 0,
        credentials: Credentials | None = None,
        tell: TellTruth | None = None,
        tell_closed: TellClosed | None = None,
    ) -> None:
        cv2.setNumThreads(1)
        self.layout = LAYOUTS[order.layout]
        self.dropped = 0
        self._order, self._tell, self._tell_closed = order, tell, tell_closed
        self._weather = self._weather_at(0.0)
        self._cameras = {
            plan.id: _Camera(renderer, Spoiler(plan, self.layout.width, self.layout.height), _stream(self.layout))
            for plan, renderer in zip(self.layout.cameras, self._renderers(self._weather).values(), strict=True)
        }
        self._painted: tuple[Weather, dict[str, Renderer]] | None = None
        self._painter: threading.Thread | None = None
        self._breaking = threading.Lock()
        self._healing: dict[str, float] = {}
        self._stopping = threading.Event()
        self._scene_hour = (DAY_START_H - WARM_S * order.speed / 3600) % 24
        scenario = at_speed(SCENARIOS[order.scenario], order.speed)
        self._scene = Scene(self.layout, scenario, order.seed, hour=self._scene_hour)
        self._scene.advance(WARM_S)
        self.timeline = _next_whole_second()
        media = {camera: parts.stream.media for camera, parts in self._cameras.items()}
        try:
            self.server = RtspServer(media, port=port, timeline=self.timeline, credentials=credentials)
        except OSError as error:
            raise ConfigError(f"cannot listen on 127.0.0.1:{port} ({error.strerror}); give another --port") from None

    @property
    def urls(self) -> Mapping[str, str]:
        """Each camera's address, without credentials."""
        return {camera: self.server.url(camera) for camera in self._cameras}

    def run(self) -> None:
        """Lets it live until `stop`. Raises StreamError when the wall clock jumped: the times would be false from then on."""
        frame = 0
        self._tell_lanes()
        while not self._stopping.is_set():
            late = time.monotonic() - self.timeline.monotonic_s - frame / FPS
            if late < 0:
                self._stopping.wait(-late)
                continue
            missed = int(late * FPS)
            self.dropped += missed
            frame += missed
            self._show(frame)
            if frame % LOOK_EVERY < missed + 1:
                self._look(frame / FPS)
            frame += 1

    def stop(self) -> None:
        """Ends `run`, from any thread."""
        self._stopping.set()

    def break_(self, order: FaultOrder) -> None:
        """Breaks a camera, or makes it whole again, from any thread."""
        with self._breaking:
            self._break(order)

    def close(self) -> None:
        """Ends the server and its connections."""
        self.stop()
        self.server.close()
        if self._painter is not None:
            self._painter.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _break(self, order: FaultOrder) -> None:
        self.server.heal(order.camera)
        self._healing.pop(order.camera, None)
        self._cameras[order.camera].spoiler.fault = order.picture
        if order.stream is not None:
            self.server.fail(order.camera, order.stream)
        if order.for_s is not None:
            self._healing[order.camera] = time.monotonic() + order.for_s

    def _show(self, frame: int) -> None:
        since_s = frame / FPS
        if self._scene.advance(WARM_S + since_s):
            self._tell_lanes()
        self._tell_truth()
        places = self._scene.places(WARM_S + since_s)
        for camera in self._cameras.values():
            shot = camera.renderer.shoot(places, self.timeline.t + since_s, frame, boxes=False)
            camera.stream.write(camera.spoiler.spoilt(shot.image), frame)

    def _tell_truth(self) -> None:
        for second, rows in groupby(self._scene.truth.taken(), key=lambda row: row.t):
            if self._tell is not None and second >= WARM_S:
                self._tell(self.timeline.t + second - WARM_S, list(rows))

    def _tell_lanes(self) -> None:
        if self._tell_closed is not None:
            self._tell_closed(self._scene.closed_lanes)

    def _look(self, since_s: float) -> None:
        """About once a second: faults that are over, the light of the day, the clock."""
        with self._breaking:
            for camera in [camera for camera, until_s in self._healing.items() if time.monotonic() >= until_s]:
                self._break(FaultOrder(camera))
        self._follow_the_day(since_s)
        if abs(now() - self.timeline.t - (time.monotonic() - self.timeline.monotonic_s)) > JUMP_S:
            raise StreamError("the clock was set, or the machine slept: the simulated gate must begin anew")

    def _follow_the_day(self, since_s: float) -> None:
        if self._painter is not None and self._painter.is_alive():
            return
        if self._painted is not None:
            self._weather, renderers = self._painted
            for camera, renderer in renderers.items():
                self._cameras[camera].renderer = renderer
            self._painted = None
        wanted = self._weather_at(since_s)
        if wanted != self._weather:
            _log.info("the light changes", weather=wanted)
            self._painter = threading.Thread(target=self._paint, args=(wanted,), name="painter", daemon=True)
            self._painter.start()

    def _paint(self, weather: Weather) -> None:
        self._painted = weather, self._renderers(weather)

    def _renderers(self, weather: Weather) -> dict[str, Renderer]:
        """One for each camera; they are told POSIX seconds, so they begin at 0."""
        return {plan.id: Renderer(self.layout, plan, weather, self._order.seed, 0.0) for plan in self.layout.cameras}

    def _weather_at(self, since_s: float) -> Weather:
        if self._order.weather is not None:
            return next(name for name in WEATHERS if name == self._order.weather)
        return weather_at(DAY_START_H + since_s * self._order.speed / 3600)


def _stream(layout: Layout) -> LiveStream:
    return LiveStream(layout.width, layout.height, FPS)


def _next_whole_second() -> Timeline:
    wall, monotonic = now(), time.monotonic()
    ahead = 1.0 - wall % 1.0
    return Timeline(monotonic + ahead, round(wall + ahead))
