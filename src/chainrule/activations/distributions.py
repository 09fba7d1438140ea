"""Activations of a whole axis: probabilities, their logarithms, and sparse probabilities."""

from __future__ import annotations

import numpy as np

from chainrule.core.rule import rule


@rule("softmax", "z[*N,K] -> y[*N,K]")
def softmax(z, *, axis=-1):
    """Probabilities over an axis (or several), stable for any finite z.

    The largest exponent is 0. Halves are subtracted, and exponents below −1000 raised to it, so
    that not even the difference of the largest and the smallest float overflows.
    """
    half = 0.5 * z  # hₖ = zₖ / 2
    u = np.maximum(half - np.max(half, axis=axis, keepdims=True), -500)  # uₖ = hₖ − max h
    e = np.exp(2 * u)  # eₖ = exp(zₖ − max z)
    return e / np.sum(e, axis=axis, keepdims=True)  # yₖ = eₖ / Σⱼ eⱼ


@softmax.wrt("z")
def softmax_wrt_z(y, y_bar, *, axis=-1):
    inner = np.sum(y_bar * y, axis=axis, keepdims=True)  # s = Σⱼ ȳⱼ yⱼ
    return y * (y_bar - inner)  # ∂L/∂zₖ = yₖ (ȳₖ − s)


@rule("log_softmax", "z[*N,K] -> y[*N,K]")
def log_softmax(z, *, axis=-1):
    """Logarithms of the softmax over an axis (or several), which see no rounded probability."""
    u = z - np.max(z, axis=axis, keepdims=True)  # uₖ = zₖ − max z
    return u - np.log(np.sum(np.exp(u), axis=axis, keepdims=True))  # yₖ = uₖ − ln Σⱼ exp uⱼ


@log_softmax.wrt("z")
def log_softmax_wrt_z(y, y_bar, *, axis=-1):
    total = np.sum(y_bar, axis=axis, keepdims=True)  # s = Σⱼ ȳⱼ
    return y_bar - np.exp(y) * total  # ∂L/∂zₖ = ȳₖ − exp(yₖ) s


@rule("sparsemax", "z[*N,K] -> y[*N,K]")
def sparsemax(z, *, axis=-1):
    """The nearest probabilities, many of them exactly 0 (Martins & Astudillo, 2016, alg. 1).

    As in ``softmax`` the largest z is subtracted first; what is more than 1 below it has
    probability 0.
    """
    half = 0.5 * np.moveaxis(z, axis, -1)  # hₖ = zₖ / 2
    u = 2 * np.maximum(half - np.max(half, axis=-1, keepdims=True), -1)  # uₖ = max(zₖ − max z, −2)
    ranked = np.flip(np.sort(u, axis=-1), axis=-1)  # u₍₁₎ ≥ u₍₂₎ ≥ …
    sums = np.cumsum(ranked, axis=-1)  # Sᵣ = u₍₁₎ + … + u₍ᵣ₎
    ranks = np.arange(1, z.shape[axis] + 1, dtype=z.dtype)  # r = 1, 2, …
    kept = 1 + ranks * ranked > sums  # [1 + r u₍ᵣ₎ > Sᵣ]
    count = np.sum(kept, axis=-1, keepdims=True, dtype=z.dtype)  # k = how many are kept
    excess = np.sum(np.where(kept, ranked, 0), axis=-1, keepdims=True) - 1  # Sₖ − 1
    return np.moveaxis(np.maximum(u - excess / count, 0), -1, axis)  # y = max(u − (Sₖ − 1) / k, 0)


@sparsemax.wrt("z")
def sparsemax_wrt_z(y, y_bar, *, axis=-1):
    count = np.sum(y > 0, axis=axis, keepdims=True, dtype=y.dtype)  # k = how many are not 0
    total = np.sum(np.where(y > 0, y_bar, 0), axis=axis, keepdims=True)  # s = Σⱼ ȳⱼ where yⱼ > 0
    return np.where(y > 0, y_bar - total / count, 0)  # ∂L/∂zₖ = [yₖ > 0] (ȳₖ − s / k)
