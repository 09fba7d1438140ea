"""Losses of logits: what an activation and a loss become when fused; exact for any finite z.

Their auxiliary output p is the activation's output. A logit further below the largest of its row
than half the largest float counts as just that far below, so that no difference overflows.
"""

from __future__ import annotations

import numpy as np

from chainrule.core.rule import rule

LOGITS = "z[*N,K] y_true[*N,K]:unit -> losses[*N] (p[*N,K])"


@rule("sigmoid_binary_crossentropy", LOGITS)
def sigmoid_binary_crossentropy(z, y_true, *, label_smoothing=0.0):
    """Sigmoid, then binary cross-entropy, in one: stable because ln never sees a rounded p."""
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing  # t ← t (1 − s) + s/2
    e = np.exp(-np.abs(z))  # e = e^(−|z|)
    p = np.where(z >= 0, 1, e) / (1 + e)  # p = σ(z)
    h = np.maximum(z, 0) - z * t + np.log1p(e)  # h = max(z, 0) − z t + ln(1 + e)
    losses = np.sum(h / z.shape[-1], axis=-1)  # ℓ = Σₖ hₖ / K
    return losses, p  # ℓ, p


@sigmoid_binary_crossentropy.wrt("z")
def sigmoid_binary_crossentropy_wrt_z(y_true, p, losses_bar, *, label_smoothing=0.0):
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing  # t ← t (1 − s) + s/2
    return losses_bar[..., None] / p.shape[-1] * (p - t)  # ∂L/∂zₖ = ℓ̄ (pₖ − tₖ) / K


@rule("sigmoid_binary_focal_crossentropy", LOGITS)
def sigmoid_binary_focal_crossentropy(
    z, y_true, *, apply_class_balancing=False, alpha=0.25, gamma=2.0, label_smoothing=0.0
):
    """Sigmoid, then binary focal cross-entropy, in one."""
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing  # t ← t (1 − s) + s/2
    e = np.exp(-np.abs(z))  # e = e^(−|z|)
    p = np.where(z >= 0, 1, e) / (1 + e)  # p = σ(z)
    n = np.where(z >= 0, e, 1) / (1 + e)  # n = 1 − p
    h = np.maximum(z, 0) - z * t + np.log1p(e)  # h = max(z, 0) − z t + ln(1 + e)
    u = np.power(t * n + (1 - t) * p, gamma)  # u = (t n + (1 − t) p)ᵞ
    balance = t * alpha + (1 - t) * (1 - alpha)  # a = t α + (1 − t) (1 − α)
    a = np.where(apply_class_balancing, balance, 1)  # a ← 1, if classes are not balanced
    losses = np.sum(a * u * (h / z.shape[-1]), axis=-1)  # ℓ = Σₖ aₖ uₖ hₖ / K
    return losses, p  # ℓ, p


@sigmoid_binary_focal_crossentropy.wrt("z")
def sigmoid_binary_focal_crossentropy_wrt_z(
    z,
    y_true,
    p,
    losses_bar,
    *,
    apply_class_balancing=False,
    alpha=0.25,
    gamma=2.0,
    label_smoothing=0.0,
):
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing  # t ← t (1 − s) + s/2
    e = np.exp(-np.abs(z))  # e = e^(−|z|)
    n = np.where(z >= 0, e, 1) / (1 + e)  # n = 1 − p
    h = np.maximum(z, 0) - z * t + np.log1p(e)  # h = max(z, 0) − z t + ln(1 + e)
    v = t * n + (1 - t) * p  # v = t n + (1 − t) p
    least = np.maximum(v, np.finfo(v.dtype).tiny)  # 0ᵞ⁻¹ would be ∞ for γ < 1
    v_bar = p * n * (1 - 2 * t)  # v′ = p n (1 − 2 t)
    turn = gamma * np.power(least, gamma - 1) * (v_bar * h)  # w = γ vᵞ⁻¹ v′ h
    balance = t * alpha + (1 - t) * (1 - alpha)  # a = t α + (1 − t) (1 − α)
    a = np.where(apply_class_balancing, balance, 1)  # a ← 1, if classes are not balanced
    factor = losses_bar[..., None] / p.shape[-1] * a  # c = ℓ̄ a / K
    return factor * (np.power(v, gamma) * (p - t) + turn)  # ∂L/∂zₖ = c (vᵞ (p − t) + w)


@rule("softmax_crossentropy", LOGITS)
def softmax_crossentropy(z, y_true, *, label_smoothing=0.0):
    """Softmax, then cross-entropy, in one, from the log-probabilities."""
    t = y_true * (1 - label_smoothing) + label_smoothing / z.shape[-1]  # t ← t (1 − s) + s/K
    top = np.max(z, axis=-1, keepdims=True)  # m = max z
    far = np.finfo(z.dtype).max / 2  # f, half the largest float
    shifted = np.maximum(z, np.maximum(top, -far) - far) - top  # uₖ = zₖ − m, but at least −f
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


@rule("softmax_focal_crossentropy", LOGITS)
def softmax_focal_crossentropy(z, y_true, *, alpha=0.25, gamma=2.0, label_smoothing=0.0):
    """Softmax, then categorical focal cross-entropy, in one, from the log-probabilities."""
    t = y_true * (1 - label_smoothing) + label_smoothing / z.shape[-1]  # t ← t (1 − s) + s/K
    top = np.max(z, axis=-1, keepdims=True)  # m = max z
    far = np.finfo(z.dtype).max / 2  # f, half the largest float
    shifted = np.maximum(z, np.maximum(top, -far) - far) - top  # uₖ = zₖ − m, but at least −f
    e = np.exp(shifted)  # eₖ = exp uₖ
    total = np.sum(e, axis=-1, keepdims=True)  # Σⱼ eⱼ
    p = e / total  # pₖ = eₖ / Σⱼ eⱼ
    a = np.asarray(alpha, p.dtype) * np.power(1 - p, gamma)  # aₖ = α (1 − pₖ)ᵞ
    losses = np.sum(a * t * (np.log(total) - shifted), axis=-1)  # ℓ = − Σₖ aₖ tₖ ln pₖ
    return losses, p  # ℓ, p


@softmax_focal_crossentropy.wrt("z")
def softmax_focal_crossentropy_wrt_z(
    z, y_true, p, losses_bar, *, alpha=0.25, gamma=2.0, label_smoothing=0.0
):
    t = y_true * (1 - label_smoothing) + label_smoothing / z.shape[-1]  # t ← t (1 − s) + s/K
    top = np.max(z, axis=-1, keepdims=True)  # m = max z
    far = np.finfo(z.dtype).max / 2  # f, half the largest float
    shifted = np.maximum(z, np.maximum(top, -far) - far) - top  # uₖ = zₖ − m, but at least −f
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))  # ln pₖ
    least = np.maximum(1 - p, np.finfo(p.dtype).tiny)  # 0ᵞ⁻¹ would be ∞ for γ < 1
    turn = gamma * np.power(least, gamma - 1) * (p * log_p)  # wₖ = γ (1 − pₖ)ᵞ⁻¹ pₖ ln pₖ
    a = np.asarray(alpha, p.dtype) * t  # aₖ = α tₖ
    g = a * (turn - np.power(1 - p, gamma))  # gₖ = ∂ℓ/∂ ln pₖ = aₖ (wₖ − (1 − pₖ)ᵞ)
    inner = np.sum(g, axis=-1, keepdims=True)  # s = Σⱼ gⱼ
    return losses_bar[..., None] * (g - p * inner)  # ∂L/∂zₖ = ℓ̄ (gₖ − pₖ s)


@rule("softmax_sparse_crossentropy", "z[*N,K] y_true[*N]:label(K) -> losses[*N] (p[*N,K])")
def softmax_sparse_crossentropy(z, y_true):
    """Softmax, then cross-entropy with a class number, in one."""
    top = np.max(z, axis=-1, keepdims=True)  # m = max z
    far = np.finfo(z.dtype).max / 2  # f, half the largest float
    shifted = np.maximum(z, np.maximum(top, -far) - far) - top  # uₖ = zₖ − m, but at least −f
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
