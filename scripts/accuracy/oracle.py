"""The oracle's recordings: which there are, and where their gate, their truth and the program that scores them lie."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["FULL_FPS", "ORACLE", "ROOT", "THINNED", "OracleRecording", "recordings", "thinned"]

ROOT: Final = Path(__file__).resolve().parents[2]
ORACLE: Final = Path(os.environ.get("LANEWATCH_SHARED", ROOT.parent / "shared")) / "oracle"
FULL_FPS: Final = 5.0
THINNED: Final = (("main_a/mast8_typical", 2.5), ("main_a/mast8_typical", 1.25))
"""Recordings that are also replayed with fewer analysed frames a second."""
_CAMERAS: Final = ("mast8", "canopy12", "mast8+entry8", "pole6", "entry8")
_LEVELS: Final = ("clean", "typical", "hard")


@dataclass(frozen=True, slots=True)
class OracleRecording:
    """One scene as one camera (or two) saw it at one level of noise, and how many frames a second are analysed."""

    scene: str
    camera: str
    level: str
    fps: float = FULL_FPS

    @property
    def name(self) -> str:
        """What it is called in tables and on the command line, such as main_a/mast8_typical or main_a/mast8_typical@2.5."""
        return f"{self.scene}/{self.camera}_{self.level}" + ("" if self.fps == FULL_FPS else f"@{self.fps:g}")

    @property
    def file(self) -> Path:
        """The recording."""
        return ORACLE / "scenes" / self.scene / f"recording_{self.camera}_{self.level}.jsonl.gz"

    @property
    def gate(self) -> Path:
        """Its gate file."""
        return ORACLE / "gates" / f"{self.camera}.yaml"

    @property
    def truth(self) -> Path:
        """The folder with the scene's truth."""
        return ORACLE / "scenes" / self.scene

    @classmethod
    def named(cls, name: str) -> OracleRecording:
        """The recording of that name; whether it exists is another question."""
        path, _, fps = name.partition("@")
        scene, _, rest = path.partition("/")
        camera, _, level = rest.rpartition("_")
        return cls(scene, camera, level, float(fps) if fps else FULL_FPS)


def recordings(patterns: Iterable[str] = ("*/*",)) -> list[OracleRecording]:
    """The recordings that match any of the patterns (SCENE/CAMERA_LEVEL with * and ?), the main camera first."""
    found = set()
    for pattern in patterns:
        scene, _, rest = pattern.partition("/")
        for path in ORACLE.glob(f"scenes/{scene}/recording_{rest or '*'}.jsonl.gz"):
            camera, _, level = path.name.removeprefix("recording_").removesuffix(".jsonl.gz").rpartition("_")
            found.add(OracleRecording(path.parent.name, camera, level))
    return sorted(found, key=_order)


def thinned(chosen: Iterable[OracleRecording]) -> list[OracleRecording]:
    """Those of the chosen recordings that are replayed with fewer frames, too, once for each rate."""
    names = {recording.name for recording in chosen}
    return [OracleRecording.named(f"{name}@{fps:g}") for name, fps in THINNED if name in names]


def _order(recording: OracleRecording) -> tuple[bool, str, int, int]:
    camera = _CAMERAS.index(recording.camera) if recording.camera in _CAMERAS else len(_CAMERAS)
    level = _LEVELS.index(recording.level) if recording.level in _LEVELS else len(_LEVELS)
    return recording.camera != "mast8", recording.scene, camera, level
