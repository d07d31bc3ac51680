"""What the bench has to show: the bounds, and whether measured figures keep them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks.measured import Cost

__all__ = ["Verdict", "live_verdicts", "path_verdicts"]

CPU_OF_BETTER_PEER = 0.65
MEMORY_OF_PEER = 0.25
CPU_OF_FLOORS = 1.25
FIVE_CAMERAS_MB = 300.0
FIVE_CAMERAS_FPS = 0.95 * 25  # five cameras, five frames a second each, one in twenty lost at most
FRAME_AGE_P95_MS = 500.0
TICK_TO_CLIENT_P95_MS = 800.0


@dataclass(frozen=True)
class Verdict:
    """One bound: the figure, the most (or the least) that it may be, and in words what it is."""

    what: str
    figure: float
    bound: float
    unit: str
    at_least: bool = False

    @property
    def holds(self) -> bool:
        return self.figure >= self.bound if self.at_least else self.figure <= self.bound

    def __str__(self) -> str:
        word = "pass" if self.holds else "FAIL"
        return (
            f"{word}  {self.what}: {self.figure:.1f} {self.unit} (at {'least' if self.at_least else 'most'} {self.bound:.1f})"
        )


def path_verdicts(costs: Mapping[str, Cost]) -> list[Verdict]:
    """The bounds on the worker's path, of which the peers' and the floors' figures are part."""
    worker = costs["worker"]
    peers = [costs["track-pt"], costs["track-openvino"]]
    cpu = min(peer.cpu_ms for peer in peers)
    memory = min(peer.peak_mb for peer in peers)
    floors = costs["decode"].cpu_ms + costs["detect"].cpu_ms
    return [
        Verdict(f"CPU, {CPU_OF_BETTER_PEER} x the better peer", worker.cpu_ms, CPU_OF_BETTER_PEER * cpu, "ms"),
        Verdict(f"CPU, {CPU_OF_FLOORS} x (decode + detect)", worker.cpu_ms, CPU_OF_FLOORS * floors, "ms"),
        Verdict("memory, a quarter of the smaller peer", worker.peak_mb, MEMORY_OF_PEER * memory, "MB"),
    ]


def live_verdicts(figures: Mapping[str, float]) -> list[Verdict]:
    """The bounds on the run with five live cameras."""
    return [
        Verdict("five cameras, analysed", figures["analysed_fps"], FIVE_CAMERAS_FPS, "frames a second", at_least=True),
        Verdict("five cameras, frame age p95", figures["frame_age_p95_ms"], FRAME_AGE_P95_MS, "ms"),
        Verdict("five cameras, worker's memory", figures["worker_peak_mb"], FIVE_CAMERAS_MB, "MB"),
        Verdict("tick to WebSocket client p95", figures["tick_to_client_p95_ms"], TICK_TO_CLIENT_P95_MS, "ms"),
    ]
