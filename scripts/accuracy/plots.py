"""Pictures of a replay beside the truth: in each lane the queue over time, and the visits as time-distance lines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from PIL import Image

from scripts.accuracy.measured import MeasuredLane, MeasuredVisit, matches, read_lanes, read_visits
from scripts.accuracy.truth import Scene, read_scene, true_line

__all__ = ["plot"]

TRUE: Final = "#c9ced6"
TRUE_LINE: Final = "#4b5563"
QUEUE: Final = "#d97706"
RIGHT: Final = "#1d4ed8"
WRONG: Final = "#dc2626"
WIDTH_IN: Final = 17.0


def plot(out: Path, scene_folder: Path, picture: Path, title: str, span_s: tuple[float, float] | None = None) -> None:
    """Draws the replay in `out` beside the truth of a scene into `picture` (PNG); span_s: only this part of the scene."""
    scene = read_scene(scene_folder)
    lanes, visits = read_lanes(out, scene.t0), read_visits(out, scene.t0)
    found = matches(scene, visits)
    matched = [(visit, found.get(number)) for number, visit in enumerate(visits)]
    with mpl.rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6}):
        figure = Figure(figsize=(WIDTH_IN, 3.4 * len(lanes) + 0.9), dpi=100)
        ratios = [1.0, 2.6] * len(lanes)
        axes = figure.subplots(2 * len(lanes), 1, sharex=True, gridspec_kw={"height_ratios": ratios, "hspace": 0.14})
        for number, lane in enumerate(lanes):
            _queue(axes[2 * number], lane, scene, lanes[lane])
            _places(axes[2 * number + 1], lane, scene, lanes[lane], matched)
        axes[-1].set_xlim(*(span_s or (0, scene.duration_s)))
        axes[-1].set_xlabel("seconds from the scene's start")
        figure.suptitle(title, x=0.06, y=0.995, ha="left", va="top", fontsize=12, fontweight="bold")
        figure.legend(handles=_legend(), loc="upper right", bbox_to_anchor=(0.985, 0.998), ncol=7, frameon=False)
        figure.subplots_adjust(left=0.06, right=0.985, top=1 - 0.55 / figure.get_figheight(), bottom=0.028)
        figure.savefig(picture, format="png")
    _shrink(picture)


def _shrink(picture: Path) -> None:
    """Writes it anew with 64 colours: a third of the size, and nothing to be seen of it."""
    with Image.open(picture) as image:
        smaller = image.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    smaller.save(picture, optimize=True)


def _queue(axes: Axes, lane: str, scene: Scene, measured: MeasuredLane) -> None:
    t = [second.t for second in scene.lanes[lane]]
    axes.fill_between(t, [s.queue_vehicles for s in scene.lanes[lane]], step="post", color=TRUE, linewidth=0)
    axes.step(measured.t, [_nan(v) for v in measured.queue_vehicles], where="post", color=QUEUE, linewidth=1.2)
    axes.set_ylabel(f"{lane}\nvehicles")
    axes.set_ylim(0, None)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.grid(alpha=0.25, linewidth=0.5)


def _places(
    axes: Axes, lane: str, scene: Scene, measured: MeasuredLane, visits: Sequence[tuple[MeasuredVisit, int | None]]
) -> None:
    t = [second.t for second in scene.lanes[lane]]
    axes.fill_between(t, [s.queue_m for s in scene.lanes[lane]], step="post", color=TRUE, linewidth=0, alpha=0.6)
    axes.step(measured.t, [_nan(v) for v in measured.queue_m], where="post", color=QUEUE, linewidth=1.0)
    taken = {match for _, match in visits}
    for number, true in enumerate(scene.visits):
        line = true_line(true, scene) if true.lane_id == lane else []
        missed = true.complete and number not in taken
        if line:
            axes.plot(*zip(*line, strict=True), "--", color=WRONG if missed else TRUE_LINE, linewidth=0.9, dashes=(3, 2))
    for visit, match in visits:
        if visit.lane_id == lane and visit.line:
            wrong = (visit.outcome == "departed" and match is None) or visit.outcome == "lost"
            _measured_line(axes, visit, WRONG if wrong else RIGHT)
    axes.set_ylabel(f"{lane}\nmetres to the stop line")
    axes.set_ylim(-3, scene.zone_m + 3)
    axes.grid(alpha=0.25, linewidth=0.5)


def _measured_line(axes: Axes, visit: MeasuredVisit, color: str) -> None:
    ends = [(visit.left_t, 0.0, True)] if visit.outcome == "departed" and visit.left_t is not None else []
    points = [*visit.line, *ends]
    pairs = list(pairwise(points))
    pieces = [[(a[0], a[1]), (b[0], b[1])] for a, b in pairs]
    widths = [1.3 if b[2] else 0.55 for _, b in pairs]
    axes.add_collection(LineCollection(pieces, colors=color, linewidths=widths))
    if visit.outcome in ("lost", "changed_lane"):
        axes.plot(*points[-1][:2], marker="x" if visit.outcome == "lost" else "d", color=color, markersize=5)


def _legend() -> list[Artist]:
    return [
        Patch(color=TRUE, label="queue, true"),
        Line2D([], [], color=QUEUE, label="queue, measured"),
        Line2D([], [], color=TRUE_LINE, linestyle="--", linewidth=0.9, label="front, true"),
        Line2D([], [], color=RIGHT, linewidth=1.3, label="front, measured (thin: held unseen)"),
        Line2D([], [], color=WRONG, linestyle="--", linewidth=0.9, label="true visit missed"),
        Line2D([], [], color=WRONG, linewidth=1.3, label="measured visit wrong"),
        Line2D([], [], color=WRONG, marker="x", linestyle="", label="lost"),
    ]


def _nan(value: float | None) -> float:
    return float("nan") if value is None else value
