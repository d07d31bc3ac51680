"""Dead code finds itself: `make check` fails for a name that only `__all__` or a test knows."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
OFFERED = """
__all__ = ["offered"]

def offered():
    return used()

def used():
    return 1
"""


def found_in(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.dead_code", str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_name_that_only_all_offers_is_found(tmp_path: Path) -> None:
    (tmp_path / "offered.py").write_text(OFFERED)
    found = found_in(tmp_path)
    assert found.returncode == 1
    assert "unused function 'offered'" in found.stdout
    assert "'used'" not in found.stdout


def test_what_frameworks_call_by_name_is_none(tmp_path: Path) -> None:
    (tmp_path / "routes.py").write_text('@router.get("/lanes")\ndef lanes():\n    return []\n')
    assert found_in(tmp_path).returncode == 0
