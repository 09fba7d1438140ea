"""What the units of a layer look for, as pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.report.canvas import axes_for
from chainrule.report.classes import names_of
from chainrule.report.labels import halo, number
from chainrule.report.palette import diverging, ink

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.layers.layer import Layer
    from chainrule.models.model import Model

    Array = NDArray[Any]

_MOST = 100
"""So many units are drawn: more are too small to be looked at."""
_PICTURE = 0.75
"""Side of one unit's picture on a new figure, in inches."""
_CLIPPED = 0.995
"""Part of the weights within the colours' limits: a few large ones must not pale all others."""


def plot_weights_as_images(
    model: Model,
    layer: str | None = None,
    image_shape: tuple[int, int] | None = None,
    class_names: Sequence[str] | None = None,
    ax: Any = None,
) -> Any:
    """Draw the columns of a layer's kernel as images: for each unit, what of the input it weighs.

    Vermilion weights raise the unit where the input is bright, blue ones lower it; all pictures
    have the same scale. Of more than 100 units the first 100 are drawn.

    Args:
        model: A model that is built.
        layer: Name of a layer with a kernel of shape (I, O); by default the first one.
        image_shape: Height and width, with height · width = I; by default those of the model's
            input, or a square.
        class_names: Names of the units, to be written on them.
        ax: The Axes to draw on; a new figure by default.

    Returns:
        The Axes.

    Raises:
        UnknownNameError: There is no such layer.
        ArgumentError: The layer has no such kernel, or its columns are no images.
        ImportError: matplotlib is not installed.
    """
    found = _layer(model, layer)
    kernel = np.asarray(found.kernel)
    height, width = _shape(model, found.name, kernel, image_shape)
    units = kernel.shape[1]
    shown = min(units, _MOST)
    names = names_of(class_names, shown) if class_names is not None else None
    columns = math.ceil(math.sqrt(shown * height / width)) if names is None else min(shown, 5)
    columns = min(max(columns, 1), shown)
    rows = -(-shown // columns)
    side = _PICTURE if names is None else 1.3
    ax = axes_for(ax, max(columns * side * min(width / height, 2) + 1.2, 4), rows * side + 0.8)
    mosaic = _mosaic(kernel[:, :shown], (height, width), columns)
    limit = float(np.nanquantile(np.abs(kernel), _CLIPPED)) or 1.0
    colours = diverging(ax).with_extremes(bad=(0.5, 0.5, 0.5, 0.35))
    drawn = ax.imshow(mosaic, cmap=colours, vmin=-limit, vmax=limit, interpolation="nearest")
    few = "" if shown == units else f"the first {shown} of "
    ax.set_title(f"{found.name}: {few}{units} units", loc="left")
    _number(ax, (height, width), (rows, columns), names)
    beyond = bool((np.abs(kernel) > limit).any())
    bar = ax.figure.colorbar(
        drawn, ax=ax, shrink=0.7, aspect=25, extend="both" if beyond else "neither"
    )
    bar.set_ticks([-limit, 0, limit], labels=[number(-limit), "0", number(limit)])
    bar.set_label("weight")
    bar.outline.set_visible(False)
    return ax


def _layer(model: Model, name: str | None) -> Layer:
    if name is not None:
        found = model.get_layer(name)
        if not _has_kernel(found):
            raise ArgumentError("The layer must have a kernel of shape (I, O).", layer=name)
        return found
    for one in model.layers:
        if _has_kernel(one):
            return one
    raise ArgumentError("No layer has a kernel of shape (I, O).", model=model.name)


def _has_kernel(layer: Layer) -> bool:
    return getattr(getattr(layer, "kernel", None), "ndim", 0) == 2


def _shape(
    model: Model, layer: str, kernel: Array, given: tuple[int, int] | None
) -> tuple[int, int]:
    inputs = kernel.shape[0]
    if given is not None:
        if len(given) == 2 and given[0] * given[1] == inputs:
            return int(given[0]), int(given[1])
        raise ArgumentError(
            f"{layer!r} takes {inputs} numbers: height · width must be that.", image_shape=given
        )
    for symbol in model.inputs:
        shape = [length or 0 for length in symbol.shape[1:] if length != 1]
        if len(shape) == 2 and math.prod(shape) == inputs:
            return shape[0], shape[1]
    side = math.isqrt(inputs)
    if side * side == inputs:
        return side, side
    raise ArgumentError(
        f"{layer!r} takes {inputs} numbers, which are no square image: give `image_shape`.",
        image_shape=None,
    )


def _mosaic(kernel: Array, shape: tuple[int, int], columns: int) -> Array:
    """All pictures in one, with a line of NaN around each."""
    height, width = shape
    rows = -(-kernel.shape[1] // columns)
    mosaic = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1), np.nan)
    for unit, column in enumerate(kernel.T):
        top, left = unit // columns * (height + 1) + 1, unit % columns * (width + 1) + 1
        mosaic[top : top + height, left : left + width] = column.reshape(shape)
    return mosaic


def _number(
    ax: Any, shape: tuple[int, int], grid: tuple[int, int], names: Sequence[str] | None
) -> None:
    """Names on the pictures; or at the rows the first unit's number, at the columns what to add."""
    (height, width), (rows, columns) = shape, grid
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, labelsize="small")
    if names is not None:
        ax.set(xticks=[], yticks=[])
        for unit, name in enumerate(names[: rows * columns]):
            top, left = unit // columns * (height + 1) + 1, unit % columns * (width + 1) + 1
            place = (left + 0.03 * width, top + 0.03 * height)
            style = {"ha": "left", "va": "top", "size": "small", "color": ink()}
            ax.text(*place, name, path_effects=halo(ax, 2), **style)
        return
    ax.set_yticks(
        [row * (height + 1) + 0.5 + height / 2 for row in range(rows)],
        labels=[str(row * columns) for row in range(rows)],
    )
    some = range(0, columns, max(columns // 5, 1))
    ax.set_xticks(
        [column * (width + 1) + 0.5 + width / 2 for column in some], labels=[f"+{c}" for c in some]
    )
    ax.set_ylabel("unit")
