"""OpenVINO, imported with its telemetry off: it would report every import to its makers otherwise. A shell.

Everything in LaneWatch that needs OpenVINO takes `openvino` from here, so that no import comes before the switch.
"""

from __future__ import annotations

import functools
import sys
from typing import Any, cast

__all__ = ["core", "openvino", "silence_telemetry"]


def silence_telemetry() -> None:
    """Makes OpenVINO's telemetry package look absent, upon which OpenVINO uses its own stub that sends nothing."""
    cast("dict[str, Any]", sys.modules).setdefault("openvino_telemetry", None)


silence_telemetry()

import openvino  # noqa: E402


@functools.cache
def core() -> openvino.Core:
    """The process's one OpenVINO core, which is never let go.

    The CPU plugin gives the thread that first compiles a signal stack and frees it when its last core goes, in whatever
    thread that is; the next signal of the first thread would then end the process with a segmentation fault.
    """
    return openvino.Core()
