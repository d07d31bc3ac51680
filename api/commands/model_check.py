"""`lanewatch check --model`: what a detector finds in one's own video or pictures, as figures and as a contact sheet."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from api.commands.source_options import assigned, camera_urls, frame_shape, is_recording
from vision.config import DetectorConfig, GateConfig
from vision.errors import ConfigError
from vision.redaction import redact_url

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vision.commissioning.model_check import ClassFound, ModelReport
    from vision.ports import Detector

__all__ = ["check_model_on"]

SHEET_TILES: Final = 24
LOW_SHARE: Final = 0.5


def check_model_on(model: str, sources: Sequence[str], config: GateConfig | None, sheet: Path | None, pictures: int) -> None:
    """Runs a detector over each source and prints what it found. Raises LaneWatchError with a sentence."""
    from vision.commissioning.contact_sheet import LEAST_DRAWN_SCORE, check_name, contact_sheet, save_sheet
    from vision.commissioning.model_check import are_pictures
    from vision.detection.open_detector import open_detector
    from vision.detection.weights import prepare_weights

    if sheet is not None:
        check_name(sheet)
    looked_at = _sources(sources, config)
    settings = config.detector if config else DetectorConfig()
    videos = [source for source in looked_at.values() if not are_pictures(source)]
    ready = prepare_weights(model, image_size=settings.image_size, frame_shape=frame_shape(videos))
    detector = open_detector(settings, ready, threads=2)
    _say(f"model {ready}: boxes with a score of {settings.min_score:g} or more")
    tiles: list[NDArray[np.uint8]] = []
    for name, source in looked_at.items():
        report = _look(detector, name, source, pictures)
        shown = min(len(report.tiles), max(1, SHEET_TILES // len(looked_at)))
        tiles += [report.tiles[len(report.tiles) * k // shown] for k in range(shown)]
    if sheet is not None:
        save_sheet(contact_sheet(tiles), sheet)
        _say(
            f"{sheet}: {len(tiles)} pictures, boxes of score {LEAST_DRAWN_SCORE:g} or more (truck green, bus blue, car orange)"
        )


def _sources(sources: Sequence[str], config: GateConfig | None) -> dict[str, str]:
    """What to look at, by the name it is called by."""
    if config is not None:
        found = {camera: url for camera, url in camera_urls(config, assigned(sources, config)).items() if url}
    else:
        found = {redact_url(source): source for source in sources}
    if not found:
        raise ConfigError("--model needs something to look at: --source with a video, a picture, a folder or an rtsp:// URL")
    for source in found.values():
        if "://" not in source and not Path(source).is_dir() and is_recording(Path(source)):
            raise ConfigError(f"{source} is a recording, which holds no pictures; give the video it was made from")
    return found


def _look(detector: Detector, name: str, source: str, pictures: int) -> ModelReport:
    from vision.commissioning.model_check import check_model, pictures_of

    report = check_model(detector, pictures_of(source, pictures))
    _say(
        f"{name}: {report.pictures} pictures, {report.with_vehicles} of them with a vehicle;"
        f" {report.ms:.0f} ms of inference a picture"
    )
    for found in report.classes:
        _tell(found, report.pictures)
    sizes = [sum(counts) for counts in zip(*(found.by_size for found in report.classes), strict=True)]
    if sum(sizes) and sizes[0] / sum(sizes) > LOW_SHARE:
        _say("  most boxes are smaller than 16 px: too small to be found steadily; use a longer lens or a larger picture")
    return report


def _tell(found: ClassFound, pictures: int) -> None:
    from vision.commissioning.model_check import CHECK_SIZES_PX, SCORES

    if not found.count:
        _say(f"  {found.name}: none")
        return
    _say(f"  {found.name}: {found.count}, {found.count / pictures:.1f} a picture, median score {found.median_score:.2f}")
    _say(f"    by score:        {_ranges(SCORES, found.by_score, '')}")
    _say(f"    by shorter side: {_ranges(CHECK_SIZES_PX, found.by_size, ' px')}")


def _ranges(limits: Sequence[float], counts: Sequence[int], unit: str) -> str:
    """Counts with their ranges: `12 of 0-16 px, 30 of 16-24 px, 4 from 24 px`."""
    names = [f"of {low:g}-{high:g}{unit}" for low, high in pairwise(limits)] + [f"from {limits[-1]:g}{unit}"]
    return ", ".join(f"{count} {name}" for count, name in zip(counts, names, strict=True))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
