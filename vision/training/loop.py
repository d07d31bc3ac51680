"""The training loop: ultralytics' network and loss, our own steps. A shell; needs the extra ml.

On a CPU this is several times as fast as ultralytics' own `train`, which computes in 32 bits on one thread: bfloat16
with channels last, windows in place of mosaics. The state is saved every few hundred steps, so a run that was
interrupted goes on where it was with the same pictures.
"""

from __future__ import annotations

import copy
import importlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from vision.errors import ConfigError, ModelError
from vision.training.recipe import Recipe
from vision.training.samples import Batch, Frames
from vision.ultralytics_quiet import import_ultralytics

__all__ = ["Progress", "train"]

STATE: Final = "state.pt"
WEIGHTS: Final = "model.pt"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is: steps done of all, the loss of the last ones, pictures a second."""

    step: int
    steps: int
    loss: float
    pictures_per_s: float


def train(
    frames: Frames,
    out: Path,
    recipe: Recipe,
    *,
    resume: bool = False,
    threads: int = 2,
    minutes: float | None = None,
    start_from: Path | None = None,
    report: Callable[[Progress], None] = lambda _: None,
) -> Path | None:
    """Trains and returns the weights' file (.pt, as ultralytics reads it), or None where the minutes were over first.

    start_from: weights to fine-tune; otherwise the network begins at random. Raises ConfigError where there is nothing
    to resume, or where it was begun with another recipe; ModelError where the extra ml is missing.
    """
    run = _Run(frames, out, recipe, threads, start_from)
    if resume:
        run.load()
    ends = float("inf") if minutes is None else time.monotonic() + minutes * 60
    while run.step < recipe.steps:
        began, losses = time.monotonic(), []
        goal = min(recipe.steps, (run.step // recipe.save_every + 1) * recipe.save_every)
        first = run.step
        while run.step < goal and time.monotonic() < ends:
            losses.append(run.one())
        run.save()
        rate = (run.step - first) * recipe.batch / max(1e-6, time.monotonic() - began)
        report(Progress(run.step, recipe.steps, float(np.mean(losses)) if losses else float("nan"), rate))
        if time.monotonic() >= ends and run.step < recipe.steps:
            return None
    return run.finish()


class _Run:
    """Network, optimizer and averaged weights of one run."""

    def __init__(self, frames: Frames, out: Path, recipe: Recipe, threads: int, start_from: Path | None) -> None:
        self.ultralytics, self.torch = import_ultralytics()
        self.torch.set_num_threads(threads)
        self.torch.manual_seed(recipe.seed)
        self.frames, self.out, self.recipe = frames, out, recipe
        self.device = "cuda" if self.torch.cuda.is_available() else "cpu"
        out.mkdir(parents=True, exist_ok=True)
        self.model = self._network(start_from).to(self.device, memory_format=self.torch.channels_last).train()
        self.average = self._averaged()
        self.optimizer = self._optimizer()
        self.step = 0
        self._batches: dict[bool, Any] = {}

    def one(self) -> float:
        """One step; its loss for each picture."""
        torch, recipe = self.torch, self.recipe
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.rate_at(self.step)
        batch = self._next()
        with torch.autocast(self.device, dtype=torch.bfloat16):
            loss, _ = self.model.loss(batch)
        total = loss.float().sum()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 10.0)
        self.optimizer.step()
        self._follow()
        self.step += 1
        return float(total.detach()) / recipe.batch

    def save(self) -> None:
        """Writes the whole state under a name of its own, then gives it its name."""
        state = {
            "step": self.step,
            "recipe": json.dumps(asdict(self.recipe)),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        part = self.out / (STATE + ".part")
        self.torch.save(state, part)
        part.replace(self.out / STATE)

    def load(self) -> None:
        """Goes on from the state in the folder."""
        path = self.out / STATE
        if not path.is_file():
            raise ConfigError(f"{path} does not exist; begin without --resume")
        state = self.torch.load(path, map_location=self.device, weights_only=True)
        if json.loads(state["recipe"]) != json.loads(json.dumps(asdict(self.recipe))):
            raise ConfigError(f"{path} was begun with another recipe ({state['recipe']}); give the same, or another folder")
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]

    def finish(self) -> Path:
        """Writes the averaged weights as a file that `YOLO(...)` loads and exports."""
        path, part = self.out / WEIGHTS, self.out / (WEIGHTS + ".part")
        model = self.average.to("cpu").half().eval()
        arguments = {"task": "detect", "imgsz": list(self.recipe.whole), "model": self.recipe.model}
        self.torch.save({"epoch": -1, "model": model, "ema": None, "train_args": arguments, "date": None}, part)
        part.replace(path)
        return path

    def _network(self, start_from: Path | None) -> Any:  # noqa: ANN401 (torch has no types here)
        names = self.frames.names
        tasks = importlib.import_module("ultralytics.nn.tasks")
        network = tasks.DetectionModel(self.recipe.model, ch=3, nc=len(names), verbose=False)
        if start_from is not None:
            try:
                network.load(self.ultralytics.YOLO(str(start_from)).model)
            except Exception as error:  # noqa: BLE001 (unpickling raises anything)
                raise ModelError(f"weights {start_from} cannot be fine-tuned: {error}") from None
        network.names = names
        network.args = importlib.import_module("ultralytics.cfg").get_cfg()
        for parameter in network.parameters():
            parameter.requires_grad = True
        return network

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
        whole = self.recipe.sees_whole(self.step)
        if whole not in self._batches:
            random = np.random.default_rng([self.recipe.seed, self.step])
            shape = self.recipe.whole if whole else self.recipe.window
            self._batches = {whole: self.frames.batches(random, self.recipe.batch, shape, whole=whole)}
        return self._tensors(next(self._batches[whole]))

    def _tensors(self, batch: Batch) -> dict[str, Any]:
        torch = self.torch
        images = torch.from_numpy(batch.images).to(self.device).float().div_(255)
        return {
            "img": images.contiguous(memory_format=torch.channels_last),
            "batch_idx": torch.from_numpy(batch.picture).to(self.device),
            "cls": torch.from_numpy(batch.classes)[:, None].to(self.device),
            "bboxes": torch.from_numpy(batch.xywh).to(self.device),
        }
