"""Puts the fitted numbers into vision/core/tracking/fitted.py, between its markers, and says what changed. A shell."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from scripts.accuracy.oracle import ROOT

__all__ = ["PLACE", "changes", "read_values", "write_values"]

PLACE: Final = ROOT / "vision" / "core" / "tracking" / "fitted.py"
_MARKED: Final = re.compile(r"(# fitted:begin\n)(.*?)(# fitted:end\n)", re.DOTALL)
Values = dict[str, Any]


def write_values(values: Values, about: str, place: Path = PLACE) -> None:
    """Writes the numbers, rounded to four digits, under a comment. Raises ValueError where the markers are not."""
    lines = [f"# {line}" for line in about.splitlines()]
    lines += ["FITTED: Final = FittedNumbers(", *(f"    {name}={_text(value)}," for name, value in values.items()), ")", ""]
    before = place.read_text(encoding="utf-8")
    after, count = _MARKED.subn(lambda found: found[1] + "\n".join(lines) + found[3], before)
    if count != 1:
        raise ValueError(f"{place}: expected one part between # fitted:begin and # fitted:end, found {count}")
    place.write_text(after, encoding="utf-8")


def read_values(place: Path = PLACE) -> Values:
    """The numbers that stand there; none where there are none yet."""
    found = _MARKED.search(place.read_text(encoding="utf-8"))
    body = re.search(r"FittedNumbers\(\n(.*)\n\)", found[2], re.DOTALL) if found else None
    return eval(f"dict({body[1]})", {"__builtins__": {"dict": dict}}) if body else {}  # noqa: S307 - our own source


def changes(before: Values, after: Values) -> list[str]:
    """A line for each number: what it was, what it is."""
    lines = []
    for name, value in after.items():
        now, was = _text(value), _text(before[name]) if name in before else "new"
        lines.append(f"{name} = {now}" + ("" if was == now or name not in before else f"  (was {was})"))
    return lines


def _text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, tuple):
        return "(" + ", ".join(_text(one) for one in value) + ")"
    return f"{float(f'{value:.4g}')!r}"
