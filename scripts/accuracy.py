"""`make accuracy`: replays the oracle's recordings and scores the figures against the simulated truth.

The oracle (../shared/oracle, or LANEWATCH_SHARED/oracle) holds recordings of simulated traffic, its truth and score.py, which
shares no code with LaneWatch. `python scripts/accuracy.py [RECORDING...]` takes recordings such as
`short_jam/mast8_typical`, by default those of the mast8 camera in the short scenes and main_a typical; `--all` takes all.
Prints one row of a Markdown table for each.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["main"]

ROOT: Final = Path(__file__).resolve().parent.parent
ORACLE: Final = Path(os.environ.get("LANEWATCH_SHARED", ROOT.parent / "shared")) / "oracle"
USUAL: Final = ("short_*/mast8_*", "main_a/mast8_typical")


def main(arguments: list[str]) -> int:
    """Replays and scores. Returns 2 where the oracle or a recording is not there, 1 where a replay or score failed."""
    parser = argparse.ArgumentParser(prog="make accuracy", description=__doc__)
    parser.add_argument("recordings", nargs="*", metavar="SCENE/CAMERA_LEVEL")
    parser.add_argument("--all", action="store_true", help="every recording of the oracle; takes long")
    given = parser.parse_args(arguments)
    wanted = ["*/*"] if given.all else given.recordings or list(USUAL)
    found = list(dict.fromkeys(path for name in wanted for path in _recordings(name)))
    if not found:
        print(f"accuracy: no recording {' '.join(wanted)} in {ORACLE}; set LANEWATCH_SHARED", file=sys.stderr)
        return 2
    header = _score("--header").stdout.splitlines()
    print("\n".join([f"| recording {header[0]}", *(f"|---{line}" for line in header[1:2])]))
    return 1 if [path for path in found if not _scored(path)] else 0


def _recordings(name: str) -> Iterator[Path]:
    scene, _, rest = name.partition("/")
    yield from sorted(ORACLE.glob(f"scenes/{scene}/recording_{rest}.jsonl.gz"))


def _scored(recording: Path) -> bool:
    camera = recording.name.removeprefix("recording_").rpartition("_")[0]
    with tempfile.TemporaryDirectory(prefix="lanewatch-accuracy-") as folder:
        gate = str(ORACLE / "gates" / f"{camera}.yaml")
        command = [sys.executable, "-m", "api.cli", "replay", str(recording), "--gate", gate, "--out", folder]
        replayed = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        score = _score(folder, str(recording.parent), "--table")
    if replayed.returncode != 0 or score.returncode != 0:
        print(f"accuracy: {recording.parent.name}/{recording.name}: {score.stderr.strip()}", file=sys.stderr)
        return False
    print(f"| {recording.name.removeprefix('recording_').removesuffix('.jsonl.gz')} {score.stdout.strip()}", flush=True)
    return True


def _score(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ORACLE / "score.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
