"""`lanewatch replay`: recordings and video files to messages, tables and a summary."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.gates import checked_gate, gate_path, single_gate
from api.commands.progress import progress_bar
from api.commands.replay_inputs import ReplayInput, gate_of_recordings, of_recording, of_videos, sorted_sources, start_of
from vision.config import GateConfig, config_hash
from vision.errors import ConfigError
from vision.replay.recording import Recording, RecordingWriter, read_recording

__all__ = ["replay_command"]


def replay_command(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Recordings or videos; CAMERA=FILE to say whose.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    gate: Annotated[Path | None, typer.Option(help="Gate file. Default: the recording's own; one lane for one video.")] = None,
    weights: Annotated[str | None, typer.Option(help="Detector weights for videos. Default: the gate file's.")] = None,
    record: Annotated[Path | None, typer.Option(help="Also write what the core saw: a recording, .jsonl or .jsonl.gz.")] = None,
    start: Annotated[str | None, typer.Option(help="Time of a video's first frame: POSIX seconds or ISO-8601.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the detector.")] = os.cpu_count() or 1,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda, for .pt and .engine weights.")] = "auto",
) -> None:
    """Replay recordings or videos: messages.jsonl, lanes.csv, visits.csv, alerts.csv and summary.json."""
    start_t = None if start is None else start_of(start)
    files, videos = sorted_sources(sources)
    with ExitStack() as stack:
        recordings = [stack.enter_context(closing(read_recording(path))) for path in files]
        config = _gate(gate, recordings)
        inputs = [of_recording(recording) for recording in recordings]
        if videos:
            inputs.append(of_videos(videos, config, weights=weights, start=start_t, threads=threads, device=device))
        theirs = {config_hash(recording.header.config) for recording in recordings if recording.header.config}
        about = {
            "software": f"lanewatch {version('lanewatch')}",
            "sources": [Path(source).name for source in sources],
            "time_known": all(item.time_known for item in inputs),
        }
        _run(inputs, config, about, out=out, record=record, keep_config=bool(theirs - {config_hash(config)}))


def _gate(gate: Path | None, recordings: Sequence[Recording]) -> GateConfig:
    named = gate_path(gate)
    own = None if gate is not None else gate_of_recordings(recordings)
    if own is None and named is None and recordings:
        raise ConfigError(f"recording {recordings[0].path} carries no gate; give its gate file with --gate")
    return own or (single_gate() if named is None else checked_gate(named))


def _run(
    inputs: Sequence[ReplayInput],
    config: GateConfig,
    about: dict[str, Any],
    *,
    out: Path,
    record: Path | None,
    keep_config: bool,
) -> None:
    from vision.replay.replay import merged, replay

    cameras = {camera: size for item in inputs for camera, size in item.cameras.items()}
    with ExitStack() as stack:
        version = max(item.version for item in inputs)
        recorder = None if record is None else stack.enter_context(RecordingWriter(record, config, cameras, version))
        on_event = stack.enter_context(progress_bar("replay", lambda: sum(item.fraction() for item in inputs) / len(inputs)))
        events = merged([item.events for item in inputs])
        summary = replay(events, config, out, recorder=recorder, keep_config=keep_config, about=about, on_event=on_event)
    lanes = summary["lanes"].values()
    visits = sum(sum(lane["visits"].values()) for lane in lanes)
    sys.stdout.write(f"{visits} visits in {summary['duration_s'] or 0:.0f} s on {len(lanes)} lanes; results are in {out}\n")
