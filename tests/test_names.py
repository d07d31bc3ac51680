"""One name, one meaning: public classes are unique in the tree, and a constant's name has one value."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in ("vision", "api"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def test_a_public_class_is_defined_once():
    places = defaultdict(list)
    for place, tree in modules():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(place)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_a_constant_has_one_value():
    values = defaultdict(dict)
    for place, tree in modules():
        for node in tree.body:
            if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name) or node.value is None:
                continue
            if re.fullmatch(r"_?[A-Z][A-Z0-9_]+", node.target.id):
                values[node.target.id].setdefault(ast.unparse(node.value), []).append(place)
    assert {name: found for name, found in values.items() if len(found) > 1} == {}
    assert len(values) > 100, "constants are written as NAME: Final = value"
