"""The core's events from video files: detected frames of several cameras in order of time, with ticks. A shell.

Nothing is dropped and nothing depends on the machine's speed: the same files give the same events every time.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from vision.core.events import CameraChanged, Event, Seen
from vision.core.ticks import with_ticks
from vision.ports import Detector, FrameSource

__all__ = ["events_of"]


def events_of(sources: Sequence[FrameSource], detector: Detector) -> Iterator[Event]:
    """The events of a section's video files, merged by t (equal times in the order of `sources`), ticks included.

    The ticks run from the first whole second at or after the first event to the first at or after the last one.
    Raises StreamError when a file is bad.
    """
    merged = heapq.merge(*(_events(source, detector) for source in sources), key=lambda event: event.t)
    return with_ticks(merged, last_second=True)


def _events(source: FrameSource, detector: Detector) -> Iterator[Event]:
    for item in source:
        if isinstance(item, CameraChanged):
            yield item
            continue
        (detections,) = detector.detect([item.image], [(item.width, item.height)])
        yield Seen(item.camera, item.session, item.t, detections)
