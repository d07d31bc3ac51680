"""Set-up: idempotent, quick the second time, and a sentence where something is missing."""

import importlib.util
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TARGETS = [
    "help",
    "run",
    "setup",
    "test",
    "fuzz",
    "check",
    "bench",
    "accuracy",
    "accuracy-video",
    "demo-model",
    "schema",
    "docs",
    "lock",
    "clean",
]


@pytest.fixture(scope="module")
def setup():
    spec = importlib.util.spec_from_file_location("lanewatch_setup", ROOT / "scripts" / "setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path):
    """A small project with the real Makefile and set-up script, in a folder whose name has a space."""
    tree = tmp_path / "a tree"
    shutil.copytree(ROOT / "scripts", tree / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Makefile", tree)
    (tree / "requirements").mkdir()
    for name in ("base", "dev", "ml"):
        (tree / "requirements" / f"{name}.txt").write_text("")
    (tree / "pyproject.toml").write_text('[project]\nname = "small"\nversion = "1"\n[tool.setuptools]\npy-modules = []\n')
    return tree


def run(tree, *command, **environment):
    """Runs a command as from a shell: without what a make that runs these tests would hand down to another make."""
    clean = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
    return subprocess.run(
        command, cwd=tree, env={**clean, **environment}, capture_output=True, text=True, check=False, timeout=110
    )


def children_cpu_s():
    """Processor time of the commands that have ended: what a busy machine does not change."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_lists_every_target():
    shown = run(ROOT, "make", "help").stdout
    assert [line.split()[0] for line in shown.splitlines()[1:]] == TARGETS
    assert run(ROOT, "make").stdout == shown


def test_values_reach_the_program_as_they_were_written(tree):
    program = tree / ".venv" / "bin" / "lanewatch"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    program.chmod(0o755)
    source, gate = "rtsp://u:p$ss'w@host/a b", 'my "gate".yaml'
    done = run(tree, "make", "--silent", "run", "PYTHON=true", f"SOURCE={source}", f"GATE={gate}", "PORT=0", "DATA=a b")
    assert json.loads(done.stdout) == ["run", "--source", source, "--gate", gate, "--port", "0", "--data", "a b"], done.stderr


def test_set_up_is_done_once_and_again_only_after_a_change(tree):
    first = run(tree, sys.executable, "scripts/setup.py", "base")
    assert first.returncode == 0, first.stderr
    assert "making the virtual environment" in first.stdout
    assert (tree / ".venv" / "bin" / "python").exists()

    before = children_cpu_s()
    second = run(tree, sys.executable, "scripts/setup.py", "base")
    assert (second.returncode, second.stdout) == (0, "")
    assert children_cpu_s() - before < 3

    (tree / "requirements" / "base.txt").write_text("# changed\n")
    third = run(tree, sys.executable, "scripts/setup.py", "base")
    assert "installing" in third.stdout


def test_the_larger_lock_files_contain_the_smaller():
    pins = {name: lock(name) for name in ("base", "dev", "ml")}
    for smaller, larger in (("base", "dev"), ("dev", "ml")):
        assert pins[smaller].items() <= pins[larger].items()


def lock(name):
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_lock_files_name_no_place():
    for path in (ROOT / "requirements").iterdir():
        assert "://" not in path.read_text(), path


@pytest.mark.parametrize("version", ["v20.19.0", "v20.20.2", "v22.12.0", "v23.0.0", "v24.19.0"])
def test_a_node_that_can_build_the_page(setup, version):
    assert setup._good_node(version)


@pytest.mark.parametrize("version", ["v18.20.4", "v20.18.9", "v21.7.3", "v22.11.0", "", "nonsense"])
def test_a_node_that_cannot_build_the_page(setup, version):
    assert not setup._good_node(version)


def test_a_missing_venv_module_is_a_sentence(tree, tmp_path):
    (tmp_path / "ensurepip.py").write_text("raise ImportError('taken out')")
    (tmp_path / "bin").mkdir()
    done = run(tree, sys.executable, "scripts/setup.py", "base", PYTHONPATH=str(tmp_path), PATH=str(tmp_path / "bin"))
    assert done.returncode == 2
    assert "apt-get install python3" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_python_is_a_sentence(tree):
    code = (
        "import sys; sys.version_info = (3, 9, 0); sys.path.insert(0, 'scripts'); import setup; sys.exit(setup.main(['base']))"
    )
    done = run(tree, sys.executable, "-c", code)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "3.11" in done.stderr


def test_a_missing_python_is_a_sentence(tree):
    done = run(tree, "make", "run", "PYTHON=python9")
    assert done.returncode == 2
    assert "no python9 here" in done.stderr


def test_an_unknown_step_is_a_sentence(setup, capsys):
    assert setup.main(["nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_too_little_disk_is_told_before_anything_is_installed(setup, tree, monkeypatch, capsys):
    monkeypatch.setattr(setup, "ROOT", tree)
    monkeypatch.setattr(setup, "VENV", Path(sys.prefix))
    monkeypatch.setattr(setup, "PYTHON", sys.executable)
    monkeypatch.setattr(setup, "_stamps", lambda stamp: {})
    monkeypatch.setattr(setup, "ML_GB", 10**9)
    assert setup.main(["ml"]) == 2
    assert "disk" in capsys.readouterr().err


@pytest.mark.parametrize("there", [True, False])
def test_postgresql_is_brought_where_it_is_missing(setup, tmp_path, monkeypatch, capsys, there):
    asked = []
    monkeypatch.setattr(setup, "_apt", asked.append)
    monkeypatch.setattr(setup, "POSTGRESQL", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    if there:
        (tmp_path / "17" / "bin").mkdir(parents=True)
        for name in ("initdb", "postgres"):
            (tmp_path / "17" / "bin" / name).touch(mode=0o755)
    assert setup.main(["postgresql"]) == 0
    assert asked == ([] if there else [["postgresql"]])
    assert ("apt-get install postgresql" in capsys.readouterr().out) == (not there)
