"""What a model of two features says everywhere: regions of classes, or a surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import activations
from chainrule.errors import ShapeError
from chainrule.losses import Loss
from chainrule.report.canvas import axes_for
from chainrule.report.classes import class_numbers, names_of
from chainrule.report.labels import halo, number
from chainrule.report.palette import MARKERS, ink, paper, series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models.model import Model

    Array = NDArray[Any]

_SIDE = 200
"""Points in a row of the grid that is predicted."""
_MARGIN = 0.08
"""Around the data, as a part of their extent."""
_COARSE = 40
"""Points in a row of the grid of places where a name may stand."""
_SOME = 400
"""Samples that a name avoids."""
_NARROW = 0.045
"""A name needs so much room to each side, as a part of the picture's height."""
_WIDE = 2.5
"""How much wider than high a name is."""
_PALE, _FULL = 0.12, 0.6
"""How strong a region's colour is where the classes are even, and where there is no doubt."""
_SMALL = 10.0
"""Area of a mark of many samples, in square points."""
_LEVELS = 12
"""Steps of a surface."""


def plot_decision_boundary(
    model: Model,
    x: Any,
    y: Any = None,
    class_names: Sequence[str] | None = None,
    feature_names: Sequence[str] = ("x₀", "x₁"),
    ax: Any = None,
) -> Any:
    """Draw what a model of two features predicts around the data, and the data.

    Of a classifier the regions of the classes: the surer it is, the stronger is the colour; a line
    is where two classes are even. Samples have their true class's colour and shape, those that are
    taken for another a ring. Of a regression the predicted surface, and each sample in the colour
    of its true value: where it stands out, the model is off.

    A model with one output is a classifier if its loss is one of probabilities, or, before
    ``compile``, if ``y`` has integers. Outputs that are logits, as the loss says, are made
    probabilities.

    Args:
        model: A model with an input of shape (2,) and one output.
        x: The samples, shape (N, 2).
        y: The truth: class numbers, one-hot rows or numbers; ``None`` draws no samples.
        class_names: Names of the classes.
        feature_names: Names of the columns of ``x``.
        ax: The Axes to draw on; a new figure by default.

    Returns:
        The Axes.

    Raises:
        ShapeError: The input has not two features, or the arrays do not belong together.
        ImportError: matplotlib is not installed.
    """
    x = np.asarray(x)
    if x.ndim != 2 or x.shape[1] != 2 or not len(x):
        raise ShapeError("`x` must have samples of two features: shape (N, 2).", shape=x.shape)
    if y is not None and len(y) != len(x):
        raise ShapeError("`x` and `y` must have as many rows.", x=len(x), y=len(y))
    ax = axes_for(ax)
    field = _Field.around(x)
    predicted = np.asarray(model.predict(field.points.astype(x.dtype), batch_size=4096, verbose=0))
    if _classifies(model, predicted, y):
        chances = _chances(model, predicted)
        _draw_regions(ax, field, chances, x, y, class_names)
        if y is not None:
            guesses = _chances(model, np.asarray(model.predict(x, verbose=0))).argmax(axis=1)
            right = guesses == class_numbers("y", y)
            _scatter(ax, x, class_numbers("y", y), right, chances.shape[1])
            ax.set_title(f"{100 * right.mean():.3g} % of {len(x):,} right", loc="left")
    else:
        _draw_surface(ax, field, predicted.reshape(_SIDE, _SIDE), x, y)
        if y is not None:
            off = np.ravel(model.predict(x, verbose=0)) - np.ravel(y)
            ax.set_title(f"off by {number(np.abs(off).mean())} on average", loc="left")
    ax.set(xlabel=feature_names[0], ylabel=feature_names[1])
    ax.set(xlim=field.extent[:2], ylim=field.extent[2:])
    return ax


@dataclass(frozen=True, eq=False)
class _Field:
    """The grid that is predicted.

    Attributes:
        across: Its values of the first feature.
        along: Of the second.
    """

    across: Array
    along: Array

    @classmethod
    def around(cls, x: Array) -> _Field:
        low, high = x.min(axis=0).astype(np.float64), x.max(axis=0).astype(np.float64)
        room = np.where(high > low, _MARGIN * (high - low), 1.0)
        return cls(
            *(np.linspace(a, b, _SIDE) for a, b in zip(low - room, high + room, strict=True))
        )

    @property
    def points(self) -> Array:
        """All of them, shape (side², 2), the second feature's rows one after another."""
        return np.stack(np.meshgrid(self.across, self.along), axis=-1).reshape(-1, 2)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom, top."""
        return self.across[0], self.across[-1], self.along[0], self.along[-1]

    def unit(self, points: Array) -> Array:
        """Points from 0 to 1 in the picture, and wider than high as a name is."""
        left, right, bottom, top = self.extent
        scaled = (points - [left, bottom]) / [right - left, top - bottom]
        return scaled / [_WIDE, 1]


# ------------------------------------------------------------ classes


def _classifies(model: Model, predicted: Array, y: Any) -> bool:
    if predicted.ndim == 2 and predicted.shape[1] > 1:
        return True
    if isinstance(model.loss, Loss):
        return model.loss.logits_rule is not None
    return y is not None and np.asarray(y).dtype.kind in "bui"


def _chances(model: Model, predicted: Array) -> Array:
    """The probability of each class, shape (N, K)."""
    logits = isinstance(model.loss, Loss) and model.loss.from_logits
    if predicted.shape[-1] == 1:
        yes = np.asarray(activations.sigmoid(predicted) if logits else predicted)
        return np.concatenate([1 - yes, yes], axis=-1)
    return np.asarray(activations.softmax(predicted) if logits else predicted)


def _draw_regions(
    ax: Any, field: _Field, chances: Array, x: Array, y: Any, class_names: Sequence[str] | None
) -> None:
    from matplotlib.colors import to_rgb

    count = chances.shape[1]
    winners = chances.argmax(axis=1)
    colours = np.array([to_rgb(colour) for colour in series(count)])
    sure = np.clip((chances.max(axis=1) - 1 / count) / (1 - 1 / count), 0, 1)
    strength = (_PALE + (_FULL - _PALE) * sure)[:, np.newaxis]
    picture = strength * colours[winners] + (1 - strength) * np.array(paper(ax))
    ax.imshow(
        picture.reshape(_SIDE, _SIDE, 3),
        extent=field.extent,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )
    for which in range(count if count > 2 else 1):
        others = np.delete(chances, which, axis=1).max(axis=1)
        lead = (chances[:, which] - others).reshape(_SIDE, _SIDE)
        if lead.min() < 0 < lead.max():
            ax.contour(field.across, field.along, lead, [0], colors=[ink()], linewidths=0.8)
    names = names_of(class_names, count)
    _name_regions(ax, field, winners.reshape(_SIDE, _SIDE), x, names)


def _name_regions(ax: Any, field: _Field, winners: Array, x: Array, names: Sequence[str]) -> None:
    """Write each name where its region has most room between the samples; else in a legend."""
    from matplotlib.lines import Line2D

    step = _SIDE // _COARSE
    some = np.ix_(range(step // 2, _SIDE, step), range(step // 2, _SIDE, step))
    cells = np.stack(np.meshgrid(field.across, field.along), axis=-1)[some].reshape(-1, 2)
    owners, places = winners[some].ravel(), field.unit(cells)
    samples = field.unit(x[:: max(len(x) // _SOME, 1)])
    edges = np.minimum(places, np.array([1 / _WIDE, 1]) - places).min(axis=1)
    left_out, colours = [], series(len(names))
    for owner, name in enumerate(names):
        mine = owners == owner
        if mine.any():
            room = np.minimum(edges[mine], _nearest(places[mine], places[~mine]))
            # To lie on samples is bad, but better than to leave the region.
            free = np.minimum(room, 0.5 * room + _nearest(places[mine], samples))
            best = int(np.argmax(free))
            if room[best] >= _NARROW:
                place = cells[mine][best]
                style = {"ha": "center", "va": "center", "color": ink(), "weight": "bold"}
                ax.text(*place, name, path_effects=halo(ax), zorder=5, **style)
                continue
        left_out.append(owner)
    if left_out:
        marks = [
            Line2D(
                [], [], ls="", marker=MARKERS[k % len(MARKERS)], color=colours[k], label=names[k]
            )
            for k in left_out
        ]
        ax.legend(handles=marks, loc="best", fontsize="small")


def _nearest(points: Array, others: Array) -> Array:
    """The distance of each point to the nearest of the others; large where there are none."""
    if not len(others):
        return np.full(len(points), 1.0)
    squares = ((points[:, np.newaxis] - others) ** 2).sum(axis=-1)
    return np.asarray(np.sqrt(squares.min(axis=1)))


def _scatter(ax: Any, x: Array, labels: Array, right: Array, count: int) -> None:
    size = _mark(ax, len(x))
    for owner, colour in enumerate(series(count)):
        mine = labels == owner
        ax.scatter(
            *x[mine].T,
            s=size,
            color=colour,
            marker=MARKERS[owner % len(MARKERS)],
            edgecolors=[paper(ax)],
            linewidths=0.5,
            zorder=3,
            label=str(owner),
        )
    wrong = x[~right]
    ax.scatter(*wrong.T, s=4 * size, facecolors="none", edgecolors=[ink()], linewidths=1, zorder=4)


def _mark(ax: Any, count: int) -> float:
    """Area of a sample's mark, in square points: less for many samples and in small pictures."""
    box = ax.get_window_extent()
    inches = min(box.width, box.height) / ax.figure.dpi
    return float(np.clip(6000 / count, _SMALL, 30) * min(inches / 3.5, 1) ** 2)


# ------------------------------------------------------------ numbers


def _draw_surface(ax: Any, field: _Field, surface: Array, x: Array, y: Any) -> None:
    from matplotlib import rcParams
    from matplotlib.ticker import MaxNLocator

    every = surface if y is None else np.concatenate([surface.ravel(), np.ravel(y)])
    levels = MaxNLocator(_LEVELS).tick_values(float(every.min()), float(every.max()))
    style = {"levels": levels, "cmap": rcParams["image.cmap"], "extend": "neither"}
    drawn = ax.contourf(field.across, field.along, surface, **style)
    ax.contour(field.across, field.along, surface, levels, colors=[paper(ax)], linewidths=0.4)
    if y is not None:
        shown = {"c": np.ravel(y), "norm": drawn.norm, "cmap": drawn.get_cmap()}
        size = _mark(ax, len(x))
        edge = 0.5 if size > _SMALL else 0.2
        ax.scatter(*x.T, s=size, edgecolors=[ink()], linewidths=edge, zorder=3, **shown)
    bar = ax.figure.colorbar(drawn, ax=ax)
    bar.set_label("predicted" if y is None else "predicted; points: true")
    bar.outline.set_visible(False)
