"""The images' own steps, executed in a plain environment: no Docker engine is needed, only pip.

The install step is docker/install.sh, which the Dockerfiles run; what is started is their CMD and their HEALTHCHECK, with
their ENV. Where CI is set everything is installed as in the image; elsewhere only LaneWatch itself, without its sources,
and its dependencies are those of the environment that runs the test.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tarfile
import time
from pathlib import Path

import pytest
import yaml

from api.web.source_files import tracked_files
from tests.support.dockerfile import context_files, copy_context, stages
from tests.support.embedded_bus import embedded_bus

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
IMAGES = ("api", "worker-cpu", "worker-gpu")
INSTALLED = "/opt/lanewatch"
HEALTHY_WITHIN_S = 60.0
TRACKED = {name for name in tracked_files(ROOT) or () if (ROOT / name).is_file()}


def tool(name):
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        pytest.skip(f"{name} is not installed; it is in the extra lanewatch[dev]")
    return str(path)


def test_dockerfiles_pass_hadolint():
    done = subprocess.run([tool("hadolint"), *sorted(DOCKER.glob("*.Dockerfile"))], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_compose_file_passes_compose_lint():
    command = [tool("compose-lint"), "--fail-on", "high", str(DOCKER / "compose.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_compose_builds_the_images_that_are_there():
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
    built = {service["build"]["dockerfile"] for service in compose["services"].values() if "build" in service}
    assert built == {f"docker/{image}.Dockerfile" for image in IMAGES}
    assert compose["services"]["worker-gpu"]["profiles"] == ["gpu"]


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_has_stages_a_user_and_a_healthcheck(image):
    found = stages(DOCKER / f"{image}.Dockerfile")
    assert len(found) >= 2
    final = found[-1]
    assert final.all("USER") == ["10001:10001"]
    assert final.health_command
    assert final.command[0] == "lanewatch"
    assert not any("pip install" in run for run in final.all("RUN"))


def test_the_page_is_built_as_set_up_builds_it():
    page = stages(DOCKER / "api.Dockerfile")[0]
    assert page.all("RUN") == ["npm ci --no-audit --no-fund", "npm run build"]


@pytest.fixture(scope="module")
def cloned(tmp_path_factory):
    """A checkout of what is tracked here, with secrets beside it."""
    tree = tmp_path_factory.mktemp("tree")
    for name in TRACKED:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    subprocess.run(["git", "init", "--quiet"], cwd=tree, check=True)
    subprocess.run(["git", "add", "--all"], cwd=tree, check=True)
    for secret in ("docker/cameras.env", "config/own.yaml", "config/local.yaml", ".env", "secret.txt"):
        (tree / secret).write_text("hunter2")
    return tree


def archived(tree, folder):
    """The names in the archive that the api image's source stage makes of a tree."""
    source = next(stage for stage in stages(DOCKER / "api.Dockerfile") if stage.name == "source")
    folder.mkdir()
    copy_context(source, tree, folder)
    made = folder.parent / f"{folder.name}.tar.gz"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    step = source.all("RUN")[-1].replace(" /source.tar.gz", f" {made}")
    subprocess.run(step, shell=True, cwd=folder, env={"PATH": path, "HOME": str(folder)}, check=True)
    with tarfile.open(made) as archive:
        archive.extractall(folder.parent / f"{folder.name}-unpacked", filter="data")
        return {name.removeprefix("lanewatch/") for name in archive.getnames()}


def test_the_build_context_holds_the_tracked_tree_and_no_secret(cloned):
    context = set(context_files(cloned))
    assert context >= TRACKED
    assert context - TRACKED == {"config/own.yaml", ".git/index"}


def test_the_images_source_archive_is_the_tracked_tree_and_can_be_built_again(cloned, tmp_path):
    assert archived(cloned, tmp_path / "first") == TRACKED | {"source-manifest.txt"}
    assert archived(tmp_path / "first-unpacked/lanewatch", tmp_path / "second") == TRACKED | {"source-manifest.txt"}
    copied = "--from=source /source.tar.gz /opt/lanewatch/share/lanewatch/source.tar.gz"
    assert copied in stages(DOCKER / "api.Dockerfile")[-1].all("COPY")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What the api image's build stage makes, at another place."""
    build = stages(DOCKER / "api.Dockerfile")[1]
    for image in ("worker-cpu", "worker-gpu"):
        assert stages(DOCKER / f"{image}.Dockerfile")[0].all("RUN")[-1].startswith("sh docker/install.sh /opt/lanewatch ")
    folder = tmp_path_factory.mktemp("image")
    source, target = folder / "src", folder / "opt"
    copy_context(build, ROOT, source)
    (step,) = build.all("RUN")
    command = step.replace(INSTALLED, str(target))
    whole = bool(os.environ.get("CI"))
    env = {**os.environ, "PIP_NO_COMPILE": "false"} | ({} if whole else {"PIP_NO_DEPS": "1"})  # sic: it means --no-compile
    done = subprocess.run(command, shell=True, cwd=source, env=env, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr[-2000:]
    if not whole:
        (site,) = target.glob("lib/python3*/site-packages")
        (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    shutil.copy(DOCKER / "worker_health.py", target)
    yield target
    shutil.rmtree(folder)


def environment(image, installed, folder, **more):
    """The image's ENV with its places moved to here, and nothing of ours."""
    final = stages(DOCKER / f"{image}.Dockerfile")[-1]
    page = folder / "page"
    page.mkdir(exist_ok=True)
    (page / "index.html").write_text("<!doctype html><title>page</title>")
    moved = {
        INSTALLED + "/dashboard": str(page),
        INSTALLED: str(installed),
        "/etc/lanewatch": str(ROOT / "config"),
        "/var/lib/lanewatch": str(folder),
        "$PATH": os.environ["PATH"],
    }
    values = final.environment
    for here, there in moved.items():
        values = {name: value.replace(here, there) for name, value in values.items()}
    return {"HOME": str(folder), **values, **more}


def healthy(image, installed, folder, env, process):
    command = [part.replace(INSTALLED, str(installed)) for part in stages(DOCKER / f"{image}.Dockerfile")[-1].health_command]
    deadline = time.monotonic() + HEALTHY_WITHIN_S
    while True:
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert process.poll() is None, "it ended: " + (folder / f"{image}.log").read_text()[-2000:]
        if done.returncode == 0:
            return
        assert time.monotonic() < deadline, done.stdout + done.stderr + (folder / f"{image}.log").read_text()[-2000:]
        time.sleep(0.2)


def started(image, folder, env):
    with (folder / f"{image}.log").open("wb") as log:
        command = stages(DOCKER / f"{image}.Dockerfile")[-1].command
        return subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def ended(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=20)


@pytest.mark.timeout(600)
def test_the_images_start_and_become_healthy(installed, tmp_path):
    port = free_port()
    with embedded_bus(tmp_path / "bus") as url:
        more = {"REDIS_URL": url, "LANEWATCH_API_TOKEN": "a-token-of-this-test"}
        for image in ("worker-cpu", "api"):
            folder = tmp_path / image
            folder.mkdir()
            env = environment(image, installed, folder, **more) | {
                "LANEWATCH_PORT": str(port),
                "LANEWATCH_HOST": "127.0.0.1",
            }
            process = started(image, folder, env)
            try:
                healthy(image, installed, folder, env, process)
            finally:
                code = ended(process)
            assert code in {0, -signal.SIGTERM}, (folder / f"{image}.log").read_text()[-2000:]
