"""`lanewatch check`: is a gate file right, do its cameras answer, do its lanes lie where the trucks are; what a model sees."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.gates import checked_gate
from api.commands.model_check import check_model_on
from api.commands.source_options import assigned, camera_urls
from vision.config import Camera, GateConfig, sections
from vision.errors import ConfigError, StreamError

if TYPE_CHECKING:
    from vision.commissioning.camera_check import CameraReport

__all__ = ["check_command"]


def check_command(
    gate: Annotated[Path | None, typer.Argument(metavar="[GATE]", help="Gate file; not needed with --model.")] = None,
    *,
    connect: Annotated[bool, typer.Option(help="Open each camera and look at its stream.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Draw lanes, axes and a 10 m grid on each camera's picture.")] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="Look at this instead: CAMERA=...; with --model any video, picture or folder.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Tell what this detector finds in --source or the gate's cameras.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="With --model: pictures with what was found, .jpg or .png.")] = None,
    pictures: Annotated[int, typer.Option(min=1, max=1000, help="With --model: how many pictures to look at.")] = 60,
) -> None:
    """Check a gate file, with --connect also its cameras; or with --model a detector, on one's own pictures."""
    if picture is not None and not connect:
        raise ConfigError("--picture needs --connect: the lanes are drawn on what the camera sends")
    if sheet is not None and model is None:
        raise ConfigError("--sheet needs --model: it shows what a detector finds")
    if source and model is None and not connect:
        raise ConfigError("--source needs --connect, to look at it as a camera's stream, or --model")
    if gate is None and model is None:
        raise ConfigError("give a gate file to check, or a detector with --model and something to look at with --source")
    config = None if gate is None else checked_gate(gate)
    if config is not None:
        _tell(config)
        if connect:
            _connect(config, camera_urls(config, assigned(source or [], config)), picture)
    if model is not None:
        check_model_on(model, source or [], config, sheet, pictures)


def _tell(config: GateConfig) -> None:
    _say(f"gate {config.id}: {len(config.lanes)} lanes, {len(config.cameras)} cameras, {len(config.alerts)} alert rules")
    for section in sections(config):
        _say(f"section {section.id}: lanes {', '.join(section.lanes)}")
    for camera in config.cameras:
        how = "calibrated" if camera.ground else "not calibrated: no metres are measured"
        _say(f"camera {camera.id}: sees {', '.join(view.lane for view in camera.views)}; {how}")


def _connect(config: GateConfig, urls: dict[str, str | None], picture: Path | None) -> None:
    from vision.commissioning.camera_check import check_camera

    failures: list[str] = []
    for camera in config.cameras:
        url = urls[camera.id]
        if url is None:
            _say(f"camera {camera.id}: offline, {camera.url_env or 'url'} is not set")
            continue
        try:
            report = check_camera(url)
        except StreamError as error:
            failures.append(f"camera {camera.id}: {error}")
            _say(f"camera {camera.id}: FAILED")
            continue
        _say(f"camera {camera.id}: {_told(report)}")
        if picture is not None:
            _draw(config, camera, report, picture)
    if failures:
        raise StreamError("; ".join(failures))


def _told(report: CameraReport) -> str:
    measured = "frame rate unknown" if report.fps is None else f"{report.fps:.1f} frames/s"
    declared = "" if report.declared_fps is None else f" (it says {report.declared_fps:.1f})"
    first = f"first picture after {report.first_frame_s:.2f} s"
    return f"{report.width}x{report.height} {report.codec}, {measured}{declared}, {first}"


def _draw(config: GateConfig, camera: Camera, report: CameraReport, picture: Path) -> None:
    from vision.camera.decoding import to_rgb
    from vision.commissioning.lane_drawing import draw_lanes, save_picture

    path = picture if len(config.cameras) == 1 else picture.with_name(f"{picture.stem}-{camera.id}{picture.suffix}")
    save_picture(draw_lanes(to_rgb(report.frame, report.height, report.width), config, camera), path)
    _say(f"camera {camera.id}: lanes drawn on {path}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
