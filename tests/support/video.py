"""Video made by the tests: coloured rectangles that move over a noisy grey ground, as H.264. Deterministic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

__all__ = ["BLUE", "RED", "Mover", "draw", "make_video", "still"]

RED = (220, 30, 30)  # what `tiny_model` calls a truck
BLUE = (30, 30, 220)  # a bus
_NOISE_BANK = 8


@dataclass(frozen=True)
class Mover:
    """A rectangle whose centre goes along (t, x, y) points, in pixels; it is in the picture from the first to the last t."""

    path: tuple[tuple[float, float, float], ...]
    size: tuple[int, int] = (96, 56)
    colour: tuple[int, int, int] = RED

    def box(self, t: float) -> tuple[float, float, float, float] | None:
        """x1 y1 x2 y2 at the time t, or None outside its path."""
        times = [point[0] for point in self.path]
        if not times[0] <= t <= times[-1]:
            return None
        x = float(np.interp(t, times, [point[1] for point in self.path]))
        y = float(np.interp(t, times, [point[2] for point in self.path]))
        width, height = self.size
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def still(x: float, y: float, *, seconds: float = 3600.0, **kwargs: Any) -> Mover:
    """A rectangle that stands at one place."""
    return Mover(((0.0, x, y), (seconds, x, y)), **kwargs)


def draw(movers: Sequence[Mover], t: float, ground: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture at the time t: later movers cover earlier ones."""
    image = ground.copy()
    height, width = image.shape[:2]
    for mover in movers:
        box = mover.box(t)
        if box is not None:
            x1, x2 = (int(np.clip(round(v), 0, width)) for v in box[::2])
            y1, y2 = (int(np.clip(round(v), 0, height)) for v in box[1::2])
            image[y1:y2, x1:x2] = mover.colour
    return image


def make_video(
    path: Path,
    movers: Sequence[Mover] = (),
    *,
    seconds: float = 4.0,
    fps: int = 25,
    size: tuple[int, int] = (640, 360),
    gop: int = 25,
    noise: float = 4.0,
    level: int = 110,
    marks: bool = True,
    codec: str = "libx264",
    metadata: dict[str, str] | None = None,
) -> Path:
    """Writes a video of the movers over grey ground of that level and noise (standard deviation); returns its path."""
    with av.open(str(path), "w") as container:
        container.metadata.update(metadata or {})
        stream: Any = container.add_stream(codec, rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = gop
        stream.codec_context.max_b_frames = 0
        stream.codec_context.thread_count = 1
        stream.options = {"preset": "ultrafast", "crf": "20"} if codec == "libx264" else {}
        for frame in _frames(movers, round(seconds * fps), fps, size, noise, level, marks):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _frames(  # noqa: PLR0917
    movers: Sequence[Mover], count: int, fps: int, size: tuple[int, int], noise: float, level: int, marks: bool
) -> Iterator[av.VideoFrame]:
    random = np.random.default_rng(20241204)
    shape = (size[1], size[0], 1)
    grain = random.normal(level, noise, (_NOISE_BANK, *shape)) if noise else np.full((1, *shape), level, float)
    bank = np.repeat(np.clip(grain, 0, 255).astype(np.uint8), 3, axis=3)
    if marks:
        bank[:, :, 8:16] = 255  # a painted line, for a picture without any edge counts as blurred
    for index in range(count):
        image = draw(movers, index / fps, bank[index % len(bank)])
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts = index
        frame.time_base = Fraction(1, fps)
        yield frame
