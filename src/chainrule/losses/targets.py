"""Targets, predictions and weights made to fit each other, and which class numbers count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def reconcile(y_true: Any, y_pred: Any, sparse: bool) -> tuple[Any, Any]:
    """Targets and predictions of one rank: a row (N,) and a column (N, 1) mean the same."""
    if sparse:
        return match_rank(y_true, y_pred.shape[:-1]), y_pred
    if y_pred.ndim == 1 and y_true.ndim == 2 and y_true.shape[1] == 1:
        y_pred = y_pred[:, None]
    return match_rank(y_true, y_pred.shape), y_pred


def match_rank(array: Any, shape: tuple[int, ...]) -> Any:
    """Add or drop a last axis of length 1, so that (N,) and (N, 1) mean the same."""
    if array.ndim == len(shape) + 1 and array.shape[-1] == 1:
        return array[..., 0]
    if array.ndim == len(shape) - 1 and (array.ndim == 0 or shape[-1] == 1):
        return array[..., None]
    return array


def valid(labels: Array, ignore_class: int | None) -> tuple[Array, Array]:
    """Labels that a rule can take, and which of them count.

    Args:
        labels: Class numbers of any shape; those to be ignored may be out of range.
        ignore_class: The class number that does not count; ``None`` if all do.

    Returns:
        The labels with 0 in place of ``ignore_class``, and a boolean mask of the same shape,
        ``True`` where a label counts. A loss is to be multiplied with the mask, and divided by the
        number of labels that count.
    """
    mask = np.ones(labels.shape, bool) if ignore_class is None else labels != ignore_class
    return np.where(mask, labels, 0), mask


def class_numbers(labels: Array, classes: int) -> Array:
    """Labels as int64.

    Raises:
        DataError: One is no whole number from 0 to ``classes`` − 1.
    """
    wrong = ~((labels >= 0) & (labels < classes) & (labels == np.floor(labels)))
    if wrong.any():
        raise DataError(
            f"Class numbers must be whole numbers from 0 to {classes - 1}.",
            y_true=labels[wrong][0].item(),
        )
    return labels.astype(np.int64)
