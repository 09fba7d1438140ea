"""Nadam: Adam with Nesterov's look-ahead and a momentum that grows."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from chainrule.core.rule import UpdateRule, update_rule
from chainrule.optimizers.optimizer import Optimizer
from chainrule.optimizers.settings import Common, Rate, fraction, positive


@update_rule("nadam", "theta[P] grad[P] m[P] v[P]:positive -> theta[P] m[P] v[P]")
def nadam(theta, grad, m, v, *, m_rate, grad_rate, v_scale, beta_1, beta_2, epsilon):
    """Nadam (Dozat, 2016, alg. 8), with the momentum schedule of its section 2."""
    m = m + (1 - beta_1) * (grad - m)  # m ← m + (1 − β₁)(g − m)
    v = v + (1 - beta_2) * (grad * grad - v)  # v ← v + (1 − β₂)(g² − v)
    step = m_rate * m + grad_rate * grad  # s = a m + b g
    theta = theta - step / (np.sqrt(v / v_scale) + epsilon)  # θ ← θ − s / (√(v / c) + ε)
    return theta, m, v  # θ, m, v


@nadam.scalar("m_rate")
def m_rate(t, learning_rate, beta_1):
    factors = 1 - 0.5 * 0.96 ** np.arange(1, 1002)  # fᵢ = 1 − 0.96ⁱ / 2, which is 1 from 1000 on
    products = np.cumprod(factors)  # Fᵢ = Π fⱼ, j ≤ i
    after = np.minimum(t + 1, 1001).astype(int) - 1  # i = t + 1, as an index
    momentum = beta_1 * factors[after]  # μ = β₁ fₜ₊₁
    product = beta_1 ** (t + 1) * products[after]  # M = Π β₁ fⱼ, j ≤ t + 1
    return learning_rate * momentum / (1 - product)  # a = η μ / (1 − M)


@nadam.scalar("grad_rate")
def grad_rate(t, learning_rate, beta_1):
    factors = 1 - 0.5 * 0.96 ** np.arange(1, 1002)  # fᵢ = 1 − 0.96ⁱ / 2, which is 1 from 1000 on
    products = np.cumprod(factors)  # Fᵢ = Π fⱼ, j ≤ i
    now = np.minimum(t, 1001).astype(int) - 1  # i = t, as an index
    momentum = beta_1 * factors[now]  # μ = β₁ fₜ
    product = beta_1**t * products[now]  # M = Π β₁ fⱼ, j ≤ t
    return learning_rate * (1 - momentum) / (1 - product)  # b = η (1 − μ) / (1 − M)


@nadam.scalar("v_scale")
def v_scale(t, beta_2):
    return 1 - beta_2**t  # c = 1 − β₂ᵗ


class Nadam(Optimizer):
    """Adam with Nesterov momentum.

    Args:
        learning_rate: Step size η.
        beta_1: β₁: how slowly the average of gradients forgets.
        beta_2: β₂: how slowly the average of squared gradients forgets.
        epsilon: ε, added to the root of the corrected average of squares.
        **common: See :class:`Optimizer`.

    Note:
        The product of momenta is computed from the step; Keras keeps it as a variable.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **common: Unpack[Common],
    ) -> None:
        own = {
            "beta_1": fraction("beta_1", beta_1),
            "beta_2": fraction("beta_2", beta_2),
            "epsilon": positive("epsilon", epsilon),
        }
        super().__init__(learning_rate, own, **common)

    def rules(self) -> tuple[UpdateRule, ...]:
        return (nadam,)
