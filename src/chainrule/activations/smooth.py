"""Smooth activations without a bound: relatives of the rectifier, and the exponential."""

from __future__ import annotations

import numpy as np

from chainrule.core.rule import elementwise


@elementwise("exponential")
def exponential(z):
    """The exponential; it overflows above 88.7 in float32, above 709.7 in float64."""
    return np.exp(z)  # y = eᶻ


@exponential.wrt("z")
def exponential_wrt_z(y, y_bar):
    return y_bar * y  # ∂L/∂z = ȳ · y


@elementwise("softplus")
def softplus(z):
    """A smooth rectifier (Dugas et al., 2001), stable at both ends."""
    e = np.exp(-np.abs(z))  # e = e^(−|z|)
    return np.maximum(z, 0) + np.log1p(e)  # y = ln(1 + eᶻ) = max(z, 0) + ln(1 + e)


@softplus.wrt("z")
def softplus_wrt_z(z, y_bar):
    e = np.exp(-np.abs(z))  # e = e^(−|z|)
    return y_bar * np.where(z >= 0, 1, e) / (1 + e)  # ∂L/∂z = ȳ · σ(z)


@elementwise("squareplus")
def squareplus(z, *, b=4):
    """A smooth rectifier without an exponential (Barron, 2021, eq. 1); b is the smoothness, > 0.

    Below 0, where the terms of the formula cancel, their product q (h − |z|)/2 = b/4 is used;
    Keras has only absolute accuracy there, and overflows where z² does.
    """
    q = np.abs(z) / 2 + np.hypot(z, b**0.5) / 2  # q = (|z| + √(z² + b)) / 2
    return np.where(z >= 0, q, b / 4 / q)  # y = (z + √(z² + b)) / 2


@squareplus.wrt("z")
def squareplus_wrt_z(z, y, y_bar, *, b=4):
    return y_bar * (y / np.hypot(z, b**0.5))  # ∂L/∂z = ȳ · y / √(z² + b)


@elementwise("sparse_plus")
def sparse_plus(z):
    """A smooth rectifier that is exactly 0 below −1 and z above 1 (Blondel et al., 2019)."""
    u = np.clip(z, -1, 1)  # u = clip(z, −1, 1)
    return np.maximum(z, np.square(u + 1) / 4)  # y = (z + 1)² / 4 within ±1, else max(z, 0)


@sparse_plus.wrt("z")
def sparse_plus_wrt_z(z, y_bar):
    return y_bar * (np.clip(z, -1, 1) + 1) / 2  # ∂L/∂z = ȳ · (clip(z, −1, 1) + 1) / 2


@elementwise("silu")
def silu(z):
    """The sigmoid-weighted unit (Elfwing et al., 2018), also called swish."""
    e = np.exp(-np.abs(z))  # e = e^(−|z|)
    return z * (np.where(z >= 0, 1, e) / (1 + e))  # y = z σ(z)


@silu.wrt("z")
def silu_wrt_z(z, y_bar):
    e = np.exp(-np.abs(z))  # e = e^(−|z|)
    s = np.where(z >= 0, 1, e) / (1 + e)  # s = σ(z)
    slope = e / np.square(1 + e)  # s' = σ(z) σ(−z)
    return y_bar * (s + z * slope)  # ∂L/∂z = ȳ · (s + z s')


swish = silu


@elementwise("hard_silu")
def hard_silu(z):
    """``silu`` with a sigmoid of straight pieces (Howard et al., 2019), also called hard swish.

    At −3 the derivative is 0, at 3 it is 1.
    """
    return z * (np.clip(z + 3, 0, 6) / 6)  # y = z h, h = clip(z + 3, 0, 6) / 6


@hard_silu.wrt("z")
def hard_silu_wrt_z(z, y_bar):
    h = np.clip(z + 3, 0, 6) / 6  # h = clip(z + 3, 0, 6) / 6
    return y_bar * (h + z * (np.abs(z) < 3) / 6)  # ∂L/∂z = ȳ · (h + z [|z| < 3] / 6)


hard_swish = hard_silu


@elementwise("tanh_shrink")
def tanh_shrink(z):
    """What the hyperbolic tangent takes away."""
    return z - np.tanh(z)  # y = z − tanh(z)


@tanh_shrink.wrt("z")
def tanh_shrink_wrt_z(z, y_bar):
    return y_bar * np.square(np.tanh(z))  # ∂L/∂z = ȳ · tanh²(z)


@elementwise("mish")
def mish(z):
    """Misra's (2019) z tanh(softplus(z)), with one exponential that is never larger than 1."""
    e = np.exp(-np.abs(z))  # e = e^(−|z|)
    n = np.where(z >= 0, 1 + 2 * e, e * (e + 2))  # n: (1 + eᶻ)² − 1, or e⁻²ᶻ times that
    w = np.where(z >= 0, e * e, 1)  # w: 1, or e⁻²ᶻ
    return z * (n / (n + 2 * w))  # y = z tanh ln(1 + eᶻ) = z n / (n + 2w)


@mish.wrt("z")
def mish_wrt_z(z, y_bar):
    e = np.exp(-np.abs(z))  # e = e^(−|z|)
    s = np.where(z >= 0, 1, e) / (1 + e)  # s = σ(z)
    n = np.where(z >= 0, 1 + 2 * e, e * (e + 2))  # n: (1 + eᶻ)² − 1, or e⁻²ᶻ times that
    w = np.where(z >= 0, e * e, 1)  # w: 1, or e⁻²ᶻ
    d = n + 2 * w  # d = n + 2w
    slope = 4 * w * (n + w) / (d * d) * s  # t' = (1 − t²) σ(z), t = n / d
    return y_bar * (n / d + z * slope)  # ∂L/∂z = ȳ · (t + z t')
