"""Metrics: sums that add up over batches, and the number made of them.

A metric never keeps predictions. It turns a batch into a few sums and, at the end, the sums into
its value; so metrics stream, and sums from several workers can be added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule import config, losses
from chainrule.core.registry import Registry
from chainrule.core.rule import Rule
from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Metric:
    """Base of the metrics that are a (weighted) mean of one value per sample.

    Args:
        name: The key under which logs and ``History`` show the metric.
        dtype: Kept for Keras' signature; sums are always float64.
    """

    default_name: ClassVar[str]
    direction: ClassVar[str] = "down"
    """``"up"`` where larger is better: what ``mode="auto"`` of callbacks reads."""
    sparse: ClassVar[bool] = False
    """Whether targets are class numbers."""

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        self.name = name or self.default_name
        self.dtype = None if dtype is None else config.float_name("dtype", dtype)
        self._sums: Array = np.zeros(2)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """One value per sample."""
        raise NotImplementedError

    def sums(self, y_true: Array, y_pred: Array, weight: Array | None) -> Array:
        """``[Σ w·value, Σ w]`` over a batch, in float64."""
        values = self.values(y_true, y_pred)
        if weight is None:
            return np.array([values.sum(dtype=np.float64), values.size])
        weight = losses.match_rank(weight, values.shape)
        values = values.mean(axis=tuple(range(weight.ndim, values.ndim)))  # one per weight
        weight = np.broadcast_to(weight, values.shape)
        return np.array([np.sum(values * weight, dtype=np.float64), weight.sum(dtype=np.float64)])

    def value(self, sums: Array) -> float:
        """The metric from its sums over all batches; 0 where there were none, as in Keras."""
        return float(sums[0] / sums[1]) if sums[1] else 0.0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        p = np.asarray(y_pred, dtype=self.dtype or config.floatx())
        t = np.asarray(y_true, dtype=np.int64 if self.sparse else p.dtype)
        t, p = losses.reconcile(t, p, self.sparse)
        weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        self._sums = self._sums + self.sums(t, p, weight)

    def result(self) -> float:
        """The metric of everything added since the last reset."""
        return self.value(self._sums)

    def reset_state(self) -> None:
        """Forget what was added."""
        self._sums = np.zeros(2)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Add a batch and return the result so far."""
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """A metric from :meth:`get_config`."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name!r}>"


class _RuleMetric(Metric):
    """A metric whose value per sample is a loss rule's forward pass."""

    rule: ClassVar[Rule]

    def __init__(self, name: str | None = None, dtype: Any = None, **options: Any) -> None:
        self.default_name = self.rule.name  # type: ignore[misc]
        super().__init__(name, dtype)
        self.options = options

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return self.rule.forward(y_true, y_pred, **self.options)


class MeanSquaredError(_RuleMetric):
    """Mean of (p − t)²."""

    rule = losses.mean_squared_error


class MeanAbsoluteError(_RuleMetric):
    """Mean of |p − t|."""

    rule = losses.mean_absolute_error


class RootMeanSquaredError(Metric):
    """Square root of the mean of (p − t)²."""

    default_name = "root_mean_squared_error"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return np.square(y_pred - y_true)

    def value(self, sums: Array) -> float:
        return float(np.sqrt(super().value(sums)))


class _Crossentropy(_RuleMetric):
    """A cross-entropy as a metric, from probabilities or from logits, in nats."""

    logits_rule: ClassVar[Rule]

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        options = {} if self.sparse else {"label_smoothing": label_smoothing}
        super().__init__(name, dtype, **options)
        self.from_logits = from_logits

    def values(self, y_true: Array, y_pred: Array) -> Array:
        if self.from_logits:
            return self.logits_rule.forward(y_pred, y_true, **self.options)[0]
        return self.rule.forward(y_true, y_pred, **self.options, epsilon=config.epsilon())

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"from_logits": self.from_logits} | self.options


class BinaryCrossentropy(_Crossentropy):
    """Cross-entropy of yes/no targets."""

    rule, logits_rule = losses.binary_crossentropy, losses.sigmoid_binary_crossentropy


class CategoricalCrossentropy(_Crossentropy):
    """Cross-entropy of one-hot targets."""

    rule, logits_rule = losses.categorical_crossentropy, losses.softmax_crossentropy


class SparseCategoricalCrossentropy(_Crossentropy):
    """Cross-entropy of class numbers."""

    rule, logits_rule = losses.sparse_categorical_crossentropy, losses.softmax_sparse_crossentropy
    sparse = True

    def __init__(
        self, name: str | None = None, dtype: Any = None, from_logits: bool = False
    ) -> None:
        super().__init__(name, dtype, from_logits)


class Accuracy(Metric):
    """How often predictions equal targets."""

    default_name, direction = "accuracy", "up"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return np.equal(y_true, y_pred).astype(np.float64)


class BinaryAccuracy(Metric):
    """How often predictions, cut at ``threshold`` (p > threshold), equal targets of 0 and 1."""

    default_name, direction = "binary_accuracy", "up"

    def __init__(self, name: str | None = None, dtype: Any = None, threshold: float = 0.5) -> None:
        if not 0 <= threshold <= 1:
            raise ArgumentError("`threshold` must be between 0 and 1.", threshold=threshold)
        super().__init__(name, dtype)
        self.threshold = threshold

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return np.equal(y_true, y_pred > self.threshold).astype(np.float64)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"threshold": self.threshold}


class CategoricalAccuracy(Metric):
    """How often the largest prediction is at the one of a one-hot target."""

    default_name, direction = "categorical_accuracy", "up"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return np.equal(np.argmax(y_true, -1), np.argmax(y_pred, -1)).astype(np.float64)


class SparseCategoricalAccuracy(Metric):
    """How often the largest prediction is at the target's class number."""

    default_name, direction, sparse = "sparse_categorical_accuracy", "up", True

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return np.equal(y_true, np.argmax(y_pred, -1)).astype(np.float64)


class TopKCategoricalAccuracy(Metric):
    """How often the one of a one-hot target is among the ``k`` largest predictions."""

    default_name, direction = "top_k_categorical_accuracy", "up"

    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.k = k

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return _in_top_k(np.argmax(y_true, -1), y_pred, self.k)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"k": self.k}


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """How often the target's class number is among the ``k`` largest predictions."""

    default_name, sparse = "sparse_top_k_categorical_accuracy", True

    def values(self, y_true: Array, y_pred: Array) -> Array:
        return _in_top_k(y_true, y_pred, self.k)


def _in_top_k(labels: Array, y_pred: Array, k: int) -> Array:
    """Ties count for the target: fewer than k predictions are strictly larger than its own."""
    own = np.take_along_axis(y_pred, labels[..., None].astype(np.int64), axis=-1)
    return (np.sum(y_pred > own, axis=-1) < k).astype(np.float64)


METRICS: Registry[type[Metric]] = Registry("metric")
for _metric, *_aliases in (
    (MeanSquaredError, "mse", "MSE"),
    (MeanAbsoluteError, "mae", "MAE"),
    (RootMeanSquaredError, "rmse", "RMSE"),
    (BinaryCrossentropy, "bce", "BCE"),
    (CategoricalCrossentropy,),
    (SparseCategoricalCrossentropy,),
    (Accuracy,),
    (BinaryAccuracy,),
    (CategoricalAccuracy,),
    (SparseCategoricalAccuracy,),
    (TopKCategoricalAccuracy,),
    (SparseTopKCategoricalAccuracy,),
):
    METRICS.add(_metric().name, _metric, _metric.__name__, *_aliases)

RESOLVED_BY_SHAPE = {
    "accuracy": (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy),
    "acc": (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy),
    "crossentropy": (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy),
    "ce": (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy),
}
"""Names whose meaning depends on the data: for one output, for class numbers, for one-hot."""


def get(identifier: Any, sparse: bool | None = None, outputs: int | None = None) -> Metric:
    """The metric for a name, an object, a class or a serialised one.

    Args:
        identifier: The name or object. ``"accuracy"`` and ``"crossentropy"`` (``"acc"``,
            ``"ce"``) mean the binary, sparse or categorical kind, by the next two.
        sparse: Whether targets are class numbers.
        outputs: Length of the model's last axis.

    Raises:
        UnknownNameError: There is no metric of that name.
    """
    if isinstance(identifier, str) and identifier.lower() in RESOLVED_BY_SHAPE:
        binary, by_label, one_hot = RESOLVED_BY_SHAPE[identifier.lower()]
        kind = binary if outputs == 1 else by_label if sparse else one_hot
        return kind(name=identifier)
    if isinstance(identifier, str):
        metric = METRICS.find(identifier)()
        metric.name = identifier
        return metric
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if isinstance(identifier, dict):
        return METRICS.find(identifier.get("class_name"))(**identifier["config"])
    if isinstance(identifier, Rule):
        return get(identifier.name)
    raise ArgumentError("A metric must be a name or a Metric.", metric=identifier)
