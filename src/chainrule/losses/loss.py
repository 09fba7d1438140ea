"""What all losses share: a rule, its options, and how samples are reduced."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from chainrule import config
from chainrule.core.plan import divisor
from chainrule.core.rule import Rule
from chainrule.errors import ArgumentError
from chainrule.losses.ranks import match_rank, reconcile
from chainrule.losses.rules import weighted_mean

REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight")


class Loss:
    """Base of the losses: a rule, its options, and how samples are reduced.

    Calling a loss gives one number: ``MeanSquaredError()(y_true, y_pred, sample_weight=None)``.

    Args:
        reduction: ``"sum_over_batch_size"`` (or ``"mean"``): Σ wₙℓₙ / number of losses, weights
            or not; ``"sum"``: Σ wₙℓₙ; ``"mean_with_sample_weight"``: Σ wₙℓₙ / Σ wₙ;
            ``"none"``: when called, the losses themselves (a model cannot train on these).
        name: Shown in messages; the rule's by default.
        dtype: Float type of a direct call; the global one by default.
    """

    rule: ClassVar[Rule]
    logits_rule: ClassVar[Rule | None] = None
    """The exact rule for logits, where the loss is one of probabilities."""

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
        self.reduction = reduction
        self.name = name or self.rule.name
        self.dtype = None if dtype is None else config.float_name("dtype", dtype)
        self.from_logits = False
        self.options: dict[str, Any] = {}

    @property
    def sparse(self) -> bool:
        """Whether targets are class numbers."""
        return self.rule.signature.inputs[0].domain == "label"

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss as one number (or, with reduction ``"none"``, one per sample)."""
        dtype = self.dtype or config.floatx()
        p = np.asarray(y_pred, dtype=dtype)
        t = np.asarray(y_true, dtype=np.int64 if self.sparse else dtype)
        t, p = reconcile(t, p, self.sparse)
        active = self.logits_rule if self.from_logits and self.logits_rule else self.rule
        made = active.forward(
            **{name: t if name == "y_true" else p for name in active.inputs},
            **{k: v for k, v in self.options.items() if k in active.options},
        )
        losses = made[0] if isinstance(made, tuple) else made
        weight = np.ones_like(losses)
        if sample_weight is not None:
            given = match_rank(np.asarray(sample_weight, dtype=dtype), losses.shape)
            weight = np.broadcast_to(given, losses.shape)
        if self.reduction == "none":
            return losses * weight
        return weighted_mean.forward(losses, weight, divisor(self.reduction, weight))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"reduction": self.reduction, "name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """A loss from :meth:`get_config`."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name!r}>"
