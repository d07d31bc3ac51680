"""The source code of what runs here, as the AGPL asks of a service on a network: one archive, made once from the tree.

From a checkout it is the whole tree; from an installed package it is the packages themselves. Secrets and data are not in
it: only named parts are taken, and of them no hidden file, no weights and nothing that set-up or a build made.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["source_archive", "source_files"]

_TREE_ROOT: Final = Path(__file__).resolve().parents[2]
_PACKAGES: Final = ("api", "vision")
_TREE: Final = (
    *("LICENSE", "README.md", "CHANGELOG.md", "Makefile", "pyproject.toml"),
    *("config", "dashboard", "docker", "docs", "requirements", "scripts", "tests", "weights"),
)
_MADE: Final = frozenset({"node_modules", "dist", "__pycache__"})
_LARGEST_BYTES: Final = 1_000_000


@cache
def source_archive(root: Path = _TREE_ROOT) -> bytes:
    """The archive, .tar.gz, everything under `lanewatch/`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for file in source_files(root):
            archive.add(file, f"lanewatch/{file.relative_to(root)}", recursive=False, filter=_nobody)
    return buffer.getvalue()


def source_files(root: Path) -> Iterator[Path]:
    """The files that belong to it, in order."""
    is_tree = (root / "pyproject.toml").is_file() and (root / "Makefile").is_file()
    for part in sorted({*_PACKAGES, *(_TREE if is_tree else ())}):
        yield from _files(root / part)


def _files(place: Path) -> Iterator[Path]:
    if place.is_symlink() or (place.name.startswith(".") and place.name != ".npmrc"):
        return
    if place.is_dir() and place.name not in _MADE:
        for child in sorted(place.iterdir()):
            yield from _files(child)
    elif place.is_file() and place.stat().st_size <= _LARGEST_BYTES:
        yield place


def _nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """The entry without the owner's name."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
