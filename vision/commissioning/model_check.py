"""Runs a detector over one's own video or pictures and tells what it finds, for people to judge a model by. A shell."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av.error
import cv2
import numpy as np
from numpy.typing import NDArray

from vision.camera.decoding import Video, is_live, open_video, stream_error, to_rgb
from vision.camera.file_source import decoded_frames
from vision.camera.frame_sampling import DueFrames
from vision.commissioning.contact_sheet import Image, tile
from vision.core.detections import Detections
from vision.errors import StreamError
from vision.ports import Detector
from vision.vocabulary import VEHICLE_CLASSES

__all__ = [
    "CHECK_SIZES_PX",
    "NETWORK_PX",
    "PICTURES",
    "SCORES",
    "ClassFound",
    "ModelReport",
    "are_pictures",
    "check_model",
    "found_in",
    "pictures_of",
]

PICTURES: Final = 60
MOST_FPS: Final = 2.0
LIVE_S: Final = 15.0
NETWORK_PX: Final = 640
SCORES: Final = (0.1, 0.25, 0.5, 0.75)
CHECK_SIZES_PX: Final = (0, 16, 24, 48)
_KINDS: Final = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True, slots=True)
class ClassFound:
    """What was found of one class: how many, by score from each of SCORES on, by shorter side from each of SIZES_PX on.

    Sizes are pixels of a picture whose longer side is NETWORK_PX.
    """

    name: str
    count: int
    median_score: float
    by_score: tuple[int, ...]
    by_size: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelReport:
    """What a detector found in some pictures; tiles: each picture with its boxes, small; ms: of inference, the median."""

    pictures: int
    with_vehicles: int
    ms: float
    classes: tuple[ClassFound, ...]
    tiles: tuple[Image, ...]


def are_pictures(source: str) -> bool:
    """Whether a source is a folder of pictures or a picture, not a video."""
    return not is_live(source) and (Path(source).is_dir() or Path(source).suffix.lower() in _KINDS)


def pictures_of(source: str, count: int = PICTURES) -> Iterator[Image]:
    """Up to `count` pictures (H, W, 3) RGB of a video file or stream, a picture file, or a folder of pictures.

    Of a file and a folder evenly from its beginning to its end, of a stream within LIVE_S. Raises StreamError.
    """
    if are_pictures(source):
        yield from _files(Path(source), count)
    else:
        yield from _video(source, count)


def check_model(detector: Detector, pictures: Iterable[Image]) -> ModelReport:
    """Detects in all pictures. Raises StreamError where there are none."""
    seen: list[Detections] = []
    sides: list[float] = []
    times: list[float] = []
    tiles: list[Image] = []
    for image in pictures:
        began = time.perf_counter()
        found = found_in(detector, image)
        times.append((time.perf_counter() - began) * 1000)
        seen.append(found)
        sides += (_shorter(found) * (NETWORK_PX / max(image.shape[:2]))).tolist()
        tiles.append(tile(image, found))
    if not seen:
        raise StreamError("there is no picture to look at; give a video, a picture, or a folder of pictures")
    classes = np.concatenate([found.class_id for found in seen])
    scores, shorter = np.concatenate([found.score for found in seen]), np.array(sides)
    return ModelReport(
        len(seen),
        sum(len(found.score) > 0 for found in seen),
        float(np.median(times)),
        tuple(_of_class(name, scores[classes == k], shorter[classes == k]) for k, name in enumerate(VEHICLE_CLASSES)),
        tuple(tiles),
    )


def found_in(detector: Detector, image: Image) -> Detections:
    """What the detector finds in a picture (H, W, 3) RGB, in the picture's pixels."""
    height, width = image.shape[:2]
    fitted_height, fitted_width = detector.input_shape(width, height)
    small = image if (fitted_height, fitted_width) == (height, width) else cv2.resize(image, (fitted_width, fitted_height))
    return detector.detect([np.ascontiguousarray(small)], [(width, height)])[0]


def _of_class(name: str, scores: NDArray[np.float32], shorter: NDArray[np.float64]) -> ClassFound:
    return ClassFound(
        name,
        len(scores),
        float(np.median(scores)) if len(scores) else 0.0,
        tuple(np.histogram(scores, [*SCORES, np.inf])[0].tolist()),
        tuple(np.histogram(shorter, [*CHECK_SIZES_PX, np.inf])[0].tolist()),
    )


def _shorter(found: Detections) -> NDArray[np.float32]:
    shorter: NDArray[np.float32] = (found.xyxy[:, 2:] - found.xyxy[:, :2]).min(axis=1, initial=np.inf)
    return shorter


def _files(path: Path, count: int) -> Iterator[Image]:
    files = sorted(p for p in path.iterdir() if p.suffix.lower() in _KINDS) if path.is_dir() else [path]
    if not files:
        raise StreamError(f"{path} holds no pictures; give a folder of .jpg or .png files, or a video")
    for place in np.unique(np.linspace(0, len(files) - 1, count).astype(int)).tolist():
        image = cv2.imread(str(files[place]), cv2.IMREAD_COLOR)
        if image is None:
            raise StreamError(f"{files[place]} is not a picture that can be read; remove it, or give another")
        yield np.ascontiguousarray(image[:, :, ::-1])


def _video(source: str, count: int) -> Iterator[Image]:
    video = open_video(source)
    try:
        if is_live(source):
            yield from _live(video, count)
            return
        duration = video.container.duration
        fps = MOST_FPS if not duration else min(MOST_FPS, count / (duration / 1_000_000))
        due, left = DueFrames(fps), count
        for pts_s, frame in decoded_frames(video):
            if due.is_due(pts_s):
                yield to_rgb(frame, frame.height, frame.width)
                left -= 1
            if not left:
                return
    except av.error.FFmpegError as error:
        raise stream_error(source, error) from None
    finally:
        video.close()


def _live(video: Video, count: int) -> Iterator[Image]:
    due, ends = DueFrames(count / LIVE_S), time.monotonic() + LIVE_S
    for packet in video.packets():
        try:
            frames = video.decode(packet)
        except av.error.InvalidDataError:
            frames = []
        for pts_s, frame in frames:
            if pts_s is not None and due.is_due(pts_s):
                yield to_rgb(frame, frame.height, frame.width)
        if time.monotonic() > ends:
            return
