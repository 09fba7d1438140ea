"""Hinge losses: nothing to pay once the answer is right by a margin of 1.

At a kink, where the margin is met exactly, the derivative is half of the slope beside it, and
scores that tie for the largest share it: the conventions of JAX.
"""

from __future__ import annotations

import numpy as np

from chainrule.losses.loss import Loss
from chainrule.losses.lossrule import loss_rule


@loss_rule("hinge", "y_true[*N,K] y_pred[*N,K] -> losses[*N]")
def hinge(y_true, y_pred):
    """Mean over the last axis of max(0, 1 − t p). Targets are −1 or 1, or else all 0 or 1."""
    binary = np.all((y_true == 0) | (y_true == 1))  # whether all t are 0 or 1
    t = np.where(binary, 2 * y_true - 1, y_true)  # t ← 2 t − 1, if so
    short = np.maximum(1 - t * y_pred, 0)  # m = max(0, 1 − t p)
    return np.sum(short / t.shape[-1], axis=-1)  # ℓ = Σₖ mₖ / K


@hinge.wrt("y_pred")
def hinge_wrt_y_pred(y_true, y_pred, losses_bar):
    binary = np.all((y_true == 0) | (y_true == 1))  # whether all t are 0 or 1
    t = np.where(binary, 2 * y_true - 1, y_true)  # t ← 2 t − 1, if so
    short = np.heaviside(1 - t * y_pred, 0.5)  # b = [t p < 1], one half at t p = 1
    return losses_bar[..., None] / t.shape[-1] * -t * short  # ∂L/∂pₖ = − ℓ̄ tₖ bₖ / K


@loss_rule("squared_hinge", "y_true[*N,K] y_pred[*N,K] -> losses[*N]")
def squared_hinge(y_true, y_pred):
    """Mean over the last axis of max(0, 1 − t p)². Targets are −1 or 1, or else all 0 or 1."""
    binary = np.all((y_true == 0) | (y_true == 1))  # whether all t are 0 or 1
    t = np.where(binary, 2 * y_true - 1, y_true)  # t ← 2 t − 1, if so
    return np.mean(np.square(np.maximum(1 - t * y_pred, 0)), axis=-1)  # ℓ = Σₖ max(0, 1 − t p)² / K


@squared_hinge.wrt("y_pred")
def squared_hinge_wrt_y_pred(y_true, y_pred, losses_bar):
    binary = np.all((y_true == 0) | (y_true == 1))  # whether all t are 0 or 1
    t = np.where(binary, 2 * y_true - 1, y_true)  # t ← 2 t − 1, if so
    short = np.maximum(1 - t * y_pred, 0)  # m = max(0, 1 − t p)
    return losses_bar[..., None] / t.shape[-1] * -2 * t * short  # ∂L/∂pₖ = − 2 ℓ̄ tₖ mₖ / K


@loss_rule("categorical_hinge", "y_true[*N,K] y_pred[*N,K] -> losses[*N]")
def categorical_hinge(y_true, y_pred):
    """max(0, 1 + the best score of a wrong class − the score of the right one), t being one-hot."""
    right = np.sum(y_true * y_pred, axis=-1)  # a = Σₖ tₖ pₖ
    wrong = np.max((1 - y_true) * y_pred, axis=-1)  # b = maxₖ (1 − tₖ) pₖ
    return np.maximum(wrong - right + 1, 0)  # ℓ = max(0, b − a + 1)


@categorical_hinge.wrt("y_pred")
def categorical_hinge_wrt_y_pred(y_true, y_pred, losses_bar):
    scores = (1 - y_true) * y_pred  # sₖ = (1 − tₖ) pₖ
    wrong = np.max(scores, axis=-1, keepdims=True)  # b = max s
    right = np.sum(y_true * y_pred, axis=-1, keepdims=True)  # a = Σₖ tₖ pₖ
    best = (scores == wrong) / np.sum(scores == wrong, axis=-1, keepdims=True)  # [s = b], shared
    short = np.heaviside(wrong - right + 1, 0.5) * losses_bar[..., None]  # c = ℓ̄ [b − a + 1 > 0]
    slope = best.astype(y_pred.dtype) * (1 - y_true) - y_true  # gₖ = [s = b] (1 − t) − t
    return short * slope  # ∂L/∂pₖ = c gₖ


class Hinge(Loss):
    """Hinge loss of yes/no targets: max(0, 1 − t p), mean over outputs.

    Targets are −1 and 1. If all targets of a call are 0 or 1, 0 counts as −1, as in Keras.
    """

    rule = hinge


class SquaredHinge(Loss):
    """Squared hinge loss of yes/no targets: max(0, 1 − t p)², mean over outputs; see Hinge."""

    rule = squared_hinge


class CategoricalHinge(Loss):
    """Hinge loss of one-hot targets: max(0, 1 + best wrong score − right score).

    As in Keras the right class takes part in the search for the best wrong score, as a 0.
    """

    rule = categorical_hinge
