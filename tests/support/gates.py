"""Gates for tests of the shells: one camera and one uncalibrated lane over the whole picture, or several of them."""

from __future__ import annotations

from vision.config import GateConfig, parse_gate

__all__ = ["single_gate"]

WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]]


def single_gate(*cameras: str, fps: float = 5.0, min_score: float = 0.5) -> GateConfig:
    """A gate `single`; each camera (default `cam`) sees a lane of its own, in which traffic goes to the picture's right."""
    names = cameras or ("cam",)
    data = {
        "id": "single",
        "name": {"en": "Test gate"},
        "lanes": [{"id": f"L{i}", "direction": "export", "name": {"en": f"Lane {i}"}} for i in range(1, len(names) + 1)],
        "cameras": [
            {
                "id": name,
                "analysis_fps": fps,
                "views": [{"lane": f"L{i}", "polygon": WHOLE, "axis": [[1.0, 0.5], [0.0, 0.5]]}],
            }
            for i, name in enumerate(names, 1)
        ],
        "detector": {"weights": "tiny", "min_score": min_score},
    }
    return parse_gate(data, "test gate")
