"""Names of files, modules and code that a page mentions, and whether there are such. Reads sources, imports nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_TOP = "vision|api|dashboard|config|docker|docs|requirements|scripts|tests|weights"
_CODE = re.compile(r"`([^`\n]+)`")
_PLACE = re.compile(r"(\S+\.(?:py|tsx?)): ([A-Za-z_][\w.]*)")
_DOTTED = re.compile(r"(?<![\w./@-])(?:vision|api|scripts|tests)(?:\.[A-Za-z_]\w*)+")


def missing_names(page: Path) -> list[str]:
    """What a page mentions and the tree has not: `path`, `path.py: Name.attribute`, `package.module.Name`."""
    text = page.read_text(encoding="utf-8")
    spans = _CODE.findall(re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    missing = [path for path in _paths(page, text) if not any((folder / path).exists() for folder in (ROOT, page.parent))]
    for span in spans:
        for path, name in _PLACE.findall(span):
            found = [folder / path for folder in (ROOT, page.parent) if (folder / path).exists()]
            if found and not _defines(found[0], name):
                missing.append(f"{path}: {name}")
        missing += [dotted for dotted in _DOTTED.findall(span) if not _resolves(dotted)]
    return missing


def mentioned_places(page: Path) -> list[str]:
    """Each `path: Name` of a page."""
    return [": ".join(place) for span in _CODE.findall(page.read_text(encoding="utf-8")) for place in _PLACE.findall(span)]


def folders_of_tree(text: str) -> list[str]:
    """The folders that an indented listing names, two spaces a level, each as a path."""
    above: list[str] = []
    found = []
    for line in text.splitlines():
        name = re.match(r"( *)([\w-]+)/(?: |$)", line)
        if name:
            above = [*above[: len(name[1]) // 2], name[2]]
            found.append("/".join(above))
    return found


def _paths(page: Path, text: str) -> Iterator[str]:
    beside = [] if page.parent == ROOT else [re.escape(one.name) for one in page.parent.iterdir() if one.is_dir()]
    pattern = re.compile(rf"(?<![\w./:-])(?:{'|'.join([_TOP, *beside])})/[\w./-]*[\w/]")
    yield from dict.fromkeys(pattern.findall(text))


def _resolves(dotted: str) -> bool:
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if length == len(parts) and (place.is_dir() or file.exists()):
            return True
        if file.exists():
            return _defines(file, ".".join(parts[length:]))
    return False


def _defines(file: Path, name: str) -> bool:
    if file.suffix == ".py":
        return name in _names_in(file)
    word = rf"\b(?:class|const|function|interface|let|type) {re.escape(name)}\b"
    return re.search(word, file.read_text(encoding="utf-8")) is not None


@cache
def _names_in(file: Path) -> frozenset[str]:
    return frozenset(_defined(ast.parse(file.read_text(encoding="utf-8")).body))


def _defined(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        match node:
            case ast.ClassDef():
                yield node.name
                yield from (f"{node.name}.{name}" for name in _defined(node.body))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign():
                yield from (target.id for target in node.targets if isinstance(target, ast.Name))
            case ast.ImportFrom() | ast.Import():
                yield from (alias.asname or alias.name for alias in node.names)
