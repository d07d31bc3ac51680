"""The recipe of a training run: how long, how large, how fast it learns. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vision.errors import ConfigError

__all__ = ["Recipe"]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run beside the frames. Shapes are (height, width). Raises ConfigError for nonsense.

    model: a network as ultralytics names it, which begins at random, or weights (.pt) to fine-tune.

    The first part of a run sees windows, the last `whole_share` whole frames as the detector will. A run is over after
    `steps`, or where minutes are given after that long, however fast the machine is: the rate's fall and the change to
    whole frames follow whichever is nearer to its end. Only a run without minutes can be repeated to the bit.
    """

    steps: int = 5200
    minutes: float | None = None
    batch: int = 8
    window: tuple[int, int] = (256, 448)
    whole: tuple[int, int] = (384, 640)
    whole_share: float = 0.15
    rate: float = 1.5e-3
    last_rate: float = 0.02
    warm_up: int = 200
    weight_decay: float = 0.02
    ema: float = 0.999
    seed: int = 0
    model: str = "yolo11n.yaml"
    save_every: int = 200

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1:
            raise ConfigError(f"steps and batch must be 1 or more, not {self.steps} and {self.batch}")
        if self.minutes is not None and self.minutes <= 0:
            raise ConfigError(f"minutes must be above 0, not {self.minutes:g}")
        if any(side % 32 for side in (*self.window, *self.whole)):
            raise ConfigError(f"window and whole must be multiples of 32, not {self.window} and {self.whole}")

    @property
    def fine_tunes(self) -> bool:
        """Whether the run begins with weights rather than at random."""
        return self.model.endswith(".pt")

    def share_at(self, step: int, minutes: float) -> float:
        """How much of the run is over after so many steps and minutes, 0..1."""
        return min(1.0, max(step / self.steps, minutes / self.minutes if self.minutes else 0.0))

    def rate_at(self, step: int, share: float) -> float:
        """The learning rate at a step and share of the run: a short rise, then a cosine down to last_rate of it."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        return self.rate * (self.last_rate + (1 - self.last_rate) * (1 + math.cos(math.pi * share)) / 2)

    def sees_whole(self, share: float) -> bool:
        """Whether whole frames are seen from this share of the run on."""
        return share >= 1 - self.whole_share
