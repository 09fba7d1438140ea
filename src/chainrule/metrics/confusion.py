"""Counts of right and wrong yes and no, and the ratios of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.metrics.base import Metric, Value
from chainrule.metrics.shapes import ratio, rows
from chainrule.metrics.thresholds import (
    FALSE_NEGATIVES,
    FALSE_POSITIVES,
    LEFT_OUT,
    TRUE_NEGATIVES,
    TRUE_POSITIVES,
    Thresholds,
    confusion,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Confusion(Metric):
    """Base of what is made of true and false positives and negatives.

    Targets are 0 and 1; a prediction is a yes if it is larger than a threshold. All axes count
    alike: (N, K) are N·K answers.

    Attributes:
        kept: Which of the four are summed.
    """

    kept: ClassVar[tuple[int, ...]]

    def __init__(
        self,
        thresholds: Thresholds,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name, dtype)
        self.cuts = thresholds
        self.top_k = top_k
        self.class_id = class_id

    @property
    def thresholds(self) -> list[float]:
        """What predictions are compared with."""
        return list(self.cuts.values)

    def sums(self, y_true: Array, y_pred: Array, weight: Array | None) -> Array:
        """Those of the four that are kept, each for all thresholds."""
        four = confusion(y_true, y_pred, weight, self.cuts, self.top_k, self.class_id)
        found: Array = four[list(self.kept)].ravel()
        return found

    def counts(self, sums: Array) -> Array:
        """The sums as one row for each that is kept, one column per threshold."""
        return rows(sums, len(self.kept), len(self.cuts))


class _Chosen(Confusion):
    """What several classes share whose thresholds the user gives."""

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        default = 0.5 if top_k is None else LEFT_OUT
        cuts = Thresholds((default,), False) if thresholds is None else Thresholds.of(thresholds)
        super().__init__(cuts, top_k, class_id, name, dtype)
        self.given = None if thresholds is None else np.asarray(thresholds, float).tolist()

    def ratios(self, counts: Array) -> Array:
        """One number per threshold."""
        raise NotImplementedError

    def value(self, sums: Array) -> Value:
        """A number, or an array if there are several thresholds."""
        found = self.ratios(self.counts(sums))
        return float(found[0]) if len(found) == 1 else found

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"thresholds": self.given}


class _Count(_Chosen):
    """One of the four."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(thresholds, name=name, dtype=dtype)

    def ratios(self, counts: Array) -> Array:
        """The counts themselves."""
        found: Array = counts[0]
        return found


class TruePositives(_Count):
    """Weight of the yes that are right. (Keras does not know that more is better.)

    Args:
        thresholds: A number or several, in [0, 1]; 0.5 by default.
        name: See :class:`Metric`.
        dtype: See :class:`Metric`.
    """

    kept, direction = (TRUE_POSITIVES,), "up"


class TrueNegatives(_Count):
    """Weight of the no that are right; see :class:`TruePositives`."""

    kept, direction = (TRUE_NEGATIVES,), "up"


class FalsePositives(_Count):
    """Weight of the yes that are wrong; see :class:`TruePositives`."""

    kept, direction = (FALSE_POSITIVES,), "down"


class FalseNegatives(_Count):
    """Weight of the no that are wrong; see :class:`TruePositives`."""

    kept, direction = (FALSE_NEGATIVES,), "down"


class _Share(_Chosen):
    """The first of two counts, as a share of both."""

    direction = "up"

    def ratios(self, counts: Array) -> Array:
        """First over the sum of both, and 0 for 0/0."""
        return ratio(counts[0], counts[0] + counts[1])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"top_k": self.top_k, "class_id": self.class_id}


class Precision(_Share):
    """How many of the yes are right: TP / (TP + FP); 0 if there are none.

    Args:
        thresholds: A number or several, in [0, 1]; 0.5 by default, none with ``top_k``.
        top_k: A yes is what is among the k largest of the last axis (and above the threshold).
        class_id: Look at this place of the last axis only.
        name: See :class:`Metric`; ``"precision"``, then ``"precision_1"``, … by default.
        dtype: See :class:`Metric`.

    Example:
        >>> Precision()([0, 1, 1, 1], [1, 0, 1, 1])
        0.6666666666666666
    """

    kept = (TRUE_POSITIVES, FALSE_POSITIVES)


class Recall(_Share):
    """How many of the positives are found: TP / (TP + FN); 0 if there are none.

    Arguments as of :class:`Precision`.
    """

    kept = (TRUE_POSITIVES, FALSE_NEGATIVES)


# ---------------------------------------------------------------- one rate where another holds

FOUR = (TRUE_POSITIVES, FALSE_POSITIVES, TRUE_NEGATIVES, FALSE_NEGATIVES)


def sensitivity(tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
    """The share of positives that are found, also called recall."""
    return ratio(tp, tp + fn)  # TP / (TP + FN)


def specificity(tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
    """The share of negatives that are left alone."""
    return ratio(tn, tn + fp)  # TN / (TN + FP)


def precision(tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
    """The share of the yes that are right."""
    return ratio(tp, tp + fp)  # TP / (TP + FP)


Rate = Callable[["Array", "Array", "Array", "Array"], "Array"]


class _AtRate(Confusion):
    """The best of one rate over the thresholds at which another is at least so high.

    Attributes:
        bound_name: What the constructor calls the lowest value of the other rate.
        rates: The rate that is bounded, and the one that is sought.
    """

    kept, direction = FOUR, "up"
    bound_name: ClassVar[str]
    rates: ClassVar[tuple[Rate, Rate]]

    def __init__(
        self,
        bound: float,
        num_thresholds: int,
        class_id: int | None,
        name: str | None,
        dtype: Any,
    ) -> None:
        if not 0 <= bound <= 1:
            raise ArgumentError(
                f"`{self.bound_name}` must be in [0, 1].", **{self.bound_name: bound}
            )
        if num_thresholds <= 0:
            raise ArgumentError(
                "`num_thresholds` must be an integer > 0.", num_thresholds=num_thresholds
            )
        super().__init__(Thresholds.row(num_thresholds), class_id=class_id, name=name, dtype=dtype)
        self.bound = bound
        self.num_thresholds = num_thresholds

    def value(self, sums: Array) -> Value:
        """The highest rate; 0 if the other is nowhere high enough."""
        bounded, sought = (rate(*self.counts(sums)) for rate in self.rates)
        return float(np.max(np.where(bounded >= self.bound, sought, 0), initial=0))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {
            "num_thresholds": self.num_thresholds,
            "class_id": self.class_id,
            self.bound_name: self.bound,
        }
        return super().get_config() | own


class SensitivityAtSpecificity(_AtRate):
    """The highest TP / (TP + FN) where TN / (TN + FP) is at least ``specificity``.

    Args:
        specificity: In [0, 1].
        num_thresholds: How many thresholds to try, evenly from 0 to 1 (0.5 if it is one).
        class_id: Look at this place of the last axis only.
        name: See :class:`Metric`.
        dtype: See :class:`Metric`.
    """

    bound_name, rates = "specificity", (specificity, sensitivity)

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(_AtRate):
    """The highest TN / (TN + FP) where TP / (TP + FN) is at least ``sensitivity``.

    Other arguments as of :class:`SensitivityAtSpecificity`.
    """

    bound_name, rates = "sensitivity", (sensitivity, specificity)

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(_AtRate):
    """The highest TP / (TP + FP) where TP / (TP + FN) is at least ``recall``.

    Other arguments as of :class:`SensitivityAtSpecificity`.
    """

    bound_name, rates = "recall", (sensitivity, precision)

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(_AtRate):
    """The highest TP / (TP + FN) where TP / (TP + FP) is at least ``precision``.

    Other arguments as of :class:`SensitivityAtSpecificity`.
    """

    bound_name, rates = "precision", (precision, sensitivity)

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
