"""A Dockerfile read well enough to do in a plain environment what it does in an image."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Stage", "copy_context", "ignored", "stages"]


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
    for rest in stage.all("COPY"):
        if rest.startswith("--from"):
            continue
        *sources, target = rest.split()
        place = folder / target.removeprefix("./")
        for source in sources:
            assert not ignored(root, source), f".dockerignore keeps {source} out of the build"
            origin = root / source
            if origin.is_dir():
                shutil.copytree(origin, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy(origin, place)


def ignored(root: Path, source: str) -> bool:
    """Whether .dockerignore, which begins by ignoring everything, leaves the file or folder out."""
    admitted = [line[1:] for line in (root / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    return source.split("/", maxsplit=1)[0] not in admitted
