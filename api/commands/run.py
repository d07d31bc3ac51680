"""`lanewatch run`: bus, api and worker on one machine as one process tree, with the page's sign-in link."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from api.commands.config import config_in_use
from api.commands.gates import checked_gate, gate_path, single_gate
from api.commands.link import forget_run, note_run
from api.commands.simulated_gate import Simulated, simulated_gate
from api.commands.source_options import SOURCES, assigned, camera_urls, frame_shape
from api.settings import BusSettings, ProgramSettings
from vision.config import GateConfig
from vision.errors import ConfigError
from vision.settings import read_settings
from vision.whole_file import whole_file

if TYPE_CHECKING:
    from api.commands.supervisor import Supervisor

__all__ = ["run_command"]

LANEWATCH: Final = (sys.executable, "-m", "api.cli")


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to run: the gate in use and its file, where its files lie, what its cameras show, where the page is.

    simulated: where the gate is the one that ships with the software.
    """

    config: GateConfig
    gate_file: Path
    home: Path
    overrides: Mapping[str, str]
    has_source: bool
    host: str
    port: int
    simulated: Simulated | None = None


def run_command(
    *,
    gate: Annotated[
        Path | None, typer.Option(help="Gate file. Default: one lane for one source; without a source the simulated gate.")
    ] = None,
    source: Annotated[list[str] | None, typer.Option(help="Video file or rtsp:// URL; CAMERA=... to say whose.")] = None,
    weights: Annotated[str | None, typer.Option(help="Detector weights. Default: the gate file's.")] = None,
    data: Annotated[Path, typer.Option(envvar="LANEWATCH_DATA", help="Folder for history and state.")] = Path(".lanewatch"),
    host: Annotated[str, typer.Option(envvar="LANEWATCH_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="LANEWATCH_PORT", min=0, max=65535, help="0 takes a free one.")] = 8080,
    speed: Annotated[
        float | None, typer.Option(min=1, max=60, help="Simulated gate: how many times as fast as ours its day passes.")
    ] = None,
    once: Annotated[bool, typer.Option(help="Play video files once and end, instead of looping.")] = False,
    record: Annotated[Path | None, typer.Option(help="Record what the core sees: .jsonl or .jsonl.gz.")] = None,
    import_: Annotated[
        bool, typer.Option("--import", help="Use the gate file though another configuration is in use.")
    ] = False,
) -> None:
    """Run everything on this machine: worker, api, page, bus and history. Ctrl-C ends it."""
    from api.commands.embedded_valkey import data_lock

    simulated = _simulated(gate, source, speed)
    config = simulated.config if simulated else _given(gate)
    overrides = simulated.sources if simulated else assigned(source or [], config)
    _check_files(overrides.values())
    home = data / config.id
    with data_lock(home) as lock:
        config = config_in_use(config, data, import_changed=import_ or simulated is not None)
        gate_file = home / "gate.yaml"
        _write_gate(config, gate_file)
        has_source = any(camera_urls(config, overrides).values())
        plan = _Plan(config, gate_file, home, overrides, has_source, host, _free_port(host, port), simulated)
        ready = _weights(config, weights, camera_urls(config, overrides)) if has_source else None
        worker = ["--weights", str(ready)] if ready else []
        worker += ["--once"] if once else []
        worker += ["--record", str(record)] if record else []
        _supervise(plan, worker, data, lock.fileno(), final=once)


def _simulated(gate: Path | None, source: Sequence[str] | None, speed: float | None) -> Simulated | None:
    """The simulated gate, where neither a gate nor a source is given. Raises ConfigError for a speed without it."""
    if gate_path(gate) is None and not source:
        return simulated_gate(_free_port("127.0.0.1", 0), 1.0 if speed is None else speed)
    if speed is not None:
        raise ConfigError("--speed is for the simulated gate; leave it out, or leave out --gate and --source")
    return None


def _given(gate: Path | None) -> GateConfig:
    chosen = gate_path(gate)
    return single_gate() if chosen is None else checked_gate(chosen)


def _supervise(plan: _Plan, worker: Sequence[str], data: Path, lock: int, *, final: bool) -> None:
    """Starts the parts and watches them to the end; lock: of the data folder, held by the bus as long as it writes there."""
    from api.commands.supervisor import Program, Supervisor

    token = secrets.token_urlsafe(24)
    given = read_settings(ProgramSettings).api_token
    api_token = given.get_secret_value() if given else secrets.token_urlsafe(32)
    env = os.environ | {
        "LANEWATCH_API_TOKEN": api_token,
        "LANEWATCH_GATE": str(plan.gate_file),
        "LANEWATCH_DATA": str(data),
        "LANEWATCH_HOST": plan.host,
        "LANEWATCH_PORT": str(plan.port),
        SOURCES: json.dumps(plan.overrides),
    }
    with tempfile.TemporaryDirectory(prefix="lanewatch-") as folder, Supervisor() as supervisor:
        if read_settings(BusSettings).redis_url is None:
            env["REDIS_URL"] = _start_bus(supervisor, plan.home / "bus", Path(folder) / "bus.sock", env, lock)
        if plan.simulated is not None:
            supervisor.start(Program("gate", [*LANEWATCH, *plan.simulated.arguments(plan.home, _page(plan))], env=env))
        supervisor.start(Program("api", [*LANEWATCH, "api"], env=env | {"LANEWATCH_SIGN_IN_TOKEN": token}))
        supervisor.start(Program("worker", [*LANEWATCH, "worker", *worker], env=env, final=final))
        note_run(plan.home, _page(plan), api_token)
        try:
            supervisor.watch(lambda: _answers(plan), lambda: _say_where(plan, token))
        finally:
            forget_run(plan.home)


def _start_bus(supervisor: Supervisor, home: Path, address: Path, env: Mapping[str, str], lock: int) -> str:
    """The URL of an embedded bus that answers. Its socket is not in the data folder: its path has at most 107 bytes."""
    from api.commands.embedded_valkey import bus_command, server_binary, wait_for_bus
    from api.commands.supervisor import Program

    home.mkdir(exist_ok=True)
    command = bus_command(server_binary(), address, home)
    quiet = ("WARNING Memory overcommit",)  # of no use without snapshots, and it alarms
    supervisor.start(Program("bus", command, env={**env, "LC_ALL": "C"}, keep_open=[lock], muted=quiet))
    wait_for_bus(f"unix://{address}", lambda: supervisor.alive("bus"), lambda: supervisor.last_line("bus"))
    return f"unix://{address}"


def _check_files(urls: Iterable[str]) -> None:
    """Opens every source that is a file, so that a bad one is said now. Raises StreamError."""
    from vision.camera.decoding import is_live, open_video

    for url in urls:
        if not is_live(url):
            open_video(url).close()


def _write_gate(config: GateConfig, path: Path) -> None:
    from api.history.config_versions import export_config

    with whole_file(path) as part:
        part.write_text(export_config(config), encoding="utf-8")


def _weights(config: GateConfig, weights: str | None, urls: Mapping[str, str | None]) -> Path:
    """Weights ready for the detector, exported now if need be, shaped for the first file's picture."""
    from vision.detection.weights import prepare_weights

    wanted, size = weights or config.detector.weights, config.detector.image_size
    return prepare_weights(wanted, image_size=size, frame_shape=frame_shape(urls.values()))


def _free_port(host: str, port: int) -> int:
    """The port, or a free one for 0. Raises ConfigError where it is taken or the address is not of this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(f"cannot listen on {host}:{port} ({error.strerror}); give another --host or --port") from None
        return int(probe.getsockname()[1])


def _page(plan: _Plan) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - names for it, nothing listens here
    host = everywhere.get(plan.host, f"[{plan.host}]" if ":" in plan.host else plan.host)
    return f"http://{host}:{plan.port}"


def _answers(plan: _Plan) -> bool:
    import httpx

    try:
        return httpx.get(f"{_page(plan)}/healthz", timeout=0.5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _say_where(plan: _Plan, token: str) -> None:
    lines = [
        f"LaneWatch is running. Open {_page(plan)}/sign-in?token={token} (the link works once; `lanewatch link` makes another)"
    ]
    if plan.simulated is not None:
        lines += [
            "This is the simulated gate: rendered cameras, a detector model that knows only them, known truth.",
            "Your own: make run SOURCE=<file or rtsp url> WEIGHTS=<model>, or make run GATE=<gate file> WEIGHTS=<model>.",
        ]
    elif not plan.has_source:
        names = [camera.url_env for camera in plan.config.cameras if camera.url_env]
        where = f", or set {' and '.join(names)} to their streams" if names else ""
        lines += [
            f"No camera of gate {plan.config.id} has a source, so all are shown as offline. To give one:",
            f"make run SOURCE=<file or rtsp url> WEIGHTS=<model>{where}.",
        ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
