"""The gate that ships with the software, as `lanewatch run` starts it where no other is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vision.config import GateConfig

__all__ = ["Simulated", "simulated_gate"]


@dataclass(frozen=True, slots=True)
class Simulated:
    """The simulated gate: its configuration, the port of its cameras, and how fast its day passes."""

    config: GateConfig
    port: int
    speed: float

    @property
    def sources(self) -> dict[str, str]:
        """Each camera's stream."""
        return {camera.id: f"rtsp://127.0.0.1:{self.port}/{camera.id}" for camera in self.config.cameras}

    def arguments(self, home: Path, page: str) -> Sequence[str]:
        """Those of the command `simulate`; home: where its pipe for faults lies, page: where its lanes' statuses are set."""
        cameras = ("simulate", "--port", str(self.port), "--speed", f"{self.speed:g}", "--control", str(home / "faults"))
        return (*cameras, "--api", page)


def simulated_gate(port: int, speed: float) -> Simulated:
    """The gate of the default layout."""
    from vision.simulation.layouts import LAYOUTS

    return Simulated(LAYOUTS["two-masts"].gate(), port, speed)
