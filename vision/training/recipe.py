"""The recipe of a training run: how long, how large, how fast it learns. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vision.errors import ConfigError

__all__ = ["Recipe"]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run beside the frames. Shapes are (height, width). Raises ConfigError for nonsense.

    The first part of the steps sees windows, the last `whole_share` whole frames as the detector will. minutes bounds
    the run: the rate's fall is planned over steps, so a run that is cut by the clock is finished later with `resume`.
    """

    steps: int = 2600
    batch: int = 16
    window: tuple[int, int] = (256, 448)
    whole: tuple[int, int] = (384, 640)
    whole_share: float = 0.15
    rate: float = 1.5e-3
    last_rate: float = 0.02
    warm_up: int = 150
    weight_decay: float = 0.02
    ema: float = 0.999
    seed: int = 0
    model: str = "yolo11n.yaml"
    save_every: int = 200

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1:
            raise ConfigError(f"steps and batch must be 1 or more, not {self.steps} and {self.batch}")
        if any(side % 32 for side in (*self.window, *self.whole)):
            raise ConfigError(f"window and whole must be multiples of 32, not {self.window} and {self.whole}")

    def rate_at(self, step: int) -> float:
        """The learning rate of a step: a short rise, then a cosine down to last_rate of it."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        way = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return self.rate * (self.last_rate + (1 - self.last_rate) * (1 + math.cos(math.pi * min(1.0, way))) / 2)

    def sees_whole(self, step: int) -> bool:
        """Whether a step sees whole frames."""
        return step >= round(self.steps * (1 - self.whole_share))
