"""The source code is offered to whoever uses the service: what git tracks, complete, and no secret."""

import asyncio
import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from api.web import source_archive as module
from api.web.source_archive import SourceArchive, source_archive
from api.web.source_files import MANIFEST, holds_credentials, tracked_files
from tests.support.api import Api, running_api, settings_for
from tests.support.messages import alert_gate
from tests.support.redis import Valkey

ROOT = Path(__file__).parents[3]
PASSWORD = "rtsp://admin:hunter2@10.0.0.9/stream"


def git(tree: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", *identity, *arguments], cwd=tree, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of what is in this tree."""
    tree = tmp_path_factory.mktemp("source") / "tree"
    for name in tracked_files(ROOT) or ():
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    git(tree, "init", "--quiet")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message", "all")
    return tree


@pytest.fixture
def tree(committed: Path, tmp_path: Path) -> Path:
    """A checkout to be changed, with secrets beside what is tracked."""
    tree = tmp_path / "tree"
    shutil.copytree(committed, tree, symlinks=True)
    for secret in ("docker/cameras.env", "config/private-gate.yaml", ".env", "api/notes.txt"):
        (tree / secret).write_text(f"LANEWATCH_CAMERA_EXPORT_URL={PASSWORD}\n")
    return tree


def unpacked(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        assert {(entry.uid, entry.uname) for entry in opened} == {(0, "")}
        files = {entry.name.removeprefix("lanewatch/"): opened.extractfile(entry) for entry in opened if entry.isfile()}
        return {name: file.read() for name, file in files.items() if file}


def links(archive: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        return {entry.name.removeprefix("lanewatch/"): entry.linkname for entry in opened if entry.issym()}


def given(tree: Path) -> bytes:
    """What a service of that tree answers with."""
    return asyncio.run(SourceArchive(tree, tree / "none").get())


@pytest.fixture
def secret_beside() -> Iterator[str]:
    """A file beside the running code that git does not know, as docker/compose.yaml tells people to make one."""
    place = ROOT / "docker" / f"cameras-{os.getpid()}.env"
    other = ROOT / "config" / f"own-gate-{os.getpid()}.yaml"
    secret = uuid4().hex
    place.write_text(secret)
    other.write_text(secret)
    yield secret
    place.unlink()
    other.unlink()


def test_what_a_running_service_gives_to_everyone_is_the_tracked_tree(bus: Valkey, tmp_path: Path, secret_beside: str) -> None:
    with running_api(settings_for(alert_gate(), tmp_path, bus.url)) as api:
        files = unpacked(_anyones(api))
    present = {name for name in git(ROOT, "ls-files").splitlines() if (ROOT / name).is_file()}
    assert set(files) == present | {MANIFEST}
    assert not any(secret_beside.encode() in content for content in files.values())


def _anyones(api: Api) -> bytes:
    answer = httpx.get(f"http://{api.address}/source.tar.gz", trust_env=False, timeout=30)
    assert answer.status_code == 200
    return answer.content


def test_what_nobody_tracks_stays_here(tree: Path) -> None:
    assert set(unpacked(given(tree))) == {*git(tree, "ls-files").splitlines(), MANIFEST}


def test_what_holds_credentials_stays_here_though_it_is_tracked(tree: Path) -> None:
    (tree / "config/own.yaml").write_text(f"cameras: [{{url: '{PASSWORD}'}}]\n")
    (tree / "config/key.txt").write_text("-----BEGIN RSA " + "PRIVATE KEY-----\nMII\n")
    git(tree, "add", "--force", "docker/cameras.env", "config", ".env")
    (tree / "docker/compose.yaml").write_text(f"environment: {{REDIS_URL: '{PASSWORD}'}}\n")
    files = unpacked(given(tree))
    assert {"docker/cameras.env", "config/own.yaml", "config/key.txt", ".env", "docker/compose.yaml"}.isdisjoint(files)
    assert "config/kim-thanh.yaml" in files, "a password that an example names in a comment is none"
    assert "README.md" in files


@pytest.mark.parametrize(
    ("name", "text", "held"),
    [
        ("a/prod.env", "", True),
        ("a/.env.local", "", True),
        ("a/server.pem", "", True),
        ("dashboard/.npmrc", "//registry.example/:_authToken=abc", True),
        ("dashboard/.npmrc", "fund=false", False),
        ("docs/x.md", f"say {PASSWORD}", False),
        ("config/x.yaml", f"  # {PASSWORD}\nid: x", False),
        ("config/x.yaml", f"url: {PASSWORD}", True),
    ],
)
def test_what_counts_as_credentials(name: str, text: str, held: bool) -> None:
    assert holds_credentials(name, text.encode()) is held


def test_a_file_changed_here_goes_as_it_is_here_and_one_deleted_here_does_not(tree: Path) -> None:
    archive = SourceArchive(tree, tree / "none")
    (tree / "vision/errors.py").write_text("changed = 1\n")
    (tree / "LICENSE").unlink()
    files = unpacked(asyncio.run(archive.get()))
    assert files["vision/errors.py"] == b"changed = 1\n"
    assert "LICENSE" not in files


def test_the_archive_follows_the_tree_but_is_not_made_anew_for_everyone(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked() -> list[bytes]:
        archive = SourceArchive(tree, tree / "none")
        found = [await archive.get()]
        (tree / "new.py").write_text("")
        git(tree, "add", "new.py")
        found.append(await archive.get())
        monkeypatch.setattr(module, "TREE_LOOK_S", 0.0)
        found.append(await archive.get())
        found.append(await archive.get())
        return found

    first, at_once, later, again = asyncio.run(asked())
    assert at_once is first
    assert set(unpacked(later)) - set(unpacked(first)) == {"new.py"}
    assert again is later


def test_links_go_as_links_and_never_lead_out(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/a.py").write_text(PASSWORD)
    (tree / "inside.md").symlink_to("README.md")
    (tree / "docs/up.md").symlink_to("../README.md")
    (tree / "outside.md").symlink_to("../secret/a.py")
    (tree / "absolute.md").symlink_to("/etc/hostname")
    (tree / "moved").mkdir()
    (tree / "moved/a.py").write_text("")
    git(tree, "add", "inside.md", "docs/up.md", "outside.md", "absolute.md", "moved/a.py")
    shutil.rmtree(tree / "moved")
    (tree / "moved").symlink_to(tmp_path / "secret")
    archive = given(tree)
    assert links(archive) == {"inside.md": "README.md", "docs/up.md": "../README.md"}
    assert "moved/a.py" not in unpacked(archive)


def test_a_submodules_tracked_files_belong_to_it(tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    (other / "part.py").write_text("part = 1\n")
    git(other, "add", "part.py")
    git(other, "commit", "--quiet", "--message", "part")
    git(tree, "submodule", "--quiet", "add", str(other), "parts")
    (tree / "parts/untracked.txt").write_text(PASSWORD)
    names = set(unpacked(given(tree)))
    assert "parts/part.py" in names
    assert "parts/untracked.txt" not in names


def test_an_archive_unpacked_gives_itself_again(tree: Path, tmp_path: Path) -> None:
    archive = given(tree)
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        opened.extractall(tmp_path, filter="data")
    (tmp_path / "lanewatch/docker/cameras.env").write_text(PASSWORD)
    (tmp_path / "lanewatch/own.py").write_text(PASSWORD)
    assert unpacked(given(tmp_path / "lanewatch")) == unpacked(archive)


def test_a_manifest_names_nothing_outside_the_tree(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(PASSWORD)
    names = ["LICENSE", "../secret.txt", str(tmp_path / "secret.txt"), "docs"]
    assert set(unpacked(source_archive(tree, names))) == {"LICENSE", MANIFEST}


def test_other_repositories_round_the_process_do_not_matter(
    tree: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert len(tracked_files(tree) or ()) > 400


@pytest.mark.parametrize("built", [True, False])
def test_an_installed_package_gives_what_its_image_was_built_with_or_its_own_folders(tmp_path: Path, built: bool) -> None:
    for file in ("api/app.py", "api/.env", "api/__pycache__/x.pyc", "vision/core/lane.py", "tests/other.py", "vision/big.bin"):
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * (2_000_000 if file.endswith(".bin") else 1))
    if built:
        (tmp_path / "source.tar.gz").write_bytes(b"the image's")
    archive = asyncio.run(SourceArchive(tmp_path, tmp_path / "source.tar.gz").get())
    if built:
        assert archive == b"the image's"
    else:
        assert set(unpacked(archive)) == {"api/app.py", "vision/core/lane.py", MANIFEST}


@pytest.mark.parametrize("case", ["nothing known", "something missing", "usage"])
def test_an_image_is_not_built_with_less_than_the_source(tree: Path, case: str) -> None:
    if case == "nothing known":
        shutil.rmtree(tree / ".git")
    if case == "something missing":
        (tree / "Makefile").unlink()
    target = [] if case == "usage" else ["made.tar.gz"]
    command = [sys.executable, "-m", "api.web.source_archive", *target]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert {"nothing known": "neither git", "something missing": "Makefile", "usage": "usage"}[case] in done.stderr


def test_a_manifest_takes_the_place_of_git_for_a_build(tree: Path) -> None:
    listed = tracked_files(tree)
    command = [sys.executable, "-m", "api.web.source_archive"]
    subprocess.run([*command, "--manifest"], cwd=tree, check=True)
    shutil.rmtree(tree / ".git")
    assert tracked_files(tree) == listed
    subprocess.run([*command, "made.tar.gz"], cwd=tree, check=True)
    assert set(unpacked((tree / "made.tar.gz").read_bytes())) == {*(listed or ()), MANIFEST}
