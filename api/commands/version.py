"""`lanewatch version`."""

import sys
from importlib.metadata import version

__all__ = ["version_command"]


def version_command() -> None:
    """Print the version."""
    sys.stdout.write(f"lanewatch {version('lanewatch')}\n")
