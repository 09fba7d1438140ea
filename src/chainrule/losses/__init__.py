"""Losses: classes that choose between rules, found by Keras' names.

A loss function gives one number per sample; one reduction, ``weighted_mean``, makes one number of
them. So sample weights exist in one place, and no factor can get lost between a loss and its
gradient. A function alone, ``mean_squared_error(y_true, y_pred)``, is the rule itself.
"""

from __future__ import annotations

from typing import Any

from chainrule import config
from chainrule.core.registry import Registry
from chainrule.core.rule import Rule
from chainrule.errors import ArgumentError
from chainrule.losses.loss import Loss
from chainrule.losses.ranks import match_rank, reconcile
from chainrule.losses.rules import (
    FUSIONS,
    binary_crossentropy,
    categorical_crossentropy,
    mean_absolute_error,
    mean_squared_error,
    sigmoid_binary_crossentropy,
    softmax_crossentropy,
    softmax_sparse_crossentropy,
    sparse_categorical_crossentropy,
    weighted_mean,
)

__all__ = [
    "FUSIONS",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "get",
    "match_rank",
    "mean_absolute_error",
    "mean_squared_error",
    "reconcile",
    "serialize",
    "sigmoid_binary_crossentropy",
    "softmax_crossentropy",
    "softmax_sparse_crossentropy",
    "sparse_categorical_crossentropy",
    "weighted_mean",
]


class MeanSquaredError(Loss):
    """Mean squared error: Σ (p − t)² / K per sample."""

    rule = mean_squared_error


class MeanAbsoluteError(Loss):
    """Mean absolute error: Σ |p − t| / K per sample."""

    rule = mean_absolute_error


class _Crossentropy(Loss):
    """What the cross-entropies share: logits or probabilities, and smoothed targets."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        if axis != -1:
            raise ArgumentError("`axis` must be -1: classes lie on the last axis.", axis=axis)
        if not 0 <= label_smoothing <= 1:
            raise ArgumentError(
                "`label_smoothing` must be between 0 and 1.", label_smoothing=label_smoothing
            )
        self.from_logits = bool(from_logits)
        self.options = {"epsilon": config.epsilon()}
        if not self.sparse:
            self.options["label_smoothing"] = float(label_smoothing)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | {"from_logits": self.from_logits, "axis": -1}
        if not self.sparse:
            config["label_smoothing"] = self.options["label_smoothing"]
        return config


class BinaryCrossentropy(_Crossentropy):
    """Cross-entropy of yes/no targets, in nats: −t ln p − (1 − t) ln(1 − p), mean over outputs.

    Args:
        from_logits: Whether predictions are pre-activations z, with p = σ(z).
        label_smoothing: s moves targets towards one half: t(1 − s) + s/2.
        axis: Must be -1.
        reduction: See :class:`Loss`.
        name: See :class:`Loss`.
        dtype: See :class:`Loss`.

    Note:
        Behind a sigmoid a model fuses the two, so that the gradient is exactly p − t, also where
        p has rounded to 0 or 1. Keras does so on TensorFlow only; elsewhere it clips p to
        [1e-7, 1 − 1e-7], which stops the gradient of a saturated unit.
    """

    rule = binary_crossentropy
    logits_rule = sigmoid_binary_crossentropy


class CategoricalCrossentropy(_Crossentropy):
    """Cross-entropy of one-hot (or soft) targets, in nats: −Σ tₖ ln pₖ.

    Args:
        from_logits: Whether predictions are pre-activations z, with p = softmax(z).
        label_smoothing: s moves targets towards uniform: t(1 − s) + s/K.
        axis: Must be -1.
        reduction: See :class:`Loss`.
        name: See :class:`Loss`.
        dtype: See :class:`Loss`.

    Note:
        Behind a softmax a model fuses the two; see :class:`BinaryCrossentropy`.
    """

    rule = categorical_crossentropy
    logits_rule = softmax_crossentropy


class SparseCategoricalCrossentropy(_Crossentropy):
    """Cross-entropy of class numbers, in nats: −ln pₜ.

    Args:
        from_logits: Whether predictions are pre-activations z, with p = softmax(z).
        reduction: See :class:`Loss`.
        axis: Must be -1.
        name: See :class:`Loss`.
        dtype: See :class:`Loss`.

    Note:
        Behind a softmax a model fuses the two; see :class:`BinaryCrossentropy`.
    """

    rule = sparse_categorical_crossentropy
    logits_rule = softmax_sparse_crossentropy

    def __init__(
        self,
        from_logits: bool = False,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(from_logits, axis=axis, reduction=reduction, name=name, dtype=dtype)


LOSSES: Registry[type[Loss]] = Registry("loss")
LOSSES.add("mean_squared_error", MeanSquaredError, "mse", "MSE", "MeanSquaredError")
LOSSES.add("mean_absolute_error", MeanAbsoluteError, "mae", "MAE", "MeanAbsoluteError")
LOSSES.add("binary_crossentropy", BinaryCrossentropy, "bce", "BCE", "BinaryCrossentropy")
LOSSES.add("categorical_crossentropy", CategoricalCrossentropy, "CategoricalCrossentropy")
LOSSES.add(
    "sparse_categorical_crossentropy",
    SparseCategoricalCrossentropy,
    "SparseCategoricalCrossentropy",
)


def get(identifier: Any) -> Loss:
    """The loss for a name, a loss, a loss's rule, or a serialised loss.

    Raises:
        UnknownNameError: There is no loss of that name.
        ArgumentError: A plain function was given: it has no derivative.
    """
    if isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, dict):
        return LOSSES.find(identifier.get("class_name")).from_config(identifier["config"])
    if isinstance(identifier, Rule):
        return LOSSES.find(identifier.name)()
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    if callable(identifier):
        raise ArgumentError(
            "A loss must be a name, a Loss or a loss rule; a plain function has no derivative.",
            loss=identifier,
        )
    return LOSSES.find(identifier)()


def serialize(loss: Loss) -> dict[str, Any]:
    """The loss as JSON-ready data, for :func:`get`."""
    return {"class_name": type(loss).__name__, "config": loss.get_config()}
