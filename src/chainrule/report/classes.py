"""Class numbers, of targets and predictions in any of the forms that models take and give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def class_numbers(argument: str, values: Any) -> Array:
    """Class numbers, shape (N,).

    Args:
        argument: What the values are called in an error.
        values: Class numbers, shape (N,) or (N, 1); one-hot rows or probabilities, shape (N, K);
            or probabilities of class 1, shape (N,) or (N, 1).

    Raises:
        ShapeError: The shape is another.
        ArgumentError: The numbers are neither class numbers nor probabilities.
    """
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] > 1:
        return array.argmax(axis=1)
    if array.ndim not in (1, 2) or array.dtype.kind not in "buif":
        raise ShapeError(f"`{argument}` must have shape (N,), (N, 1) or (N, K).", shape=array.shape)
    flat = array.reshape(-1)
    if not flat.size or (np.equal(np.mod(flat, 1), 0).all() and flat.min() >= 0):
        return flat.astype(np.int64)
    if np.all((flat >= 0) & (flat <= 1)):
        return (flat > 0.5).astype(np.int64)
    raise ArgumentError(
        f"`{argument}` must be class numbers from 0, or probabilities.",
        least=float(flat.min()),
        most=float(flat.max()),
    )


def confusion(labels: Array, predicted: Array, classes: int) -> Array:
    """Counts, shape (classes, classes): row = truth, column = prediction."""
    pairs = labels.astype(np.int64) * classes + predicted
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def names_of(class_names: Sequence[str] | None, least: int) -> list[str]:
    """A name for each class; by default its number.

    Args:
        class_names: As given.
        least: So many classes are in the data.

    Raises:
        ArgumentError: There are fewer names than classes.
    """
    if class_names is None:
        return [str(number) for number in range(least)]
    if len(class_names) < least:
        raise ArgumentError(
            f"The data have {least} classes: give each a name.", class_names=list(class_names)
        )
    return [str(name) for name in class_names]
