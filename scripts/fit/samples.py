"""What a detector made of each vehicle in sight, frame by frame, with exact association, for the fit. A shell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scripts.accuracy.held_out.cameras import CAMERAS
from scripts.accuracy.held_out.detector import CLUTTER
from scripts.accuracy.held_out.scenes import HeldOut
from scripts.accuracy.held_out.simulated import Sightings, made
from scripts.accuracy.truth import read_scene
from vision.core.events import Seen
from vision.replay.recording import read_recording

__all__ = ["STEP_S", "Arrivals", "Boxes", "Samples", "joined", "read_arrivals", "read_samples"]

Array = NDArray[np.float64]
STEP_S: Final = 0.2
_PLAIN_PX: Final = 30.0
_PLAIN_SHARE: Final = 0.5
_MANY: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes that show no vehicle of their own: false ones and second ones. frame, smaller side in px, score, whole box."""

    frame: NDArray[np.int64]
    side_px: Array
    score: Array
    box: Array


@dataclass(frozen=True, slots=True)
class Samples:
    """One row for each vehicle in sight in each frame, in order of vehicle and frame.

    vehicle: a number of its own for each vehicle of each recording; side_px: smaller side of what is in sight; share: of the
    vehicle that is in sight; true, found: x1 y1 x2 y2, found NaN where missed; open: edges (N, 4) that nothing hides and the
    picture's border does not cut; blind: the whole frame found nothing; score: NaN where missed.
    """

    vehicle: NDArray[np.int64]
    frame: NDArray[np.int64]
    side_px: Array
    share: Array
    true: Array
    found: Array
    open: NDArray[np.bool_]
    blind: NDArray[np.bool_]
    score: Array
    clutter: Boxes
    frames: int

    @property
    def hit(self) -> NDArray[np.bool_]:
        """Whether there is a box."""
        return np.isfinite(self.score)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Vehicles that entered the lanes of a scene, and the lane-seconds in which they did."""

    vehicles: int
    lane_s: float


def read_samples(held: HeldOut, folder: Path) -> list[Samples]:
    """The samples of each of the recording's cameras; simulated where they do not lie in the folder."""
    files, layout = made(held, folder), CAMERAS[held.camera]
    found: dict[str, list[Seen]] = {plan.id: [] for plan in layout.cameras}
    for event in read_recording(files.recording).events:
        if isinstance(event, Seen):
            found[event.camera].append(event)
    with np.load(files.numbers) as numbers:
        return [
            _samples(
                Sightings.read(files.truth / f"sightings_{camera}.npz"), seen, numbers[camera], (layout.width, layout.height)
            )
            for camera, seen in found.items()
        ]


def read_arrivals(held: HeldOut, folder: Path) -> Arrivals:
    """How many vehicles came in a scene."""
    scene = read_scene(made(held, folder).truth)
    return Arrivals(sum(visit.arrived_t is not None for visit in scene.visits), scene.duration_s * len(scene.lanes))


def joined(parts: Iterable[Samples]) -> Samples:
    """The samples of several recordings as one, vehicles kept apart."""
    every = list(parts)
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in every])
        for field in fields(Samples)
        if field.name not in ("vehicle", "clutter", "frames")
    }
    vehicle = np.concatenate([part.vehicle + _MANY * k for k, part in enumerate(every)])
    clutter = Boxes(
        frame=np.concatenate([part.clutter.frame + _MANY * k for k, part in enumerate(every)]),
        **{name: np.concatenate([getattr(part.clutter, name) for part in every]) for name in ("side_px", "score", "box")},
    )
    return Samples(vehicle=vehicle, clutter=clutter, frames=sum(part.frames for part in every), **columns)


def _samples(sightings: Sightings, seen: list[Seen], number: NDArray[np.int32], size: tuple[int, int]) -> Samples:
    """Joins sightings and boxes by frame and vehicle; of a vehicle's boxes in a frame the best is its own."""
    counts = [len(event.detections) for event in seen]
    frame = np.repeat(np.arange(len(seen)), counts)
    boxes = np.concatenate([event.detections.xyxy for event in seen]).astype(float)
    score = np.concatenate([event.detections.score for event in seen]).astype(float)
    keys, first = np.unique(frame * _MANY + number, return_index=True)
    own = np.zeros(len(number), bool)
    own[first] = True
    own &= number != CLUTTER
    order = np.lexsort((sightings.frame, sightings.number))
    wanted = sightings.frame[order].astype(np.int64) * _MANY + sightings.number[order]
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    hit = keys[place] == wanted
    index = first[place]
    true, full = sightings.box[order].astype(float), sightings.full[order].astype(float)
    side = np.minimum(true[:, 2] - true[:, 0], true[:, 3] - true[:, 1])
    share = sightings.share[order].astype(float)
    plain = (side > _PLAIN_PX) & (share > _PLAIN_SHARE)
    in_plain = np.bincount(sightings.frame[order][plain], minlength=len(seen))
    blind = (np.array(counts) == 0) & (in_plain > 0)
    border = np.array([0.0, 0.0, *size])
    return Samples(
        vehicle=sightings.number[order].astype(np.int64),
        frame=sightings.frame[order].astype(np.int64),
        side_px=side,
        share=share,
        true=true,
        found=np.where(hit[:, None], boxes[index], np.nan),
        open=(np.abs(true - full) < 0.5) & (np.abs(full - border) > 3.0),
        blind=blind[sightings.frame[order]],
        score=np.where(hit, score[index], np.nan),
        clutter=_others(frame[~own], boxes[~own], score[~own]),
        frames=len(seen),
    )


def _others(frame: NDArray[np.int64], boxes: Array, score: Array) -> Boxes:
    return Boxes(frame, (boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=np.inf), score, boxes)
