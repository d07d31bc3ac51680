"""Faults on demand: the words that ask for them, and what they do to a picture. Pure; needs OpenCV.

freeze export        the export camera's picture stands still until `heal export`
reset import 20      the import camera's connections are reset for 20 s
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.errors import ConfigError
from vision.simulation.camera import CameraPlan
from vision.simulation.render.painter import Image
from vision.simulation.rtsp.server import Fault

__all__ = ["FaultOrder", "PictureFault", "Spoiler", "parse_order"]

PictureFault = Literal["freeze", "black", "blur", "moved"]
HEAL: Final = "heal"
_STREAM: Final[tuple[str, ...]] = get_args(Fault)
_PICTURE: Final[tuple[str, ...]] = get_args(PictureFault)
_BLUR_PX: Final = 8.0
_TURNED_DEG: Final = (5.0, -2.5, 3.0)  # to the right, down, and about the line of sight


@dataclass(frozen=True, slots=True)
class FaultOrder:
    """What is asked of a camera: a fault of its stream or its picture, or neither: to be whole again; and for how long."""

    camera: str
    stream: Fault | None = None
    picture: PictureFault | None = None
    for_s: float | None = None


def parse_order(line: str, cameras: tuple[str, ...]) -> FaultOrder:
    """What a line `FAULT CAMERA [SECONDS]` or `heal CAMERA` asks for. Raises ConfigError with a sentence."""
    words = line.split()
    if len(words) not in (2, 3):
        raise ConfigError(f"'{line.strip()[:80]}' asks for nothing; say FAULT CAMERA [SECONDS] or {HEAL} CAMERA")
    what, camera = words[0], words[1]
    if camera not in cameras:
        raise ConfigError(f"there is no camera '{camera[:40]}'; there are {', '.join(cameras)}")
    try:
        for_s = float(words[2]) if len(words) == 3 else None
    except ValueError:
        raise ConfigError(f"'{words[2][:40]}' is no number of seconds") from None
    if for_s is not None and not 0 < for_s <= 86_400:
        raise ConfigError(f"{for_s:g} s is not between 0 and a day")
    if what in _STREAM:
        return FaultOrder(camera, stream=cast("Fault", what), for_s=for_s)
    if what in _PICTURE:
        return FaultOrder(camera, picture=cast("PictureFault", what), for_s=for_s)
    if what == HEAL:
        return FaultOrder(camera)
    raise ConfigError(f"there is no fault '{what[:40]}'; there are {', '.join((*_STREAM, *_PICTURE))}, and {HEAL}")


class Spoiler:
    """Spoils one camera's pictures while `fault` says so."""

    def __init__(self, plan: CameraPlan, width: int, height: int) -> None:
        self.fault: PictureFault | None = None
        self._turn = _turned(plan, width, height)
        self._frozen: Image | None = None

    def spoilt(self, image: Image) -> Image:
        """The picture as the broken camera would give it; the same where nothing is broken."""
        fault = self.fault
        if fault != "freeze" or self._frozen is None:
            self._frozen = image
        match fault:
            case "freeze":
                return self._frozen
            case "black":
                return np.minimum(image // 24, 9)
            case "blur":
                return cast("Image", cv2.GaussianBlur(image, (0, 0), _BLUR_PX))
            case "moved":
                height, width = image.shape[:2]
                return cast("Image", cv2.warpPerspective(image, self._turn, (width, height), borderMode=cv2.BORDER_REPLICATE))
            case _:
                return image


def _turned(plan: CameraPlan, width: int, height: int) -> NDArray[np.float64]:
    """The map (3, 3) of the picture when the camera is knocked: a turn in place, which needs no other view of the scene."""
    focal = plan.focal_widths * width
    inner = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])
    turn, _ = cv2.Rodrigues(np.radians(np.array([_TURNED_DEG[1], _TURNED_DEG[0], _TURNED_DEG[2]])))
    found: NDArray[np.float64] = inner @ turn @ np.linalg.inv(inner)
    return found
