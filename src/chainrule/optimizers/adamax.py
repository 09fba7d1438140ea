"""Adamax: Adam with the largest recent gradient in place of a root mean square."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from chainrule.core.rule import UpdateRule, update_rule
from chainrule.optimizers.optimizer import Optimizer
from chainrule.optimizers.settings import Common, Rate, fraction, positive


@update_rule("adamax", "theta[P] grad[P] m[P] u[P]:positive -> theta[P] m[P] u[P]")
def adamax(theta, grad, m, u, *, step_size, beta_1, beta_2, epsilon):
    """Adamax (Kingma & Ba, 2015, alg. 2)."""
    m = m + (1 - beta_1) * (grad - m)  # m ← m + (1 − β₁)(g − m)
    u = np.maximum(beta_2 * u, np.abs(grad))  # u ← max(β₂ u, |g|)
    theta = theta - step_size * m / (u + epsilon)  # θ ← θ − α m / (u + ε)
    return theta, m, u  # θ, m, u


@adamax.scalar("step_size")
def step_size(t, learning_rate, beta_1):
    return learning_rate / (1 - beta_1**t)  # α = η / (1 − β₁ᵗ)


class Adamax(Optimizer):
    """Adam in the maximum norm.

    Args:
        learning_rate: Step size η.
        beta_1: β₁: how slowly the average of gradients forgets.
        beta_2: β₂: how slowly the largest gradient is forgotten.
        epsilon: ε, added to the largest gradient.
        **common: See :class:`Optimizer`.
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
        return (adamax,)
