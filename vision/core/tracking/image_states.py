"""Boxes in a camera's picture as Gaussian states: an interacting multiple model filter, standing or moving. Pure.

Blom and Bar-Shalom 1988, The interacting multiple model algorithm. For each axis x = [c, v, w]: middle, speed, span; its edges
are c -+ w / 2. Lengths are in picture heights, noise and speeds in sizes of the box. One that moves has a mean-reverting speed
(Singer 1970; integrated Ornstein-Uhlenbeck process), one that stands creeps at most. An edge is measured with a mixture,
because detectors now and then have one somewhere else: the state takes it by the probability that it is no such outlier
(probabilistic data association, Bar-Shalom and Tse 1975). An edge that the picture's border cuts is somewhere beyond it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from vision.tracking_parameters import TrackingParameters

__all__ = ["IN_MOTION", "STANDING", "BoxStates", "jump_density", "size_of"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]
STANDING: Final = 0
IN_MOTION: Final = 1
MIDDLE, SPEED, SPAN = 0, 1, 2
SPEED_SIZES_PER_S: Final = 2.0
"""Standard deviation of the speed of one that moves: a truck of 4 m at 8 m/s; a car has as much in the picture."""
EDGES: Final = np.array([[1.0, 0.0, -0.5], [1.0, 0.0, 0.5]])
"""H of the lower and of the upper edge."""


def size_of(boxes: Array) -> Array:
    """Size (...,) of boxes (..., 4): the geometric mean of width and height."""
    return np.asarray(np.sqrt(_spans(boxes).prod(axis=-1)))


def jump_density(a: Array, b: Array) -> Array:
    """Density (N, M) of boxes (M, 4) as those of vehicles that were at others (N, 4) and jumped, over that of all jumps.

    Such a box is somewhere within a size and of a similar shape: a part, the whole, or where the vehicle is after a lost frame.
    """
    span = [np.log(_spans(box)) for box in (a, b)]
    middle = [(box[:, :2] + box[:, 2:]) / 2.0 for box in (a, b)]
    away = (middle[0][:, None] - middle[1][None]) / size_of(a)[:, None, None]
    apart = (away**2).sum(axis=2) + ((span[0][:, None] - span[1][None]) ** 2).sum(axis=2)
    return np.asarray(np.exp(-apart / 2.0) / (2.0 * np.pi))


class BoxStates:
    """N boxes: means (N, mode, axis, 3), covariances (N, mode, axis, 3, 3), probabilities of the modes (N, mode)."""

    def __init__(self, parameters: TrackingParameters) -> None:
        self.parameters = parameters
        self.mean = np.zeros((0, 2, *EDGES.shape))
        self.cov = np.zeros((0, 2, 2, SPAN + 1, SPAN + 1))
        self.mode = np.zeros((0, 2))

    def __len__(self) -> int:
        return len(self.mode)

    @property
    def by_mode(self) -> Array:
        """Expected boxes (N, mode, 4)."""
        return np.asarray(np.einsum("nmax,ex->nmea", self.mean, EDGES).reshape(-1, 2, 2 * 2))

    @property
    def boxes(self) -> Array:
        """Expected boxes (N, 4)."""
        return np.asarray(np.einsum("nm,nme->ne", self.mode, self.by_mode))

    def point(self, row: int, h: Array) -> tuple[Array, Array]:
        """Mean and variance (mode, axis) of a point of a box, h (axis, 3) of what is in the state."""
        return np.einsum("max,ax->ma", self.mean[row], h), np.einsum("ax,maxy,ay->ma", h, self.cov[row], h)

    def inside(self, aspect: float) -> Array:
        """Expected share (N, mode) of the boxes in a picture of this ratio of width to height: of their middles and edges."""
        points = np.concatenate([EDGES, EDGES.mean(axis=0)[None]])
        mean, size = np.einsum("nmax,ex->nmae", self.mean, points), np.array([[aspect], [1.0]])
        sd = np.sqrt(np.einsum("ex,nmaxy,ey->nmae", points, self.cov, points))
        return np.asarray((ndtr((size - mean) / sd) - ndtr(-mean / sd)).mean(axis=-1).prod(axis=-1))

    def add(self, boxes: Array, cut: Flags) -> None:
        """Begins states at boxes (M, 4); an edge that is cut (M, 4) may be a size away."""
        mean, cov = self._at(boxes, cut)
        self.mean, self.cov = np.concatenate([self.mean, mean]), np.concatenate([self.cov, cov])
        self.mode = np.concatenate([self.mode, np.full((len(boxes), 2), 0.5)])

    def put(self, rows: Rows, boxes: Array, cut: Flags) -> None:
        """Puts states (K rows) where other boxes (K, 4) show them, standing or moving as before."""
        (mean, cov), speed = self._at(boxes, cut), self.mean[rows, ..., SPEED]
        cov[..., SPEED, SPEED] = self.cov[rows][..., SPEED, SPEED]
        mean[..., SPEED] = speed
        self.mean[rows], self.cov[rows] = mean, cov

    def keep(self, rows: Flags) -> None:
        """Forgets all but these rows (N,)."""
        self.mean, self.cov, self.mode = self.mean[rows], self.cov[rows], self.mode[rows]

    def stretch(self, factor: float) -> None:
        """Takes another ratio of width to height: what lies across the picture is multiplied."""
        self.mean[:, :, 0] *= factor
        self.cov[:, :, 0] *= factor**2

    def predict(self, dt: float) -> None:
        """Goes on by dt seconds."""
        p, square = self.parameters, size_of(self.boxes)[:, None] ** 2
        self._switch(dt, square)
        creep, tau = (p.image_edge_sd / 2.0) ** 2 * dt, p.image_moving_s
        kept = np.exp(-dt / tau)
        gain = tau * (1.0 - kept)
        step, noise = np.eye(SPAN + 1), np.zeros((SPAN + 1, SPAN + 1))
        step[MIDDLE, SPEED], step[SPEED, SPEED] = gain, kept
        noise[MIDDLE, MIDDLE] = 2.0 * tau * (dt - gain) - gain**2
        noise[MIDDLE, SPEED] = noise[SPEED, MIDDLE] = gain**2 / tau
        noise[SPEED, SPEED] = 1.0 - kept**2
        noise *= SPEED_SIZES_PER_S**2
        noise[SPAN, SPAN] = dt / tau
        self.mean[:, IN_MOTION] = self.mean[:, IN_MOTION] @ step.T
        self.cov[:, IN_MOTION] = step @ self.cov[:, IN_MOTION] @ step.T + square[..., None, None] * noise
        self.cov[:, STANDING] += square[..., None, None] * np.diag([creep, 0.0, 2.0**2 * creep])

    def likelihoods(self, boxes: Array, cut: Flags) -> Array:
        """Densities g(z) (N, M) of boxes (M, 4) as those of each state."""
        states = self.mean[:, None], self.cov[:, None], self.mode[:, None], size_of(self.boxes)[:, None]
        return np.asarray(self._corrected(states, boxes[None], cut[None])[2].sum(axis=-1))

    def update(self, rows: Rows, boxes: Array, cut: Flags) -> None:
        """Corrects states (K rows) by their boxes (K, 4)."""
        states = self.mean[rows], self.cov[rows], self.mode[rows], size_of(self.boxes[rows])
        self.mean[rows], self.cov[rows], joint = self._corrected(states, boxes, cut)
        self.mode[rows] = joint / joint.sum(axis=1, keepdims=True)

    def miss(self, rows: Rows, found: Array) -> None:
        """Notes that states (K rows), found with these chances in each mode (K, mode), were not."""
        joint = self.mode[rows] * (1.0 - found)
        self.mode[rows] = joint / joint.sum(axis=1, keepdims=True)

    def as_data(self) -> dict[str, Any]:
        """Plain data for a checkpoint."""
        return {"mean": self.mean.tolist(), "cov": self.cov.tolist(), "mode": self.mode.tolist()}

    def load(self, data: dict[str, Any]) -> None:
        """Goes on from what `as_data` described."""
        self.mean = np.array(data["mean"], float).reshape(-1, 2, *EDGES.shape)
        self.cov = np.array(data["cov"], float).reshape(-1, 2, 2, SPAN + 1, SPAN + 1)
        self.mode = np.array(data["mode"], float).reshape(-1, 2)

    def _at(self, boxes: Array, cut: Flags) -> tuple[Array, Array]:
        """Means and covariances of states at boxes (M, 4)."""
        square = size_of(boxes)[:, None] ** 2
        edges = boxes.reshape(-1, 2, 2)
        mean = np.stack([edges.mean(axis=1), np.zeros((len(boxes), 2)), edges[:, 1] - edges[:, 0]], axis=-1)
        noise = np.where(cut, 1.0, self.parameters.image_edge_sd**2).reshape(-1, 2, 2)
        cov = np.zeros((len(boxes), 2, SPAN + 1, SPAN + 1))
        cov[..., MIDDLE, MIDDLE], cov[..., SPAN, SPAN] = noise.sum(axis=1) / 2.0**2, noise.sum(axis=1)
        cov[..., MIDDLE, SPAN] = cov[..., SPAN, MIDDLE] = (noise[:, 1] - noise[:, 0]) / 2.0
        standing = cov * square[..., None, None]
        cov[..., SPEED, SPEED] = SPEED_SIZES_PER_S**2
        return np.repeat(mean[:, None], 2, axis=1), np.stack([standing, cov * square[..., None, None]], axis=1)

    def _switch(self, dt: float, square: Array) -> None:
        """Modes change: each goes on from the likelier one that leads to it.

        The likelier one, not the mixture: one that is out of sight still stands where it stood, though it may have moved. One
        that moved halts at any moment of the step, so it is anywhere on the way that it goes in it; one that stood has any
        speed from now on.
        """
        p = self.parameters
        rate = np.array([1.0 / p.image_standing_s, 1.0 / p.image_moving_s])
        change = rate / rate.sum() * (1.0 - np.exp(-rate.sum() * dt))
        paths = self.mode[:, :, None] * np.array([[1.0 - change[0], change[0]], [change[1], 1.0 - change[1]]])
        source, rows = paths.argmax(axis=1), np.arange(len(self))[:, None]
        self.mean, self.cov, self.mode = self.mean[rows, source], self.cov[rows, source], paths.sum(axis=1)
        way = dt**2 * (self.mean[:, STANDING, :, SPEED] ** 2 + self.cov[:, STANDING, :, SPEED, SPEED])
        halfway = np.array([[1.0, dt / 2.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        self.mean[:, STANDING] = self.mean[:, STANDING] @ halfway.T
        self.cov[:, STANDING] = halfway @ self.cov[:, STANDING] @ halfway.T
        self.cov[:, STANDING, :, MIDDLE, MIDDLE] += way / 12.0  # the variance of a uniform distribution
        started = (source[:, IN_MOTION] == STANDING)[:, None]
        self.cov[:, IN_MOTION, :, SPEED, SPEED] += np.where(started, SPEED_SIZES_PER_S**2 * square, 0.0)

    def _corrected(self, states: tuple[Array, ...], boxes: Array, cut: Flags) -> tuple[Array, Array, Array]:
        """Means, covariances and modes times densities of states (..., mode) after boxes (..., 4), edge after edge."""
        mean, cov, mode, size = states
        size = size[..., None, None]
        for side, h in enumerate(EDGES):
            edges = slice(2 * side, 2 * side + 2)
            off, variance = boxes[..., None, edges] - mean @ h, h @ cov @ h + (self.parameters.image_edge_sd * size) ** 2
            density, inlier = self._density(off, variance, size, cut[..., None, edges], 1.0 - 2.0 * side)
            gain = (cov @ h) / variance[..., None]
            mean = mean + (inlier * off)[..., None] * gain
            shrink = inlier * variance - inlier * (1.0 - inlier) * off**2
            cov = cov - shrink[..., None, None] * gain[..., :, None] * gain[..., None, :]
            mode = mode * density.prod(axis=-1)
        return mean, cov, mode

    def _density(self, off: Array, variance: Array, size: Array, cut: Flags, inwards: float) -> tuple[Array, Array]:
        """Density of edges that are `off` what is expected, and the probability that each is no outlier.

        One that is cut where it should be is as likely as one that is where it should be.
        """
        share, noise = self.parameters.image_failure_share, (self.parameters.image_edge_sd * size) ** 2
        good = (1.0 - share) * _normal(off, variance)
        density = np.maximum(good + share * _normal(off, variance + size**2), 1e-60)
        beyond = np.maximum(ndtr(off * inwards / np.sqrt(variance)), share) * _normal(np.zeros_like(noise), noise)
        return np.where(cut, beyond, density), np.where(cut, 0.0, good / density)


def _spans(boxes: Array) -> Array:
    return np.maximum(boxes[..., 2:] - boxes[..., :2], 1e-3)


def _normal(away: Array, variance: Array) -> Array:
    return np.asarray(np.exp(-(away**2) / variance / 2.0) / np.sqrt(2.0 * np.pi * variance))
