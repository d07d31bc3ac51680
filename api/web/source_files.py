"""Which files are the source code: what git tracks, or what a manifest made of that says. Blocking; only the standard library.

A file that nobody put under version control is nobody's to give away: a camera password, a gate file of one's own. So a tree
whose tracked files are not known offers none. And whatever is tracked, a file that holds credentials stays here.
"""

from __future__ import annotations

import os
import re
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Final

from vision.redaction import redact_url

__all__ = ["MANIFEST", "holds_credentials", "named_for_credentials", "tracked_files"]

MANIFEST: Final = "source-manifest.txt"
_OURS: Final = "api/web/source_files.py"
_GIT_S: Final = 20.0
_SECRET_NAMES: Final = (
    *("*.env", ".env*", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.kdbx", "id_rsa*", "id_ecdsa*", "id_ed25519*"),
    *(".netrc", ".pgpass", ".htpasswd", "secrets.*", "credentials*"),
)
_SETTINGS: Final = (".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".json", ".npmrc")
_COMMENT: Final = re.compile(r"^\s*#.*$", re.MULTILINE)
_KEY: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_NPM_LOGIN: Final = re.compile(r"_(?:authToken|auth|password)\s*=")


def tracked_files(root: Path) -> list[str] | None:
    """The tracked files below a tree's root, as paths with slashes, in order; None where nothing knows them.

    git is asked first; where it or its folder is not there, source-manifest.txt is read, which an archive brings along.
    """
    for found in (_of_git(root), _of_manifest(root)):
        if _OURS in found:
            return sorted(found - {MANIFEST})
    return None


def named_for_credentials(name: str) -> bool:
    """Whether a file of that name is kept back without a look into it."""
    last = PurePosixPath(name).name.lower()
    return any(fnmatchcase(last, pattern) for pattern in _SECRET_NAMES)


def holds_credentials(name: str, content: bytes) -> bool:
    """Whether a file is kept back: by its name, for a private key, for a password in a file of settings."""
    if named_for_credentials(name):
        return True
    text = content.decode("utf-8", errors="replace")
    if _KEY.search(text):
        return True
    if not name.lower().endswith(_SETTINGS):
        return False
    told = _COMMENT.sub("", text)
    return redact_url(told) != told or _NPM_LOGIN.search(told) is not None


def _of_git(root: Path) -> set[str]:
    """What git tracks below the root, in submodules too; empty where it does not know."""
    trusted = ("-c", f"safe.directory={root}", "-c", "core.fsmonitor=false")  # whose ever the tree is: its code runs here
    command = ["git", *trusted, "ls-files", "-z", "--cached", "--recurse-submodules"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, timeout=_GIT_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return set()
    return set() if done.returncode else {os.fsdecode(name) for name in done.stdout.split(b"\0") if name}


def _of_manifest(root: Path) -> set[str]:
    try:
        return set((root / MANIFEST).read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        return set()
