"""Targets, predictions and weights of one rank: a row (N,) and a column (N, 1) mean the same."""

from __future__ import annotations

from typing import Any

from chainrule.core.rule import Rule


class LossRule(Rule):
    """The rule of a loss: called as a function it takes targets and predictions as Keras does."""

    def __call__(self, y_true: Any, y_pred: Any, **options: Any) -> Any:
        """One loss per sample.

        Raises:
            ShapeError: Targets and predictions do not belong together; nothing is broadcast.
        """
        t, p = (
            self.array(name, value)
            for name, value in zip(self.inputs, (y_true, y_pred), strict=True)
        )
        t, p = reconcile(t, p, self.signature.inputs[0].domain == "label")
        return super().__call__(t, p, **options)


def reconcile(y_true: Any, y_pred: Any, sparse: bool) -> tuple[Any, Any]:
    """Targets and predictions of one rank: a row (N,) and a column (N, 1) mean the same."""
    if sparse:
        return match_rank(y_true, y_pred.shape[:-1]), y_pred
    if y_pred.ndim == 1 and y_true.ndim == 2 and y_true.shape[1] == 1:
        y_pred = y_pred[:, None]
    return match_rank(y_true, y_pred.shape), y_pred


def match_rank(array: Any, shape: tuple[int, ...]) -> Any:
    """Add or drop a last axis of length 1, so that (N,) and (N, 1) mean the same."""
    if array.ndim == len(shape) + 1 and array.shape[-1] == 1:
        return array[..., 0]
    if array.ndim == len(shape) - 1 and (array.ndim == 0 or shape[-1] == 1):
        return array[..., None]
    return array
