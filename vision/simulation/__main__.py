"""`python -m vision.simulation`: writes a simulated scene to files; the command `lanewatch simulate` will call the same."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from vision.errors import LaneWatchError
from vision.simulation.files import Order, simulate
from vision.simulation.layouts import LAYOUTS
from vision.simulation.render.light import WEATHERS
from vision.simulation.scenarios import SCENARIOS

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Runs it; 0 done, 2 bad input."""
    parser = argparse.ArgumentParser(prog="python -m vision.simulation", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--layout", default="two-masts", help=", ".join(LAYOUTS))
    parser.add_argument("--scenario", default="rush", help=", ".join(SCENARIOS))
    parser.add_argument("--weather", default="day", help=", ".join(WEATHERS))
    parser.add_argument("--no-video", action="store_true", help="only the recording and the truth")
    given = parser.parse_args(arguments)
    try:
        order = Order(
            given.out, given.seed, given.minutes, given.layout, given.scenario, given.weather, video=not given.no_video
        )
        simulate(order, _show)
    except LaneWatchError as error:
        sys.stderr.write(f"\n{error}\n")
        return 2
    sys.stderr.write(f"\rwrote {given.out}      \n")
    return 0


def _show(share: float) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{share:4.0%} ")


if __name__ == "__main__":
    sys.exit(main())
