"""Lamb: Adam's direction, in steps as long as each variable's own weights allow."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from chainrule.core.rule import UpdateRule, update_rule
from chainrule.optimizers.optimizer import Optimizer
from chainrule.optimizers.settings import Common, Rate, fraction, positive


@update_rule("lamb", "theta[*S] grad[*S] m[*S] v[*S]:positive -> theta[*S] m[*S] v[*S]")
def lamb(theta, grad, m, v, *, learning_rate, m_scale, v_scale, beta_1, beta_2, epsilon):
    """Lamb (You et al., 2020, alg. 2); a variable is what the paper calls a layer."""
    m = m + (1 - beta_1) * (grad - m)  # m ← m + (1 − β₁)(g − m)
    v = v + (1 - beta_2) * (grad * grad - v)  # v ← v + (1 − β₂)(g² − v)
    step = (m / m_scale) / (np.sqrt(v / v_scale) + epsilon)  # s = (m / a) / (√(v / b) + ε)
    length = np.sqrt(np.sum(theta * theta))  # n = ‖θ‖
    norm = np.sqrt(np.sum(step * step))  # k = ‖s‖
    trust = length / np.where(norm > 0, norm, 1)  # r = n / k
    trust = np.where((length > 0) & (norm > 0), trust, 1)  # r = 1 if n or k is 0
    theta = theta - trust * learning_rate * step  # θ ← θ − r η s
    return theta, m, v  # θ, m, v


@lamb.scalar("m_scale")
def m_scale(t, beta_1):
    return 1 - beta_1**t  # a = 1 − β₁ᵗ


@lamb.scalar("v_scale")
def v_scale(t, beta_2):
    return 1 - beta_2**t  # b = 1 − β₂ᵗ


class Lamb(Optimizer):
    """Layer-wise adaptive steps, for large batches.

    Args:
        learning_rate: Step size η.
        beta_1: β₁: how slowly the average of gradients forgets.
        beta_2: β₂: how slowly the average of squared gradients forgets.
        epsilon: ε, added to the root of the corrected average of squares.
        **common: See :class:`Optimizer`.

    Note:
        Its name, ``"lamb"``, works as a string here; in Keras it does not.
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
        return (lamb,)
