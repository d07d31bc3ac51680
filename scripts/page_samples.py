"""dashboard/tests/sample_messages.json: the sample messages by type, for the tests of the page.

`python -m scripts.page_samples` writes it (`make schema`); with `--check` it ends with 1 where it is out of date.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from vision.sample_messages import SAMPLES

__all__ = ["main"]

FILE: Final = Path(__file__).resolve().parent.parent / "dashboard" / "tests" / "sample_messages.json"


def main(arguments: Sequence[str]) -> int:
    """Writes or checks the file. Returns the exit code."""
    samples = {type_: message.model_dump(mode="json") for type_, message in SAMPLES.items()}
    text = json.dumps(samples, indent=1, ensure_ascii=False) + "\n"
    if "--check" not in arguments:
        FILE.write_text(text, encoding="utf-8")
    elif not FILE.is_file() or FILE.read_text(encoding="utf-8") != text:
        print(f"{FILE.name} is not what vision/sample_messages.py says: run make schema and commit it", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
