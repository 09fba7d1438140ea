"""Axes that a user names, from the front or from the back."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, ShapeError
from chainrule.layers.layer import Layer


def checked_axis(layer: Layer, axis: Any, argument: str = "axis") -> int | tuple[int, ...]:
    """An axis, or several, as a constructor takes them.

    Raises:
        ArgumentError: One is no integer, or there is none.
    """
    given = tuple(axis) if isinstance(axis, list | tuple) else (axis,)
    if not given or not all(isinstance(one, int | np.integer) for one in given):
        raise ArgumentError(
            f"Layer {layer.name!r} ({type(layer).__name__}): `{argument}` must be an integer or "
            "several.",
            **{argument: axis},
        )
    axes = tuple(int(one) for one in given)
    return axes if isinstance(axis, list | tuple) else axes[0]


def chosen_axes(layer: Layer, axis: Any, shape: Shape) -> tuple[int, ...]:
    """Axes of a sample, counted from 0 with the samples' axis, in ascending order.

    Args:
        layer: Who asks, for messages.
        axis: An integer or several; negative ones count from the back.
        shape: Shape of the array.

    Raises:
        ArgumentError: One does not exist, is that of the samples, or is given twice.
        ShapeError: The length of one is not known.
    """
    rank = len(shape)
    given = (axis,) if isinstance(axis, int) else tuple(axis)
    found = sorted(one + rank if one < 0 else one for one in given)
    who = f"Layer {layer.name!r} ({type(layer).__name__})"
    if not found or found[0] < 1 or found[-1] >= rank or len(set(found)) < len(found):
        raise ArgumentError(
            f"{who}: `axis` must be among the {rank - 1} axes of a sample; the samples' axis is 0.",
            axis=axis,
        )
    if any(shape[one] is None for one in found):
        raise ShapeError(f"{who}: the length along `axis` must be known.", input_shape=shape)
    return tuple(found)
