"""Losses of overlap, for masks: one number for a whole batch, or one per sample.

They compare sums over all pixels, so a batch has one loss, ``losses[]``; with ``axis`` naming all
axes but that of the samples, every sample has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from chainrule.core.rule import Function, rule
from chainrule.errors import ArgumentError
from chainrule.losses.loss import Loss
from chainrule.losses.lossrule import LossRule, loss_rule

Axis = int | Sequence[int] | None


class OverlapRule(LossRule):
    """The rule of a loss of whole batches, and beside it the same function for single samples.

    Its option ``axis`` names the axes that are summed over: ``None`` for all, or, for
    :attr:`per_sample`, all but the first.

    Attributes:
        per_sample: The rule with one loss per sample, ``losses[N]``.
    """

    def __init__(
        self,
        name: str,
        shapes: str,
        forward: Function,
        elementwise: bool = False,
        example: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(name, shapes, forward, elementwise, {"axis": None, **(example or {})})
        shapes = shapes.replace("[*S]", "[N,*S]").replace("losses[]", "losses[N]")
        own = {"axis": lambda axes: tuple(range(1, 1 + len(axes["*S"])))}
        self.per_sample: LossRule = loss_rule(f"{name}_per_sample", shapes, own)(forward)

    def wrt(self, name: str) -> Callable[[Function], Function]:
        """Decorate the function that gives the cotangent of input ``name``, for both rules."""
        register, per_sample = super().wrt(name), self.per_sample.wrt(name)
        return lambda function: per_sample(register(function))

    def __call__(self, y_true: Any, y_pred: Any, *, axis: Axis = None, **options: Any) -> Any:
        """The loss of the batch or, with ``axis`` naming all axes but the first, of each sample.

        Raises:
            ShapeError: Targets and predictions do not belong together; nothing is broadcast.
            ArgumentError: ``axis`` names other axes. (Keras takes any.)
        """
        axis = checked_axis(axis, np.ndim(y_pred))
        if axis is None:
            return super().__call__(y_true, y_pred, axis=None, **options)
        return self.per_sample(y_true, y_pred, axis=axis, **options)


def overlap_rule(name: str) -> Callable[[Function], OverlapRule]:
    """Make rules of the function below, for the batch and for samples, and register both."""
    shapes = "y_true[*S]:unit y_pred[*S]:unit -> losses[]"
    return cast(Callable[[Function], OverlapRule], rule(name, shapes, kind=OverlapRule))


def checked_axis(axis: Axis, rank: int | None = None) -> int | tuple[int, ...] | None:
    """``axis`` as a rule takes it.

    Args:
        axis: One axis, several or none.
        rank: How many axes predictions have, if it is known.

    Raises:
        ArgumentError: ``axis`` names the samples' axis, or not all others.
    """
    if axis is None:
        return None
    named = (axis,) if isinstance(axis, int) else tuple(axis)
    if rank and sorted(a + rank if a < 0 else a for a in named) != list(range(1, rank)):
        raise ArgumentError(
            f"`axis` must be None, or name all axes but the samples': {tuple(range(1, rank))}.",
            axis=axis,
        )
    return axis if isinstance(axis, int) else named


@overlap_rule("dice")
def dice(y_true, y_pred, *, axis=None, epsilon=1e-7):
    """1 − 2 |t ∩ p| / (|t| + |p|) of two masks (Dice 1945; for networks Milletari 2016).

    Predictions beyond 1 are first divided by the largest, so that no sum overflows.
    """
    most = np.max(np.abs(y_pred), axis=axis, keepdims=True, initial=1)  # m = max(1, max |p|)
    p = y_pred / most  # p ← p / m
    both = np.sum(y_true * p, axis=axis, keepdims=True)  # I = Σ t p
    total = np.sum(y_true / most + p, axis=axis, keepdims=True)  # D = Σ (t/m + p)
    return np.squeeze(1 - 2 * (both / (total + epsilon / most)), axis)  # ℓ = 1 − 2 I / (D + ε/m)


@dice.wrt("y_pred")
def dice_wrt_y_pred(y_true, y_pred, losses_bar, *, axis=None, epsilon=1e-7):
    most = np.max(np.abs(y_pred), axis=axis, keepdims=True, initial=1)  # m = max(1, max |p|)
    p = y_pred / most  # p ← p / m
    total = np.sum(y_true / most + p, axis=axis, keepdims=True) + epsilon / most  # D + ε/m
    share = np.sum(y_true * p, axis=axis, keepdims=True) / total  # r = I / (D + ε/m)
    bar = np.reshape(losses_bar, most.shape)  # ℓ̄
    return bar * 2 * (share - y_true) / total / most  # ∂L/∂p = ℓ̄ 2 (r − t) / (D + ε/m) / m


@overlap_rule("tversky")
def tversky(y_true, y_pred, *, alpha=0.5, beta=0.5, axis=None, epsilon=1e-7):
    """1 − |t ∩ p| / (|t ∩ p| + α |t ∖ p| + β |p ∖ t|) of two masks (Salehi 2017, eq. 4).

    Predictions beyond 1 are first divided by the largest, so that no sum overflows.
    """
    most = np.max(np.abs(y_pred), axis=axis, keepdims=True, initial=1)  # m = max(1, max |p|)
    p = y_pred / most  # p ← p / m
    both = np.sum(y_true * p, axis=axis, keepdims=True)  # I = Σ t p
    missed = np.sum(y_true * (1 / most - p), axis=axis, keepdims=True)  # A = Σ t (1/m − p)
    extra = np.sum(p * (1 - y_true), axis=axis, keepdims=True)  # B = Σ p (1 − t)
    total = both + alpha * missed + beta * extra + epsilon / most  # D = I + α A + β B + ε/m
    return np.squeeze(1 - both / total, axis)  # ℓ = 1 − I / D


@tversky.wrt("y_pred")
def tversky_wrt_y_pred(y_true, y_pred, losses_bar, *, alpha=0.5, beta=0.5, axis=None, epsilon=1e-7):
    most = np.max(np.abs(y_pred), axis=axis, keepdims=True, initial=1)  # m = max(1, max |p|)
    p = y_pred / most  # p ← p / m
    both = np.sum(y_true * p, axis=axis, keepdims=True)  # I = Σ t p
    missed = np.sum(y_true * (1 / most - p), axis=axis, keepdims=True)  # A = Σ t (1/m − p)
    extra = np.sum(p * (1 - y_true), axis=axis, keepdims=True)  # B = Σ p (1 − t)
    total = both + alpha * missed + beta * extra + epsilon / most  # D = I + α A + β B + ε/m
    slope = y_true * (1 - alpha) + (1 - y_true) * beta  # s = ∂D/∂p = t (1 − α) + (1 − t) β
    bar = np.reshape(losses_bar, most.shape)  # ℓ̄
    return bar * (both / total * slope - y_true) / total / most  # ∂L/∂p = ℓ̄ (I/D s − t) / D / m


class _Overlap(Loss):
    """What losses of overlap share: the axes that are summed over."""

    def __init__(
        self,
        rule: OverlapRule,
        axis: Axis,
        reduction: str | None,
        name: str | None,
        dtype: Any,
        **options: float,
    ) -> None:
        self.rule = rule if axis is None else rule.per_sample
        super().__init__(reduction, name, dtype)
        self.options |= {"axis": checked_axis(axis), **options}

    def check(self, shape: tuple[int | None, ...]) -> None:
        checked_axis(self.options["axis"], len(shape))

    def get_config(self) -> dict[str, Any]:
        axis = self.options["axis"]
        return super().get_config() | {"axis": list(axis) if isinstance(axis, tuple) else axis}


class Dice(_Overlap):
    """How little two masks overlap: 1 − 2 |t ∩ p| / (|t| + |p|), from 0 (all) to 1 (not at all).

    Args:
        reduction: See :class:`Loss`.
        name: See :class:`Loss`.
        axis: ``None`` for one loss of the whole batch, or all axes but the samples' for one loss
            per sample: ``axis=(1, 2, 3)``. (Keras takes any.)
        dtype: See :class:`Loss`.
    """

    rule = dice

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dice, axis, reduction, name, dtype)


class Tversky(_Overlap):
    """Like :class:`Dice`, with a price for each kind of mistake (Salehi 2017).

    Args:
        alpha: Price of what is missed, t without p.
        beta: Price of what is too much, p without t. With both one half it is Dice's loss.
        reduction: See :class:`Loss`.
        name: See :class:`Loss`.
        axis: See :class:`Dice`.
        dtype: See :class:`Loss`.

    Raises:
        ArgumentError: A price is negative.
    """

    rule = tversky

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Axis = None,
        dtype: Any = None,
    ) -> None:
        if not (alpha >= 0 and beta >= 0):
            raise ArgumentError("`alpha` and `beta` must not be negative.", alpha=alpha, beta=beta)
        prices = {"alpha": float(alpha), "beta": float(beta)}
        super().__init__(tversky, axis, reduction, name, dtype, **prices)
