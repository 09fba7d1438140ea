"""The equations of the normalization layers: to mean 0 and variance 1, then scaled and shifted.

Variances are biased (divided by the number of values), as in Keras, and ε is added to them.
"""

from __future__ import annotations

import numpy as np

from chainrule.core.rule import rule

# ---------------------------------------------------------------- over the batch


@rule("batch_standardize", "x[*N,C] -> y[*N,C] (mean[C]) (variance[C])")
def batch_standardize(x, *, epsilon=1e-3):
    """Every feature standardized over the batch (Ioffe & Szegedy, 2015, alg. 1)."""
    rows = x.reshape(-1, x.shape[-1])  # one row per sample (and place)
    count = max(rows.shape[0], 1)  # M
    mean = np.sum(rows, axis=0) / count  # μ = Σₙ xₙ / M
    variance = np.sum(np.square(rows - mean), axis=0) / count  # σ² = Σₙ (xₙ − μ)² / M
    y = (x - mean) / np.sqrt(variance + epsilon)  # y = (x − μ) / √(σ² + ε)
    return y, mean, variance  # y, μ, σ²


@batch_standardize.wrt("x")
def batch_standardize_wrt_x(y, variance, y_bar, *, epsilon=1e-3):
    bars = y_bar.reshape(-1, y_bar.shape[-1])  # one row per sample (and place)
    count = max(bars.shape[0], 1)  # M
    level = np.sum(bars, axis=0) / count  # a = Σₙ ȳₙ / M
    slope = np.sum(bars * y.reshape(bars.shape), axis=0) / count  # b = Σₙ ȳₙ yₙ / M
    sigma = np.sqrt(variance + epsilon)  # σ = √(σ² + ε)
    return (y_bar - level - y * slope) / sigma  # ∂L/∂x = (ȳ − a − b y) / σ


@rule("running_average", "old[C] new[C] -> y[C]")
def running_average(old, new, *, momentum=0.99):
    """What is remembered of the batches so far."""
    return momentum * old + (1 - momentum) * new  # y = β old + (1 − β) new


@rule("standardize_by", "x[*N,C] mean[C] variance[C]:positive -> y[*N,C]")
def standardize_by(x, mean, variance, *, epsilon=1e-3):
    """Every feature standardized by what is remembered of training."""
    return (x - mean) / np.sqrt(variance + epsilon)  # y = (x − μ) / √(σ² + ε)


@standardize_by.wrt("x")
def standardize_by_wrt_x(variance, y_bar, *, epsilon=1e-3):
    return y_bar / np.sqrt(variance + epsilon)  # ∂L/∂x = ȳ / √(σ² + ε)


# ---------------------------------------------------------------- over each sample


@rule("layer_standardize", "x[*N,C] -> y[*N,C]")
def layer_standardize(x, *, epsilon=1e-3):
    """Every sample standardized over its own features (Ba et al., 2016, eq. 3)."""
    centred = x - np.mean(x, axis=-1, keepdims=True)  # c = x − μ
    variance = np.mean(np.square(centred), axis=-1, keepdims=True)  # σ² = Σ c² / C
    return centred / np.sqrt(variance + epsilon)  # y = c / √(σ² + ε)


@layer_standardize.wrt("x")
def layer_standardize_wrt_x(x, y, y_bar, *, epsilon=1e-3):
    centred = x - np.mean(x, axis=-1, keepdims=True)  # c = x − μ
    variance = np.mean(np.square(centred), axis=-1, keepdims=True)  # σ² = Σ c² / C
    level = np.mean(y_bar, axis=-1, keepdims=True)  # a = Σ ȳ / C
    slope = np.mean(y_bar * y, axis=-1, keepdims=True)  # b = Σ ȳ y / C
    sigma = np.sqrt(variance + epsilon)  # σ = √(σ² + ε)
    return (y_bar - level - y * slope) / sigma  # ∂L/∂x = (ȳ − a − b y) / σ


@rule("rms_standardize", "x[*N,C] -> y[*N,C]")
def rms_standardize(x, *, epsilon=1e-6):
    """Every sample divided by its root mean square (Zhang & Sennrich, 2019, eq. 4)."""
    power = np.mean(np.square(x), axis=-1, keepdims=True)  # q = Σ x² / C
    return x / np.sqrt(power + epsilon)  # y = x / √(q + ε)


@rms_standardize.wrt("x")
def rms_standardize_wrt_x(x, y, y_bar, *, epsilon=1e-6):
    power = np.mean(np.square(x), axis=-1, keepdims=True)  # q = Σ x² / C
    slope = np.mean(y_bar * y, axis=-1, keepdims=True)  # b = Σ ȳ y / C
    return (y_bar - y * slope) / np.sqrt(power + epsilon)  # ∂L/∂x = (ȳ − b y) / √(q + ε)


# ---------------------------------------------------------------- scale and shift


@rule("scale", "x[*N,C] gamma[C] -> y[*N,C]")
def scale(x, gamma):
    """Every feature times a factor of its own."""
    return x * gamma  # y = γ x


@scale.wrt("x")
def scale_wrt_x(gamma, y_bar):
    return y_bar * gamma  # ∂L/∂x = γ ȳ


@scale.wrt("gamma")
def scale_wrt_gamma(x, gamma, y_bar):
    return np.sum((y_bar * x).reshape(-1, gamma.shape[0]), axis=0)  # ∂L/∂γ = Σₙ ȳₙ xₙ


@rule("shift", "x[*N,C] beta[C] -> y[*N,C]")
def shift(x, beta):
    """Every feature plus an offset of its own."""
    return x + beta  # y = x + β


@shift.wrt("x")
def shift_wrt_x(y_bar):
    return y_bar  # ∂L/∂x = ȳ


@shift.wrt("beta")
def shift_wrt_beta(beta, y_bar):
    return np.sum(y_bar.reshape(-1, beta.shape[0]), axis=0)  # ∂L/∂β = Σₙ ȳₙ
