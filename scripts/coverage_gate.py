"""How much of the code the tests went through, branches included: `python -m scripts.coverage_gate` after `coverage run`.

Prints each room's share and the files with most that was missed. Exit code 1 where the core or the rest has less than it must.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from coverage import Coverage

__all__ = ["main"]

CORE: Final = "vision/core/"
CORE_AT_LEAST: Final = 97.0  # per cent of lines and branches
REST_AT_LEAST: Final = 88.0
MOST_MISSED: Final = 10

Files = dict[str, dict[str, Any]]


def main() -> int:
    """Combines what all processes measured, prints it and judges it. Returns the exit code."""
    coverage = Coverage()
    coverage.combine()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.json")
        coverage.json_report(outfile=str(path))
        files: Files = {name: file["summary"] for name, file in json.loads(path.read_text())["files"].items()}
    print_report(files)
    return judged(files)


def print_report(files: Files) -> None:
    """Prints the shares by room and the files with most lines and branches missed."""
    rooms: dict[str, Files] = defaultdict(dict)
    for name, file in files.items():
        rooms["/".join(name.split("/")[:2]) if name.count("/") > 1 else name.split("/")[0]][name] = file
    for room, within in sorted(rooms.items()):
        print(f"{share(within):6.1f} %  {room}")
    missed = sorted(files, key=lambda name: -(wanted(files[name]) - gone_through(files[name])))[:MOST_MISSED]
    print("most missed: " + ", ".join(f"{name} {share({name: files[name]}):.0f} %" for name in missed))


def judged(files: Files) -> int:
    """1 and a sentence where a share is below what it must be, else 0."""
    core = {name: file for name, file in files.items() if name.startswith(CORE)}
    code = 0
    for what, within, least in (
        ("the core", core, CORE_AT_LEAST),
        ("the rest", {name: file for name, file in files.items() if name not in core}, REST_AT_LEAST),
    ):
        found = share(within)
        print(f"coverage of {what}: {found:.2f} % of lines and branches; at least {least:g} %")
        if found < least:
            print(f"coverage: {what} has {found:.2f} %, less than {least:g} %: write tests for it", file=sys.stderr)
            code = 1
    return code


def share(files: Files) -> float:
    """Per cent of the lines and branches that were gone through; 0 for no file at all."""
    total = sum(map(wanted, files.values()))
    return 100.0 * sum(map(gone_through, files.values())) / total if total else 0.0


def wanted(file: dict[str, Any]) -> int:
    """How many lines and branches a file has."""
    return int(file["num_statements"] + file["num_branches"])


def gone_through(file: dict[str, Any]) -> int:
    """How many of them the tests went through."""
    return int(file["covered_lines"] + file["covered_branches"])


if __name__ == "__main__":
    sys.exit(main())
