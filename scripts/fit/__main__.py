"""`python -m scripts.fit`: fits the filter's detection and measurement models and writes vision/core/tracking/fitted.py.

Maximum likelihood on scenes of our own, simulated with the seeds below, with exact association; never on the oracle, and with
other seeds than those that judge. Detectors of levels typical and hard count alike. Deterministic. --show writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from scripts.accuracy.held_out.scenes import HeldOut
from scripts.accuracy.held_out.simulated import FOLDER
from scripts.fit.edges import edge_errors
from scripts.fit.finding import blindness, finding, recovery_per_s, spread
from scripts.fit.samples import Samples, joined, read_arrivals, read_samples
from scripts.fit.scores import SIZES_PX, scores
from scripts.fit.written import changes, read_values, write_values

__all__ = ["FITTED_ON", "main"]

SCENES: Final = (("jam", 101), ("moderate", 102), ("light", 103))
CAMERAS: Final = {"jam": ("mast9", "pole7", "approach9"), "moderate": ("mast9",), "light": ("mast9", "pole7")}
LEVELS: Final = ("typical", "hard")
FITTED_ON: Final = tuple(
    HeldOut(scene, camera, level, seed) for scene, seed in SCENES for camera in CAMERAS[scene] for level in LEVELS
)
"""The recordings that are fitted; seeds from 101 on are never judged."""


def main(arguments: list[str]) -> int:
    """Simulates what is not there, fits, prints each number and writes."""
    parser = argparse.ArgumentParser(prog="python -m scripts.fit", description=__doc__)
    parser.add_argument("--show", action="store_true", help="only print")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where what is simulated lies")
    given = parser.parse_args(arguments)
    parts: dict[str, list[Samples]] = {level: [] for level in LEVELS}
    for held in FITTED_ON:
        parts[held.level] += read_samples(held, given.folder)
        print(f"read {held.name}", file=sys.stderr, flush=True)
    for level, some in parts.items():
        print(f"{level}: " + ", ".join(changes({}, fitted(joined(some)))))
    values = fitted(joined([one for some in parts.values() for one in some]))
    arrivals = [read_arrivals(held, given.folder) for held in FITTED_ON if held.level == LEVELS[0]]
    values["arrivals_per_s"] = sum(one.vehicles for one in arrivals) / sum(one.lane_s for one in arrivals)
    print("\n".join(changes(read_values(), values)))
    if not given.show:
        write_values(values, "from " + ", ".join(f"{scene} seed {seed}" for scene, seed in SCENES))
    return 0


def fitted(samples: Samples) -> dict[str, Any]:
    """The numbers by the names that they have in FittedNumbers."""
    edges, surface, blind, score = edge_errors(samples), finding(samples), blindness(samples), scores(samples)
    return {
        "edge_noise_share": edges.noise_share,
        "edge_noise_px": edges.noise_px,
        "edge_drift_share": edges.drift_share,
        "edge_drift_s": edges.drift_s,
        "edge_outlier_share": edges.outlier_share,
        "found_ceiling": surface.ceiling,
        "found_half_px": surface.half_px,
        "found_size_width": surface.size_width,
        "found_half_share": surface.half_share,
        "found_share_width": surface.share_width,
        "found_spread": spread(samples, surface),
        "recovery_per_s": recovery_per_s(samples, surface),
        "blind_share": blind.share,
        "blind_s": blind.run_s,
        "sizes_px": SIZES_PX,
        "vehicle_scores": score.vehicles,
        "clutter_scores": score.clutter,
        "clutter_per_frame": score.clutter_per_frame,
        "clutter_s": score.clutter_s,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
