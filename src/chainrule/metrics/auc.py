"""The area under the curve that two rates draw as the threshold moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import activations, config
from chainrule.errors import ArgumentError, ShapeError
from chainrule.metrics.base import Metric, Value
from chainrule.metrics.shapes import ratio
from chainrule.metrics.thresholds import (
    Thresholds,
    between,
    check_thresholds,
    confusion,
    evenly_spaced,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

CURVES = ("ROC", "PR", "PRGAIN")
SUMMATIONS = ("interpolation", "minoring", "majoring")


class AUC(Metric):
    """Area under the curve of two rates, over thresholds of the prediction: 1 is perfect.

    Args:
        num_thresholds: How many thresholds, evenly from just below 0 to just above 1.
        curve: ``"ROC"``: recall TP/(TP + FN) over false positive rate FP/(FP + TN), where 0.5 is
            chance; ``"PR"``: precision TP/(TP + FP) over recall; ``"PRGAIN"``: precision gain
            over recall gain (Flach and Kull, 2015).
        summation_method: Between two thresholds, take the mean of the two heights
            (``"interpolation"``; for PR, interpolate the counts: Davis and Goadrich, 2006, §3),
            the lower (``"minoring"``) or the higher (``"majoring"``).
        name: See :class:`Metric`.
        dtype: See :class:`Metric`.
        thresholds: Numbers in [0, 1] instead of ``num_thresholds``; the two ends are added.
        multi_label: Whether each place of the last axis has its own area, of which the mean is
            taken; else all numbers are answers to one question.
        num_labels: How many places there must be; only with ``multi_label``.
        label_weights: A weight for each place: of its area, or of its answers.
        from_logits: Whether predictions are z with p = σ(z).

    Raises:
        ArgumentError: A name is unknown, or numbers are out of range.

    Example:
        >>> AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
        0.75
    """

    direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        if thresholds is None and num_thresholds <= 1:
            raise ArgumentError(
                "`num_thresholds` must be an integer > 1.", num_thresholds=num_thresholds
            )
        if num_labels and not multi_label:
            raise ArgumentError("`num_labels` needs `multi_label=True`.", num_labels=num_labels)
        self.curve = _one_of("curve", curve, CURVES)
        self.summation_method = _one_of("summation_method", summation_method, SUMMATIONS)
        self.given = None if thresholds is None else sorted(map(float, thresholds))
        self.cuts = _padded(self.given, num_thresholds)
        self.multi_label = bool(multi_label)
        self.num_labels = num_labels
        self.label_weights = (
            None if label_weights is None else np.asarray(label_weights, np.float64)
        )
        self.from_logits = bool(from_logits)
        super().__init__(name, dtype)

    @property
    def num_thresholds(self) -> int:
        """How many thresholds there are, the two ends included."""
        return len(self.cuts)

    @property
    def thresholds(self) -> list[float]:
        """What predictions are compared with, from just below 0 to just above 1."""
        return list(self.cuts.values)

    def sums(self, y_true: Array, y_pred: Array, weight: Array | None) -> Array:
        """The four counts, each for every label and threshold."""
        p = np.asarray(activations.sigmoid(y_pred)) if self.from_logits else np.asarray(y_pred)
        if self.multi_label and (p.ndim != 2 or p.shape[1] != (self.num_labels or p.shape[1])):
            wanted = "K" if self.num_labels is None else self.num_labels
            raise ShapeError(
                f"With `multi_label`, predictions must have shape (N, {wanted}).", y_pred=p.shape
            )
        label_weights = None if self.multi_label else self.label_weights
        four = confusion(
            y_true, p, weight, self.cuts, by_label=self.multi_label, label_weights=label_weights
        )
        return four.ravel()

    def value(self, sums: Array) -> Value:
        """The area: the mean over labels if each has its own."""
        width = len(self.cuts)
        four = sums.reshape(4, -1, width) if sums.size else np.zeros((4, 1, width))
        areas = self._areas(*four)
        if self.multi_label and self.label_weights is not None:
            if len(areas) != len(self.label_weights) and sums.size:
                raise ShapeError(
                    f"`label_weights` must have one weight for each of {len(areas)} labels.",
                    label_weights=len(self.label_weights),
                )
            total = self.label_weights.sum()
            return float((areas * self.label_weights).sum() / total) if total else 0.0
        return float(areas.mean())

    def _areas(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """The area for each label, from counts (L, T)."""
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _interpolated_pr(tp, fp, fn)
        x, y = _CURVES[self.curve](tp, fp, tn, fn)
        left, right = y[:, :-1], y[:, 1:]
        heights = {
            "interpolation": (left + right) / 2,
            "minoring": np.minimum(left, right),
            "majoring": np.maximum(left, right),
        }[self.summation_method]
        found: Array = np.sum((x[:, :-1] - x[:, 1:]) * heights, axis=-1)
        return found

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        weights = self.label_weights
        own = {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if weights is None else weights.tolist(),
            "from_logits": self.from_logits,
        }
        return super().get_config() | own | ({"thresholds": self.given} if self.given else {})


def _one_of(argument: str, value: str, known: tuple[str, ...]) -> str:
    for name in known:
        if str(value).lower() == name.lower():
            return name
    raise ArgumentError(f"`{argument}` must be one of {known}.", **{argument: value})


def _padded(given: list[float] | None, count: int) -> Thresholds:
    """Thresholds with ends beyond 0 and 1, so that the curve reaches both its corners."""
    inner = between(count) if given is None else given
    check_thresholds(inner)
    even = given is None or evenly_spaced([0.0, *given, 1.0])
    margin = config.epsilon()
    return Thresholds((-margin, *inner, 1 + margin), even, padded=True)


def _roc(tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
    x = ratio(fp, fp + tn)  # x = FP / (FP + TN)
    y = ratio(tp, tp + fn)  # y = TP / (TP + FN)
    return x, y


def _pr(tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
    x = ratio(tp, tp + fn)  # x = TP / (TP + FN)
    y = ratio(tp, tp + fp)  # y = TP / (TP + FP)
    return x, y


def _prgain(tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
    odds = ratio(tp + fn, tn + fp)  # r = (TP + FN) / (TN + FP)
    x = np.where(tp == 0, 0, 1 - odds * ratio(fn, tp))  # x = 1 − r FN / TP
    y = np.where(tp == 0, 1, 1 - odds * ratio(fp, tp))  # y = 1 − r FP / TP
    return np.maximum(x, 0), y


_CURVES = {"ROC": _roc, "PR": _pr, "PRGAIN": _prgain}


def _interpolated_pr(tp: Array, fp: Array, fn: Array) -> Array:
    """Area under precision over recall where TP + FP, not precision, is linear in TP."""
    said = tp + fp  # P = TP + FP
    more = tp[:, :-1] - tp[:, 1:]  # ΔTP
    low, high = said[:, 1:], said[:, :-1]
    slope = ratio(more, np.maximum(high - low, 0))  # s = ΔTP / ΔP
    start = tp[:, 1:] - slope * low  # c = TP − s P
    growth = np.where((high > 0) & (low > 0), ratio(high, low), 1)  # P⁺ / P
    area = slope * (more + start * np.log(growth))  # s (ΔTP + c ln(P⁺ / P))
    found: Array = np.sum(ratio(area, np.maximum(tp[:, 1:] + fn[:, 1:], 0)), axis=-1)
    return found
