"""The scenes whose pictures are measured, what is to be reached in each, and how one is played. A shell."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vision.simulation.files import Order, simulate

__all__ = ["SCENES", "PlayError", "Targets", "VideoScene", "made", "played"]


class PlayError(Exception):
    """A replay that failed; the text is what it said last."""


@dataclass(frozen=True, slots=True)
class Targets:
    """The most that figures may be off on the whole path, and the least share of visits that must be right."""

    queue_vehicles: float = 0.4
    queue_m: float = 6.0
    visits: float | None = 0.90
    dwell_s: float = 8.0


@dataclass(frozen=True, slots=True)
class VideoScene:
    """A scene by name; its seed is far from all that the demo model was trained or validated with."""

    name: str
    what: str
    layout: str
    scenario: str
    weather: str
    seed: int
    targets: Targets = Targets()

    def order(self, out: Path, minutes: float) -> Order:
        """What to simulate."""
        return Order(out, self.seed, minutes, self.layout, self.scenario, self.weather)


SCENES: Final = (
    VideoScene("day", "rush by day", "two-masts", "rush", "day", 9001),
    VideoScene("night-rain", "rush by night in rain", "two-masts", "rush", "night-rain", 9002, Targets(0.8, visits=None)),
    VideoScene("jam", "jam under clouds", "two-masts", "jam", "overcast", 9003),
    VideoScene("upstream", "rush by day, cameras on the approach", "upstream", "rush", "day", 9004),
)


def made(scene: VideoScene, folder: Path, minutes: float) -> Path:
    """The scene's files, made now unless they lie there, of the same order, from an earlier time."""
    out = folder / scene.name
    order = scene.order(out, minutes)
    wanted = {"layout": order.layout, "scenario": order.scenario, "weather": order.weather, "seed": order.seed}
    try:
        told = json.loads((out / "scene.json").read_text(encoding="utf-8"))
        if {**wanted, "duration_s": int(minutes * 60)}.items() <= told.items() and list(out.glob("*.mp4")):
            return out
    except (OSError, ValueError):
        pass
    return simulate(order)


def played(scene: Path, out: Path, weights: str | None) -> Path:
    """Replays a scene's videos with a detector, or with None its recording of exact boxes; the folder of results.

    Raises PlayError.
    """
    start_t = json.loads((scene / "scene.json").read_text(encoding="utf-8"))["start_t"]
    if weights is None:
        command = [str(scene / "recording.jsonl.gz")]
    else:
        videos = [f"{video.stem}={video}" for video in sorted(scene.glob("*.mp4"))]
        command = [*videos, "--weights", weights, "--start", str(start_t), "--threads", "1"]
    _call([*command, "--gate", str(scene / "gate.yaml"), "--out", str(out)])
    return out


def _call(arguments: Sequence[str]) -> None:
    command = [sys.executable, "-m", "api.cli", "replay", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PlayError((done.stderr.strip().splitlines() or ["the replay ended without a word"])[-1])
