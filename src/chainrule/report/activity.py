"""What each layer makes of one input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ShapeError, UnknownNameError
from chainrule.report.canvas import panels
from chainrule.report.classes import names_of
from chainrule.report.labels import number, plain
from chainrule.report.palette import BLUE, VERMILION, diverging, ink, rising

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models.model import Model

    Array = NDArray[Any]

_SIZE = 2.4, 3.3
"""Of one picture, in inches."""
_COLUMNS = 6
"""Pictures side by side."""
_BARS = 16
"""Up to so many units have a bar and a number each; more are cells of a grid."""
_FEW = 6
"""Bars that a picture has room for at least."""


def plot_activations(
    model: Model,
    x_row: Any,
    class_names: Sequence[str] | None = None,
    layers: Sequence[str] | None = None,
    ax: Any = None,
) -> Any:
    """Draw one input and what each layer makes of it, up to the prediction.

    A layer of few units has a bar and a number for each, a larger one a grid of cells, row by row;
    pictures stay pictures. Vermilion is positive, blue negative. Layers that only change the shape
    are left out.

    Args:
        model: A model that is built.
        x_row: One row of ``x``: shape (I,), (height, width), …; the samples' axis may be there,
            with length 1. Of several inputs a list or dictionary of rows with that axis.
        class_names: Names of the last layer's units.
        layers: Names of the layers to draw; by default all.
        ax: The Axes whose place is parted, or one for each picture; a new figure by default.

    Returns:
        An array of Axes: the input, then the layers.

    Raises:
        ShapeError: It is not one row.
        UnknownNameError: There is no such layer.
        StateError: The model is not built.
        ImportError: matplotlib is not installed.
    """
    from chainrule.models.activations import activations

    given, made = activations(model, _one_row(model, x_row))
    made = _changing(made, given)
    for name in layers or ():
        if name not in made:
            raise UnknownNameError(f"Layers that compute are {list(made)}.", layers=name)
    last = next(reversed(made)) if made else ""
    shown = {**given, **{name: made[name] for name in (made if layers is None else layers)}}
    rows = -(-len(shown) // _COLUMNS)
    grid = panels(ax, rows, -(-len(shown) // rows), *_SIZE).ravel()
    for spare in grid[len(shown) :]:
        spare.set_axis_off()
    for one, (name, values) in zip(grid, shown.items(), strict=False):
        is_input = name in given
        label = name.replace("x/", "") if len(given) > 1 else "input" if is_input else name
        names = names_of(class_names, values[0].size) if name == last and class_names else None
        _draw(one, label, values[0], names, is_input)
    return grid[: len(shown)]


def _one_row(model: Model, x_row: Any) -> Any:
    if isinstance(x_row, dict | list) and len(model.inputs) > 1:
        return x_row
    row = np.asarray(x_row)
    wanted = model.inputs[0].shape[1:]
    if row.ndim == len(wanted):
        return row[np.newaxis]
    if row.ndim == len(wanted) + 1 and len(row) == 1:
        return row
    raise ShapeError(f"`x_row` must be one row, of shape {wanted}.", shape=row.shape)


def _changing(made: dict[str, Array], given: dict[str, Array]) -> dict[str, Array]:
    """The layers that do more than to change a shape."""
    found, seen = {}, list(given.values())
    for name, array in made.items():
        if not any(_reshaped(array, other) for other in seen):
            found[name] = array
        seen.append(array)
    return found


def _reshaped(array: Array, other: Array) -> bool:
    return array.shape != other.shape and np.array_equal(
        array.ravel(), other.ravel(), equal_nan=True
    )


def _draw(ax: Any, label: str, values: Array, names: Sequence[str] | None, is_input: bool) -> None:
    flat = values.ravel()
    if flat.size <= _BARS or names is not None:
        _bars(ax, flat, names, is_input)
        ax.set_title(label, size="medium")
        return
    _cells(ax, values, is_input)
    zero = np.mean(flat == 0)
    note = f"\n{100 * zero:.0f} % are 0" if zero and not is_input else ""
    ax.set_title(f"{label}\n{flat.size} {'values' if is_input else 'units'}{note}", size="medium")


def _bars(ax: Any, values: Array, names: Sequence[str] | None, is_input: bool) -> None:
    places = np.arange(len(values))
    colours = [ink() if is_input else VERMILION if value >= 0 else BLUE for value in values]
    drawn = np.where(np.isfinite(values), values, 0)
    bars = ax.barh(places, drawn, color=colours, height=0.7)
    ax.bar_label(bars, _numbers(values), padding=3, size="small")
    ax.set_yticks(places, names if names is not None else [str(place) for place in places])
    spare = max(_FEW - len(values), 0) / 2  # so that few bars are not fat ones
    ax.set_ylim(len(values) - 0.4 + spare, -0.6 - spare)
    ax.axvline(0, color=ink(), lw=0.8)
    low, high = min(drawn.min(), 0), max(drawn.max(), 0)
    room = 0.35 * ((high - low) or 1)  # for the numbers
    ax.set_xlim(low - room * (low < 0), high + room * (high > 0 or low == 0))
    plain(ax)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(left=False, bottom=False, labelbottom=False)


def _numbers(values: Array) -> list[str]:
    """In three digits; probabilities in percent."""
    if len(values) > 1 and values.min() >= 0 and abs(float(values.sum()) - 1) < 1e-3:
        return [f"{100 * value:.0f} %" if value > 0.005 else "<1 %" for value in values]
    return [number(value) for value in values]


def _cells(ax: Any, values: Array, is_input: bool) -> None:
    """A picture; a vector as a grid as square as can be, row by row."""
    picture = np.squeeze(values)
    if picture.ndim != 2:
        columns = math.ceil(math.sqrt(picture.size))
        filled = np.full(columns * -(-picture.size // columns), np.nan)
        filled[: picture.size] = picture.ravel()
        picture = filled.reshape(-1, columns)
    least, most = np.nanmin(picture), np.nanmax(picture)
    if is_input and least >= 0:
        colours, limits = rising(ax, ink()), (0, most or 1)
    else:
        limit = max(abs(least), abs(most)) or 1
        colours, limits = diverging(ax), (-limit, limit)
    drawn = ax.imshow(picture, cmap=colours, vmin=limits[0], vmax=limits[1])
    ax.set(xticks=[], yticks=[])
    ticks = sorted({0.0, *limits})
    below = ax.inset_axes((0.1, -0.1, 0.8, 0.04))
    bar = ax.figure.colorbar(drawn, cax=below, orientation="horizontal")
    bar.set_ticks(ticks, labels=[number(tick) for tick in ticks])
    bar.outline.set_visible(False)
