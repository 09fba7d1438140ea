"""Means and sums of values, and the mean of what a function makes of targets and predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule import losses
from chainrule.core.custom import get_custom_objects
from chainrule.core.registry import Registry
from chainrule.core.rule import RULES
from chainrule.errors import ArgumentError
from chainrule.losses import LossRule
from chainrule.metrics.base import Metric, Value, mean_sums
from chainrule.metrics.shapes import spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Function = Callable[..., Any]

FUNCTIONS: Registry[Function] = Registry("metric function")
"""Functions that a serialised :class:`MeanMetricWrapper` may name."""


class Mean(Metric):
    """The (weighted) mean of values: ``update_state(values, sample_weight=None)``.

    With weights of one number for all samples, each sample has that weight (in Keras the batch
    has it, so that small batches count as much as large ones).
    """

    default_name = "mean"

    def sums(
        self, y_true: Array, y_pred: Array | None = None, weight: Array | None = None
    ) -> Array:
        """``[Σ w·value, Σ w]``; the values come first, and there are no predictions."""
        _no_predictions(self, y_pred)
        return mean_sums(y_true, weight)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add values, shape (N, …) or one number."""
        self._add(Mean.sums(self, np.asarray(values), weight=sample_weight))


class Sum(Metric):
    """The (weighted) sum of values: ``update_state(values, sample_weight=None)``."""

    default_name = "sum"

    def sums(
        self, y_true: Array, y_pred: Array | None = None, weight: Array | None = None
    ) -> Array:
        """``[Σ w·value]``; the values come first, and there are no predictions."""
        _no_predictions(self, y_pred)
        values = np.asarray(y_true, np.float64)
        weights = spread(1.0 if weight is None else weight, values.shape)
        return np.array([np.sum(values * weights)])

    def value(self, sums: Array) -> Value:
        """The sum."""
        return float(sums.sum())

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add values, shape (N, …) or one number."""
        self._add(Sum.sums(self, np.asarray(values), weight=sample_weight))


def _no_predictions(metric: Metric, y_pred: Any) -> None:
    if y_pred is not None:
        raise ArgumentError(
            f"{type(metric).__name__} is of values, not of targets and predictions: a model needs "
            "MeanMetricWrapper(function) or the function itself.",
            metric=metric,
        )


class MeanMetricWrapper(Metric):
    """The (weighted) mean of what a function gives per sample.

    Args:
        fn: ``fn(y_true, y_pred, **kwargs)``, giving an array of shape (N, …), or one number for
            the whole batch. It needs no derivative.
        name: See :class:`Metric`.
        dtype: See :class:`Metric`; arrays reach the function as they came.
        **kwargs: Passed on to ``fn``.
    """

    def __init__(
        self, fn: Function, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        if not callable(fn):
            raise ArgumentError("`fn` must be a function of y_true and y_pred.", fn=fn)
        super().__init__(name, dtype)
        self.fn = fn
        self.fn_kwargs = kwargs
        if isinstance(fn, LossRule | losses.Loss):
            self.direction, self.sparse = "down", fn.sparse

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """What the function gives."""
        return np.asarray(self.fn(y_true, y_pred, **self.fn_kwargs))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch; targets and predictions become arrays, of whatever type they are."""
        with np.errstate(all="ignore"):
            values = MeanMetricWrapper.values(self, np.asarray(y_true), np.asarray(y_pred))
            self._add(mean_sums(values, sample_weight))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; the function by its name."""
        return super().get_config() | {"fn": function_config(self.fn)} | self.fn_kwargs

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """A metric from :meth:`get_config`.

        Raises:
            UnknownNameError: The function is neither one of chainrule's nor registered.
        """
        fn = config.get("fn")
        if isinstance(fn, Mapping):
            config = config | {"fn": function_of(fn)}
        return cls(**config)


def function_config(fn: Function) -> dict[str, Any]:
    """A function, or a loss, as JSON-ready data, in Keras' form."""
    if isinstance(fn, losses.Loss):
        return losses.serialize(fn)
    name = getattr(fn, "__name__", type(fn).__name__)
    return {
        "module": "builtins",
        "class_name": "function",
        "config": name,
        "registered_name": "function",
    }


def function_of(config: Mapping[str, Any]) -> Function:
    """The function or loss of :func:`function_config`.

    Raises:
        UnknownNameError: It is neither one of chainrule's nor registered.
    """
    if config.get("class_name") == "function":
        name = str(config.get("config"))
        own = get_custom_objects().get(name)
        if own is None and name not in FUNCTIONS and isinstance(RULES.get(name), LossRule):
            return RULES[name]
        return own or FUNCTIONS.find(name)
    return losses.get(config)


class RuleMetric(Metric):
    """Base of the metrics whose value per sample is a loss rule's forward pass."""

    rule: ClassVar[LossRule]
    direction = "down"

    def __init__(self, name: str | None = None, dtype: Any = None, **options: Any) -> None:
        super().__init__(name or self.default_name or self.rule.name, dtype)
        self.options = options

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """The losses."""
        found: Array = self.rule(y_true, y_pred, **self.options)
        return found
