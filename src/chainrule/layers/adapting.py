"""Data that a layer looks at before training: one array, or one batch after another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.layers.layer import Layer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def batches(layer: Layer, data: Any) -> Iterator[Array]:
    """Arrays of floats with the samples' axis.

    Args:
        layer: Who asks, for messages.
        data: An array; a list of numbers, nested or not, which is one too; or an iterable of
            arrays, or of tuples that begin with one.

    Raises:
        ArgumentError: Something is no array of numbers.
    """
    for batch in [data] if _is_array(data) else data:
        given = batch[0] if isinstance(batch, tuple) else batch
        try:
            array = np.asarray(given, np.float64)
        except (TypeError, ValueError):
            array = np.empty(())
        if not array.ndim:
            raise ArgumentError(
                f"Layer {layer.name!r} ({type(layer).__name__}) adapts to arrays of numbers.",
                data=given,
            )
        yield array


def _is_array(data: Any) -> bool:
    if isinstance(data, list) and data:
        return not any(hasattr(part, "__array__") or isinstance(part, tuple) for part in data)
    return hasattr(data, "__array__") or not hasattr(data, "__iter__")
