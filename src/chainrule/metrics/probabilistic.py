"""How unlikely the targets are by the predicted probabilities, in nats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule import losses
from chainrule.errors import ArgumentError
from chainrule.metrics.base import mean_sums
from chainrule.metrics.reduction import RuleMetric
from chainrule.metrics.shapes import labelled, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class KLDivergence(RuleMetric):
    """Kullback and Leibler's Σ tₖ ln(tₖ / pₖ)."""

    rule = losses.kl_divergence


class Poisson(RuleMetric):
    """Minus the log-likelihood of counts: p − t ln p."""

    rule = losses.poisson


class Crossentropy(RuleMetric):
    """Base of the cross-entropies: from probabilities or from logits."""

    def __init__(
        self, name: str | None, dtype: Any, from_logits: bool, axis: int = -1, **options: Any
    ) -> None:
        if axis != -1:
            raise ArgumentError("`axis` must be -1: classes lie on the last axis.", axis=axis)
        super().__init__(name, dtype, from_logits=bool(from_logits), **options)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | self.options


class BinaryCrossentropy(Crossentropy):
    """Cross-entropy of yes/no targets.

    Args:
        name: See :class:`Metric`.
        dtype: See :class:`Metric`.
        from_logits: Whether predictions are z with p = σ(z).
        label_smoothing: s moves targets towards one half: t(1 − s) + s/2.
    """

    rule = losses.binary_crossentropy

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(name, dtype, from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(Crossentropy):
    """Cross-entropy of one-hot targets.

    Args:
        name: See :class:`Metric`.
        dtype: See :class:`Metric`.
        from_logits: Whether predictions are z with p = softmax(z).
        label_smoothing: s moves targets towards uniform: t(1 − s) + s/K.
        axis: Must be -1.
    """

    rule = losses.categorical_crossentropy

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype, from_logits, axis, label_smoothing=label_smoothing)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"axis": -1}


class SparseCategoricalCrossentropy(Crossentropy):
    """Cross-entropy of class numbers.

    Args:
        name: See :class:`Metric`.
        dtype: See :class:`Metric`.
        from_logits: Whether predictions are z with p = softmax(z).
        ignore_class: A class number whose samples do not count. (In Keras, without sample
            weights, they count as if predicted perfectly.)
        axis: Must be -1.
    """

    rule = losses.sparse_categorical_crossentropy
    sparse = True

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype, from_logits, axis)
        self.ignore_class = ignore_class

    def sums(self, y_true: Array, y_pred: Array, weight: Array | None) -> Array:
        """``[Σ w·ℓ, Σ w]`` of the samples that count."""
        if self.ignore_class is None:
            return super().sums(y_true, y_pred, weight)
        t, p = labelled(y_true, y_pred)
        found = self.rule(t, p, **self.options, ignore_class=self.ignore_class)
        counts = t != self.ignore_class
        return mean_sums(found, spread(1.0 if weight is None else weight, t.shape) * counts)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"ignore_class": self.ignore_class, "axis": -1}
