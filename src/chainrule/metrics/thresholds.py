"""Positives and negatives, true and false, at every threshold at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.errors import ArgumentError, ShapeError
from chainrule.metrics.shapes import alike, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

LEFT_OUT = -1e10
"""What Keras puts in place of a prediction that is not among the k largest."""

TRUE_POSITIVES, FALSE_POSITIVES, TRUE_NEGATIVES, FALSE_NEGATIVES = range(4)
"""Rows of what :func:`confusion` gives."""


@dataclass(frozen=True)
class Thresholds:
    """The numbers that predictions are compared with: p > threshold is a yes.

    Attributes:
        values: The thresholds.
        even: Whether they are 0, 1/(T−1), …, 1. Then, as in Keras, a prediction is cut to
            [0, 1], and compared by ⌈p (T−1)⌉: 0.07 is above 7/100, because of rounding.
        padded: Whether the first is below 0 and the last above 1, in an even row.
    """

    values: tuple[float, ...]
    even: bool
    padded: bool = False

    @classmethod
    def of(cls, given: Any) -> Thresholds:
        """From a number or several.

        Raises:
            ArgumentError: One of them is not in [0, 1].
        """
        values = tuple(np.ravel(given).tolist())
        check_thresholds(values)
        return cls(values, evenly_spaced(values))

    @classmethod
    def row(cls, count: int) -> Thresholds:
        """Evenly from 0 to 1; one half if there is to be one only."""
        if count == 1:
            return cls((0.5,), False)
        return cls((0.0, *between(count), 1.0), True)

    def __len__(self) -> int:
        return len(self.values)

    def passed(self, y_pred: Array) -> Array:
        """How many of the sorted thresholds each prediction is above."""
        if not self.even:
            found: Array = np.searchsorted(np.sort(self.array(y_pred)), y_pred, side="left")
            return np.where(np.isnan(y_pred), 0, found)
        steps = np.ceil(np.clip(y_pred, 0, 1) * np.asarray(len(self) - 1, y_pred.dtype))
        steps = np.nan_to_num(steps).astype(np.int64)
        return np.maximum(steps, 1) if self.padded else steps

    def array(self, y_pred: Array) -> Array:
        """The thresholds in the type of the predictions."""
        return np.asarray(self.values, y_pred.dtype)

    @property
    def places(self) -> Array:
        """Where each threshold is among the sorted ones."""
        return np.argsort(np.argsort(self.values, kind="stable"), kind="stable")


def between(count: int) -> list[float]:
    """The ``count − 2`` numbers between 0 and 1 of an even row of ``count``."""
    return [(i + 1) * 1.0 / (count - 1) for i in range(count - 2)]


def evenly_spaced(values: Sequence[float]) -> bool:
    """Whether these are 0, 1/(T−1), …, 1 to within 1e-5 of each, as in Keras."""
    if len(values) < 3:
        return False
    row = np.arange(len(values)) / (len(values) - 1)
    return bool(np.allclose(values, row, atol=config.epsilon()))


def check_thresholds(values: Sequence[float]) -> None:
    """Raise an :class:`ArgumentError` unless all are in [0, 1]."""
    if not all(value is not None and 0 <= value <= 1 for value in values):
        raise ArgumentError("`thresholds` must be numbers in [0, 1].", thresholds=values)


def confusion(
    y_true: Array,
    y_pred: Array,
    weight: Array | None,
    thresholds: Thresholds,
    top_k: int | None = None,
    class_id: int | None = None,
    by_label: bool = False,
    label_weights: Array | None = None,
) -> Array:
    """True positives, false positives, true negatives, false negatives, each with its weight.

    One pass for any number of thresholds T: predictions are counted by how many thresholds they
    are above, and the counts are added up from the top.

    Args:
        y_true: Zeros and ones, (N, …, K) or (N,).
        y_pred: Scores of the same shape.
        weight: One weight per sample, or finer.
        thresholds: What is above one is predicted to be positive.
        top_k: Predict only the k largest of the last axis; the first of equal ones.
        class_id: Look at this place of the last axis only.
        by_label: Whether to keep the K of the last axis apart.
        label_weights: A weight for each of the K.

    Returns:
        Array (4, L, T), with L = K if ``by_label``, else 1.

    Raises:
        ShapeError: The arrays do not belong together.
        ArgumentError: There is no class ``class_id``.
    """
    t, p = alike(y_true, y_pred)
    p = p.astype(np.result_type(p, np.float32), copy=False)
    weights = spread(1.0 if weight is None else weight, p.shape)
    if label_weights is not None:
        weights = weights * _per_label(label_weights, p.shape)
    if top_k is not None:
        p = _only_largest(p, top_k)
    if class_id is not None:
        t, p, weights = (_at_class(array, class_id) for array in (t, p, weights))
    labels = p.shape[-1] if by_label else 1
    above = thresholds.passed(p).reshape(-1, labels)
    positive, weights = t.astype(bool).reshape(-1, labels), weights.reshape(-1, labels)
    yes = _from_the_top(above, weights * positive, len(thresholds))
    no = _from_the_top(above, weights * ~positive, len(thresholds))
    found = np.stack([yes[:, 1:], no[:, 1:], no[:, :1] - no[:, 1:], yes[:, :1] - yes[:, 1:]])
    return found[..., thresholds.places]


def _from_the_top(above: Array, weights: Array, thresholds: int) -> Array:
    """Sums of weights, (L, T + 1): of all, then of what is above each threshold."""
    labels = above.shape[-1]
    bins = above + (thresholds + 1) * np.arange(labels)
    counts = np.bincount(bins.ravel(), weights.ravel(), (thresholds + 1) * labels)
    found: Array = np.cumsum(counts.reshape(labels, -1)[:, ::-1], axis=-1)[:, ::-1]
    return found


def _only_largest(y_pred: Array, k: int) -> Array:
    ranks = np.argsort(np.argsort(-y_pred, axis=-1, kind="stable"), axis=-1, kind="stable")
    return np.where(ranks < k, y_pred, np.asarray(LEFT_OUT, y_pred.dtype))


def _at_class(array: Array, class_id: int) -> Array:
    if array.ndim < 2 or not -array.shape[-1] <= class_id < array.shape[-1]:
        raise ArgumentError(
            f"`class_id` must be a place of the last axis of {array.shape}.", class_id=class_id
        )
    return array[..., class_id, None]


def _per_label(label_weights: Array, shape: tuple[int, ...]) -> Array:
    if not shape or len(label_weights) != shape[-1]:
        raise ShapeError(
            f"`label_weights` must have a weight for each of the last axis of {shape}.",
            label_weights=len(label_weights),
        )
    return label_weights
