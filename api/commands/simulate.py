"""`lanewatch simulate`: the simulated gate, live over RTSP, or a scene of it as files."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from api.commands.progress import progress_bar
from api.settings import BusSettings, SimulationSettings
from vision.errors import ConfigError, LaneWatchError, StreamError
from vision.settings import read_settings

if TYPE_CHECKING:
    from vision.simulation.lane_notices import LaneNotices
    from vision.simulation.live.gate import LiveGate, LiveOrder
    from vision.simulation.rtsp.auth import Credentials
    from vision.simulation.truth_feed import TruthFeed

__all__ = ["simulate_command"]

Scheme = Literal["basic", "digest"]
LOGIN: Final = "LANEWATCH_SIMULATION_LOGIN"  # USER:PASSWORD
TOKEN: Final = "LANEWATCH_API_TOKEN"  # noqa: S105 - its variable


def simulate_command(
    *,
    out: Annotated[Path | None, typer.Option(help="Write a scene's files to this folder instead of serving it live.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same traffic and truth.")] = 1,
    minutes: Annotated[float | None, typer.Option(help="With --out: length of the scene. Default: 10.")] = None,
    layout: Annotated[str, typer.Option(help="Where the cameras stand: docs/simulation.md lists them.")] = "two-masts",
    scenario: Annotated[str | None, typer.Option(help="What happens. Default: daily; with --out: rush.")] = None,
    weather: Annotated[str | None, typer.Option(help="Default: that of the simulated day; with --out: day.")] = None,
    no_video: Annotated[bool, typer.Option("--no-video", help="With --out: only the recording and the truth.")] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="RTSP port on this machine; 0 takes a free one. Default: 8554.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(help="How many times as fast as ours the day's clock goes. Default: 1.")
    ] = None,
    auth: Annotated[Scheme | None, typer.Option(help=f"Ask for the credentials in {LOGIN} (USER:PASSWORD).")] = None,
    redis: Annotated[str | None, typer.Option(envvar="REDIS_URL", help="Tell the truth here, for the page.")] = None,
    api: Annotated[
        str | None, typer.Option(help=f"Address of the api to tell when lanes close and open, with the token in {TOKEN}.")
    ] = None,
    control: Annotated[Path | None, typer.Option(help="A named pipe to make, for lines as on standard input.")] = None,
) -> None:
    """Simulate a border gate. Live, lines such as `freeze export 20` on standard input break its cameras."""
    if out is not None:
        given = {"--port": port, "--speed": speed, "--auth": auth, "--api": api, "--control": control}
        if wrong := [name for name, value in given.items() if value is not None]:
            raise ConfigError(f"only the live gate has {' and '.join(wrong)}: leave out that or --out")
        length = 10.0 if minutes is None else minutes
        _files(out, seed, length, layout=layout, scenario=scenario or "rush", weather=weather or "day", video=not no_video)
        return
    if minutes is not None or no_video:
        raise ConfigError("--minutes and --no-video are for files: give --out, or leave them out")
    from vision.simulation.live.gate import LiveOrder

    order = LiveOrder(seed, layout, scenario or "daily", weather, 1.0 if speed is None else speed)
    _live(
        order,
        8554 if port is None else port,
        None if auth is None else _credentials(auth),
        redis=redis,
        api=api,
        control=control,
    )


def _files(out: Path, seed: int, minutes: float, *, layout: str, scenario: str, weather: str, video: bool) -> None:
    from vision.simulation.files import Order, simulate

    order = Order(out, seed, minutes, layout, scenario, weather, video=video)
    done = 0.0

    def heard(share: float) -> None:
        nonlocal done
        done = share
        advance(None)

    with progress_bar("simulate", lambda: done) as advance:
        simulate(order, heard)
    sys.stdout.write(f"wrote {out}\n")


def _credentials(scheme: Scheme) -> Credentials:
    from vision.simulation.rtsp.auth import Credentials

    login = read_settings(SimulationSettings).login
    if login is None:
        raise ConfigError(f"--auth needs a user and password: set {LOGIN}=USER:PASSWORD")
    user, _, password = login.get_secret_value().partition(":")
    return Credentials(user, password, scheme)


def _notices(api: str) -> LaneNotices:
    from vision.simulation.lane_notices import LaneNotices

    token = read_settings(SimulationSettings).api_token
    if token is None:
        raise ConfigError(f"--api needs the token that programs send: set {TOKEN} as it is for the api")
    return LaneNotices(api, token.get_secret_value())


def _feed(given: str, layout: str) -> TruthFeed:
    from vision.simulation.layouts import LAYOUTS
    from vision.simulation.truth_feed import TruthFeed

    url = read_settings(BusSettings, {"REDIS_URL": given}).redis_url
    return TruthFeed(url.get_secret_value() if url else given, LAYOUTS[layout].gate().id)


def _live(
    order: LiveOrder, port: int, credentials: Credentials | None, *, redis: str | None, api: str | None, control: Path | None
) -> None:
    from vision.simulation.live.control import named_pipe, own_input
    from vision.simulation.live.gate import LiveGate

    with ExitStack() as stack:
        feed = stack.enter_context(_feed(redis, order.layout)) if redis else None
        notices = stack.enter_context(_notices(api)) if api else None
        inputs = own_input() + ([stack.enter_context(named_pipe(control))] if control else [])
        tell = feed.tell if feed else None
        tell_closed = notices.tell if notices else None
        gate = stack.enter_context(LiveGate(order, port=port, credentials=credentials, tell=tell, tell_closed=tell_closed))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: gate.stop())
        _say_where(gate)
        ended = threading.Event()
        listener = threading.Thread(target=_listen, args=(gate, inputs, ended), name="control", daemon=True)
        listener.start()
        try:
            gate.run()
        except StreamError as error:  # no bad input: another start helps
            sys.stderr.write(f"lanewatch: {error}\n")
            raise typer.Exit(1) from None
        finally:
            ended.set()
            listener.join()


def _say_where(gate: LiveGate) -> None:
    for camera in gate.layout.gate().cameras:
        sys.stdout.write(f"export {camera.url_env}={gate.urls[camera.id]}\n")
    sys.stdout.flush()


def _listen(gate: LiveGate, inputs: list[int], ended: threading.Event) -> None:
    from vision.simulation.live.control import written_lines
    from vision.simulation.live.faults import parse_order

    cameras = tuple(gate.urls)
    for line in written_lines(inputs, ended.is_set):
        try:
            gate.break_(parse_order(line, cameras))
        except LaneWatchError as error:
            sys.stderr.write(f"{error}\n")
        else:
            sys.stderr.write(f"done: {line.strip()}\n")
