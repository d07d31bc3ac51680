"""The scenes of our own: what drives there, for how long, and how a name on the command line says which. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from scripts.accuracy.held_out.cameras import CAMERAS
from scripts.accuracy.held_out.detector import LEVELS
from vision.simulation.bodies import Shape
from vision.simulation.demand import Demand, Surge
from vision.simulation.scenarios import Closure, Scenario

__all__ = ["SCENES", "HeldOut", "OwnScene", "chosen"]


@dataclass(frozen=True, slots=True)
class OwnScene:
    """Traffic and its length, and the cameras and levels with which it is judged when none is named."""

    scenario: Scenario
    minutes: float
    judged: tuple[str, ...] = ("mast9_typical", "mast9_hard")


def _flow(mps: float) -> OwnScene:
    demand = Demand({"export": 700.0, "import": 1000.0})
    mix: dict[Shape, float] = {"semi": 0.3, "rigid12": 0.1, "rigid7": 0.1, "van": 0.15, "car": 0.35}
    return OwnScene(Scenario(demand, through_mps=mps, change_share=0.0, mix=mix), 4.0, ("mast9_typical", "one-mast_typical"))


_LIGHT: Final = Demand({"export": 60.0, "import": 80.0})
SCENES: Final = {
    "jam": OwnScene(
        Scenario(Demand({"export": 112.0, "import": 168.0}), waiting_at_start=(6, 9)),
        10.0,
        ("mast9_*", "canopy11_typical", "pole7_typical", "approach9_typical", "one-mast_typical", "upstream_typical"),
    ),
    "moderate": OwnScene(
        Scenario(Demand({"export": 74.0, "import": 105.0}, surges=(Surge(240.0, 600.0, 1.9),)), change_share=0.1),
        20.0,
        ("mast9_*", "approach9_typical"),
    ),
    "long": OwnScene(Scenario(Demand({"export": 108.0, "import": 162.0}, surges=(Surge(0.0, 480.0, 2.2),))), 20.0),
    "light": OwnScene(Scenario(_LIGHT), 12.0),
    "changes": OwnScene(Scenario(Demand({"export": 90.0, "import": 130.0}), wander_share=0.04), 8.0),
    "closure": OwnScene(Scenario(_LIGHT, (Closure("IM1", 60.0, 300.0, drains=False),), (1, 2)), 9.0),
    "free_flow_10": _flow(10.0),
    "free_flow_20": _flow(20.0),
    "free_flow_30": _flow(30.0),
}
"""jam: full from the start, 6 to 10 vehicles a lane for all of the time; moderate: starts empty, a surge; long: starts
empty and fills to 8 or 9 a lane, who stay; light; changes: many
change lane; closure: a booth left alone; free_flow_*: nobody stops, metres a second."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """One scene with one seed as one camera saw it at one level."""

    scene: str
    camera: str
    level: str
    seed: int

    @property
    def name(self) -> str:
        """What tables call it, such as jam-2/mast9_typical; the number is the seed."""
        return f"{self.scene}-{self.seed}/{self.camera}_{self.level}"

    @property
    def traffic_seed(self) -> int:
        """The seed of the traffic, the same for every camera and level."""
        return zlib.crc32(f"{self.scene} {self.seed}".encode())

    @property
    def detector_seed(self) -> int:
        """The seed of the detector's faults."""
        return zlib.crc32(self.name.encode())


def chosen(names: Iterable[str], seeds: Iterable[int]) -> list[HeldOut]:
    """The recordings that the names (SCENE or SCENE/CAMERA_LEVEL, with * and ?) mean; without names those that judge."""
    found = []
    for seed in seeds:
        for scene, own in SCENES.items():
            views = [f"{camera}_{level}" for camera in CAMERAS for level in LEVELS]
            for view in views:
                usual = any(fnmatchcase(view, pattern) for pattern in own.judged)
                if _named(scene, view, names, usual=usual):
                    camera, _, level = view.rpartition("_")
                    found.append(HeldOut(scene, camera, level, seed))
    return found


def _named(scene: str, view: str, names: Iterable[str], *, usual: bool) -> bool:
    patterns = [name if "/" in name else f"{name}/" for name in names] or ["*/"]
    return any(
        fnmatchcase(scene, pattern.partition("/")[0])
        and (fnmatchcase(view, pattern.partition("/")[2]) if pattern.partition("/")[2] else usual)
        for pattern in patterns
    )
