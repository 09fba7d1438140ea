"""The equations of the losses: one number per sample, and one reduction for all.

Cross-entropies are in nats, squared errors in squared units of the target.
"""

from __future__ import annotations

import numpy as np

from chainrule.core.rule import rule
from chainrule.losses.ranks import LossRule

# ---------------------------------------------------------------- the reduction


@rule("weighted_mean", "losses[*N] weight[*N] divisor[] -> y[]")
def weighted_mean(losses, weight, divisor):
    """One number from the losses of all samples."""
    return np.sum(losses * weight) / divisor  # L = Σₙ wₙ ℓₙ / d


@weighted_mean.wrt("losses")
def weighted_mean_wrt_losses(weight, divisor, y_bar):
    return y_bar * weight / divisor  # ∂L/∂ℓₙ = L̄ · wₙ / d


# ---------------------------------------------------------------- regression


@rule("mean_squared_error", "y_true[*N,K] y_pred[*N,K] -> losses[*N]", kind=LossRule)
def mean_squared_error(y_true, y_pred):
    """Mean over the last axis of the squared error."""
    return np.mean(np.square(y_pred - y_true), axis=-1)  # ℓ = Σₖ (pₖ − tₖ)² / K


@mean_squared_error.wrt("y_pred")
def mean_squared_error_wrt_y_pred(y_true, y_pred, losses_bar):
    factor = losses_bar[..., None] / y_pred.shape[-1]  # c = ℓ̄ / K
    return factor * 2 * (y_pred - y_true)  # ∂L/∂pₖ = c · 2 (pₖ − tₖ)


@rule("mean_absolute_error", "y_true[*N,K] y_pred[*N,K] -> losses[*N]", kind=LossRule)
def mean_absolute_error(y_true, y_pred):
    """Mean over the last axis of the absolute error; at its kink, p = t, the derivative is 0."""
    return np.mean(np.abs(y_pred - y_true), axis=-1)  # ℓ = Σₖ |pₖ − tₖ| / K


@mean_absolute_error.wrt("y_pred")
def mean_absolute_error_wrt_y_pred(y_true, y_pred, losses_bar):
    factor = losses_bar[..., None] / y_pred.shape[-1]  # c = ℓ̄ / K
    return factor * np.sign(y_pred - y_true)  # ∂L/∂pₖ = c · sign(pₖ − tₖ)


# ---------------------------------------------------------------- cross-entropy of probabilities
# The formulas of Keras: probabilities are kept ε away from 0 and 1, where the gradient is 0.


@rule("binary_crossentropy", "y_true[*N,K]:unit y_pred[*N,K]:unit -> losses[*N]", kind=LossRule)
def binary_crossentropy(y_true, y_pred, *, label_smoothing=0.0, epsilon=1e-7):
    """Cross-entropy of independent probabilities, mean over the last axis."""
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing  # t ← t (1 − s) + s/2
    p = np.clip(y_pred, epsilon, 1 - epsilon)  # p ← clip(p, ε, 1 − ε)
    h = t * np.log(p) + (1 - t) * np.log1p(-p)  # h = t ln p + (1 − t) ln(1 − p)
    return -np.mean(h, axis=-1)  # ℓ = − Σₖ hₖ / K


@binary_crossentropy.wrt("y_pred")
def binary_crossentropy_wrt_y_pred(
    y_true, y_pred, losses_bar, *, label_smoothing=0.0, epsilon=1e-7
):
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing  # t ← t (1 − s) + s/2
    p = np.clip(y_pred, epsilon, 1 - epsilon)  # p ← clip(p, ε, 1 − ε)
    factor = losses_bar[..., None] / y_pred.shape[-1]  # c = ℓ̄ / K
    return (p == y_pred) * factor * (p - t) / (p * (1 - p))  # ∂L/∂pₖ = c (p − t) / (p (1 − p))


@rule(
    "categorical_crossentropy",
    "y_true[*N,K]:unit y_pred[*N,K]:positive -> losses[*N]",
    kind=LossRule,
)
def categorical_crossentropy(y_true, y_pred, *, label_smoothing=0.0, epsilon=1e-7):
    """Cross-entropy of one distribution over the last axis; p need not sum to 1."""
    t = y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[-1]  # t ← t (1 − s) + s/K
    q = y_pred / np.sum(y_pred, axis=-1, keepdims=True)  # q = p / Σ p
    return -np.sum(t * np.log(np.clip(q, epsilon, 1 - epsilon)), axis=-1)  # ℓ = − Σₖ tₖ ln qₖ


@categorical_crossentropy.wrt("y_pred")
def categorical_crossentropy_wrt_y_pred(
    y_true, y_pred, losses_bar, *, label_smoothing=0.0, epsilon=1e-7
):
    t = y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[-1]  # t ← t (1 − s) + s/K
    total = np.sum(y_pred, axis=-1, keepdims=True)  # Σ p
    q = y_pred / total  # q = p / Σ p
    inside = (q > epsilon) & (q < 1 - epsilon)  # where q is not clipped
    q_bar = np.where(inside, -t / np.clip(q, epsilon, 1 - epsilon), 0)  # q̄ₖ = − tₖ / qₖ
    inner = np.sum(q_bar * q, axis=-1, keepdims=True)  # s = Σⱼ q̄ⱼ qⱼ
    return losses_bar[..., None] * (q_bar - inner) / total  # ∂L/∂pₖ = ℓ̄ (q̄ₖ − s) / Σ p


@rule(
    "sparse_categorical_crossentropy",
    "y_true[*N]:label(K) y_pred[*N,K]:positive -> losses[*N]",
    kind=LossRule,
)
def sparse_categorical_crossentropy(y_true, y_pred, *, epsilon=1e-7):
    """Cross-entropy of one distribution over the last axis, the target being a class number."""
    q = y_pred / np.sum(y_pred, axis=-1, keepdims=True)  # q = p / Σ p
    q_t = np.take_along_axis(q, y_true[..., None], axis=-1)[..., 0]  # the true class's q
    return -np.log(np.clip(q_t, epsilon, 1 - epsilon))  # ℓ = − ln qₜ


@sparse_categorical_crossentropy.wrt("y_pred")
def sparse_categorical_crossentropy_wrt_y_pred(y_true, y_pred, losses_bar, *, epsilon=1e-7):
    total = np.sum(y_pred, axis=-1, keepdims=True)  # Σ p
    q = y_pred / total  # q = p / Σ p
    hot = np.arange(y_pred.shape[-1]) == y_true[..., None]  # [k = t]
    inside = hot & (q > epsilon) & (q < 1 - epsilon)  # where qₜ is not clipped
    q_bar = np.where(inside, -1 / np.clip(q, epsilon, 1), 0)  # q̄ₜ = − 1 / qₜ
    inner = np.sum(q_bar * q, axis=-1, keepdims=True)  # s = q̄ₜ qₜ
    return losses_bar[..., None] * (q_bar - inner) / total  # ∂L/∂pₖ = ℓ̄ (q̄ₖ − s) / Σ p


# ---------------------------------------------------------------- cross-entropy of logits
# Exact for any finite z: what an activation and a loss become when fused.


@rule("sigmoid_binary_crossentropy", "z[*N,K] y_true[*N,K]:unit -> losses[*N] (p[*N,K])")
def sigmoid_binary_crossentropy(z, y_true, *, label_smoothing=0.0):
    """Sigmoid, then binary cross-entropy, in one: stable because ln never sees a rounded p."""
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing  # t ← t (1 − s) + s/2
    e = np.exp(-np.abs(z))  # e = e^(−|z|)
    p = np.where(z >= 0, 1, e) / (1 + e)  # p = σ(z)
    h = np.maximum(z, 0) - z * t + np.log1p(e)  # h = max(z, 0) − z t + ln(1 + e)
    losses = np.mean(h, axis=-1)  # ℓ = Σₖ hₖ / K
    return losses, p  # ℓ, p


@sigmoid_binary_crossentropy.wrt("z")
def sigmoid_binary_crossentropy_wrt_z(y_true, p, losses_bar, *, label_smoothing=0.0):
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing  # t ← t (1 − s) + s/2
    return losses_bar[..., None] / p.shape[-1] * (p - t)  # ∂L/∂zₖ = ℓ̄ (pₖ − tₖ) / K


@rule("softmax_crossentropy", "z[*N,K] y_true[*N,K]:unit -> losses[*N] (p[*N,K])")
def softmax_crossentropy(z, y_true, *, label_smoothing=0.0):
    """Softmax, then cross-entropy, in one, from the log-probabilities."""
    t = y_true * (1 - label_smoothing) + label_smoothing / z.shape[-1]  # t ← t (1 − s) + s/K
    shifted = z - np.max(z, axis=-1, keepdims=True)  # uₖ = zₖ − max z
    e = np.exp(shifted)  # eₖ = exp uₖ
    total = np.sum(e, axis=-1, keepdims=True)  # Σⱼ eⱼ
    p = e / total  # pₖ = eₖ / Σⱼ eⱼ
    losses = np.sum(t * (np.log(total) - shifted), axis=-1)  # ℓ = − Σₖ tₖ ln pₖ
    return losses, p  # ℓ, p


@softmax_crossentropy.wrt("z")
def softmax_crossentropy_wrt_z(y_true, p, losses_bar, *, label_smoothing=0.0):
    t = y_true * (1 - label_smoothing) + label_smoothing / p.shape[-1]  # t ← t (1 − s) + s/K
    mass = np.sum(t, axis=-1, keepdims=True)  # Σⱼ tⱼ, usually 1
    return losses_bar[..., None] * (p * mass - t)  # ∂L/∂zₖ = ℓ̄ (pₖ Σ t − tₖ)


@rule("softmax_sparse_crossentropy", "z[*N,K] y_true[*N]:label(K) -> losses[*N] (p[*N,K])")
def softmax_sparse_crossentropy(z, y_true):
    """Softmax, then cross-entropy with a class number, in one."""
    shifted = z - np.max(z, axis=-1, keepdims=True)  # uₖ = zₖ − max z
    e = np.exp(shifted)  # eₖ = exp uₖ
    total = np.sum(e, axis=-1)  # Σⱼ eⱼ
    p = e / total[..., None]  # pₖ = eₖ / Σⱼ eⱼ
    u_t = np.take_along_axis(shifted, y_true[..., None], axis=-1)[..., 0]  # the true class's u
    losses = np.log(total) - u_t  # ℓ = − ln pₜ
    return losses, p  # ℓ, p


@softmax_sparse_crossentropy.wrt("z")
def softmax_sparse_crossentropy_wrt_z(y_true, p, losses_bar):
    hot = np.arange(p.shape[-1]) == y_true[..., None]  # [k = t]
    return losses_bar[..., None] * (p - hot)  # ∂L/∂zₖ = ℓ̄ (pₖ − [k = t])


FUSIONS = {
    ("sigmoid", "binary_crossentropy"): sigmoid_binary_crossentropy,
    ("softmax", "categorical_crossentropy"): softmax_crossentropy,
    ("softmax", "sparse_categorical_crossentropy"): softmax_sparse_crossentropy,
}
"""An activation and the loss behind it, and the one rule that is both."""
