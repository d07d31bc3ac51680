"""What a measured process cost: run alone in a process of its own, its figures read from what it prints. Linux.

The parent stays small on purpose: a child's peak memory starts at its parent's size.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ContenderError", "Cost", "quietest", "run_contender"]

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".make" / "peers"
LIMIT_S = 420


class ContenderError(RuntimeError):
    """A measured process that ended badly; the text is the end of what it wrote to stderr."""


@dataclass(frozen=True)
class Cost:
    """What one run of one contender cost; cpu_ms and wall_ms are per analysed frame, start-up left out."""

    contender: str
    frames: int
    analysed: int
    cpu_ms: float
    wall_ms: float
    peak_mb: float
    found: int


def run_contender(name: str, *arguments: str) -> Cost:
    """Runs `tests.benchmarks.contenders NAME` by itself. Raises ContenderError."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(PEERS)]), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "tests.benchmarks.contenders", name, *arguments]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    if ended.returncode != 0:
        raise ContenderError(f"{name}: " + " | ".join(ended.stderr.strip().splitlines()[-3:]))
    data: dict[str, Any] = json.loads(ended.stdout.strip().splitlines()[-1])
    return Cost(contender=name, **data)


def quietest(costs: Sequence[Cost]) -> Cost:
    """The run with the least CPU time: what the others have more is the machine's noise. Memory: the median."""
    best = min(costs, key=lambda cost: cost.cpu_ms)
    return Cost(**{**vars(best), "peak_mb": statistics.median(cost.peak_mb for cost in costs)})
