"""How often predictions are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.metrics.base import Metric
from chainrule.metrics.shapes import alike, labelled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def accuracy(y_true: Any, y_pred: Any) -> Array:
    """1 where targets equal predictions, else 0; shape of either."""
    t, p = alike(y_true, y_pred)
    return (t == p).astype(config.floatx())


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Array:
    """1 where [p > threshold] equals the target of 0 or 1, else 0; shape of either."""
    t, p = alike(y_true, y_pred)
    return (t == (p > threshold)).astype(config.floatx())


def categorical_accuracy(y_true: Any, y_pred: Any) -> Array:
    """1 where both have their (first) largest number at one place of the last axis, else 0."""
    t, p = alike(y_true, y_pred)
    return (np.argmax(t, -1) == np.argmax(p, -1)).astype(config.floatx())


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Array:
    """1 where the (first) largest prediction is at the class number, else 0."""
    t, p = labelled(y_true, y_pred)
    return (t == np.argmax(p, -1)).astype(config.floatx())


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Array:
    """1 where the one of a one-hot target is among the ``k`` largest predictions, else 0."""
    t, p = alike(y_true, y_pred)
    return _in_top_k(np.argmax(t, -1), p, k)


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> Array:
    """1 where the class number is among the ``k`` largest predictions, else 0.

    Args:
        y_true: Class numbers, (N, …).
        y_pred: Scores, (N, …, K).
        k: How many.
        from_sorted_ids: Whether ``y_pred`` has class numbers instead, the likeliest first.
    """
    t, p = labelled(y_true, y_pred)
    if from_sorted_ids:
        return np.any(p[..., :k] == t[..., None], axis=-1).astype(config.floatx())
    return _in_top_k(t, p, k)


def _in_top_k(labels: Array, y_pred: Array, k: int) -> Array:
    """Ties count for the target: fewer than k predictions are strictly larger than its own."""
    known = (labels >= 0) & (labels < y_pred.shape[-1])  # others are never right
    own = np.take_along_axis(y_pred, np.where(known, labels, 0)[..., None], axis=-1)
    return (known & (np.sum(y_pred > own, axis=-1) < k)).astype(config.floatx())


class Accuracy(Metric):
    """How often predictions equal targets."""

    default_name, direction = "accuracy", "up"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """See :func:`accuracy`."""
        return accuracy(y_true, y_pred)


class BinaryAccuracy(Metric):
    """How often predictions, cut at ``threshold`` (p > threshold), equal targets of 0 and 1."""

    default_name, direction = "binary_accuracy", "up"

    def __init__(self, name: str | None = None, dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(name, dtype)
        self.threshold = threshold

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """See :func:`binary_accuracy`."""
        return binary_accuracy(y_true, y_pred, self.threshold)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"threshold": self.threshold}


class CategoricalAccuracy(Metric):
    """How often the largest prediction is at the one of a one-hot target."""

    default_name, direction = "categorical_accuracy", "up"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """See :func:`categorical_accuracy`."""
        return categorical_accuracy(y_true, y_pred)


class SparseCategoricalAccuracy(Metric):
    """How often the largest prediction is at the target's class number."""

    default_name, direction, sparse = "sparse_categorical_accuracy", "up", True

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """See :func:`sparse_categorical_accuracy`."""
        return sparse_categorical_accuracy(y_true, y_pred)


class TopKCategoricalAccuracy(Metric):
    """How often the one of a one-hot target is among the ``k`` largest predictions."""

    default_name, direction = "top_k_categorical_accuracy", "up"

    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.k = k

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """See :func:`top_k_categorical_accuracy`."""
        return top_k_categorical_accuracy(y_true, y_pred, self.k)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"k": self.k}


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """How often the target's class number is among the ``k`` largest predictions.

    Args:
        k: How many.
        name: See :class:`Metric`.
        dtype: See :class:`Metric`.
        from_sorted_ids: Whether predictions are class numbers, the likeliest first, not scores.
    """

    default_name, sparse = "sparse_top_k_categorical_accuracy", True

    def __init__(
        self,
        k: int = 5,
        name: str | None = None,
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(k, name, dtype)
        self.from_sorted_ids = from_sorted_ids

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """See :func:`sparse_top_k_categorical_accuracy`."""
        return sparse_top_k_categorical_accuracy(y_true, y_pred, self.k, self.from_sorted_ids)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"from_sorted_ids": self.from_sorted_ids}
