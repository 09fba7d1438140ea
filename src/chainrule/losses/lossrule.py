"""The rule of a loss, called as Keras' loss functions are: targets first, then predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from chainrule import config
from chainrule.core.rule import Function, Rule, rule
from chainrule.errors import ArgumentError
from chainrule.losses.targets import class_numbers, reconcile, valid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

KERAS_EPSILON = 1e-7
"""A rule's option ``epsilon`` with this default follows ``chainrule.config.epsilon()``."""


class LossRule(Rule):
    """The rule of a loss: targets ``y_true`` and predictions ``y_pred`` in, losses out.

    Attributes:
        logits: The exact rule for predictions that are logits, ``z[*N,K] y_true… -> losses[*N]
            (p[*N,K])``, where the loss is one of probabilities; else ``None``.

    Raises:
        ArgumentError: The inputs of the shape text are not ``y_true`` and ``y_pred``.
    """

    def __init__(
        self,
        name: str,
        shapes: str,
        forward: Function,
        elementwise: bool = False,
        example: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(name, shapes, forward, elementwise, example)
        self.logits: Rule | None = None
        if self.inputs != ("y_true", "y_pred"):
            raise ArgumentError(
                f"The inputs of loss rule {name!r} must be y_true and y_pred.", shapes=shapes
            )

    @property
    def sparse(self) -> bool:
        """Whether targets are class numbers."""
        return self.signature.inputs[0].domain == "label"

    @property
    def settings(self) -> dict[str, float]:
        """The options that come from the global settings: ``epsilon``."""
        keras = self.options.get("epsilon") == KERAS_EPSILON
        return {"epsilon": config.epsilon()} if keras else {}

    def __call__(
        self,
        y_true: Any,
        y_pred: Any,
        *,
        from_logits: bool = False,
        ignore_class: int | None = None,
        **options: Any,
    ) -> Any:
        """The losses, not reduced: one per sample, unless the shape text says otherwise.

        Args:
            y_true: Targets, of the predictions' shape; class numbers without the last axis.
            y_pred: Predictions. Their float type is that of the losses.
            from_logits: Whether predictions are logits; then :attr:`logits` is the rule.
            ignore_class: Samples of this class number cost 0.
            **options: The rule's own, as ``label_smoothing``; or ``axis``, which must be -1 if the
                rule has no such option. (Keras takes any.)

        Raises:
            ShapeError: Targets and predictions do not belong together; nothing is broadcast.
            DataError: A class number is out of range. (Keras counts it as solved.)
            ArgumentError: The loss has no such option.
        """
        rule = self._chosen(from_logits)
        if "axis" not in rule.options:
            last_axis(options.pop("axis", -1))
        p = self.array("y_pred", y_pred)
        t, p = reconcile(np.asarray(y_true), p, self.sparse)
        t, mask = self._targets(t, p, ignore_class)
        given = {name: t if name == "y_true" else p for name in rule.inputs}
        settings = {} if from_logits else self.settings
        losses = Rule.__call__(rule, **given, **{**settings, **options})
        return losses if ignore_class is None else np.where(mask, losses, np.zeros_like(losses))

    def _chosen(self, from_logits: bool) -> Rule:
        if not from_logits:
            return self
        if self.logits is None:
            raise ArgumentError(
                f"Loss {self.name!r} is not one of logits.", from_logits=from_logits
            )
        return self.logits

    def _targets(self, t: Array, p: Array, ignore_class: int | None) -> tuple[Array, Array]:
        """Targets of the type that the rule takes, and which of them count."""
        if not self.sparse and ignore_class is not None:
            raise ArgumentError(
                f"Loss {self.name!r} has no class numbers to ignore.", ignore_class=ignore_class
            )
        t, mask = valid(t, ignore_class)
        return (class_numbers(t, p.shape[-1]) if self.sparse else t.astype(p.dtype)), mask


def loss_rule(
    name: str, shapes: str, example: Mapping[str, Any] | None = None
) -> Callable[[Function], LossRule]:
    """Make a loss rule of the function below and register it: ``rule(…, kind=LossRule)``."""
    return cast(Callable[[Function], LossRule], rule(name, shapes, example, LossRule))


def last_axis(axis: Any) -> int:
    """-1.

    Raises:
        ArgumentError: ``axis`` is another.
    """
    if isinstance(axis, bool) or axis != -1:
        raise ArgumentError("`axis` must be -1: a loss is over the last axis.", axis=axis)
    return -1
