"""A picture as it is after a camera's H.264: encoded at a fixed quantiser and decoded again. A shell."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.video.frame import VideoFrame

from vision.simulation.render.painter import Image

__all__ = ["as_h264"]


def as_h264(image: Image, quantiser: int) -> Image:
    """The picture (H, W, 3) BGR with even sides, once through x264 and back; quantiser 0 (best) .. 51."""
    height, width = image.shape[:2]
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, "yuv420p", Fraction(1, 25)
    encoder.thread_count = 1
    encoder.options = {"preset": "superfast", "tune": "zerolatency", "qp": str(quantiser)}
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    packets = [*encoder.encode(VideoFrame.from_ndarray(image, format="bgr24")), *encoder.encode(None)]
    (frame,) = [frame for packet in (*packets, None) for frame in decoder.decode(packet)]
    return frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
