"""The source code is offered to whoever uses the service."""

import io
import tarfile
from pathlib import Path

from api.web.source_archive import source_archive, source_files

ROOT = Path(__file__).parents[3]


def names(archive):
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        assert {(entry.uid, entry.uname) for entry in opened} == {(0, "")}
        return set(opened.getnames())


def test_the_archive_of_a_checkout_holds_all_that_is_needed_to_build_it():
    found = names(source_archive(ROOT))
    wanted = {
        "LICENSE",
        "Makefile",
        "pyproject.toml",
        "api/web/source_archive.py",
        "vision/messages.py",
        "dashboard/package-lock.json",
    }
    assert {f"lanewatch/{name}" for name in wanted} <= found
    assert "lanewatch/dashboard/src/main.tsx" in found


def test_nothing_that_was_made_and_nothing_hidden_is_in_it():
    parts = {part for name in names(source_archive(ROOT)) for part in Path(name).parts}
    assert parts.isdisjoint({"node_modules", "dist", "__pycache__", ".git", ".venv", ".env", ".lanewatch"})


def test_of_an_installed_package_only_its_own_folders_are_taken(tmp_path):
    for file in ("api/app.py", "api/.env", "vision/core/lane.py", "tests/other.py", "vision/big.bin"):
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * (2_000_000 if file.endswith(".bin") else 1))
    assert [file.relative_to(tmp_path).as_posix() for file in source_files(tmp_path)] == ["api/app.py", "vision/core/lane.py"]
