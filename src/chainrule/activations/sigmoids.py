"""Activations that squash: from −∞ … ∞ to a bounded range, and the logarithm of one."""

from __future__ import annotations

import numpy as np

from chainrule.core.rule import elementwise


@elementwise("sigmoid")
def sigmoid(z):
    """The logistic function, stable at both ends: e is never larger than 1."""
    e = np.exp(-np.abs(z))  # e = e^(−|z|)
    return np.where(z >= 0, 1, e) / (1 + e)  # y = σ(z) = 1 / (1 + e⁻ᶻ)


@sigmoid.wrt("z")
def sigmoid_wrt_z(y, y_bar):
    return y_bar * y * (1 - y)  # ∂L/∂z = ȳ · y · (1 − y)


@elementwise("log_sigmoid")
def log_sigmoid(z):
    """The logarithm of the logistic function, which sees no rounded σ."""
    e = np.exp(-np.abs(z))  # e = e^(−|z|)
    return np.minimum(z, 0) - np.log1p(e)  # y = ln σ(z) = min(z, 0) − ln(1 + e)


@log_sigmoid.wrt("z")
def log_sigmoid_wrt_z(z, y_bar):
    e = np.exp(-np.abs(z))  # e = e^(−|z|)
    return y_bar * np.where(z >= 0, e, 1) / (1 + e)  # ∂L/∂z = ȳ · σ(−z)


@elementwise("hard_sigmoid")
def hard_sigmoid(z):
    """A sigmoid of three straight pieces (Howard et al., 2019); at both kinks the derivative is 0.

    Keras 2 had other pieces, clip(z/5 + ½, 0, 1).
    """
    return np.clip(z + 3, 0, 6) / 6  # y = clip(z + 3, 0, 6) / 6


@hard_sigmoid.wrt("z")
def hard_sigmoid_wrt_z(z, y_bar):
    return y_bar * (np.abs(z) < 3) / 6  # ∂L/∂z = ȳ · [|z| < 3] / 6


@elementwise("sparse_sigmoid")
def sparse_sigmoid(z):
    """The derivative of ``sparse_plus`` (Blondel et al., 2019).

    At both kinks the derivative is ¼, half way between the two sides, as in Keras on JAX.
    """
    return (np.clip(z, -1, 1) + 1) / 2  # y = (clip(z, −1, 1) + 1) / 2


@sparse_sigmoid.wrt("z")
def sparse_sigmoid_wrt_z(z, y_bar):
    sides = np.sign(z + 1) - np.sign(z - 1)  # d = sign(z + 1) − sign(z − 1)
    return y_bar * sides / 4  # ∂L/∂z = ȳ · d / 4


@elementwise("tanh")
def tanh(z):
    """The hyperbolic tangent."""
    return np.tanh(z)  # y = tanh(z)


@tanh.wrt("z")
def tanh_wrt_z(y, y_bar):
    return y_bar * (1 - y * y)  # ∂L/∂z = ȳ · (1 − y²)


@elementwise("hard_tanh")
def hard_tanh(z):
    """The identity within ±1 (Collobert, 2004); at both kinks the derivative is 1."""
    return np.clip(z, -1, 1)  # y = clip(z, −1, 1)


@hard_tanh.wrt("z")
def hard_tanh_wrt_z(z, y_bar):
    return y_bar * (np.abs(z) <= 1)  # ∂L/∂z = ȳ · [|z| ≤ 1]


@elementwise("softsign")
def softsign(z):
    """A sigmoid that saturates slowly (Bergstra et al., 2009)."""
    return z / (1 + np.abs(z))  # y = z / (1 + |z|)


@softsign.wrt("z")
def softsign_wrt_z(z, y_bar):
    r = 1 / (1 + np.abs(z))  # r = 1 / (1 + |z|)
    return y_bar * r * r  # ∂L/∂z = ȳ · r²
