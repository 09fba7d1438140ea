"""Piecewise activations with a kink at zero: the rectifier and its relatives.

At a kink the derivative is one of the two sides', the one that Keras takes; each rule says which.
"""

from __future__ import annotations

import numpy as np

from chainrule.core.rule import elementwise


@elementwise("linear")
def linear(z):
    """The identity: pre-activations pass unchanged."""
    return z  # y = z


@linear.wrt("z")
def linear_wrt_z(y_bar):
    return y_bar  # ∂L/∂z = ȳ


@elementwise("relu")
def relu(z, *, negative_slope=0.0, max_value=None, threshold=0.0):
    """The rectifier (Nair & Hinton, 2010).

    At z = t the derivative is 0, or 1 if there is a ``negative_slope``, as Keras has it for t = 0;
    at the cap it is 0, as in Keras' ``relu6``. (JAX halves it at other caps.)

    Args:
        z: Pre-activations, any shape.
        negative_slope: s: slope below the threshold.
        max_value: c: cap; ``None`` for none. Where there is one nothing above t is negative.
        threshold: t: at and below it z becomes s (z − t).
    """
    kept = np.maximum(z, 0) if threshold == 0 else np.where(z > threshold, z, 0)  # r = [z > t] z
    capped = kept if max_value is None else np.clip(kept, 0, max_value)  # r ← clip(r, 0, c)
    below = 0 if negative_slope == 0 else np.minimum(z - threshold, 0)  # b = min(z − t, 0)
    return capped if negative_slope == 0 else capped + negative_slope * below  # y = r + s b


@relu.wrt("z")
def relu_wrt_z(z, y_bar, *, negative_slope=0.0, max_value=None, threshold=0.0):
    above = z > threshold if negative_slope == 0 else z >= threshold  # a = [z > t]
    free = above if max_value is None else above & (z > 0) & (z < max_value)  # f: a, unclipped
    below = 0 if negative_slope == 0 else negative_slope * y_bar  # s ȳ
    r_bar = y_bar * free  # r̄ = ȳ f
    return r_bar if negative_slope == 0 else np.where(above, r_bar, below)  # ∂L/∂z = r̄, or s ȳ


@elementwise("relu6")
def relu6(z):
    """The rectifier with the cap 6 (Krizhevsky, 2010); at both kinks the derivative is 0."""
    return np.clip(z, 0, 6)  # y = min(max(z, 0), 6)


@relu6.wrt("z")
def relu6_wrt_z(z, y_bar):
    return y_bar * ((z > 0) & (z < 6))  # ∂L/∂z = ȳ · [0 < z < 6]


@elementwise("leaky_relu")
def leaky_relu(z, *, negative_slope=0.2):
    """The rectifier with slope s below 0 (Maas et al., 2013); at 0 the derivative is 1.

    PyTorch's default slope is 0.01.
    """
    return np.where(z >= 0, z, negative_slope * z)  # y = z for z ≥ 0, else s z


@leaky_relu.wrt("z")
def leaky_relu_wrt_z(z, y_bar, *, negative_slope=0.2):
    return np.where(z >= 0, y_bar, negative_slope * y_bar)  # ∂L/∂z = ȳ for z ≥ 0, else s ȳ


@elementwise("elu")
def elu(z, *, alpha=1.0):
    """The exponential linear unit (Clevert et al., 2016); at 0 the derivative is α."""
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))  # y = z, or α (eᶻ − 1) below 0


@elu.wrt("z")
def elu_wrt_z(z, y_bar, *, alpha=1.0):
    return y_bar * np.where(z > 0, 1, alpha * np.exp(np.minimum(z, 0)))  # ∂L/∂z = ȳ · (1 or α eᶻ)


@elementwise("selu")
def selu(z):
    """The ELU that keeps mean 0 and variance 1 (Klambauer et al., 2017, eq. 2 and 14).

    At 0 the derivative is λα, as in Keras.
    """
    below = 1.6732632423543772 * np.expm1(np.minimum(z, 0))  # b = α (eᶻ − 1)
    return 1.0507009873554805 * np.where(z > 0, z, below)  # y = λ z, or λ b below 0


@selu.wrt("z")
def selu_wrt_z(z, y_bar):
    below = 1.6732632423543772 * np.exp(np.minimum(z, 0))  # b' = α eᶻ
    return 1.0507009873554805 * y_bar * np.where(z > 0, 1, below)  # ∂L/∂z = λ ȳ · (1 or b')


@elementwise("celu")
def celu(z, *, alpha=1.0):
    """The ELU whose slope at 0 is 1 for any α (Barron, 2017, eq. 2)."""
    below = alpha * np.expm1(np.minimum(z, 0) / alpha)  # b = α (exp(z/α) − 1)
    return np.maximum(z, 0) + below  # y = z, or b below 0


@celu.wrt("z")
def celu_wrt_z(z, y_bar, *, alpha=1.0):
    return y_bar * np.exp(np.minimum(z, 0) / alpha)  # ∂L/∂z = ȳ · (1, or exp(z/α) below 0)


@elementwise("threshold")
def threshold(z, *, threshold, default_value):
    """What is above t passes, the rest becomes v; at t the derivative is 0."""
    return np.where(z > threshold, z, default_value)  # y = z for z > t, else v


@threshold.wrt("z")
def threshold_wrt_z(z, y_bar, *, threshold):
    return y_bar * (z > threshold)  # ∂L/∂z = ȳ · [z > t]


@elementwise("soft_shrink")
def soft_shrink(z, *, threshold=0.5):
    """Numbers move by t towards 0 (Donoho, 1995); at ±t the derivative is 0."""
    return z - np.clip(z, -threshold, threshold)  # y = z − clip(z, −t, t)


@elementwise("hard_shrink")
def hard_shrink(z, *, threshold=0.5):
    """Numbers within ±t become 0 (Donoho & Johnstone, 1994); at ±t the derivative is 0."""
    return np.where(np.abs(z) > threshold, z, 0)  # y = z for |z| > t, else 0


@soft_shrink.wrt("z")
@hard_shrink.wrt("z")
def hard_shrink_wrt_z(z, y_bar, *, threshold=0.5):
    return y_bar * (np.abs(z) > threshold)  # ∂L/∂z = ȳ · [|z| > t]
