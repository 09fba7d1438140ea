"""Arrays that belong together: targets with predictions, weights with either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import losses
from chainrule.errors import ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def alike(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """Targets and predictions as arrays of one shape; a row (N,) and a column (N, 1) are the same.

    Raises:
        ShapeError: The shapes differ: nothing is broadcast.
    """
    t, p = losses.reconcile(np.asarray(y_true), np.asarray(y_pred), sparse=False)
    if t.shape != p.shape:
        raise ShapeError(
            "`y_true` and `y_pred` must have one shape.", y_true=t.shape, y_pred=p.shape
        )
    return t, p


def labelled(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """Class numbers, (N,) or (N, 1), and predictions, (N, K), as arrays.

    Raises:
        ShapeError: There is not one class number for each row of predictions.
    """
    t, p = losses.reconcile(np.asarray(y_true), np.asarray(y_pred), sparse=True)
    if p.ndim == 0 or t.shape != p.shape[:-1]:
        raise ShapeError(
            "`y_true` must have one class number for each row of `y_pred`.",
            y_true=t.shape,
            y_pred=p.shape,
        )
    return t.astype(np.int64), p


def spread(weight: Any, shape: tuple[int, ...]) -> Array:
    """Weights as a float64 array of ``shape``: they belong to its leading axes.

    Args:
        weight: One weight for all, one per sample, or one per step of each sample, …
        shape: The shape of what is weighted.

    Raises:
        ShapeError: They fit no leading axes of ``shape``.
    """
    found = losses.match_rank(np.asarray(weight, np.float64), shape)
    column = found.reshape((*found.shape, *(1,) * (len(shape) - found.ndim)))
    try:
        return np.broadcast_to(column, shape)
    except ValueError:
        raise ShapeError(
            f"`sample_weight` must have the leading axes of {shape}.",
            sample_weight=np.shape(weight),
        ) from None


def ratio(numerator: Array, denominator: Array) -> Array:
    """The quotient; 0 where the denominator is 0."""
    found: Array = np.divide(
        numerator, denominator, out=np.zeros(np.shape(denominator)), where=denominator != 0
    )
    return found


def rows(sums: Array, count: int, width: int) -> Array:
    """Sums that were laid end to end, as ``count`` rows; zeros where nothing was added yet."""
    return sums.reshape(count, -1) if sums.size else np.zeros((count, width))
