"""Harmonic means of precision and recall, for each class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.errors import ArgumentError, ShapeError
from chainrule.metrics.base import Metric, Value
from chainrule.metrics.shapes import alike, rows, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(Metric):
    """(1 + β²) · precision · recall / (β² · precision + recall), of targets of 0 and 1.

    Targets and predictions have shape (N, K). Every denominator has ε added, as in Keras.

    Args:
        average: ``None``: an array of K scores; ``"macro"``: their mean; ``"weighted"``: their
            mean by the number of positives; ``"micro"``: one score of all N·K answers.
        beta: β > 0; above 1, recall matters more. (Keras refuses integers.)
        threshold: A yes is p > threshold, in (0, 1]; ``None``: the largest of each row.
        name: See :class:`Metric`.
        dtype: See :class:`Metric`.

    Raises:
        ArgumentError: An argument is none of these.
    """

    default_name, direction = "fbeta_score", "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        if average not in AVERAGES:
            raise ArgumentError(f"`average` must be one of {AVERAGES}.", average=average)
        if not (_is_number(beta) and beta > 0):
            raise ArgumentError("`beta` must be a number > 0.", beta=beta)
        if threshold is not None and not (_is_number(threshold) and 0 < threshold <= 1):
            raise ArgumentError("`threshold` must be in (0, 1].", threshold=threshold)
        super().__init__(name, dtype)
        self.average = average
        self.beta = float(beta)
        self.threshold = None if threshold is None else float(threshold)

    def sums(self, y_true: Array, y_pred: Array, weight: Array | None) -> Array:
        """TP, FP, FN and positives, each for every class (one for all if ``"micro"``)."""
        t, p = alike(y_true, y_pred)
        if p.ndim != 2:
            raise ShapeError(
                f"{type(self).__name__} needs targets and predictions of shape (N, K).",
                y_pred=p.shape,
            )
        if self.threshold is None:
            yes = (p >= np.max(p, axis=-1, keepdims=True)) & (np.abs(p) > 1e-9)
        else:
            yes = p > self.threshold
        weights = spread(1.0 if weight is None else weight, t.shape)
        four = np.stack([yes * t, yes * (1 - t), ~yes * t, t]) * weights
        found: Array = four.sum(axis=(1, 2) if self.average == "micro" else 1)
        return found.ravel()

    def value(self, sums: Array) -> Value:
        """A number, or with ``average=None`` an array of one per class."""
        tp, fp, fn, positives = rows(sums, 4, 1)
        epsilon = config.epsilon()
        precision = tp / (tp + fp + epsilon)  # P = TP / (TP + FP + ε)
        recall = tp / (tp + fn + epsilon)  # R = TP / (TP + FN + ε)
        square = self.beta**2
        mean = precision * recall / (square * precision + recall + epsilon)
        scores = (1 + square) * mean  # F = (1 + β²) P R / (β² P + R + ε)
        if self.average is None:
            return scores
        if self.average == "weighted":
            return float(np.sum(scores * positives / (positives.sum() + epsilon)))
        return float(scores.mean())

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return super().get_config() | own


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall: :class:`FBetaScore` with β = 1."""

    default_name = "f1_score"

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        del config["beta"]
        return config


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)
