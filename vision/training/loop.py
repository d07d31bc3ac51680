"""The training loop: ultralytics' network and loss, our own steps. A shell; needs the extra ml.

On a CPU this is several times as fast as ultralytics' own `train`, which computes in 32 bits on one thread: bfloat16
with channels last, windows in place of mosaics. The state is saved every few hundred steps and when the run is
interrupted; it goes on where it was, with the pictures that would have come.
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from vision.detection.ultralytics_import import import_ultralytics
from vision.errors import ConfigError, ModelError
from vision.training.initial_weights import beginning_in, network_of
from vision.training.recipe import Recipe
from vision.training.samples import Frames, SampleBatch
from vision.whole_file import whole_file

__all__ = ["STATE", "Progress", "Trained", "train"]

STATE: Final = "state.pt"
WEIGHTS: Final = "model.pt"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is: steps done, the share of the run that is over, the loss of the last steps, pictures a second."""

    step: int
    share: float
    loss: float
    pictures_per_s: float


@dataclass(frozen=True, slots=True)
class Trained:
    """Weights (.pt, as ultralytics reads them) and the run they came from."""

    weights: Path
    steps: int
    minutes: float


def train(
    frames: Frames,
    out: Path,
    recipe: Recipe,
    *,
    resume: bool = False,
    threads: int = 2,
    report: Callable[[Progress], None] = lambda _: None,
) -> Trained:
    """Trains, from the state in `out` where the run is resumed.

    Raises ConfigError where there is nothing to resume, or where it was begun with another recipe; ModelError where the
    extra ml is missing, the weights to fine-tune are of no use or training ran away. A KeyboardInterrupt passes through
    once the state is saved.
    """
    run = _Run(frames, out, recipe, threads)
    if resume:
        run.load()
    try:
        while run.share < 1:
            report(run.some())
    except KeyboardInterrupt:
        run.save()
        raise
    finally:
        run.close()
    return Trained(run.finish(), run.step, run.minutes)


class _Run:
    """Network, optimizer and averaged weights of one run."""

    def __init__(self, frames: Frames, out: Path, recipe: Recipe, threads: int) -> None:
        out.mkdir(parents=True, exist_ok=True)
        begun = beginning_in(recipe.model, out)
        _, self.torch = import_ultralytics()
        self.torch.set_num_threads(threads)
        self.torch.manual_seed(recipe.seed)
        self.frames, self.out, self.recipe = frames, out, recipe
        self.device = "cuda" if self.torch.cuda.is_available() else "cpu"
        self.model = network_of(begun, frames.names).to(self.device, memory_format=self.torch.channels_last).train()
        self.average = self._averaged()
        self.optimizer = self._optimizer()
        self.step = 0
        self.minutes = 0.0
        self._reader = ThreadPoolExecutor(1, "lanewatch-pictures")
        self._ahead: Future[SampleBatch] | None = None

    @property
    def share(self) -> float:
        """How much of the run is over, 0..1."""
        return self.recipe.share_at(self.step, self.minutes)

    def some(self) -> Progress:
        """The steps up to the next save, which it makes."""
        began, losses = time.monotonic(), [self.one()]
        while self.step % self.recipe.save_every and self.share < 1:
            losses.append(self.one())
        self.save()
        rate = len(losses) * self.recipe.batch / max(1e-6, time.monotonic() - began)
        return Progress(self.step, self.share, float(np.mean(losses)), rate)

    def close(self) -> None:
        """Ends the reader's thread."""
        self._reader.shutdown(cancel_futures=True)

    def one(self) -> float:
        """One step; its loss for each picture."""
        torch, recipe, began = self.torch, self.recipe, time.monotonic()
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.rate_at(self.step, self.share)
        batch = self._next()
        with torch.autocast(self.device, dtype=torch.bfloat16):
            loss, _ = self.model.loss(batch)
        total = loss.float().sum()
        mean = float(total.detach()) / recipe.batch
        if not math.isfinite(mean):
            raise ModelError(f"the loss is {mean} at step {self.step}: training ran away; begin anew with another --seed")
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 10.0)
        self.optimizer.step()
        self._follow()
        self.step += 1
        self.minutes += (time.monotonic() - began) / 60
        return mean

    def save(self) -> None:
        """Writes the whole state under a name of its own, then gives it its name."""
        state = {
            "step": self.step,
            "minutes": self.minutes,
            "recipe": _signed(self.recipe),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        with whole_file(self.out / STATE) as part:
            self.torch.save(state, part)

    def load(self) -> None:
        """Goes on from the state in the folder."""
        path = self.out / STATE
        if not path.is_file():
            raise ConfigError(f"{path} does not exist; begin without --resume")
        state = self.torch.load(path, map_location=self.device, weights_only=True)
        if state["recipe"] != _signed(self.recipe):
            raise ConfigError(f"{path} was begun with another recipe ({state['recipe']}); give the same, or another folder")
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.minutes = state["step"], state["minutes"]

    def finish(self) -> Path:
        """Writes the averaged weights as a file that `YOLO(...)` loads and exports."""
        path = self.out / WEIGHTS
        model = self.average.to("cpu").half().eval()
        arguments = {"task": "detect", "imgsz": list(self.recipe.whole), "model": self.recipe.model}
        with whole_file(path) as part:
            self.torch.save({"epoch": -1, "model": model, "ema": None, "train_args": arguments, "date": None}, part)
        return path

    def _averaged(self) -> Any:  # noqa: ANN401
        average = copy.deepcopy(self.model).eval()
        for parameter in average.parameters():
            parameter.requires_grad_(False)
        return average

    def _optimizer(self) -> Any:  # noqa: ANN401
        weights = [p for p in self.model.parameters() if p.ndim > 1]
        others = [p for p in self.model.parameters() if p.ndim <= 1]
        groups = [{"params": weights, "weight_decay": self.recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
        return self.torch.optim.AdamW(groups, lr=self.recipe.rate, betas=(0.9, 0.999))

    def _follow(self) -> None:
        """Moves the averaged weights; quicker at the beginning."""
        keep = min(self.recipe.ema, (1 + self.step) / (10 + self.step))
        with self.torch.no_grad():
            live = self.model.state_dict()
            for name, value in self.average.state_dict().items():
                if value.dtype.is_floating_point:
                    value.lerp_(live[name].to(value.dtype), 1 - keep)
                else:
                    value.copy_(live[name])

    def _next(self) -> dict[str, Any]:
        """This step's batch; the next one is read meanwhile."""
        batch = (self._ahead or self._read(self.step)).result()
        self._ahead = self._read(self.step + 1)
        return self._tensors(batch)

    def _read(self, step: int) -> Future[SampleBatch]:
        whole = self.recipe.sees_whole(self.recipe.share_at(step, self.minutes))
        shape = self.recipe.whole if whole else self.recipe.window
        return self._reader.submit(self.frames.batch, self.recipe.seed, step, self.recipe.batch, shape, whole=whole)

    def _tensors(self, batch: SampleBatch) -> dict[str, Any]:
        torch = self.torch
        images = torch.from_numpy(batch.images).to(self.device).float().div_(255)
        return {
            "img": images.contiguous(memory_format=torch.channels_last),
            "batch_idx": torch.from_numpy(batch.picture).to(self.device),
            "cls": torch.from_numpy(batch.classes)[:, None].to(self.device),
            "bboxes": torch.from_numpy(batch.xywh).to(self.device),
        }


def _signed(recipe: Recipe) -> str:
    """What a state must have in common with the run that goes on from it: everything but how long that may last."""
    return json.dumps(asdict(replace(recipe, minutes=None)))
