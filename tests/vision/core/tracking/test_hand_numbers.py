"""Numbers set by hand stand in TrackingParameters, documented; those in the code of the filter do not become more."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

from vision.tracking_parameters import TrackingParameters

MOST_NUMBERS: Final = 220
"""Numeric literals in vision/core/tracking. Lower it with each that goes; there is no reason to raise it."""

TRACKING: Final = Path(__file__).parents[4] / "vision" / "core" / "tracking"
FITTED: Final = "fitted.py"
ASIDE: Final = (0, 1, 2, 0.5)


def numbers(source: str) -> list[float]:
    """The numeric literals of a module but 0, +-1, 2 and .5, and but indices, which choose a column and set nothing."""
    tree = ast.parse(source)
    indices = {id(one) for node in ast.walk(tree) if isinstance(node, ast.Subscript) for one in ast.walk(node.slice)}
    literals = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in indices)
    found = [node.value for node in literals if isinstance(node.value, int | float) and not isinstance(node.value, bool)]
    return [value for value in found if value not in ASIDE]


def test_numbers_in_the_code_of_the_filter_do_not_become_more():
    found = {path.name: len(numbers(path.read_text(encoding="utf-8"))) for path in sorted(TRACKING.glob("*.py"))}
    assert len(found) > 10
    del found[FITTED]  # written by scripts/fit
    most_first = dict(sorted(found.items(), key=lambda item: -item[1]))
    assert sum(found.values()) <= MOST_NUMBERS, f"a number set by hand belongs in vision/tracking_parameters.py: {most_first}"


def test_what_counts_as_a_number():
    assert numbers("A = 0.3\ndef f(x=7, *, y=-1.5):\n    return x * 1e3 + g('K', 6.0)\n") == [0.3, 7, 1.5, 1e3, 6.0]
    assert numbers("x = 0 + 1 - 1.0 * 2 / 2.0 * 0.5 + -1\n") == []
    assert numbers("'''3 of 4'''\ny = x[:, 3:4], x[-3], True, '5'\n") == []


def test_every_parameter_of_the_filter_says_what_it_means():
    fields = TrackingParameters.__pydantic_fields__
    assert fields
    assert [name for name, field in fields.items() if not (field.description or "").strip()] == []
