"""The share of the targets' variance that predictions explain."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError, ShapeError
from chainrule.metrics.base import Metric, Value
from chainrule.metrics.shapes import alike, rows, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


class R2Score(Metric):
    """R² = 1 − Σ (t − p)² / Σ (t − t̄)²: 1 is perfect, 0 as good as the mean of the targets.

    Targets and predictions have shape (N, K). As in Keras, R² is 0 where the targets are all
    equal and are missed, and not a number where they are all equal and are met.

    Args:
        class_aggregation: ``"uniform_average"``: the mean over the K outputs;
            ``"variance_weighted_average"``: the mean by Σ (t − t̄)²; ``None``: an array of K.
        num_regressors: p > 0 gives the adjusted 1 − (1 − R²)(n − 1) / (n − p − 1), where n
            counts numbers, N·K, as in Keras.
        name: See :class:`Metric`.
        dtype: See :class:`Metric`.

    Raises:
        ArgumentError: An argument is none of these.

    Note:
        Sums over batches must add up, so the variance is a difference of two large sums where
        the mean is large: a target of 1e6 ± 1 keeps four digits.
    """

    default_name, direction = "r2_score", "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        if class_aggregation not in AGGREGATIONS:
            raise ArgumentError(
                f"`class_aggregation` must be one of {AGGREGATIONS}.",
                class_aggregation=class_aggregation,
            )
        if num_regressors < 0:
            raise ArgumentError("`num_regressors` must be >= 0.", num_regressors=num_regressors)
        super().__init__(name, dtype)
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors

    def sums(self, y_true: Array, y_pred: Array, weight: Array | None) -> Array:
        """For each output Σ w, Σ w t, Σ w t², Σ w (t − p)², and how many numbers there were."""
        t, p = alike(y_true, y_pred)
        if t.ndim != 2:
            raise ShapeError(
                "R2Score needs targets and predictions of shape (N, K).", y_pred=p.shape
            )
        t, p = t.astype(np.float64), p.astype(np.float64)
        weights = spread(1.0 if weight is None else weight, t.shape)
        numbers = np.ones_like(t) * t.shape[1]
        four = np.stack([weights, weights * t, weights * t * t, weights * (t - p) ** 2, numbers])
        found: Array = four.sum(axis=1)
        return found.ravel()

    def value(self, sums: Array) -> Value:
        """A number, or with ``class_aggregation=None`` an array of one per output."""
        count, total, squares, errors, numbers = rows(sums, 5, 1)
        with np.errstate(all="ignore"):
            spread_out = squares - total * (total / count)  # V = Σ w t² − (Σ w t)² / Σ w
            scores = 1 - errors / spread_out  # R² = 1 − Σ w (t − p)² / V
            scores = np.where(np.isinf(scores), 0, scores)
            if self.class_aggregation == "uniform_average":
                scores = scores.mean()
            elif self.class_aggregation == "variance_weighted_average":
                scores = np.sum(spread_out * scores) / np.sum(spread_out)
        scores = self._adjusted(scores, float(numbers[0]))
        return scores if scores.ndim else float(scores)

    def _adjusted(self, scores: Any, n: float) -> Any:
        p = self.num_regressors
        if p == 0:
            return scores
        if p >= n - 1:
            warnings.warn(
                f"Adjusted R2 needs more than {p + 1} numbers, not {n:.0f}; this is R2 itself.",
                stacklevel=2,
            )
            return scores
        return 1 - (1 - scores) * (n - 1) / (n - p - 1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return super().get_config() | own
