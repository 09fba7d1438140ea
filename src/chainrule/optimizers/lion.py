"""Lion: steps of one size, of which a momentum says the direction."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from chainrule.core.rule import UpdateRule, update_rule
from chainrule.errors import ArgumentError
from chainrule.optimizers.optimizer import Optimizer
from chainrule.optimizers.settings import Common, Rate, share


@update_rule("lion", "theta[P] grad[P] m[P] -> theta[P] m[P]")
def lion(theta, grad, m, *, learning_rate, beta_1, beta_2):
    """Lion (Chen et al., 2023, alg. 2)."""
    direction = np.sign(m * beta_1 + grad * (1 - beta_1))  # d = sign(β₁ m + (1 − β₁) g)
    theta = theta - learning_rate * direction  # θ ← θ − η d
    m = m * beta_2 + grad * (1 - beta_2)  # m ← β₂ m + (1 − β₂) g
    return theta, m  # θ, m


class Lion(Optimizer):
    """Lion. Its learning rate is usually 3 to 10 times smaller than Adam's.

    Args:
        learning_rate: Step size η.
        beta_1: β₁ in (0, 1]: the share of the momentum in the direction.
        beta_2: β₂: how slowly the momentum forgets.
        **common: See :class:`Optimizer`.

    Raises:
        ArgumentError: ``beta_1`` is 0, which would leave the sign of the gradient alone.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **common: Unpack[Common],
    ) -> None:
        if not 0 < beta_1 <= 1:
            raise ArgumentError("`beta_1` must be greater than 0 and at most 1.", beta_1=beta_1)
        own = {"beta_1": float(beta_1), "beta_2": share("beta_2", beta_2)}
        super().__init__(learning_rate, own, **common)

    def rules(self) -> tuple[UpdateRule, ...]:
        return (lion,)
