"""What all losses share: a rule, its options, and how samples are reduced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.core.plan import divisor
from chainrule.core.rule import RULES, Rule
from chainrule.errors import ArgumentError, ShapeError
from chainrule.losses.lossrule import LossRule
from chainrule.losses.reduction import weighted_mean
from chainrule.losses.targets import match_rank, valid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight")


class Loss:
    """Base of the losses: a rule, its options, and how samples are reduced.

    Calling a loss gives one number: ``MeanSquaredError()(y_true, y_pred, sample_weight=None)``.
    A subclass names its :attr:`rule`; where Keras' would override ``call``, the rule's two
    functions say the same and have a derivative.

    Args:
        reduction: ``"sum_over_batch_size"`` (or ``"mean"``): Σ wₙℓₙ / number of losses, weights
            or not; ``"sum"``: Σ wₙℓₙ; ``"mean_with_sample_weight"``: Σ wₙℓₙ / Σ wₙ;
            ``"none"``: when called, the losses themselves (a model cannot train on these).
        name: Shown in messages; the rule's by default.
        dtype: Float type of a direct call; the global one by default.

    Attributes:
        rule: The rule for predictions as they are.
        options: Scalar options of the rule.
        from_logits: Whether predictions are logits, for which ``logits_rule`` is the rule.
        ignore_class: Class number of samples that do not count; ``None`` if all do.

    Raises:
        ArgumentError: There is no such reduction, or the subclass names no rule.
    """

    rule: LossRule
    from_logits: bool = False
    ignore_class: int | None = None

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        reduction = reduction or "none"
        if reduction not in (*REDUCTIONS, "none"):
            raise ArgumentError(
                f"`reduction` must be one of {(*REDUCTIONS, 'none')}.", reduction=reduction
            )
        if not hasattr(self, "rule"):
            raise ArgumentError(
                "A loss needs a rule, from which its gradient comes: write it by "
                "rule(…, kind=LossRule), and `rule = …` in the class.",
                loss=type(self).__name__,
            )
        self.reduction = reduction
        self.name = name or self.rule.name
        self.dtype = None if dtype is None else config.float_name("dtype", dtype)
        self.options: dict[str, Any] = dict(self.rule.settings)

    @property
    def logits_rule(self) -> Rule | None:
        """The exact rule for logits, where the loss is one of probabilities."""
        return self.rule.logits

    @property
    def sparse(self) -> bool:
        """Whether targets are class numbers."""
        return self.rule.sparse

    def check(self, shape: tuple[int | None, ...]) -> None:
        """Refuse predictions of a shape that the loss cannot take, though its rule can.

        Raises:
            ArgumentError: The loss's options do not fit ``shape``.
        """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The losses, not reduced; where the class is ``ignore_class``, 0."""
        self.check(np.shape(y_pred))
        active = self.logits_rule if self.from_logits and self.logits_rule else self.rule
        return self.rule(
            y_true,
            y_pred,
            from_logits=active is not self.rule,
            ignore_class=self.ignore_class,
            **{name: value for name, value in self.options.items() if name in active.options},
        )

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss as one number (or, with reduction ``"none"``, one per sample).

        Args:
            y_true: Targets: of the predictions' shape, or class numbers without the last axis.
            y_pred: Predictions.
            sample_weight: A number, or one per loss; axes of length 1 stand for any length. Where
                there is one loss for the whole batch, one per sample: their mean (their sum, with
                reduction ``"sum"``) multiplies it.

        Raises:
            ShapeError: The arrays do not belong together.
            DataError: A class number is out of range.
        """
        p = np.asarray(y_pred, dtype=self.dtype or config.floatx())
        t = np.asarray(y_true)
        losses = self.call(t, p)
        weight = _weights(sample_weight, losses, p)
        losses = np.broadcast_to(losses, weight.shape)
        if self.reduction == "none":
            return losses * weight
        counted = weight
        if self.ignore_class is not None:
            _, mask = valid(match_rank(t, p.shape[:-1]), self.ignore_class)
            counted = weight[mask]
        return weighted_mean.forward(losses, weight, divisor(self.reduction, counted))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, JSON-ready. (Keras leaves out some, as Huber's delta.)"""
        options = {k: v for k, v in self.options.items() if k not in self.rule.settings}
        return {"name": self.name, "reduction": self.reduction, "dtype": self.dtype, **options}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """A loss from :meth:`get_config`, ours or Keras'."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name!r}>"


class LossFunctionWrapper(Loss):
    """A loss of any loss rule, the user's own for one: what ``compile(loss=my_rule)`` makes.

    Args:
        fn: The rule, or the name under which it is registered.
        reduction: See :class:`Loss`.
        name: See :class:`Loss`.
        dtype: See :class:`Loss`.
        **kwargs: Options of the rule.

    Raises:
        ArgumentError: ``fn`` is no loss rule, or has no such option.
        UnknownNameError: No rule of that name is registered.

    Example:
        >>> import numpy as np
        >>> from chainrule.core.rule import rule
        >>> from chainrule.losses import LossFunctionWrapper, LossRule
        >>> @rule("half_squared", "y_true[*N,K] y_pred[*N,K] -> losses[*N]", kind=LossRule)
        ... def half_squared(y_true, y_pred):
        ...     return np.sum((y_pred - y_true) ** 2, axis=-1) / 2     # ℓ = Σₖ (pₖ − tₖ)² / 2
        >>> float(LossFunctionWrapper(half_squared, reduction="sum")([[0.0]], [[2.0]]))
        2.0
    """

    def __init__(
        self,
        fn: Any,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        found = RULES.find(fn) if isinstance(fn, str) else fn
        if not isinstance(found, LossRule):
            raise ArgumentError(
                "A loss is made of a loss rule, registered by rule(…, kind=LossRule); a plain "
                "function has no derivative.",
                fn=fn,
            )
        unknown = sorted(set(kwargs) - set(found.options))
        if unknown:
            raise ArgumentError(
                f"Loss rule {found.name!r} has these options: {sorted(found.options)}.",
                unknown=unknown,
            )
        self.rule = found
        super().__init__(reduction, name, dtype)
        self.options |= kwargs
        self._given = kwargs

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | self._given | {"fn": self.rule.name}


def _weights(sample_weight: Any, losses: Array, y_pred: Array) -> Array:
    """One weight per loss, of the losses' float type."""
    if sample_weight is None:
        return np.ones_like(losses)
    weight = np.asarray(sample_weight, dtype=losses.dtype)
    if losses.ndim == 0 and weight.ndim:  # one loss for all samples
        if weight.shape[0] not in (1, len(y_pred)):
            raise ShapeError(
                f"`sample_weight` must have one number per sample: shape ({len(y_pred)},).",
                shape=weight.shape,
            )
        return weight
    weight = match_rank(weight, losses.shape) if weight.ndim else weight
    axes = zip(weight.shape, losses.shape, strict=False)
    if weight.ndim not in (0, losses.ndim) or any(w not in (1, n) for w, n in axes):
        raise ShapeError(
            f"`sample_weight` must have the shape of the losses, {losses.shape}, or 1 in place of "
            "a length.",
            shape=weight.shape,
        )
    return np.broadcast_to(weight, losses.shape)
