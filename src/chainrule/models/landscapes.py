"""The loss over a line or a plane of weights, with the paths that optimizers took."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.core.bar import Bar
from chainrule.errors import ArgumentError, ShapeError
from chainrule.glass.planes import Plane, chosen_plane, principal_plane, random_plane
from chainrule.glass.surfaces import SURFACES, Surface
from chainrule.models.evaluation import verbosity
from chainrule.models.surveying import Loss, survey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.glass.paths import Walk
    from chainrule.models.model import Model

    Array = NDArray[Any]

POINTS_OF_LINE, POINTS_OF_PLANE = 101, 41
"""Points along a line, and along each side of a plane, where nothing is said. Odd, so that the
middle is one of them."""
MARGIN = 0.15
"""How much farther than the paths a surface reaches, as a share of their extent."""
MARGIN_OF_MODELS = 0.5
"""How much farther than models a line or plane through them reaches."""
Range = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Track:
    """A path seen on a landscape.

    Attributes:
        name: The optimizer's, usually.
        coordinates: Where on the plane each point is nearest: shape (T, k).
        losses: The true loss at each point of the path, not that of the plane below it: (T,).
        distances: How far each point is from the plane: (T,).
        extent: The largest distance of two of its points from each other along the way: from the
            start to any other.
    """

    name: str
    coordinates: Array
    losses: Array
    distances: Array
    extent: float

    @property
    def error(self) -> float:
        """The largest distance from the plane, as a share of the path's extent."""
        return float(self.distances.max() / self.extent) if self.extent else 0.0


@dataclass(frozen=True, eq=False)
class Landscape:
    """The loss at points of a line or a plane.

    Attributes:
        name: What it is the loss of.
        plane: Where the points are.
        axes: The coordinates along each direction.
        losses: The loss: shape (len(axes[0]),) of a line; of a plane (len(axes[1]), len(axes[0])),
            as matplotlib takes it.
        tracks: Paths on it.
        marks: Points worth seeing, by what they are: ``"minimum"``, ``"saddle"``, a model's name.
        loss: The function itself, from weights to a number.
    """

    name: str
    plane: Plane
    axes: tuple[Array, ...]
    losses: Array
    tracks: tuple[Track, ...] = ()
    marks: Mapping[str, Array] = field(default_factory=dict)
    loss: Loss = field(default=lambda theta: float("nan"), repr=False)

    def at(self, *coordinates: float) -> float:
        """The loss at any place of the plane, computed anew."""
        return self.loss(self.plane.point(*coordinates))

    def along(self, *paths: Walk | Array) -> Landscape:
        """The same landscape with other paths on it."""
        tracks = tuple(track_of(self.plane, path, self.loss) for path in paths)
        return replace(self, tracks=tracks)

    def __str__(self) -> str:
        lines = [f"{self.name}: {' × '.join(str(len(axis)) for axis in self.axes)} points"]
        for label, axis in zip(self.plane.labels, self.axes, strict=True):
            lines.append(f"  {label}: {axis[0]:.4g} … {axis[-1]:.4g}")
        finite = self.losses[np.isfinite(self.losses)]
        if finite.size:
            lines.append(f"  loss: {finite.min():.4g} … {finite.max():.4g}")
        for track in self.tracks:
            lines.append(
                f"  {track.name}: {len(track.losses)} points, loss {track.losses[0]:.4g} → "
                f"{track.losses[-1]:.4g}{self.off(track)}"
            )
        return "\n".join(lines)

    def off(self, track: Track) -> str:
        """How far a path is from the plane, in words; nothing if it lies in it."""
        if track.error < 1e-6:
            return ""
        return f"; up to {track.error:.0%} of its length off the plane"

    # ------------------------------------------------------------ pictures

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw it from above; see :func:`chainrule.report.landscape_plots.plot_landscape`."""
        from chainrule.report.landscape_plots import plot_landscape

        return plot_landscape(self, ax, **options)

    def plot_3d(self, ax: Any = None, **options: Any) -> Any:
        """Draw it in space; see :func:`chainrule.report.landscape_plots.plot_landscape_3d`."""
        from chainrule.report.landscape_plots import plot_landscape_3d

        return plot_landscape_3d(self, ax, **options)

    def animate(self, path: str | os.PathLike[str], **options: Any) -> None:
        """Write the paths as an animation: a ``.gif``, or a ``.html`` page that needs no network.

        See :func:`chainrule.report.descent_animation.write_animation`.
        """
        from chainrule.report.descent_animation import write_animation

        write_animation(self, path, **options)


def landscape(
    model: Model | Surface | str,
    x: Any = None,
    y: Any = None,
    directions: Any = "random",
    *,
    path: Any = None,
    resolution: int | tuple[int, int] | None = None,
    span: float | Range | tuple[Range, Range] | None = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    seed: int = 0,
    verbose: Any = "auto",
) -> Landscape:
    """The loss over two directions of the flat parameter vector, or along one.

    The model stays as it is. What training does not move (averages of normalization) is what the
    model has; along a path it is what was recorded.

    Args:
        model: A compiled model; or a classical function of two variables, by name
            (``"rosenbrock"``) or itself, which needs neither data nor directions.
        x: Inputs, as for ``evaluate``: arrays.
        y: Targets.
        directions: ``"random"``: two, each filter as long as the model's own (Li et al., 2018);
            ``"pca"``: the plane nearest to the paths, through the best of their ends;
            a weight's name (``"dense/kernel[0, 0]"``), or two; an array of shape (P,), or two;
            another trained model of the same shapes (a line to it: 0 is this model, 1 the other),
            or two others (the plane through all three).
        path: What a :class:`PathRecorder` recorded, an array of shape (T, P), or a list of these.
        resolution: Points along each axis; 41 by default, 101 along a line.
        span: Half of the width of each axis, or where the axes (the one axis) begin and end. By
            default as far as the paths go and a little farther; without any, one length of the
            filters, or twice a weight's own value and at least 2.
        sample_weight: One weight per sample.
        batch_size: Rows computed at once.
        seed: Of random directions.
        verbose: 0 silent, 1 (and ``"auto"``) a bar, 2 one line.

    Raises:
        StateError: The model is not compiled.
        ArgumentError: The directions are not two, or none of the above.
        UnknownNameError: There is no such weight, or no such function.
        ShapeError, DataError: The data, a path or another model do not fit the model.

    Example:
        >>> terrain = landscape("himmelblau", resolution=5)
        >>> terrain.losses.shape
        (5, 5)
    """
    paths = _paths(path)
    if isinstance(model, str | Surface):
        surface = SURFACES.find(model) if isinstance(model, str) else model
        return _of_surface(surface, paths, resolution, span)
    threads = config.get_threads()
    losses = [_loss(model, x, y, sample_weight, batch_size)]
    plane, marks = _plane(model, directions, paths, losses[0], seed)
    tracks = tuple(track_of(plane, one, losses[0]) for one in paths)
    axes = _axes(plane, tracks, marks, model.theta, resolution, span)
    count = int(np.prod([len(axis) for axis in axes]))
    losses += [_loss(model, x, y, sample_weight, batch_size) for _ in range(threads - 1)]
    bar = Bar(count, verbosity(verbose), unit="point")
    shape = [len(axis) for axis in axes[::-1]]

    def point(number: int) -> Array:
        where = np.unravel_index(number, shape)[::-1]
        return plane.point(*(axis[place] for axis, place in zip(axes, where, strict=True)))

    values = survey(losses, point, count, bar).reshape(shape)
    bar.finish(done=count)
    return Landscape(f"loss of {model.name}", plane, axes, values, tracks, marks, losses[0])


def _of_surface(surface: Surface, paths: Sequence[Any], resolution: Any, span: Any) -> Landscape:
    plane = Plane(np.zeros(2), np.eye(2), ("x", "y"), "variables")
    marks = {"minimum": surface.minima, "saddle": surface.saddles}
    found = {name: np.array(points) for name, points in marks.items() if points}
    tracks = tuple(track_of(plane, one, surface.loss) for one in paths)
    ranges = surface.span if span is None else _ranges(span, np.zeros(2))
    axes = _grid(ranges, resolution or 161)
    values = surface(*np.meshgrid(*axes))
    return Landscape(surface.name, plane, axes, values, tracks, found, surface.loss)


def _paths(path: Any) -> list[Any]:
    if path is None:
        return []
    return list(path) if isinstance(path, list | tuple) else [path]


def _loss(model: Model, x: Any, y: Any, weight: Any, batch_size: int | None) -> Loss:
    """The loss of given weights; what is not given is as the model has it now."""
    function = model.empirical_loss(x, y, weight, batch_size)
    now = model.theta.copy()

    def loss(theta: Array) -> float:
        whole = now.copy()
        whole[: len(theta)] = theta
        return function.loss(whole)

    return loss


def track_of(plane: Plane, path: Any, loss: Loss) -> Track:
    """A path as the plane shows it, with the true loss at each of its points.

    Raises:
        ShapeError: The path has another number of weights.
    """
    points = np.asarray(getattr(path, "points", path))
    size = plane.centre.size
    if points.ndim != 2 or points.shape[1] < size or not len(points):
        raise ShapeError(f"A path must have the shape (T, {size}).", shape=points.shape)
    coordinates, distances = plane.project(points[:, :size])
    extent = np.linalg.norm(points[:, :size] - points[0, :size], axis=1).max()
    losses = np.array([loss(point) for point in points])
    return Track(getattr(path, "name", "path"), coordinates, losses, distances, float(extent))


def _plane(
    model: Model, directions: Any, paths: Sequence[Any], loss: Loss, seed: int
) -> tuple[Plane, dict[str, Array]]:
    """The plane that is meant, and what is to be marked on it."""
    layout = model.layout.moved
    theta = np.asarray(model.theta[: layout.size], np.float64)
    if isinstance(directions, str) and directions == "random":
        return random_plane(layout, theta, seed), {}
    if isinstance(directions, str) and directions == "pca":
        if not paths:
            raise ArgumentError('`directions="pca"` needs a `path`.', path=None)
        recorded = [np.asarray(getattr(one, "points", one)) for one in paths]
        best = min((points[-1] for points in recorded), key=lambda end: _or_inf(loss(end)))
        return principal_plane([p[:, : layout.size] for p in recorded], best[: layout.size]), {}
    chosen = list(directions) if isinstance(directions, list | tuple) else [directions]
    if any(hasattr(one, "layout") for one in chosen):
        return _between(model, chosen)
    if not all(isinstance(one, str | np.ndarray) for one in chosen):
        raise ArgumentError(
            "`directions` must be 'random', 'pca', names of weights, arrays, or other models.",
            directions=directions,
        )
    return chosen_plane(layout, theta, chosen), {}


def _between(model: Model, others: Sequence[Any]) -> tuple[Plane, dict[str, Array]]:
    """The line to another model, or the plane through this one and two others."""
    layout = model.layout.moved
    shapes = [slot.shape for slot in layout]
    vectors = []
    theta = np.asarray(model.theta[: layout.size], np.float64)
    for other in others:
        found = [slot.shape for slot in other.layout.moved] if hasattr(other, "layout") else None
        if found != shapes or len(others) > 2:
            raise ArgumentError(
                f"One or two models are needed whose trained weights have the shapes {shapes}.",
                directions=others,
            )
        vectors.append(np.asarray(other.theta[: layout.size], np.float64) - theta)
    names = [model.name, *(other.name for other in others)]
    if len(names) > len(set(names)):
        names = [f"{name} ({number})" for number, name in enumerate(names, 1)]
    if len(vectors) == 1:
        label = f"from {names[0]} (0) to {names[1]} (1)"
        marks = {names[0]: np.zeros((1, 1)), names[1]: np.ones((1, 1))}
        return Plane(theta, np.array(vectors), (label,), "models"), marks
    first = vectors[0] / (np.linalg.norm(vectors[0]) or 1)
    second = vectors[1] - (vectors[1] @ first) * first
    second /= np.linalg.norm(second) or 1
    labels = f"distance towards {names[1]}", f"distance from that line, towards {names[2]}"
    plane = Plane(theta, np.array([first, second]), labels, "models")
    places = plane.project(theta + np.array([np.zeros(theta.size), *vectors]))[0]
    return plane, {name: place[None] for name, place in zip(names, places, strict=True)}


def _or_inf(loss: float) -> float:
    return loss if np.isfinite(loss) else float("inf")


# ---------------------------------------------------------------- how far


def _axes(
    plane: Plane,
    tracks: Sequence[Track],
    marks: Mapping[str, Array],
    theta: Array,
    resolution: Any,
    span: Any,
) -> tuple[Array, ...]:
    count = len(plane.vectors)
    middle = np.zeros(count)
    half = np.ones(count)
    if plane.kind == "weights":
        middle = plane.project(theta[None, : plane.centre.size])[0][0]
        half = np.maximum(2.0, 2 * np.abs(middle))
    if span is not None:
        ranges = _ranges(span, middle)
    else:
        usual = np.array([middle - half, middle + half])
        seen = [track.coordinates for track in tracks] + list(marks.values())
        seen = [points[np.isfinite(points).all(axis=1)] for points in seen]
        margin = MARGIN_OF_MODELS if plane.kind == "models" else MARGIN
        if plane.kind in ("random", "directions") or not seen:
            seen.append(usual)
            margin = 0.0 if len(seen) == 1 else margin
        places = np.concatenate(seen)
        low, high = places.min(axis=0), places.max(axis=0)
        more = margin * np.maximum(high - low, 1e-6)
        ranges = tuple(zip((low - more).tolist(), (high + more).tolist(), strict=True))
    return _grid(ranges, resolution or (POINTS_OF_PLANE if count == 2 else POINTS_OF_LINE))


def _ranges(span: Any, middle: Array) -> tuple[Range, ...]:
    """Where each axis begins and ends.

    Raises:
        ArgumentError: ``span`` says something else.
    """
    if isinstance(span, int | float) and span > 0:
        return tuple((float(m - span), float(m + span)) for m in middle)
    found = np.asarray(span, np.float64) if isinstance(span, list | tuple) else np.zeros(0)
    if found.shape == (2,) and len(middle) == 1:
        found = found[None]
    if found.shape != (len(middle), 2) or not (found[:, 0] < found[:, 1]).all():
        raise ArgumentError(
            "`span` must be a positive number, or (from, to) of each axis.", span=span
        )
    return tuple((float(low), float(high)) for low, high in found)


def _grid(ranges: Iterable[Range], resolution: Any) -> tuple[Array, ...]:
    ranges = list(ranges)
    counts = [resolution] * len(ranges) if isinstance(resolution, int) else list(resolution)
    if len(counts) != len(ranges) or not all(isinstance(n, int) and n > 1 for n in counts):
        raise ArgumentError(
            "`resolution` must be an integer of at least 2, or one for each axis.",
            resolution=resolution,
        )
    return tuple(np.linspace(*ends, n) for ends, n in zip(ranges, counts, strict=True))
