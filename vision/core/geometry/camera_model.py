"""Where a camera stands and how it looks: the full pose from ground points, for geometry above the ground. Pure.

The camera is a pinhole with square pixels and a centred principal point. World axes: x and y in the ground plane as the
configuration gives them, z up. A ground homography then holds the focal length and the pose (Zhang 2000, one plane).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from vision.config import Camera, Lens
from vision.errors import ConfigError

__all__ = ["MIN_DEPTH_M", "CameraPose", "fit_pose"]

Array = NDArray[np.float64]
MIN_DEPTH_M: Final = 0.5
"""Points nearer than this, or behind the camera, are projected as if at this depth: far outside the picture."""
MAX_MISFIT: Final = 0.02
"""Largest mean misfit of the ground points, in picture widths; beyond it the points contradict each other."""
MIN_HEIGHT_M: Final = 0.5
LENS_STEPS: Final = 8


@dataclass(frozen=True, slots=True)
class CameraPose:
    """A pinhole camera in the world: x = K [R | t] X, pixels from the upper left of a width x height picture."""

    width: int
    height: int
    focal_px: float
    rotation: Array
    translation: Array
    lens: Lens | None = None

    @property
    def centre(self) -> Array:
        """The camera's place in metres, shape (3,)."""
        place: Array = -self.rotation.T @ self.translation
        return place

    def project(self, points: Array) -> tuple[Array, Array]:
        """Pinhole pixels (..., 2) and depths in metres (...,) of world points (..., 3)."""
        seen = points @ self.rotation.T + self.translation
        depth = seen[..., 2]
        scale = self.focal_px / np.maximum(depth, MIN_DEPTH_M)
        pixels = np.empty((*seen.shape[:-1], 2))
        pixels[..., 0] = seen[..., 0] * scale + self.width / 2
        pixels[..., 1] = seen[..., 1] * scale + self.height / 2
        return pixels, depth

    def on_plane(self, pixels: Array, z_m: float | Array) -> Array:
        """World x, y (..., 2) where the rays of pinhole pixels (..., 2) meet the plane z = z_m; NaN above its horizon."""
        x = (pixels[..., 0] - self.width / 2) / self.focal_px
        y = (pixels[..., 1] - self.height / 2) / self.focal_px
        rays = np.stack([x, y, np.ones_like(x)], axis=-1) @ self.rotation
        centre = self.centre
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = (z_m - centre[2]) / rays[..., 2]
            reach = np.where((reach > 0) & np.isfinite(reach), reach, np.nan)
        return np.asarray(centre[:2] + rays[..., :2] * reach[..., None])

    def pinhole_boxes(self, xyxy: Array) -> Array:
        """Boxes (N, 4) as a lens without distortion would show them: the middle of each edge is moved."""
        if self.lens is None or not len(xyxy):
            return xyxy
        middle_x, middle_y = (xyxy[:, 0] + xyxy[:, 2]) / 2, (xyxy[:, 1] + xyxy[:, 3]) / 2
        return np.stack(
            [
                self._straighten(np.stack([xyxy[:, 0], middle_y], 1))[:, 0],
                self._straighten(np.stack([middle_x, xyxy[:, 1]], 1))[:, 1],
                self._straighten(np.stack([xyxy[:, 2], middle_y], 1))[:, 0],
                self._straighten(np.stack([middle_x, xyxy[:, 3]], 1))[:, 1],
            ],
            axis=1,
        )

    def picture_points(self, points: Array) -> Array:
        """Picture coordinates 0..1 (..., 2), the lens' distortion included, of world points (..., 3)."""
        pixels, _ = self.project(points)
        offset = pixels - np.array([self.width, self.height]) / 2
        if self.lens is not None:
            r2 = (offset**2).sum(-1, keepdims=True) / self.focal_px**2
            offset = offset * (1 + self.lens.k1 * r2 + self.lens.k2 * r2**2)
        return np.asarray(offset / np.array([self.width, self.height]) + 0.5)

    def _straighten(self, pixels: Array) -> Array:
        return straighten(pixels, self.width, self.height, self.focal_px, self.lens)


def straighten(pixels: Array, width: int, height: int, focal_px: float, lens: Lens | None) -> Array:
    """Pinhole pixels of distorted pixels (N, 2): Brown's radial model, inverted by fixed-point steps."""
    if lens is None:
        return pixels
    middle = np.array([width, height]) / 2
    bent = (pixels - middle) / focal_px
    straight = bent
    for _ in range(LENS_STEPS):
        r2 = (straight**2).sum(-1, keepdims=True)
        straight = bent / np.maximum(1 + lens.k1 * r2 + lens.k2 * r2**2, 0.2)
    return straight * focal_px + middle


def fit_pose(camera: Camera, width: int, height: int) -> CameraPose:
    """The pose of a camera with ground points, for a picture of width x height px. Raises ConfigError if they do not fit."""
    ground = camera.ground or ()
    image = np.array([point.image for point in ground], float) * [width, height]
    metres = np.array([point.metres for point in ground], float)
    given = None if camera.focal_px is None else camera.focal_px * width / (camera.native_width or width)
    image = straighten(image, width, height, given or width, camera.lens)
    centred = image - np.array([width, height]) / 2
    plane = _homography(metres, centred / width)
    focal = given / width if given else _focal(plane)
    start = _pose_of(plane, focal, metres)
    pose = _refined(start, focal, metres, centred / width, free_focal=given is None)
    rotation, translation, focal, misfit = pose
    height_m = float((-rotation.T @ translation)[2])
    if not np.isfinite(misfit) or misfit > MAX_MISFIT or height_m < MIN_HEIGHT_M:
        raise ConfigError(
            f"cameras: {camera.id}: ground: the points do not fit one flat ground seen by one camera"
            f" (mean misfit {misfit:.1%} of the picture's width, camera {height_m:.1f} m high); check their pixels and metres"
        )
    return CameraPose(width, height, focal * width, rotation, translation, camera.lens)


def _homography(metres: Array, image: Array) -> Array:
    """Ground to centred picture by the normalised direct linear transform (Hartley and Zisserman, 4.1)."""
    middle, spread = metres.mean(0), max(float(metres.std()), 1e-9)
    ones = np.ones(len(metres))
    source = np.column_stack([(metres - middle) / spread, ones])
    zero = np.zeros_like(source)
    rows_x = np.hstack([source, zero, -image[:, :1] * source])
    rows_y = np.hstack([zero, source, -image[:, 1:] * source])
    _, _, vectors = np.linalg.svd(np.vstack([rows_x, rows_y]))
    normalise = np.array([[1 / spread, 0, -middle[0] / spread], [0, 1 / spread, -middle[1] / spread], [0, 0, 1]])
    return np.asarray(vectors[-1].reshape(3, 3) @ normalise)


def _focal(plane: Array) -> float:
    """Focal length in picture widths from the two constraints that the columns of the rotation put on a homography."""
    a, b = plane[:, 0], plane[:, 1]
    top = np.array([a[0] * b[0] + a[1] * b[1], a[0] ** 2 + a[1] ** 2 - b[0] ** 2 - b[1] ** 2])
    bottom = np.array([a[2] * b[2], a[2] ** 2 - b[2] ** 2])
    square = -float(top @ bottom) / max(float(bottom @ bottom), 1e-18)
    return float(np.sqrt(square)) if 0.09 < square < 100 else 1.0


def _pose_of(plane: Array, focal: float, metres: Array) -> tuple[Array, Array]:
    columns = plane / np.array([[focal], [focal], [1.0]])
    columns = columns / np.sqrt(np.linalg.norm(columns[:, 0]) * np.linalg.norm(columns[:, 1]))
    if (columns @ np.append(metres.mean(0), 1.0))[2] < 0:
        columns = -columns
    first, second, translation = columns.T
    third = np.cross(first, second)
    if (-np.column_stack([first, second, third]).T @ translation)[2] < 0:
        third = -third  # a left-handed map (y given to the right of x): up is still up
    left, _, right = np.linalg.svd(np.column_stack([first, second, third]))
    return left @ right, translation


def _refined(
    start: tuple[Array, Array], focal: float, metres: Array, image: Array, *, free_focal: bool
) -> tuple[Array, Array, float, float]:
    """Least squares of the reprojection in picture widths over rotation vector, translation and, if free, focal length."""
    world = np.column_stack([metres, np.zeros(len(metres))])
    rotation, translation = start

    def misfits(x: Array) -> Array:
        seen = world @ (_turn(x[:3]) @ rotation).T + x[3:6]
        scale = focal * np.exp(x[6] if free_focal else 0.0)
        return np.asarray((seen[:, :2] * scale / np.maximum(seen[:, 2:], MIN_DEPTH_M) - image).ravel())

    x0 = np.concatenate([np.zeros(3), translation, np.zeros(1 if free_focal else 0)])
    best = least_squares(misfits, x0, x_scale="jac").x
    final = focal * float(np.exp(best[6])) if free_focal else focal
    return _turn(best[:3]) @ rotation, best[3:6], final, float(np.abs(misfits(best)).mean())


def _turn(vector: Array) -> Array:
    """Rotation matrix of a rotation vector (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector / angle if angle > 1e-12 else vector
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew)
