"""What nothing in the product uses, found by vulture: `python -m scripts.dead_code [PATH...]`, exit code 1 where there is some.

Beyond vulture's command line, a name counts as used only where it is used: not because a module's `__all__` offers it, nor
because a test calls it. What frameworks use by name stands in pyproject.toml, [tool.vulture].
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence

from vulture.config import make_config
from vulture.core import Vulture

__all__ = ["main"]


class _Users(Vulture):  # type: ignore[misc]
    """Vulture without its trust in `__all__`."""

    def visit_Assign(self, node: ast.Assign) -> None:  # noqa: N802 - ast's name
        """Takes no name in an `__all__` for a use."""


def main(arguments: Sequence[str]) -> int:
    """Prints what is unused in the paths, else in those of [tool.vulture]. Returns the exit code."""
    config = make_config(list(arguments))
    users = _Users(ignore_names=config["ignore_names"], ignore_decorators=config["ignore_decorators"])
    users.scavenge(config["paths"], exclude=config["exclude"])
    found = users.get_unused_code(min_confidence=config["min_confidence"])
    for item in found:
        print(item.get_report())
    if found:
        print("delete it, or say in pyproject.toml, [tool.vulture], who uses it by name", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
