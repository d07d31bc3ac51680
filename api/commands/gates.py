"""Which gate a command works on: the file that was named, the one of the environment, or a gate of one camera."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from vision.config import GateConfig, load_gate, parse_gate

__all__ = ["REFERENCE_GATE", "named_gate", "single_gate"]

REFERENCE_GATE: Final = Path(__file__).resolve().parents[2] / "config" / "kim-thanh.yaml"


def named_gate(path: Path | None) -> GateConfig | None:
    """The gate of --gate, else of LANEWATCH_GATE; None where neither is given. Raises ConfigError."""
    chosen = path or (Path(os.environ["LANEWATCH_GATE"]) if os.environ.get("LANEWATCH_GATE") else None)
    return None if chosen is None else load_gate(chosen)


def single_gate() -> GateConfig:
    """The gate of one camera and one lane over its whole picture, not calibrated; traffic comes towards the viewer."""
    view = {"lane": "L1", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "axis": [[0.5, 1.0], [0.5, 0.0]]}
    queue = {"name": "queue-long", "measure": "queue_vehicles", "fire_at": 4, "clear_at": 2, "for_s": 5}
    camera = {"name": "camera-unavailable", "scope": "camera", "measure": "unavailable_s", "fire_at": 10, "clear_at": 0}
    data = {
        "id": "single",
        "name": {"vi": "Một camera", "en": "One camera", "zh": "单摄像机"},
        "lanes": [{"id": "L1", "direction": "import", "name": {"vi": "Làn 1", "en": "Lane 1", "zh": "1道"}}],
        "cameras": [{"id": "cam", "url_env": "LANEWATCH_CAMERA_CAM_URL", "views": [view]}],
        "alerts": [
            queue | {"keep_firing_for_s": 10, "action": {"vi": "Mở thêm làn.", "en": "Open another lane.", "zh": "增开车道。"}},
            camera | {"for_s": 0, "keep_firing_for_s": 5, "severity": "critical"},
        ],
    }
    return parse_gate(data, "the built-in gate of one camera")
