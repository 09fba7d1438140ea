"""Losses of real numbers: squared, absolute and relative errors, and those between them.

Each is a mean over the last axis. Where no square is taken, terms are divided by K before they are
added, so that a mean never overflows where none of its terms does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.losses.loss import Loss
from chainrule.losses.lossrule import last_axis, loss_rule

# ---------------------------------------------------------------- squared and absolute errors


@loss_rule("mean_squared_error", "y_true[*N,K] y_pred[*N,K] -> losses[*N]")
def mean_squared_error(y_true, y_pred):
    """Mean over the last axis of the squared error."""
    return np.mean(np.square(y_pred - y_true), axis=-1)  # ℓ = Σₖ (pₖ − tₖ)² / K


@mean_squared_error.wrt("y_pred")
def mean_squared_error_wrt_y_pred(y_true, y_pred, losses_bar):
    factor = losses_bar[..., None] / y_pred.shape[-1]  # c = ℓ̄ / K
    return factor * 2 * (y_pred - y_true)  # ∂L/∂pₖ = c · 2 (pₖ − tₖ)


@loss_rule("mean_absolute_error", "y_true[*N,K] y_pred[*N,K] -> losses[*N]")
def mean_absolute_error(y_true, y_pred):
    """Mean over the last axis of the absolute error; at its kink, p = t, the derivative is 0."""
    return np.sum(np.abs(y_pred - y_true) / y_pred.shape[-1], axis=-1)  # ℓ = Σₖ |pₖ − tₖ| / K


@mean_absolute_error.wrt("y_pred")
def mean_absolute_error_wrt_y_pred(y_true, y_pred, losses_bar):
    factor = losses_bar[..., None] / y_pred.shape[-1]  # c = ℓ̄ / K
    return factor * np.sign(y_pred - y_true)  # ∂L/∂pₖ = c · sign(pₖ − tₖ)


# ---------------------------------------------------------------- relative errors


@loss_rule("mean_absolute_percentage_error", "y_true[*N,K] y_pred[*N,K] -> losses[*N]")
def mean_absolute_percentage_error(y_true, y_pred, *, epsilon=1e-7):
    """Mean over the last axis of |p − t| in percent of |t|, or of ε where |t| is less.

    At its kink, p = t, the derivative is 0. Errors are halved, so that p − t cannot overflow.
    """
    half = np.maximum(np.abs(y_true), epsilon) / 2  # d = max(|t|, ε) / 2
    share = np.abs(y_pred / 2 - y_true / 2) / half  # r = |p/2 − t/2| / d
    return np.sum(share * (100 / y_pred.shape[-1]), axis=-1)  # ℓ = Σₖ 100 rₖ / K


@mean_absolute_percentage_error.wrt("y_pred")
def mean_absolute_percentage_error_wrt_y_pred(y_true, y_pred, losses_bar, *, epsilon=1e-7):
    factor = losses_bar[..., None] * (100 / y_pred.shape[-1])  # c = 100 ℓ̄ / K
    sign = np.sign(y_pred / 2 - y_true / 2)  # sign(p − t)
    return factor * sign / np.maximum(np.abs(y_true), epsilon)  # ∂L/∂pₖ = c · sign / max(|t|, ε)


@loss_rule(
    "mean_squared_logarithmic_error",
    "y_true[*N,K] y_pred[*N,K]:positive -> losses[*N]",
)
def mean_squared_logarithmic_error(y_true, y_pred, *, epsilon=1e-7):
    """Mean over the last axis of the squared difference of ln(1 + v); v less than ε counts as ε."""
    log_t = np.log1p(np.maximum(y_true, epsilon))  # a = ln(1 + max(t, ε))
    log_p = np.log1p(np.maximum(y_pred, epsilon))  # b = ln(1 + max(p, ε))
    return np.mean(np.square(log_p - log_t), axis=-1)  # ℓ = Σₖ (bₖ − aₖ)² / K


@mean_squared_logarithmic_error.wrt("y_pred")
def mean_squared_logarithmic_error_wrt_y_pred(y_true, y_pred, losses_bar, *, epsilon=1e-7):
    p = np.maximum(y_pred, epsilon)  # p ← max(p, ε)
    error = np.log1p(p) - np.log1p(np.maximum(y_true, epsilon))  # e = ln(1 + p) − ln(1 + t)
    inside = np.heaviside(y_pred - epsilon, 0.5)  # [p > ε], one half at p = ε
    factor = losses_bar[..., None] / y_pred.shape[-1]  # c = ℓ̄ / K
    return factor * inside * 2 * error / (1 + p)  # ∂L/∂pₖ = c · 2 eₖ / (1 + pₖ)


# ---------------------------------------------------------------- between squared and absolute


@loss_rule("huber", "y_true[*N,K] y_pred[*N,K] -> losses[*N]")
def huber(y_true, y_pred, *, delta=1.0):
    """Half the squared error up to |p − t| = δ, then a line (Huber 1964); mean over the last axis.

    m (|e| − m/2) is e²/2 below δ and δ|e| − δ²/2 above, and no square can overflow.
    """
    size = np.abs(y_pred - y_true)  # |e| = |p − t|
    least = np.minimum(size, delta)  # m = min(|e|, δ)
    terms = least * (size - least / 2)  # h = m (|e| − m/2)
    return np.sum(terms / y_pred.shape[-1], axis=-1)  # ℓ = Σₖ hₖ / K


@huber.wrt("y_pred")
def huber_wrt_y_pred(y_true, y_pred, losses_bar, *, delta=1.0):
    factor = losses_bar[..., None] / y_pred.shape[-1]  # c = ℓ̄ / K
    return factor * np.clip(y_pred - y_true, -delta, delta)  # ∂L/∂pₖ = c · clip(pₖ − tₖ, −δ, δ)


@loss_rule("log_cosh", "y_true[*N,K] y_pred[*N,K] -> losses[*N]")
def log_cosh(y_true, y_pred):
    """Mean over the last axis of ln cosh(p − t): e²/2 for small errors, |e| − ln 2 for large ones.

    Written with expm1, which keeps small errors exact; beyond 50, e^(−2|e|) is nothing.
    """
    size = np.abs(y_pred - y_true)  # |e| = |p − t|
    rest = np.log1p(np.expm1(-2 * np.minimum(size, 50)) / 2)  # r = ln((1 + e^(−2|e|)) / 2)
    return np.sum((size + rest) / y_pred.shape[-1], axis=-1)  # ℓ = Σₖ (|eₖ| + rₖ) / K


@log_cosh.wrt("y_pred")
def log_cosh_wrt_y_pred(y_true, y_pred, losses_bar):
    factor = losses_bar[..., None] / y_pred.shape[-1]  # c = ℓ̄ / K
    return factor * np.tanh(y_pred - y_true)  # ∂L/∂pₖ = c · tanh(pₖ − tₖ)


# ---------------------------------------------------------------- directions


@loss_rule("cosine_similarity", "y_true[*N,K] y_pred[*N,K] -> losses[*N]")
def cosine_similarity(y_true, y_pred, *, epsilon=1e-7):
    """Minus the cosine of the angle between targets and predictions: −1 where they point alike.

    A vector shorter than ε is divided by ε. Vectors with a component beyond 1 are first divided by
    the largest, so that no square overflows.
    """
    most = np.maximum(np.max(np.abs(y_pred), axis=-1, keepdims=True), 1)  # m = max(1, max |p|)
    u = y_pred / most  # u = p / m
    length = np.sqrt(np.sum(np.square(u), axis=-1, keepdims=True))  # ‖u‖
    p = u / np.maximum(length, epsilon / most)  # p̂ = u / max(‖u‖, ε/m)
    most_t = np.maximum(np.max(np.abs(y_true), axis=-1, keepdims=True), 1)  # the same for t
    v = y_true / most_t  # v = t / m
    length_t = np.sqrt(np.sum(np.square(v), axis=-1, keepdims=True))  # ‖v‖
    t = v / np.maximum(length_t, epsilon / most_t)  # t̂ = v / max(‖v‖, ε/m)
    return -np.sum(t * p, axis=-1)  # ℓ = − Σₖ t̂ₖ p̂ₖ


@cosine_similarity.wrt("y_pred")
def cosine_similarity_wrt_y_pred(y_true, y_pred, losses_bar, *, epsilon=1e-7):
    most = np.maximum(np.max(np.abs(y_pred), axis=-1, keepdims=True), 1)  # m = max(1, max |p|)
    u = y_pred / most  # u = p / m
    length = np.sqrt(np.sum(np.square(u), axis=-1, keepdims=True))  # ‖u‖
    least = np.maximum(length, epsilon / most)  # d = max(‖u‖, ε/m)
    p = u / least  # p̂ = u / d
    most_t = np.maximum(np.max(np.abs(y_true), axis=-1, keepdims=True), 1)  # the same for t
    v = y_true / most_t  # v = t / m
    length_t = np.sqrt(np.sum(np.square(v), axis=-1, keepdims=True))  # ‖v‖
    t = v / np.maximum(length_t, epsilon / most_t)  # t̂ = v / max(‖v‖, ε/m)
    along = np.where(length >= least, np.sum(t * p, axis=-1, keepdims=True), 0)  # s = Σⱼ t̂ⱼ p̂ⱼ
    return losses_bar[..., None] * (along * p - t) / least / most  # ∂L/∂p = ℓ̄ (s p̂ − t̂) / ‖p‖


# ---------------------------------------------------------------- counts


@loss_rule("poisson", "y_true[*N,K] y_pred[*N,K]:positive -> losses[*N]")
def poisson(y_true, y_pred, *, epsilon=1e-7):
    """Minus the log-likelihood of counts t at rate p, without ln t!; mean over the last axis."""
    terms = y_pred - y_true * np.log(y_pred + epsilon)  # h = p − t ln(p + ε)
    return np.sum(terms / y_pred.shape[-1], axis=-1)  # ℓ = Σₖ hₖ / K


@poisson.wrt("y_pred")
def poisson_wrt_y_pred(y_true, y_pred, losses_bar, *, epsilon=1e-7):
    factor = losses_bar[..., None] / y_pred.shape[-1]  # c = ℓ̄ / K
    return factor * (1 - y_true / (y_pred + epsilon))  # ∂L/∂pₖ = c (1 − tₖ / (pₖ + ε))


# ---------------------------------------------------------------- classes


class MeanSquaredError(Loss):
    """Mean squared error: Σ (p − t)² / K per sample."""

    rule = mean_squared_error


class MeanAbsoluteError(Loss):
    """Mean absolute error: Σ |p − t| / K per sample."""

    rule = mean_absolute_error


class MeanAbsolutePercentageError(Loss):
    """Mean absolute error in percent of the target: 100 Σ |p − t| / max(|t|, ε) / K per sample."""

    rule = mean_absolute_percentage_error


class MeanSquaredLogarithmicError(Loss):
    """Mean squared error of ln(1 + v): Σ (ln(1 + p) − ln(1 + t))² / K per sample, v at least ε."""

    rule = mean_squared_logarithmic_error


class Huber(Loss):
    """Squared error up to a distance δ, absolute error beyond: outliers weigh less (Huber 1964).

    Args:
        delta: δ, in units of the target.
        reduction: See :class:`Loss`.
        name: See :class:`Loss`.
        dtype: See :class:`Loss`.

    Raises:
        ArgumentError: ``delta`` is not positive.

    Note:
        The configuration keeps ``delta``; that of Keras loses it.
    """

    rule = huber

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        if not delta > 0:
            raise ArgumentError("`delta` must be positive.", delta=delta)
        self.options["delta"] = float(delta)


class LogCosh(Loss):
    """Mean of ln cosh(p − t): like squared error for small errors, like absolute error for large.

    Note:
        Small errors keep their digits: in float64, 1e-9 costs 5e-19. (In Keras they are lost.)
    """

    rule = log_cosh


class CosineSimilarity(Loss):
    """Minus the cosine of the angle between targets and predictions, from −1 (alike) to 1.

    Args:
        axis: Must be -1. (Keras takes any.)
        reduction: See :class:`Loss`.
        name: See :class:`Loss`.
        dtype: See :class:`Loss`.

    Raises:
        ArgumentError: ``axis`` is another.

    Note:
        The gradient of a prediction of zeros is finite; that of Keras is NaN on some backends.
    """

    rule = cosine_similarity

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.axis = last_axis(axis)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis}


class Poisson(Loss):
    """Minus the log-likelihood of counts, in nats: p − t ln(p + ε), mean over outputs.

    Predictions are rates, so they must be positive: end a model with ``"softplus"`` or ``"exp"``.
    """

    rule = poisson
