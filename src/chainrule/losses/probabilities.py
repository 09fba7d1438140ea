"""Losses of probabilities, with the formulas of Keras.

Probabilities are kept ε away from 0 and 1; the gradient of a clipped one is 0. Where a distribution
is wanted, only ratios count: p is divided by its sum, after its largest entry, so that neither
large nor tiny numbers do harm; a row of zeros counts as a probability of 0 for every class.
"""

from __future__ import annotations

import numpy as np

from chainrule.losses import logits
from chainrule.losses.lossrule import loss_rule

ONE_HOT = "y_true[*N,K]:unit y_pred[*N,K]:positive -> losses[*N]"
YES_NO = "y_true[*N,K]:unit y_pred[*N,K]:unit -> losses[*N]"

# ---------------------------------------------------------------- yes or no


@loss_rule("binary_crossentropy", YES_NO)
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


@loss_rule("binary_focal_crossentropy", YES_NO)
def binary_focal_crossentropy(
    y_true,
    y_pred,
    *,
    apply_class_balancing=False,
    alpha=0.25,
    gamma=2.0,
    label_smoothing=0.0,
    epsilon=1e-7,
):
    """Binary cross-entropy times uᵞ, u being how wrong the prediction is (Lin 2017, eq. 5)."""
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing  # t ← t (1 − s) + s/2
    p = np.clip(y_pred, epsilon, 1 - epsilon)  # p ← clip(p, ε, 1 − ε)
    h = t * np.log(p) + (1 - t) * np.log1p(-p)  # h = t ln p + (1 − t) ln(1 − p)
    r = np.clip(y_pred, 0, 1)  # r = p without ε
    u = np.power(t * (1 - r) + (1 - t) * r, gamma)  # u = (t (1 − r) + (1 − t) r)ᵞ
    balance = t * alpha + (1 - t) * (1 - alpha)  # a = t α + (1 − t) (1 − α)
    a = np.where(apply_class_balancing, balance, 1)  # a ← 1, if classes are not balanced
    return -np.mean(a * u * h, axis=-1)  # ℓ = − Σₖ aₖ uₖ hₖ / K


@binary_focal_crossentropy.wrt("y_pred")
def binary_focal_crossentropy_wrt_y_pred(
    y_true,
    y_pred,
    losses_bar,
    *,
    apply_class_balancing=False,
    alpha=0.25,
    gamma=2.0,
    label_smoothing=0.0,
    epsilon=1e-7,
):
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing  # t ← t (1 − s) + s/2
    p = np.clip(y_pred, epsilon, 1 - epsilon)  # p ← clip(p, ε, 1 − ε)
    h = t * np.log(p) + (1 - t) * np.log1p(-p)  # h = t ln p + (1 − t) ln(1 − p)
    h_bar = (p == y_pred) * (t - p) / (p * (1 - p))  # h′ = (t − p) / (p (1 − p))
    r = np.clip(y_pred, 0, 1)  # r = p without ε
    v = t * (1 - r) + (1 - t) * r  # v = t (1 − r) + (1 − t) r
    least = np.maximum(v, np.finfo(v.dtype).tiny)  # 0ᵞ⁻¹ would be ∞ for γ < 1
    v_bar = (r == y_pred) * (1 - 2 * t)  # v′ = 1 − 2 t
    u_bar = gamma * np.power(least, gamma - 1) * v_bar  # u′ = γ vᵞ⁻¹ v′
    balance = t * alpha + (1 - t) * (1 - alpha)  # a = t α + (1 − t) (1 − α)
    a = np.where(apply_class_balancing, balance, 1)  # a ← 1, if classes are not balanced
    factor = -losses_bar[..., None] / y_pred.shape[-1]  # c = − ℓ̄ / K
    return factor * a * (u_bar * h + np.power(v, gamma) * h_bar)  # ∂L/∂pₖ = c a (u′ h + vᵞ h′)


# ---------------------------------------------------------------- one of K classes


@loss_rule("categorical_crossentropy", ONE_HOT)
def categorical_crossentropy(y_true, y_pred, *, label_smoothing=0.0, epsilon=1e-7):
    """Cross-entropy of one distribution over the last axis; p need not sum to 1."""
    t = y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[-1]  # t ← t (1 − s) + s/K
    most = np.max(np.abs(y_pred), axis=-1, keepdims=True)  # m = max |p|
    u = y_pred / np.where(most == 0, 1, most)  # u = p / m
    total = np.sum(u, axis=-1, keepdims=True)  # Σ u
    q = u / np.where(total == 0, 1, total)  # q = p / Σ p
    return -np.sum(t * np.log(np.clip(q, epsilon, 1 - epsilon)), axis=-1)  # ℓ = − Σₖ tₖ ln qₖ


@categorical_crossentropy.wrt("y_pred")
def categorical_crossentropy_wrt_y_pred(
    y_true, y_pred, losses_bar, *, label_smoothing=0.0, epsilon=1e-7
):
    t = y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[-1]  # t ← t (1 − s) + s/K
    most = np.max(np.abs(y_pred), axis=-1, keepdims=True)  # max |p|
    m = np.where(most == 0, 1, most)  # m = max |p|, or 1 if that is 0
    sums = np.sum(y_pred / m, axis=-1, keepdims=True)  # Σ p / m
    total = np.where(sums == 0, 1, sums)  # d = Σ p / m, or 1 if that is 0
    q = y_pred / m / total  # q = p / Σ p
    inside = (q > epsilon) & (q < 1 - epsilon)  # where q is not clipped
    q_bar = np.where(inside, -t / np.clip(q, epsilon, 1 - epsilon), 0)  # q̄ₖ = − tₖ / qₖ
    inner = np.sum(q_bar * q, axis=-1, keepdims=True)  # s = Σⱼ q̄ⱼ qⱼ
    return losses_bar[..., None] * (q_bar - inner) / total / m  # ∂L/∂pₖ = ℓ̄ (q̄ₖ − s) / Σ p


@loss_rule("categorical_focal_crossentropy", ONE_HOT)
def categorical_focal_crossentropy(
    y_true, y_pred, *, alpha=0.25, gamma=2.0, label_smoothing=0.0, epsilon=1e-7
):
    """Cross-entropy times α (1 − q)ᵞ, which weighs sure answers less (Lin 2017, eq. 5).

    α is one number, or one per class.
    """
    t = y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[-1]  # t ← t (1 − s) + s/K
    most = np.max(np.abs(y_pred), axis=-1, keepdims=True)  # m = max |p|
    u = y_pred / np.where(most == 0, 1, most)  # u = p / m
    total = np.sum(u, axis=-1, keepdims=True)  # Σ u
    q = np.clip(u / np.where(total == 0, 1, total), epsilon, 1 - epsilon)  # q = p / Σ p, clipped
    a = np.asarray(alpha, q.dtype) * np.power(1 - q, gamma)  # aₖ = α (1 − qₖ)ᵞ
    return -np.sum(a * t * np.log(q), axis=-1)  # ℓ = − Σₖ aₖ tₖ ln qₖ


@categorical_focal_crossentropy.wrt("y_pred")
def categorical_focal_crossentropy_wrt_y_pred(
    y_true, y_pred, losses_bar, *, alpha=0.25, gamma=2.0, label_smoothing=0.0, epsilon=1e-7
):
    t = y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[-1]  # t ← t (1 − s) + s/K
    most = np.max(np.abs(y_pred), axis=-1, keepdims=True)  # max |p|
    m = np.where(most == 0, 1, most)  # m = max |p|, or 1 if that is 0
    sums = np.sum(y_pred / m, axis=-1, keepdims=True)  # Σ p / m
    total = np.where(sums == 0, 1, sums)  # d = Σ p / m, or 1 if that is 0
    r = y_pred / m / total  # r = p / Σ p
    q = np.clip(r, epsilon, 1 - epsilon)  # q = r, clipped
    power = np.power(1 - q, gamma - 1)  # w = (1 − q)ᵞ⁻¹
    slope = power * (gamma * np.log(q) - (1 - q) / q)  # g = w (γ ln q − (1 − q) / q)
    q_bar = np.where(q == r, np.asarray(alpha, q.dtype) * t * slope, 0)  # q̄ₖ = α tₖ gₖ
    inner = np.sum(q_bar * q, axis=-1, keepdims=True)  # s = Σⱼ q̄ⱼ qⱼ
    return losses_bar[..., None] * (q_bar - inner) / total / m  # ∂L/∂pₖ = ℓ̄ (q̄ₖ − s) / Σ p


# ---------------------------------------------------------------- class numbers


@loss_rule(
    "sparse_categorical_crossentropy",
    "y_true[*N]:label(K) y_pred[*N,K]:positive -> losses[*N]",
)
def sparse_categorical_crossentropy(y_true, y_pred, *, epsilon=1e-7):
    """Cross-entropy of one distribution over the last axis, the target being a class number."""
    most = np.max(np.abs(y_pred), axis=-1, keepdims=True)  # m = max |p|
    u = y_pred / np.where(most == 0, 1, most)  # u = p / m
    total = np.sum(u, axis=-1, keepdims=True)  # Σ u
    q = u / np.where(total == 0, 1, total)  # q = p / Σ p
    q_t = np.take_along_axis(q, y_true[..., None], axis=-1)[..., 0]  # the true class's q
    return -np.log(np.clip(q_t, epsilon, 1 - epsilon))  # ℓ = − ln qₜ


@sparse_categorical_crossentropy.wrt("y_pred")
def sparse_categorical_crossentropy_wrt_y_pred(y_true, y_pred, losses_bar, *, epsilon=1e-7):
    most = np.max(np.abs(y_pred), axis=-1, keepdims=True)  # max |p|
    m = np.where(most == 0, 1, most)  # m = max |p|, or 1 if that is 0
    sums = np.sum(y_pred / m, axis=-1, keepdims=True)  # Σ p / m
    total = np.where(sums == 0, 1, sums)  # d = Σ p / m, or 1 if that is 0
    q = y_pred / m / total  # q = p / Σ p
    hot = np.arange(y_pred.shape[-1]) == y_true[..., None]  # [k = t]
    inside = hot & (q > epsilon) & (q < 1 - epsilon)  # where qₜ is not clipped
    q_bar = np.where(inside, -1 / np.clip(q, epsilon, 1), 0)  # q̄ₜ = − 1 / qₜ
    inner = np.sum(q_bar * q, axis=-1, keepdims=True)  # s = q̄ₜ qₜ
    return losses_bar[..., None] * (q_bar - inner) / total / m  # ∂L/∂pₖ = ℓ̄ (q̄ₖ − s) / Σ p


@loss_rule(
    "categorical_generalized_cross_entropy",
    "y_true[*N]:label(K) y_pred[*N,K]:unit -> losses[*N]",
)
def categorical_generalized_cross_entropy(y_true, y_pred, *, q=0.5):
    """(1 − pₜ^q) / q: from cross-entropy (q → 0) to absolute error (q = 1) (Zhang 2018, eq. 6)."""
    p_t = np.take_along_axis(y_pred, y_true[..., None], axis=-1)[..., 0]  # the true class's p
    return (1 - np.power(np.maximum(p_t, 0), q)) / q  # ℓ = (1 − pₜ^q) / q


@categorical_generalized_cross_entropy.wrt("y_pred")
def categorical_generalized_cross_entropy_wrt_y_pred(y_true, y_pred, losses_bar, *, q=0.5):
    hot = np.arange(y_pred.shape[-1]) == y_true[..., None]  # [k = t]
    least = np.maximum(y_pred, np.finfo(y_pred.dtype).tiny)  # the slope at 0 would be ∞
    slope = np.where(hot & (y_pred >= 0), -np.power(least, q - 1), 0)  # − [k = t] p^(q−1)
    return losses_bar[..., None] * slope  # ∂L/∂pₖ = − ℓ̄ [k = t] pₖ^(q−1)


# ---------------------------------------------------------------- distances of distributions


@loss_rule("kl_divergence", YES_NO)
def kl_divergence(y_true, y_pred, *, epsilon=1e-7):
    """Kullback-Leibler divergence of p from t, summed over the last axis; both at least ε."""
    t = np.clip(y_true, epsilon, 1)  # t ← clip(t, ε, 1)
    p = np.clip(y_pred, epsilon, 1)  # p ← clip(p, ε, 1)
    return np.sum(t * np.log(t / p), axis=-1)  # ℓ = Σₖ tₖ ln(tₖ / pₖ)


@kl_divergence.wrt("y_pred")
def kl_divergence_wrt_y_pred(y_true, y_pred, losses_bar, *, epsilon=1e-7):
    t = np.clip(y_true, epsilon, 1)  # t ← clip(t, ε, 1)
    p = np.clip(y_pred, epsilon, 1)  # p ← clip(p, ε, 1)
    low = np.heaviside(y_pred - epsilon, 0.5)  # a = [p > ε], one half at p = ε
    high = np.heaviside(1 - y_pred, 0.5)  # b = [p < 1], one half at p = 1
    return -losses_bar[..., None] * low * high * t / p  # ∂L/∂pₖ = − ℓ̄ aₖ bₖ tₖ / pₖ


# ---------------------------------------------------------------- behind an activation


for _activation, _loss, _both in (
    ("sigmoid", binary_crossentropy, logits.sigmoid_binary_crossentropy),
    ("sigmoid", binary_focal_crossentropy, logits.sigmoid_binary_focal_crossentropy),
    ("softmax", categorical_crossentropy, logits.softmax_crossentropy),
    ("softmax", categorical_focal_crossentropy, logits.softmax_focal_crossentropy),
    ("softmax", sparse_categorical_crossentropy, logits.softmax_sparse_crossentropy),
):
    _loss.fusions[_activation] = _loss.logits = _both
