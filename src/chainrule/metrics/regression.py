"""How far predicted numbers are from the true ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import losses
from chainrule.metrics.base import Metric, Value
from chainrule.metrics.reduction import RuleMetric
from chainrule.metrics.shapes import alike

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class MeanSquaredError(RuleMetric):
    """Mean of (p − t)²."""

    rule = losses.mean_squared_error


class MeanAbsoluteError(RuleMetric):
    """Mean of |p − t|."""

    rule = losses.mean_absolute_error


class MeanAbsolutePercentageError(RuleMetric):
    """Mean of 100 |p − t| / |t|, in percent."""

    rule = losses.mean_absolute_percentage_error


class MeanSquaredLogarithmicError(RuleMetric):
    """Mean of (ln(1 + p) − ln(1 + t))²."""

    rule = losses.mean_squared_logarithmic_error


class LogCoshError(RuleMetric):
    """Mean of ln cosh(p − t)."""

    rule = losses.log_cosh
    default_name = "logcosh"


class CosineSimilarity(Metric):
    """Mean cosine of the angle between targets and predictions: 1 where they point alike.

    The loss of the same name is its negative.

    Args:
        name: See :class:`Metric`.
        dtype: See :class:`Metric`.
        axis: The axis along which vectors lie.
    """

    default_name, direction = "cosine_similarity", "up"

    def __init__(self, name: str | None = None, dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype)
        self.axis = axis

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """The cosines."""
        t, p = (np.moveaxis(array, self.axis, -1) for array in alike(y_true, y_pred))
        return -np.asarray(losses.cosine_similarity(t, p))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments. (Those of Keras lack ``axis``.)"""
        return super().get_config() | {"axis": self.axis}


class RootMeanSquaredError(Metric):
    """Square root of the mean of (p − t)²."""

    default_name, direction = "root_mean_squared_error", "down"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """(p − t)² of each number."""
        t, p = alike(y_true, y_pred)
        found: Array = np.square(p - t)
        return found

    def value(self, sums: Array) -> Value:
        """The root of the mean."""
        return float(np.sqrt(super().value(sums)))
