"""The versions of a pipeline's checkpoint: which can be taken up, and how an older one reads as this one. Pure."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["PIPELINE_CHECKPOINT_VERSION", "UNREADABLE", "last_tick", "this_version"]

PIPELINE_CHECKPOINT_VERSION: Final = 5
UNREADABLE: Final = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What taking up a checkpoint of another version, or a broken one, may raise."""


def this_version(data: dict[str, Any]) -> dict[str, Any]:
    """A checkpoint as this version has it. Raises one of UNREADABLE where it cannot be taken up."""
    version = data["version"]
    if version == PIPELINE_CHECKPOINT_VERSION:
        return dict(data)
    if version == 4:  # its vehicles counted for how long they were missed and how strong their boxes were
        scenes = {
            name: {**scene, "vehicles": [_vehicle(v) for v in scene["vehicles"]]} for name, scene in data["scenes"].items()
        }
        return {**data, "scenes": scenes}
    if version == 3:  # it told the scene on the ground from those in pictures
        ground = {} if data["ground"] is None else {"ground": data["ground"]}
        pictures = {f"picture:{camera}": saved for camera, saved in data["pictures"].items()}
        return this_version({**data, "version": 4, "scenes": ground | pictures, "dropped": {}})
    raise ValueError(f"a checkpoint of version {version} cannot be taken up")


def _vehicle(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in ("missed_s", "strength")}


def last_tick(data: object) -> float | None:
    """The last tick that was published, as a checkpoint of any version has it; None where it does not say."""
    t = data.get("t") if isinstance(data, dict) else None
    return float(t) if isinstance(t, int | float) else None
