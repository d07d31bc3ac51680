"""The core's events from video files: detected frames of several cameras in order of time, with ticks. A shell.

Nothing is dropped and nothing depends on the machine's speed: the same files give the same events every time.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Sequence

from vision.core.events import CameraChanged, Event, Seen, Tick
from vision.ports import Detector, FrameSource

__all__ = ["events_of", "with_ticks"]


def events_of(sources: Sequence[FrameSource], detector: Detector) -> Iterator[Event]:
    """The events of a section's video files, merged by t (equal times in the order of `sources`), ticks included.

    The ticks run from the first whole second at or after the first event to the first at or after the last one.
    Raises StreamError when a file is bad.
    """
    merged = heapq.merge(*(_events(source, detector) for source in sources), key=lambda event: event.t)
    return with_ticks(merged)


def with_ticks(events: Iterable[Event]) -> Iterator[Event]:
    """The events, in order of t, with a Tick at every whole second; an event with the tick's own t goes first."""
    tick: int | None = None
    for event in events:
        if tick is None:
            tick = math.ceil(event.t)
        while event.t > tick:
            yield Tick(float(tick))
            tick += 1
        yield event
    if tick is not None:
        yield Tick(float(tick))


def _events(source: FrameSource, detector: Detector) -> Iterator[Event]:
    for item in source:
        if isinstance(item, CameraChanged):
            yield item
            continue
        (detections,) = detector.detect([item.image], [(item.width, item.height)])
        yield Seen(item.camera, item.session, item.t, detections)
