"""Writes what was measured into docs/accuracy.md, between markers; the prose round it is written by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from scripts.accuracy.oracle import ROOT, OracleRecording

__all__ = ["COMMITTED", "PAGE", "PICTURE", "SHOWN", "TRACKING", "write_part"]

PAGE: Final = ROOT / "docs" / "accuracy.md"
TRACKING: Final = ROOT / "docs" / "tracking.md"
COMMITTED: Final = ROOT / "docs" / "accuracy.csv"
SHOWN: Final = OracleRecording.named("short_jam/mast8_typical")
PICTURE: Final = ROOT / "docs" / "images" / "accuracy-short-jam.png"
"""The replay that the page shows a picture of."""


def write_part(name: str, text: str, page: Path = PAGE) -> None:
    """Replaces what stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`. Raises ValueError where they are not."""
    before = page.read_text(encoding="utf-8")
    marked = re.compile(rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
    after, count = marked.subn(lambda found: f"{found[1]}{text.strip()}\n{found[2]}", before)
    if count != 1:
        raise ValueError(f"{page}: expected one part between <!-- {name}:begin --> and <!-- {name}:end -->, found {count}")
    page.write_text(after, encoding="utf-8")
