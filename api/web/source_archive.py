"""The source code of what runs here, as the AGPL asks of a service on a network: one archive, open to everyone. asyncio.

In a checkout it holds what git tracks, as it stands in the tree: a file changed here is the source of what runs here. It
follows the tree, at most TREE_LOOK_S seconds late. An image brings an archive that was made when it was built (`python -m
api.web.source_archive FILE`), an archive unpacked a manifest of itself. An installed package that has neither gives itself.
Links go as links and only where they stay inside the tree; a submodule's files go where they are checked out.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import os
import stat
import sys
import tarfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

from api.web.source_files import MANIFEST, holds_credentials, named_for_credentials, tracked_files

__all__ = ["SourceArchive", "main", "source_archive"]

TREE_LOOK_S: Final = 10.0
_TREE_ROOT: Final = Path(__file__).resolve().parents[2]
_BUILT: Final = Path(sys.prefix) / "share" / "lanewatch" / "source.tar.gz"
_PACKAGES: Final = ("api", "vision")
_LARGEST_BYTES: Final = 1_000_000

_State = tuple[tuple[str, int, int], ...]
_Entry = tuple[tarfile.TarInfo, bytes]


class SourceArchive:
    """What /source.tar.gz answers with; one archive is made at a time, and only when the tree is another."""

    def __init__(self, root: Path = _TREE_ROOT, built: Path = _BUILT) -> None:
        self._root, self._built = root, built
        self._one = asyncio.Lock()
        self._archive = b""
        self._state: _State | None = None
        self._looked = float("-inf")

    async def get(self) -> bytes:
        """The archive, .tar.gz."""
        async with self._one:
            if time.monotonic() - self._looked > TREE_LOOK_S:
                await asyncio.to_thread(self._look)
                self._looked = time.monotonic()
            return self._archive

    def _look(self) -> None:
        names = tracked_files(self._root)
        if names is None and self._built.is_file():
            self._archive = self._built.read_bytes()
            return
        names = _package_files(self._root) if names is None else names
        state = _state_of(self._root, names)
        if state != self._state:
            self._archive, self._state = source_archive(self._root, names), state


def source_archive(root: Path, names: Iterable[str]) -> bytes:
    """The archive of these files of a tree, everything under `lanewatch/`, with a manifest of what is in it."""
    return _packed(dict(_entries(root, names)))


def _packed(entries: dict[str, _Entry]) -> bytes:
    listed = "".join(f"{name}\n" for name in sorted(entries)).encode()
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for entry, content in (*entries.values(), (_named(MANIFEST), listed)):
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _entries(root: Path, names: Iterable[str]) -> Iterator[tuple[str, _Entry]]:
    """What may be given of these names; one that is gone, unreadable, a folder or somewhere else is passed over."""
    for name in names:
        if named_for_credentials(name) or "\n" in name:
            continue
        with suppress(OSError):
            entry = _entry(name, _inside(root, name))
            if entry is not None:
                yield name, entry


def _entry(name: str, place: Path | None) -> _Entry | None:
    if place is None:
        return None
    found, entry = place.lstat(), _named(name)
    entry.mtime = int(found.st_mtime)
    if stat.S_ISLNK(found.st_mode):
        entry.type, entry.linkname = tarfile.SYMTYPE, str(place.readlink())
        return (entry, b"") if _stays_inside(name, entry.linkname) else None
    if not stat.S_ISREG(found.st_mode):
        return None
    entry.mode = 0o755 if found.st_mode & stat.S_IXUSR else 0o644
    content = place.read_bytes()
    return None if holds_credentials(name, content) else (entry, content)


def _inside(root: Path, name: str) -> Path | None:
    """The place of a name below the root, where something is and no link leads to it."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        return None
    place = root
    for part in path.parts:
        if place.is_symlink() and place != root:
            return None
        place /= part
    return place if os.path.lexists(place) else None


def _stays_inside(name: str, target: str) -> bool:
    """Whether a relative link leads to a place of the tree."""
    led = os.path.normpath(PurePosixPath(name).parent / target)
    return not (PurePosixPath(target).is_absolute() or led == ".." or led.startswith("../"))


def _named(name: str) -> tarfile.TarInfo:
    """An entry that names nobody as its owner."""
    entry = tarfile.TarInfo(f"lanewatch/{name}")
    entry.mode = 0o644
    return entry


def _state_of(root: Path, names: Iterable[str]) -> _State:
    places = ((name, _inside(root, name)) for name in names)
    found = ((name, place.lstat()) for name, place in places if place is not None)
    return tuple((name, status.st_mtime_ns, status.st_size) for name, status in found)


def _package_files(root: Path) -> list[str]:
    """The files of the installed packages themselves: nothing hidden, made or large."""
    files = (file for package in _PACKAGES for file in sorted((root / package).rglob("*")))
    names = ((file, file.relative_to(root)) for file in files if file.is_file() and not file.is_symlink())
    return [
        name.as_posix()
        for file, name in names
        if not any(part.startswith(".") or part == "__pycache__" for part in name.parts)
        and file.stat().st_size <= _LARGEST_BYTES
    ]


def main(arguments: list[str]) -> int:
    """Writes the archive to the file that is named, or with --manifest the tree's manifest. For image builds.

    A build that git's index does not reach, of a worktree for example, needs the manifest beforehand.
    """
    names = tracked_files(_TREE_ROOT)
    if names is None:
        sys.stderr.write(f"the tracked files are not known: neither git nor a {MANIFEST} lists them in {_TREE_ROOT}\n")
        sys.stderr.write("run python -m api.web.source_archive --manifest where git knows them, then build again\n")
        return 2
    missing = [name for name in names if not (named_for_credentials(name) or os.path.lexists(_TREE_ROOT / name))]
    if missing:
        sys.stderr.write(
            f"{len(missing)} tracked files are not here, {missing[0]} among them: does .dockerignore admit them?\n"
        )
        return 2
    match arguments:
        case ["--manifest"]:
            (_TREE_ROOT / MANIFEST).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        case [file]:
            entries = dict(_entries(_TREE_ROOT, names))
            sys.stderr.writelines(f"left out of the source archive: {name}\n" for name in names if name not in entries)
            Path(file).write_bytes(_packed(entries))
        case _:
            sys.stderr.write("usage: python -m api.web.source_archive FILE | --manifest\n")
            return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
