"""A Dockerfile read well enough to do in a plain environment what it does in an image."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

__all__ = ["Stage", "context_files", "copy_context", "stages"]


@dataclass
class Stage:
    """One stage: its base image, name and instructions in order as (keyword, rest)."""

    image: str
    name: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, keyword: str) -> list[str]:
        """The rests of the instructions with that keyword."""
        return [rest for word, rest in self.instructions if word == keyword]

    @property
    def environment(self) -> dict[str, str]:
        """What ENV sets; $NAME is left as it is."""
        pairs = (pair.partition("=") for rest in self.all("ENV") for pair in shlex.split(rest))
        return {name: value for name, _, value in pairs}

    @property
    def command(self) -> list[str]:
        """CMD as a list."""
        return list(json.loads(self.all("CMD")[-1]))

    @property
    def health_command(self) -> list[str]:
        """What HEALTHCHECK runs, as a list."""
        return list(json.loads(self.all("HEALTHCHECK")[-1].partition("CMD ")[2]))


def stages(path: Path) -> list[Stage]:
    """The stages of a Dockerfile."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found: list[Stage] = []
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            image, _, name = rest.partition(" AS ")
            found.append(Stage(image, name))
        elif word:
            found[-1].instructions.append((word, rest.strip()))
    return found


def copy_context(stage: Stage, root: Path, folder: Path) -> None:
    """Does the stage's COPY from the build context into a folder; only what .dockerignore lets through exists there."""
    context = context_files(root)
    for rest in stage.all("COPY"):
        if rest.startswith("--from"):
            continue
        *sources, target = rest.split()
        place = folder / target.removeprefix("./")
        for source in sources:
            found = [name for name in context if source in (".", name) or name.startswith(source.rstrip("/") + "/")]
            assert found, f".dockerignore keeps {source} out of the build"
            for name in found:
                within = name if source == "." else Path(name).name if name == source else Path(name).relative_to(source)
                copied = place / within
                copied.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(root / name, copied)


def context_files(root: Path) -> list[str]:
    """The files of the build context: all below the root but for what .dockerignore keeps out."""
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    found: list[str] = []
    for folder, folders, files in os.walk(root):
        place = Path(folder).relative_to(root)
        folders[:] = [name for name in folders if _may_hold(rules, (place / name).as_posix())]
        found.extend(name for name in ((place / file).as_posix() for file in files) if _is_admitted(rules, name))
    return sorted(found)


def _is_admitted(rules: list[str], name: str) -> bool:
    """Docker's rule: the last pattern that fits the path or a folder above it decides."""
    admitted = True
    for rule in rules:
        if _pattern(rule.removeprefix("!")).fullmatch(name):
            admitted = rule.startswith("!")
    return admitted


def _may_hold(rules: list[str], folder: str) -> bool:
    return _is_admitted(rules, folder) or any(rule.startswith(f"!{folder}/") for rule in rules)


@cache
def _pattern(rule: str) -> re.Pattern[str]:
    """A pattern of .dockerignore for a path or what lies below it: `*` and `?` stop at a slash, `**` does not."""
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", rule.strip("/"))
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts) + "(?:/.*)?", re.DOTALL)
